import { describe, expect, it } from '@jest/globals'
import { isCacheable, isSafe } from './methods.js'
import {
  hasNoContent,
  isFailure,
  isHeuristicallyCacheable,
  isKnownClass,
  isNeverStored,
  isRedirection,
  isSuccessful,
  isUnderstood
} from './statuses.js'

/** Of all numbers that come as a status, those that fit. */
const those = (fits: (status: number) => boolean) => Array.from({ length: 1_000 }, (_, status) => status).filter(fits)

describe('statuses (RFC 9110 §15)', () => {
  it('STORE-05: a heuristic may be used for these and no others', () => {
    expect(those(isHeuristicallyCacheable)).toEqual([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 451, 501])
  })

  it('STORE-02: the caching rules of these are known', () => {
    expect(those(isUnderstood)).toEqual([200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 451, 501])
  })

  it('STORE-07: these are never stored', () => {
    expect(those(isNeverStored)).toEqual([407, 421, 425, 428, 429, 431, 511])
  })

  it('STALE-06: these are failures', () => {
    expect(those(isFailure)).toEqual([500, 502, 503, 504])
  })

  it('STORE-11: only 100 to 599 are of a known class', () => {
    expect(those((status) => !isKnownClass(status)).filter((status) => status >= 100 && status <= 599)).toEqual([])
    for (const status of [0, 99, 600, 999, 200.5, Number.NaN, -200]) expect(isKnownClass(status)).toBe(false)
  })

  it('INV-01: 2xx is success, 3xx redirection', () => {
    expect([those(isSuccessful)[0], those(isSuccessful).length]).toEqual([200, 100])
    expect([those(isRedirection)[0], those(isRedirection).length]).toEqual([300, 100])
  })

  it('MSG-02: nothing follows the head of a 204, of a 304 and of an answer to HEAD', () => {
    expect(those((status) => hasNoContent('GET', status))).toEqual([204, 304])
    expect(hasNoContent('HEAD', 200)).toBe(true)
  })
})

describe('methods (RFC 9110 §9)', () => {
  it('METH-03: unknown and differently cased methods count as unsafe', () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND', 'REPORT', 'SEARCH'])
      expect(isSafe(method)).toBe(true)
    for (const method of ['get', 'Head', 'POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH', 'CONNECT', 'x', '', '__proto__'])
      expect(isSafe(method)).toBe(false)
  })

  it('METH-01: responses to these can be stored', () => {
    for (const method of ['GET', 'HEAD', 'QUERY']) expect(isCacheable(method)).toBe(true)
    for (const method of ['get', 'POST', 'OPTIONS', 'PROPFIND']) expect(isCacheable(method)).toBe(false)
  })
})
