import { describe, expect, it } from '@jest/globals'
import { httpDate, mapOf, noon, rules } from '../../test/rule-inputs.js'
import { effectiveDirectives } from './assessment.js'
import { freshnessLifetime, type Lifetime } from './freshness.js'
import { expiresAfter, type Heuristic, type HeuristicInput, lastModified, oneDay } from './heuristics.js'
import type { CacheType, FieldLine } from './messages.js'

interface Changes {
  method?: string
  status?: number
  type?: CacheType
  heuristic?: Heuristic | false
}

function lifetime(lines: FieldLine[], changes: Changes = {}): Lifetime {
  const { method = 'GET', status = 200, type = 'shared', heuristic = lastModified() } = changes
  const fields = mapOf(...lines)
  const times = { requestTime: noon, responseTime: noon }
  return freshnessLifetime(
    { method, status, fields, directives: effectiveDirectives(fields, rules()), ...times },
    { type, heuristic }
  )
}

const modified = (secondsBefore: number): FieldLine => ['Last-Modified', httpDate(-secondsBefore)]
const now: FieldLine = ['Date', httpDate()]
const never: Heuristic = () => {
  throw new Error('it is not to be asked')
}

describe('lastModified (RFC 9111 §4.2.2)', () => {
  it('FRESH-06: a tenth of the time since the last modification, rounded down, a day at most', () => {
    expect(lifetime([now, modified(1_000)])).toEqual({ seconds: 100, heuristic: true })
    expect(lifetime([now, modified(1_009)])).toEqual({ seconds: 100, heuristic: true })
    expect(lifetime([now, modified(9)])).toEqual({ seconds: 0, heuristic: false })
    expect(lifetime([now, modified(1e9)])).toEqual({ seconds: 86_400, heuristic: true })
  })

  it('FRESH-06: the time counts up to Date, and up to the receipt where there is none', () => {
    expect(lifetime([['Date', httpDate(1_000)], modified(1_000)]).seconds).toBe(200)
    expect(lifetime([modified(1_000)]).seconds).toBe(100)
    expect(lifetime([['Date', httpDate(-1_000)], modified(1_000)]).seconds).toBe(0)
    expect(lifetime([['Date', httpDate(-1_000)], modified(500)]).seconds).toBe(0)
  })

  it('FRESH-06: a Last-Modified that is no date, or several that differ, are none', () => {
    expect(lifetime([now, ['Last-Modified', 'long ago']]).seconds).toBe(0)
    expect(lifetime([now, modified(1_000), modified(2_000)]).seconds).toBe(0)
    expect(lifetime([now, modified(1_000), modified(1_000)]).seconds).toBe(100)
  })

  it('FRESH-06: only for GET and HEAD', () => {
    expect(lifetime([now, modified(1_000)], { method: 'HEAD' }).seconds).toBe(100)
    for (const method of ['POST', 'QUERY', 'OPTIONS', 'get'])
      expect(lifetime([now, modified(1_000)], { method }).seconds).toBe(0)
  })

  it('FRESH-06, STORE-05: only for the statuses that allow it, or with public', () => {
    const allowing = [200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 451, 501]
    for (let status = 200; status < 600; status++) {
      expect(lifetime([now, modified(1_000)], { status }).heuristic).toBe(allowing.includes(status))
      expect(lifetime([now, modified(1_000), ['Cache-Control', 'public']], { status }).heuristic).toBe(true)
    }
  })

  it.each(['fraction', 'maxSeconds'] as const)('FRESH-09: %s out of range is a TypeError that names it', (option) => {
    for (const value of [-1, Number.NaN, ...(option === 'fraction' ? [0, 1.1] : [])]) {
      expect(() => lastModified({ [option]: value })).toThrow(new RegExp(`^lastModified: ${option} .*not ${value}`))
    }
  })

  it('FRESH-09: fraction and maxSeconds are what they are set to', () => {
    const heuristic = lastModified({ fraction: 0.5, maxSeconds: 300 })
    expect(lifetime([now, modified(400)], { heuristic }).seconds).toBe(200)
    expect(lifetime([now, modified(4_000)], { heuristic }).seconds).toBe(300)
    expect(lifetime([now, modified(10)], { heuristic: lastModified({ fraction: 1 }) }).seconds).toBe(10)
    expect(lifetime([now, modified(4_000)], { heuristic: lastModified({ maxSeconds: 0 }) }).heuristic).toBe(false)
  })
})

