import { describe, expect, it } from '@jest/globals'
import { candidatesOf, httpDate, noon, requestWith, rules, storedWith } from '../../test/rule-inputs.js'
import type { CacheOptions } from '../options.js'
import { assess } from './assessment.js'
import type { FieldLine, Request } from './messages.js'
import { decideRequest, decideReuse, mayServeOnError, requestControl } from './reuse.js'

const nothing = { hasContent: false, isUpgrade: false }

/** A response stored at noon. */
function stored(cacheControl: string, options: CacheOptions = {}, changes: object = {}) {
  const fields: FieldLine[] = [
    ['Date', httpDate()],
    ['Cache-Control', cacheControl],
    ['ETag', '"a"']
  ]
  return assess(storedWith(fields, { dropAt: noon + 1e9, ...changes }), rules(options))
}

function reuse(
  cacheControl: string,
  asked: string | undefined,
  seconds: number,
  options: CacheOptions = {},
  changes = {}
) {
  const selected = stored(cacheControl, options, changes)
  const given = requestWith(asked === undefined ? {} : { 'cache-control': asked })
  const candidates = candidatesOf([selected])
  const { action, ...rest } = decideReuse(
    given,
    requestControl(given),
    candidates,
    noon + seconds * 1000,
    true,
    rules(options)
  )
  const { selected: _selected, ...told } = rest as { selected?: unknown }
  return { action, ...told }
}

describe('decideRequest (Table A, rows 1 to 6)', () => {
  const decide = (given: Request, facts = nothing, options: CacheOptions = {}) =>
    decideRequest(given, requestControl(given), facts, true, rules(options))

  it.each<[string, Request, object, object]>([
    ['METH-02: row A1, CONNECT', requestWith({}, 'CONNECT'), nothing, { action: 'bypass', reason: 'bypass' }],
    [
      'METH-02: row A1, an upgrade',
      requestWith(),
      { hasContent: false, isUpgrade: true },
      { action: 'bypass', reason: 'bypass' }
    ],
    [
      'METH-02: row A1, Upgrade on HEAD',
      requestWith({ upgrade: 'x' }, 'HEAD'),
      nothing,
      { action: 'bypass', reason: 'bypass' }
    ],
    ['METH-03: row A2, a name in lower case', requestWith({}, 'get'), nothing, { action: 'forward-unsafe' }],
    ['METH-03: row A2, an unknown name', requestWith({}, 'FROB'), nothing, { action: 'forward-unsafe' }],
    ['METH-03: row A3, REPORT', requestWith({}, 'REPORT'), nothing, { action: 'bypass', reason: 'method' }],
    ['QRY-03: row A4, Range on QUERY', requestWith({ range: 'bytes=0-1' }, 'QUERY'), nothing, { action: 'bypass' }],
    [
      'QRY-02: content of a QUERY, which is part of its key',
      requestWith({}, 'QUERY'),
      { hasContent: true, isUpgrade: false },
      { action: 'look-up' }
    ],
    [
      'METH-06: row A4, content',
      requestWith(),
      { hasContent: true, isUpgrade: false },
      { action: 'bypass', reason: 'bypass' }
    ],
    [
      'REQ-05: row A4, no-store',
      requestWith({ 'cache-control': 'x, no-store' }),
      nothing,
      { action: 'bypass', reason: 'bypass' }
    ],
    [
      'SEC-04: row A4, directives too long',
      requestWith({ 'cache-control': ','.repeat(16_385) }),
      nothing,
      { action: 'bypass' }
    ],
    ['SEC-01: row A4, a line break', requestWith({ x: 'a\nb' }), nothing, { action: 'bypass', reason: 'bypass' }],
    [
      'VAL-12: row A6, If-Unmodified-Since',
      requestWith({ 'if-unmodified-since': 'x' }),
      nothing,
      { action: 'forward' }
    ],
    [
      'REQ-06: row A6 with only-if-cached',
      requestWith({ 'if-match': '*', 'cache-control': 'only-if-cached' }),
      nothing,
      { action: 'gateway-timeout' }
    ],
    [
      'REQ-06: row A3 with only-if-cached on OPTIONS',
      requestWith({ 'cache-control': 'only-if-cached' }, 'OPTIONS'),
      nothing,
      { action: 'bypass' }
    ],
    [
      'REQ-06: row A2 with only-if-cached',
      requestWith({ 'cache-control': 'only-if-cached' }, 'PUT'),
      nothing,
      { action: 'forward-unsafe' }
    ],
    ['VAL-05: other preconditions are looked up', requestWith({ 'if-none-match': 'x' }), nothing, { action: 'look-up' }]
  ])('%s', (_title, given, facts, expected) => {
    expect(decide(given, facts as typeof nothing)).toMatchObject(expected)
  })

  it('AUTH-02: row A4, bypassAuthorized concerns shared caches and requests with Authorization', () => {
    const given = requestWith({ authorization: 'x' })
    expect(decide(given, nothing, { bypassAuthorized: true })).toMatchObject({
      action: 'bypass',
      requirement: 'AUTH-02'
    })
    expect(decide(requestWith(), nothing, { bypassAuthorized: true }).action).toBe('look-up')
    expect(decide(given, nothing, { bypassAuthorized: true, type: 'private' }).action).toBe('look-up')
  })
})

