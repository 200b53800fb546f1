import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { assess } from '../../src/rules/assessment.js'
import { currentAge, isClockUsable } from '../../src/rules/freshness.js'
import type { FieldLine } from '../../src/rules/messages.js'
import { requestControl } from '../../src/rules/request-control.js'
import { decideReuse } from '../../src/rules/reuse.js'
import { candidatesOf, httpDate, noon, requestWith, rules, storedWith } from '../rule-inputs.js'

const age = fc.oneof(
  fc.integer({ min: 0, max: 1e6 }).map(String),
  fc.constantFrom('-1', 'x', '', '99999999999', '5, 6')
)
const date = fc.oneof(fc.integer({ min: -1e6, max: 1e6 }).map(httpDate), fc.constantFrom('x', '0', ''))
const lines = fc.array(
  fc.oneof(
    age.map((value): FieldLine => ['Age', value]),
    date.map((value): FieldLine => ['Date', value]),
    date.map((value): FieldLine => ['Expires', value]),
    date.map((value): FieldLine => ['Last-Modified', value]),
    fc
      .constantFrom('max-age=60', 's-maxage=5', 'max-age=99999999999', 'max-age=x')
      .map((value): FieldLine => ['Cache-Control', value])
  ),
  { maxLength: 5 }
)
const moment = fc.integer({ min: -120_000, max: 4e9 })
const settings = fc.record({ type: fc.constantFrom('shared' as const, 'private' as const), trustDate: fc.boolean() })

describe('ages over time', () => {
  it('AGE-01, CLK-01: no response grows younger as time goes on, nor younger than it came', () => {
    fc.assert(
      fc.property(lines, fc.nat(1e6), moment, moment, settings, (fields, delay, one, other, options) => {
        const stored = storedWith(fields, { requestTime: noon - delay })
        const { initialAge } = assess(stored, rules(options))
        const [before, after] = [Math.min(one, other), Math.max(one, other)].map((at) =>
          currentAge(initialAge, noon, noon + at)
        ) as [number, number]
        expect(initialAge).toBeGreaterThanOrEqual(delay / 1_000)
        expect(before).toBeGreaterThanOrEqual(initialAge)
        expect(after).toBeGreaterThanOrEqual(before)
        expect(Number.isFinite(after)).toBe(true)
      }),
      { numRuns: 5_000 }
    )
  })

  it('FRESH-04: what was stale once is never fresh again by time alone', () => {
    const request = requestWith()
    fc.assert(
      fc.property(lines, fc.nat(1e6), fc.nat(4e9), fc.nat(4e9), settings, (fields, delay, first, more, given) => {
        const options = rules(given)
        const assessed = assess(storedWith(fields, { requestTime: noon - delay, dropAt: Number.MAX_VALUE }), options)
        const serves = (now: number) =>
          decideReuse(request, requestControl(request), candidatesOf([assessed]), now, true, options).action === 'serve'
        expect(serves(noon + first) || !serves(noon + first + more)).toBe(true)
      }),
      { numRuns: 5_000 }
    )
  })

  it('CLK-02: with a clock that tells no usable time nothing is served', () => {
    const request = requestWith({ 'cache-control': 'max-stale, stale-if-error=99999999' })
    const clocks = fc.oneof(
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
      fc.integer({ min: 60_001, max: 1e9 }).map((back) => noon - back)
    )
    fc.assert(
      fc.property(lines, clocks, settings, (fields, now, given) => {
        const options = rules({ ...given, staleIfErrorSeconds: 1e9 })
        const assessed = assess(
          storedWith([...fields, ['Cache-Control', 'max-age=99999999, stale-while-revalidate=99999999']], {
            dropAt: Number.MAX_VALUE
          }),
          options
        )
        const { action } = decideReuse(request, requestControl(request), candidatesOf([assessed]), now, true, options)
        expect(isClockUsable(now, noon)).toBe(false)
        expect(['validate', 'forward']).toContain(action)
      })
    )
  })
})