describe('no lifetime out of nothing', () => {
  it('FRESH-07: without explicit freshness and without Last-Modified there is none', () => {
    for (const type of ['shared', 'private'] as const) {
      expect(lifetime([now], { type })).toEqual({ seconds: 0, heuristic: false })
      expect(lifetime([now, ['ETag', '"a"'], ['Cache-Control', 'public']], { type }).seconds).toBe(0)
    }
  })

  it('FRESH-02: explicit freshness is never replaced, however bad it is', () => {
    for (const given of ['max-age=0', 'max-age=x', 'max-age', 's-maxage=0', 's-maxage=x']) {
      const lines: FieldLine[] = [now, modified(1_000), ['Cache-Control', given]]
      expect(lifetime(lines, { heuristic: never })).toEqual({ seconds: 0, heuristic: false })
    }
    for (const expires of ['0', httpDate(-1)]) {
      expect(lifetime([now, modified(1_000), ['Expires', expires]], { heuristic: never }).seconds).toBe(0)
    }
    expect(
      lifetime([now, modified(1_000), ['Expires', httpDate(5)], ['Expires', httpDate(6)]], { heuristic: never }).seconds
    ).toBe(0)
  })

  it('FRESH-02, RESP-06: s-maxage is no explicit freshness to a private cache', () => {
    const lines: FieldLine[] = [now, modified(1_000), ['Cache-Control', 's-maxage=5']]
    expect(lifetime(lines, { type: 'private' })).toEqual({ seconds: 100, heuristic: true })
    expect(lifetime(lines)).toEqual({ seconds: 5, heuristic: false })
  })

  it('FRESH-08: no-cache in Pragma forbids the heuristic, but only where there is no Cache-Control', () => {
    for (const pragma of ['no-cache', 'No-Cache', 'x, no-cache', ' ,no-cache,']) {
      expect(lifetime([now, modified(1_000), ['Pragma', pragma]]).seconds).toBe(0)
      expect(lifetime([now, modified(1_000), ['Pragma', pragma], ['Cache-Control', '']]).seconds).toBe(100)
      expect(lifetime([now, modified(1_000), ['Pragma', pragma], ['Cache-Control', 'foo']]).seconds).toBe(100)
      expect(lifetime([now, ['Pragma', pragma], ['Cache-Control', 'max-age=60']]).seconds).toBe(60)
      expect(lifetime([now, ['Pragma', pragma], ['Expires', httpDate(60)]]).seconds).toBe(60)
    }
    for (const pragma of ['foo', 'no-store', '"no-cache"', 'no-cache=x']) {
      expect(lifetime([now, modified(1_000), ['Pragma', pragma]]).seconds).toBe(100)
    }
    expect(lifetime([now, modified(1_000), ['Pragma', 'a'], ['Pragma', 'no-cache']]).seconds).toBe(0)
  })
})

describe('the heuristic option', () => {
  it('FRESH-09: false turns it off', () => {
    expect(lifetime([now, modified(1_000)], { heuristic: false })).toEqual({ seconds: 0, heuristic: false })
  })

  it('FRESH-09: it is told of the response, and what it returns is the lifetime', () => {
    const seen: HeuristicInput[] = []
    const heuristic: Heuristic = (input) => {
      seen.push(input)
      return 42.5
    }
    const lines: FieldLine[] = [now, modified(9), ['X-A', '1'], ['x-a', '2']]
    expect(lifetime(lines, { heuristic, method: 'HEAD', status: 404 })).toEqual({ seconds: 42.5, heuristic: true })
    expect(seen).toMatchObject([
      { method: 'HEAD', status: 404, date: noon, lastModified: noon - 9_000, responseTime: noon }
    ])
    expect(seen[0]?.field('X-a')).toBe('1, 2')
    expect(seen[0]?.field('absent')).toBeUndefined()
    lifetime(
      [
        ['Date', 'x'],
        ['Last-Modified', 'x']
      ],
      { heuristic }
    )
    expect(seen[1]).toMatchObject({ date: noon, lastModified: undefined })
  })

  it('FRESH-09, ROB-01: what is no number above 0, or throws, gives none', () => {
    const answers = [
      0,
      -1,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      undefined,
      null,
      '60',
      true,
      {}
    ] as unknown as number[]
    for (const answer of answers)
      expect(lifetime([now], { heuristic: () => answer })).toEqual({ seconds: 0, heuristic: false })
    expect(lifetime([now], { heuristic: never })).toEqual({ seconds: 0, heuristic: false })
  })

  it('FRESH-09: expiresAfter adds its parts up', () => {
    const all = expiresAfter({ weeks: 1, days: 1, hours: 1, minutes: 1, seconds: 1 })
    expect(lifetime([now], { heuristic: all }).seconds).toBe(604_800 + 86_400 + 3_600 + 60 + 1)
    expect(lifetime([now], { heuristic: expiresAfter({ minutes: 1.5 }) }).seconds).toBe(90)
    expect(lifetime([now], { heuristic: oneDay() })).toEqual({ seconds: 86_400, heuristic: true })
    expect(lifetime([now], { heuristic: expiresAfter({ hours: 0 }) }).heuristic).toBe(false)
  })

  it('FRESH-09: expiresAfter refuses what is no span of time, and says what', () => {
    expect(() => expiresAfter({})).toThrow(TypeError)
    expect(() => expiresAfter({ years: 1 } as object)).toThrow(/unknown unit years/)
    expect(() => expiresAfter({ toString: 1 } as object)).toThrow(/unknown unit toString/)
    for (const hours of [-1, Number.NaN, Number.POSITIVE_INFINITY, '1', null, undefined]) {
      expect(() => expiresAfter({ hours } as object)).toThrow(/^expiresAfter: hours must be a finite number/)
    }
  })
})