describe('decideReuse (Table A, from row 8 on)', () => {
  it.each([
    ['max-age=60', undefined, 59.999, { action: 'serve', age: 59.999 }],
    ['max-age=60', undefined, 60, { action: 'validate', reason: 'stale', mayFallBack: true }],
    ['max-age=60', 'max-age=10, max-stale=100', 30, { action: 'validate', reason: 'request', mayFallBack: true }],
    ['max-age=60', 'max-age=10, immutable', 30, { action: 'validate', reason: 'request', mayFallBack: true }],
    ['max-age=60, immutable', 'max-age=10', 30, { action: 'serve', age: 30 }],
    [
      'max-age=60, immutable',
      'max-age=10, min-fresh=31',
      30,
      { action: 'validate', reason: 'request', mayFallBack: true }
    ],
    ['max-age=60, immutable', 'max-age=x', 30, { action: 'validate', reason: 'request', mayFallBack: false }],
    ['max-age=60', 'min-fresh=x', 30, { action: 'validate', reason: 'request', mayFallBack: false }],
    ['max-age=60', 'min-fresh=10, min-fresh=40', 30, { action: 'validate', reason: 'request', mayFallBack: true }],
    ['max-age=60', 'no-cache="x"', 30, { action: 'validate', reason: 'request', mayFallBack: false }],
    ['max-age=60, no-cache', 'max-stale', 30, { action: 'validate', reason: 'stale', mayFallBack: false }],
    ['max-age=60, must-revalidate', 'max-stale', 60, { action: 'validate', reason: 'stale', mayFallBack: false }],
    ['max-age=60', 'max-stale', 1e5, { action: 'serve', age: 1e5, stale: 'max-stale' }],
    ['max-age=60, immutable', 'max-stale, max-age=50', 61, { action: 'validate', reason: 'stale', mayFallBack: true }],
    [
      'max-age=60, stale-while-revalidate=5',
      undefined,
      65,
      { action: 'serve-and-validate', age: 65, stale: 'stale-while-revalidate' }
    ],
    [
      'max-age=60, stale-while-revalidate=5',
      undefined,
      65.001,
      { action: 'validate', reason: 'stale', mayFallBack: true }
    ],
    [
      'max-age=60, stale-while-revalidate=5',
      'only-if-cached',
      65,
      { action: 'serve', age: 65, stale: 'stale-while-revalidate' }
    ],
    ['max-age=60', 'only-if-cached', 65, { action: 'gateway-timeout' }]
  ])('REQ-01 to REQ-06: %s asked with %s at %d s', (cacheControl, asked, seconds, expected) => {
    expect(reuse(cacheControl, asked, seconds)).toEqual(expected)
  })

  it.each([
    [-60, 'serve'],
    [-60.001, 'validate'],
    [Number.NaN, 'validate'],
    [Number.POSITIVE_INFINITY, 'validate']
  ])('CLK-02: with the clock at %d s what is fresh gets: %s', (seconds, action) => {
    expect(reuse('max-age=60', undefined, seconds).action).toBe(action)
  })

  it('RESP-08: immutable does not count where the response might have been changed on its way', () => {
    const selected = stored('max-age=60, immutable')
    const given = requestWith({ 'cache-control': 'max-age=1' })
    const candidates = candidatesOf([selected])
    const decision = decideReuse(given, requestControl(given), candidates, noon + 5000, false, rules())
    expect(decision).toMatchObject({ action: 'validate', reason: 'request' })
  })

  it('INV-04: what is invalid is validated without fall-back, fresh or not', () => {
    const invalid = { action: 'validate', reason: 'stale', mayFallBack: false }
    expect(reuse('max-age=60', undefined, 1, {}, { invalid: true })).toEqual(invalid)
    expect(reuse('max-age=60', 'max-stale', 61, {}, { marks: { 'http://a.example/': 'since' } })).toEqual(invalid)
  })

  it('STORE-12: what is past its time is not there', () => {
    expect(reuse('max-age=60', undefined, 5, {}, { dropAt: noon + 5000 })).toEqual({
      action: 'forward',
      reason: 'uri-miss'
    })
    expect(reuse('max-age=60', undefined, 4.9, {}, { dropAt: noon + 5000 }).action).toBe('serve')
  })

  it('STALE-02: the bar by s-maxage gives way to the windows of the response alone', () => {
    const options = { sMaxAgeAllowsStale: true }
    expect(reuse('s-maxage=60, stale-while-revalidate=9', undefined, 65, options).action).toBe('serve-and-validate')
    expect(reuse('s-maxage=60, stale-while-revalidate=9', 'max-stale, max-age=99', 65, options).action).toBe('validate')
    expect(reuse('s-maxage=60', 'max-stale', 65, options)).toMatchObject({ action: 'validate', mayFallBack: true })
    expect(reuse('s-maxage=60, proxy-revalidate, stale-while-revalidate=9', undefined, 65, options)).toMatchObject({
      action: 'validate',
      mayFallBack: false
    })
  })
})

