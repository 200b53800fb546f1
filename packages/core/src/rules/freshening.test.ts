import { describe, expect, it } from '@jest/globals'
import { noon, requestWith, rules, storedWith } from '../../test/rule-inputs.js'
import type { CacheOptions } from '../options.js'
import { assess } from './assessment.js'
import { compareHead, freshen } from './freshening.js'
import type { FieldLine } from './messages.js'

const times = { requestTime: noon, responseTime: noon + 1000 }
const get = requestWith()
const maxAge: FieldLine = ['Cache-Control', 'max-age=60']
const date: FieldLine = ['Date', 'Mon, 05 Jan 2026 11:00:00 GMT']
const newDate: FieldLine = ['Date', 'Mon, 05 Jan 2026 12:00:01 GMT']

/** A response stored an hour before. */
function stored(fields: FieldLine[], options: CacheOptions = {}) {
  const at = noon - 3_600_000
  return assess(storedWith(fields, { requestTime: at, responseTime: at, bodyBytes: 6 }), rules(options))
}

function update(fields: FieldLine[], received: FieldLine[], options: CacheOptions = {}, request = get) {
  const response = { status: 304, statusText: '', fields: received }
  return freshen(stored(fields, options), request, response, times, rules(options))
}

describe('freshen (RFC 9111 §3.2, §4.3.4)', () => {
  it('UPD-05: replaces all lines of each name it brings, whatever their case, and keeps the order of the rest', () => {
    const { forCaller, keep } = update(
      [date, maxAge, ['X-A', '1'], ['B', '1'], ['x-a', '2'], ['C', '1']],
      [newDate, ['x-A', '3'], ['X-a', '4']]
    )
    const expected = [maxAge, ['B', '1'], ['C', '1'], newDate, ['x-A', '3'], ['X-a', '4']]
    expect(forCaller).toEqual(expected)
    expect(keep).toMatchObject({ action: 'update', head: { fields: expected } })
  })

  it('UPD-07: takes the times, Date and Age of the new exchange and none of the old one', () => {
    const { keep } = update([date, maxAge, ['Age', '7'], ['ETag', '"a"']], [])
    expect(keep).toMatchObject({
      action: 'update',
      head: {
        ...times,
        fields: [maxAge, ['ETag', '"a"'], newDate],
        dropAt: times.responseTime + (60 - 1 + 86_400) * 1000
      }
    })
  })

  it.each([
    'Content-Length',
    'Content-Encoding',
    'Content-Range',
    'Transfer-Encoding',
    'Keep-Alive',
    'TE',
    'Upgrade',
    'Proxy-Authenticate'
  ])('UPD-06: %s of the 304 is not taken over', (name) => {
    const { forCaller, keep } = update([date, maxAge], [newDate, [name, '9']])
    expect(forCaller).toEqual([maxAge, newDate])
    expect(keep).toMatchObject({ action: 'update', head: { fields: [maxAge, newDate] } })
  })

  it('UPD-06: a Set-Cookie that may not be stored reaches this caller, and the stored lines stay without it', () => {
    const { forCaller, keep } = update([date, maxAge], [newDate, ['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2']])
    expect(forCaller).toEqual([maxAge, newDate, ['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2']])
    expect(keep).toMatchObject({ action: 'update', head: { fields: [maxAge, newDate] } })
  })

  it.each([
    ['STORE-03', [['Cache-Control', 'no-store']], 'remove'],
    ['SEC-01', [['X', 'a\nb']], 'remove'],
    ['SEC-04', [['Cache-Control', ','.repeat(17_000)]], 'remove'],
    ['FLD-02', [['Connection', 'Vary']], 'remove'],
    ['VARY-02', [['Vary', '*']], 'remove']
  ] as const)('UPD-08: for %s the stored response is removed', (requirement, lines, action) => {
    expect(update([date, maxAge], [newDate, ...lines]).keep).toMatchObject({ action, because: { requirement } })
  })

  it('AUTH-04, AUTH-07: an answer that was for one user leaves what is stored for others', () => {
    const authorized = requestWith({ authorization: 'x' })
    const withCookie = requestWith({ cookie: 'a=1' })
    expect(update([date, maxAge], [newDate], {}, authorized).keep).toMatchObject({
      action: 'leave',
      because: { requirement: 'AUTH-01' }
    })
    for (const type of ['shared', 'private'] as const) {
      expect(update([date, maxAge], [newDate], { type }, withCookie).keep).toMatchObject({
        action: 'leave',
        because: { requirement: 'AUTH-07' }
      })
    }
    const open: FieldLine = ['Cache-Control', 'public, max-age=60']
    for (const request of [authorized, withCookie]) {
      expect(update([date, maxAge], [newDate, open], {}, request).keep.action).toBe('update')
    }
  })
})

describe('compareHead (RFC 9111 §4.3.5)', () => {
  const etag: FieldLine = ['ETag', '"a"']
  const modified: FieldLine = ['Last-Modified', 'Sun, 04 Jan 2026 12:00:00 GMT']

  it.each<[FieldLine[], FieldLine[], string]>([
    [[etag], [], 'leave'],
    [[etag], [etag], 'update'],
    [[etag], [etag, etag], 'update'],
    [[etag], [etag, ['ETag', '"b"']], 'invalidate'],
    [[etag], [['Content-Length', '6, 6']], 'update'],
    [[etag], [['Content-Length', '6']], 'update'],
    [[etag], [['Content-Length', 'x']], 'invalidate'],
    [[etag], [['ETag', 'W/"a"']], 'invalidate'],
    [[], [etag], 'invalidate'],
    [[etag, modified], [etag, ['Last-Modified', 'Sunday, 04-Jan-26 12:00:00 GMT']], 'update'],
    [[etag, modified], [etag, ['Last-Modified', 'x']], 'invalidate'],
    [[etag], [etag, modified], 'invalidate'],
    [[etag, modified], [etag, ['Content-Length', '5'], modified], 'invalidate']
  ])('UPD-09: stored %j, HEAD %j: %s', (fields, received, expected) => {
    const selected = stored([date, maxAge, ...fields])
    expect(compareHead(selected, { status: 200, statusText: '', fields: received }, times)).toBe(expected)
  })
})
