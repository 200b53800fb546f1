import { describe, expect, it } from '@jest/globals'
import { httpDate, mapOf, noon, rules } from '../../test/rule-inputs.js'
import { effectiveDirectives } from './assessment.js'
import { currentAge, dateOf, freshnessLifetime, hasExplicitFreshness, initialAge, isClockUsable } from './freshness.js'
import type { CacheType, FieldLine } from './messages.js'

const inAnHour = httpDate(3_600)

/** The freshness lifetime of a 200 to GET that arrived at noon; without a heuristic, so that only its own word counts. */
function lifetime(type: CacheType, lines: FieldLine[]): number {
  const fields = mapOf(...lines)
  const times = { requestTime: noon, responseTime: noon }
  const response = { method: 'GET', status: 200, fields, directives: effectiveDirectives(fields, rules()), ...times }
  return freshnessLifetime(response, { type, heuristic: false }).seconds
}

function arrivalAge(lines: FieldLine[], { trustDate = true, delay = 0 } = {}): number {
  const times = { requestTime: noon - delay * 1000, responseTime: noon }
  return initialAge(mapOf(...lines), times, { trustDate })
}

describe('freshnessLifetime (RFC 9111 §4.2.1)', () => {
  it.each<[FieldLine[], number, number]>([
    [[['Cache-Control', 'max-age=1, s-maxage=60']], 60, 1],
    [[['Cache-Control', 's-maxage=0, max-age=60']], 0, 60],
    [
      [
        ['Cache-Control', 's-maxage=60'],
        ['Date', httpDate()],
        ['Expires', inAnHour]
      ],
      60,
      3_600
    ],
    [[['Cache-Control', 's-maxage=60']], 60, 0],
    [
      [
        ['Cache-Control', 'max-age=60'],
        ['Expires', inAnHour]
      ],
      60,
      60
    ],
    [[['Expires', inAnHour]], 3_600, 3_600],
    [
      [
        ['Cache-Control', 'public'],
        ['Expires', inAnHour]
      ],
      3_600,
      3_600
    ],
    [[], 0, 0]
  ])('FRESH-01: s-maxage where shared, then max-age, then Expires, then nothing: %j', (lines, shared, own) => {
    expect(lifetime('shared', lines)).toBe(shared)
    expect(lifetime('private', lines)).toBe(own)
  })

  it('FRESH-02: max-age displaces Expires, valid or not; s-maxage does where shared', () => {
    for (const cacheControl of ['max-age=0', 'max-age=x', 'max-age', 'max-age=""']) {
      const lines: FieldLine[] = [
        ['Cache-Control', cacheControl],
        ['Date', httpDate()],
        ['Expires', inAnHour]
      ]
      expect(lifetime('shared', lines)).toBe(0)
      expect(lifetime('private', lines)).toBe(0)
    }
    const lines: FieldLine[] = [
      ['Cache-Control', 's-maxage=x'],
      ['Expires', inAnHour]
    ]
    expect(lifetime('shared', lines)).toBe(0)
    expect(lifetime('private', lines)).toBe(3_600)
  })

  it('FRESH-03: Expires counts from Date; without a valid Date, from the receipt', () => {
    expect(
      lifetime('shared', [
        ['Date', httpDate(-600)],
        ['Expires', inAnHour]
      ])
    ).toBe(4_200)
    expect(
      lifetime('shared', [
        ['Date', httpDate(600)],
        ['Expires', inAnHour]
      ])
    ).toBe(3_000)
    expect(
      lifetime('shared', [
        ['Date', 'yesterday'],
        ['Expires', inAnHour]
      ])
    ).toBe(3_600)
    expect(
      lifetime('shared', [
        ['Date', httpDate()],
        ['Date', httpDate(1)],
        ['Expires', inAnHour]
      ])
    ).toBe(3_600)
    expect(
      lifetime('shared', [
        ['Date', httpDate(-9)],
        ['DATE', httpDate(-9)],
        ['Expires', httpDate()]
      ])
    ).toBe(9)
    expect(
      lifetime('shared', [
        ['Date', httpDate()],
        ['Expires', httpDate(-1)]
      ])
    ).toBe(0)
    expect(
      lifetime('shared', [
        ['Date', httpDate()],
        ['Expires', httpDate()]
      ])
    ).toBe(0)
  })

  it.each(['0', '', '-1', 'never', '3600', '2050-08-18T02:01:18Z', 'Thu, 18 Aug 2050 02:01:18 UTC'])(
    'FRESH-03: an Expires of %j means stale',
    (expires) => {
      expect(
        lifetime('shared', [
          ['Date', httpDate()],
          ['Expires', expires]
        ])
      ).toBe(0)
      expect(lifetime('private', [['Expires', expires]])).toBe(0)
    }
  )

  it('FRESH-03, FLD-05: Expires lines that differ mean stale, equal ones count once', () => {
    expect(
      lifetime('shared', [
        ['Expires', inAnHour],
        ['Expires', httpDate(7_200)]
      ])
    ).toBe(0)
    expect(
      lifetime('shared', [
        ['Expires', inAnHour],
        ['expires', inAnHour]
      ])
    ).toBe(3_600)
  })

  it('FRESH-05: an invalid lifetime is none, and the next source is not asked', () => {
    expect(
      lifetime('shared', [
        ['Cache-Control', 's-maxage=x, max-age=60'],
        ['Expires', inAnHour]
      ])
    ).toBe(0)
    expect(lifetime('private', [['Cache-Control', 's-maxage=x, max-age=60']])).toBe(60)
    expect(
      lifetime('shared', [
        ['Cache-Control', 'max-age=abc'],
        ['Expires', inAnHour]
      ])
    ).toBe(0)
    expect(
      lifetime('shared', [
        ['Cache-Control', 'max-age=5'],
        ['Cache-Control', 'max-age']
      ])
    ).toBe(0)
  })

  it('PARSE-04: the longest lifetimes add up to no nonsense', () => {
    const seconds = lifetime('shared', [['Cache-Control', `max-age=${'9'.repeat(30)}`]])
    expect(seconds).toBe(2_147_483_648)
    expect(seconds > currentAge(arrivalAge([['Age', '9'.repeat(30)]]), noon, noon)).toBe(false)
    expect(currentAge(arrivalAge([['Age', '9'.repeat(30)]]), noon, noon + 1_000)).toBe(2_147_483_649)
  })

  it('STORE-01: what says how long it is fresh says so even unreadably; s-maxage only to shared caches', () => {
    const says = (type: CacheType, ...lines: FieldLine[]) => {
      const fields = mapOf(...lines)
      return hasExplicitFreshness(fields, effectiveDirectives(fields, rules()), { type })
    }
    for (const type of ['shared', 'private'] as const) {
      expect(says(type, ['Expires', '0'])).toBe(true)
      expect(says(type, ['Cache-Control', 'max-age=x'])).toBe(true)
      expect(says(type, ['Cache-Control', 'public'])).toBe(false)
      expect(says(type, ['Cache-Control', 's-maxage=1'])).toBe(type === 'shared')
    }
  })
})

