import { describe, expect, it } from '@jest/globals'
import { candidatesOf, httpDate, noon, requestWith, rules, storedWith } from '../../test/rule-inputs.js'
import type { CacheOptions } from '../options.js'
import { assess } from './assessment.js'
import type { FieldLine } from './messages.js'
import { requestControl } from './request-control.js'
import { decideReuse } from './reuse.js'

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