describe('mayServeOnError (RFC 5861 §4)', () => {
  it.each<[string, string, number, CacheOptions, boolean]>([
    ['max-age=60, stale-if-error=10', '', 70, {}, true],
    ['max-age=60, stale-if-error=10', '', 70.001, {}, false],
    ['max-age=60, stale-if-error=0', '', 30, {}, true],
    ['max-age=60', '', 30, {}, false],
    ['max-age=60', 'stale-if-error=10', 70, {}, true],
    ['max-age=60', '', 70, { staleIfErrorSeconds: 10 }, true],
    ['max-age=60, must-revalidate, stale-if-error=10', '', 30, {}, true],
    ['max-age=60, must-revalidate, stale-if-error=10', '', 60, {}, false],
    ['max-age=60, stale-if-error=10', '', -3600, {}, false],
    ['s-maxage=60, stale-if-error=10', '', 65, { sMaxAgeAllowsStale: true }, true],
    ['s-maxage=60', 'stale-if-error=10', 65, { sMaxAgeAllowsStale: true }, false],
    ['s-maxage=60', '', 65, { sMaxAgeAllowsStale: true, staleIfErrorSeconds: 10 }, false]
  ])('STALE-05: %s, asked with %j, at %d s, with %j: %s', (cacheControl, asked, seconds, options, expected) => {
    const control = requestControl(requestWith(asked === '' ? {} : { 'cache-control': asked }))
    const selected = stored(cacheControl, options)
    expect(mayServeOnError(selected, control, noon + seconds * 1000, rules(options))).toBe(expected)
  })
})