describe('age (RFC 9111 §4.2.3)', () => {
  it('AGE-01: the received Age, the time the response took, and the time since add up', () => {
    const arrived = arrivalAge(
      [
        ['Age', '10'],
        ['Date', httpDate()]
      ],
      { delay: 2 }
    )
    expect(arrived).toBe(12)
    expect(currentAge(arrived, noon, noon + 3_000)).toBe(15)
    expect(currentAge(arrived, noon, noon + 3_250)).toBe(15.25)
  })

  it('AGE-02: a Date in the past makes a response that old, unless dates are not trusted', () => {
    const lines: FieldLine[] = [['Date', httpDate(-7_200)]]
    expect(arrivalAge(lines)).toBe(7_200)
    expect(arrivalAge(lines, { trustDate: false })).toBe(0)
    expect(arrivalAge(lines, { trustDate: false, delay: 3 })).toBe(3)
    expect(rules().trustDate).toBe(true)
  })

  it('AGE-02: the larger of the two ages counts, not their sum', () => {
    expect(
      arrivalAge([
        ['Age', '100'],
        ['Date', httpDate(-50)]
      ])
    ).toBe(100)
    expect(
      arrivalAge([
        ['Age', '100'],
        ['Date', httpDate(-500)]
      ])
    ).toBe(500)
    expect(
      arrivalAge([
        ['Age', '100'],
        ['Date', httpDate(500)]
      ])
    ).toBe(100)
    expect(arrivalAge([['Date', 'nonsense']])).toBe(0)
    expect(
      arrivalAge([
        ['Date', httpDate(-9)],
        ['Date', httpDate(-8)]
      ])
    ).toBe(0)
  })

  it.each<[string[], number]>([
    [['7200'], 7_200],
    [['7200, 0'], 7_200],
    [['0, 7200'], 0],
    [['7200', '0'], 7_200],
    [['', '7200'], 7_200],
    [[', ,7200'], 7_200],
    [['0007200'], 7_200],
    [['99999999999999999999'], 2_147_483_648],
    [['-5'], 0],
    [['+5'], 0],
    [['5.5'], 0],
    [['5;a=1'], 0],
    [['"5"'], 0],
    [['abc, 7200'], 0],
    [['"a, 7200'], 0],
    [['7200 0'], 0],
    [[''], 0]
  ])('AGE-03: of an Age the first member counts, if it is digits: %j', (values, seconds) => {
    const lines = values.map((value): FieldLine => ['Age', value])
    expect(arrivalAge(lines, { trustDate: false })).toBe(seconds)
  })

  it('AGE-01: a clock set back while the response came takes nothing off', () => {
    expect(arrivalAge([['Age', '10']], { delay: -30 })).toBe(10)
  })

  it('FLD-06: a response without a valid Date is of when it came', () => {
    expect(dateOf(mapOf(['Date', httpDate(-5)]), noon)).toBe(noon - 5_000)
    expect(dateOf(mapOf(), noon)).toBe(noon)
    expect(dateOf(mapOf(['Date', '']), noon)).toBe(noon)
  })
})

describe('the clock (RFC 9111 §4.2.3)', () => {
  it('CLK-01: ages keep their fractions', () => {
    expect(currentAge(0, noon, noon + 59_999)).toBe(59.999)
    expect(currentAge(0.001, noon, noon + 1)).toBeCloseTo(0.002, 9)
  })

  it('CLK-02: set back by up to a minute, no time has passed; by more, the clock is of no use', () => {
    expect(currentAge(7, noon, noon - 60_000)).toBe(7)
    expect(isClockUsable(noon, noon)).toBe(true)
    expect(isClockUsable(noon - 60_000, noon)).toBe(true)
    expect(isClockUsable(noon - 60_001, noon)).toBe(false)
    expect(isClockUsable(noon + 1e12, noon)).toBe(true)
    expect(isClockUsable(noon, Number.NaN)).toBe(false)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('CLK-02: %d is no time', (time) => {
    expect(isClockUsable(time, noon)).toBe(false)
  })
})
