import { describe, expect, it } from '@jest/globals'
import { cacheStatusMember, cacheStatusName, type ForwardReason } from './cache-status.js'

describe('cacheStatusMember (RFC 9211 §2)', () => {
  it('CS-01: the name is a Token where it fits, else a String, and some text is no name', () => {
    expect(cacheStatusName('ExampleCache')).toBe('ExampleCache')
    expect(cacheStatusName('my cache')).toBe('"my cache"')
    for (const name of ['', 'caf\u00e9', 'a\nb']) expect(cacheStatusName(name)).toBeUndefined()
  })

  it('CS-02: it says hit, or why the request was sent on, and never both', () => {
    expect(cacheStatusMember('c', {})).toBe('c; hit')
    const reasons: ForwardReason[] = ['bypass', 'method', 'uri-miss', 'vary-miss', 'request', 'stale', 'partial']
    for (const reason of reasons) expect(cacheStatusMember('c', { reason })).toBe(`c; fwd=${reason}`)
  })

  it('CS-03: what is known of a forward follows', () => {
    const miss = { reason: 'uri-miss', forwardStatus: 200, stored: true, lifetime: 60, age: 0.5 } as const
    expect(cacheStatusMember('c', miss)).toBe('c; fwd=uri-miss; stored; fwd-status=200; ttl=59')
    expect(cacheStatusMember('c', { ...miss, stored: false, collapsed: true })).toBe(
      'c; fwd=uri-miss; collapsed; fwd-status=200; ttl=59'
    )
    expect(cacheStatusMember('c', { reason: 'uri-miss', collapsed: false })).toBe('c; fwd=uri-miss; collapsed=?0')
    expect(cacheStatusMember('c', { reason: 'stale', forwardStatus: 304, lifetime: 60, age: 0 })).toBe(
      'c; fwd=stale; fwd-status=304; ttl=60'
    )
  })

  it('CS-04: a stale answer has a negative ttl and says what permitted it', () => {
    expect(cacheStatusMember('c', { lifetime: 1, age: 5.5, stale: 'max-stale' })).toBe(
      'c; hit; ttl=-5; detail=max-stale'
    )
    const fallback = { reason: 'stale', forwardStatus: 503, lifetime: 1, age: 6, stale: 'stale-if-error' } as const
    expect(cacheStatusMember('c', fallback)).toBe('c; fwd=stale; fwd-status=503; ttl=-5; detail=stale-if-error')
  })

  it('CS-01: the key is a String, and is left out where it cannot be one', () => {
    expect(cacheStatusMember('c', { key: 'http://a.example/"x"' })).toBe('c; hit; key="http://a.example/\\"x\\""')
    expect(cacheStatusMember('c', { key: 'http://a.example/\u00e9' })).toBe('c; hit')
  })
})
