import { describe, expect, it } from '@jest/globals'
import { maxDeltaSeconds, noDirectives, parseCacheControl, parseDeltaSeconds } from './cache-control.js'

/** Only what a value sets. */
function directives(value: string | undefined): object {
  const parsed = parseCacheControl(value)
  const unset: Record<string, unknown> = { ...noDirectives }
  return Object.fromEntries(Object.entries(parsed).filter(([name, found]) => found !== unset[name]))
}

describe('splitting (RFC 9111 §5.2)', () => {
  it.each([
    [', ,max-age=60,,, public', { maxAge: 60, public: true }],
    ['max-age=60,public', { maxAge: 60, public: true }],
    ['\t max-age=60 \t,\tpublic\t', { maxAge: 60, public: true }],
    ['max-age=60', { maxAge: 60 }],
    [',', {}],
    [' ', {}],
    ['', {}]
  ])(
    'PARSE-01: members are told by commas, without blanks around them and without empty ones: %j',
    (value, expected) => {
      expect(directives(value)).toEqual(expected)
    }
  )

  it('PARSE-01: no field at all sets nothing, and what says so cannot be changed', () => {
    expect(parseCacheControl(undefined)).toBe(noDirectives)
    expect(Object.isFrozen(noDirectives)).toBe(true)
    expect(parseCacheControl('no-store')).not.toBe(noDirectives)
    expect(noDirectives.noStore).toBe(false)
  })

  it.each([
    ['x="a,b", max-age=5', { maxAge: 5 }],
    ['x="a\\",no-store", max-age=5', { maxAge: 5 }],
    ['x="a\\\\", no-store', { noStore: true }],
    ['x="a\\\\\\", no-store, y", max-age=5', { maxAge: 5 }],
    ['x="", no-store', { noStore: true }]
  ])('PARSE-01: a comma within a quoted string separates nothing: %j', (value, expected) => {
    expect(directives(value)).toEqual(expected)
  })
})

describe('names (RFC 9111 §5.2, §5.2.3)', () => {
  it.each([
    ['No-Store', { noStore: true }],
    ['NO-CACHE', { noCache: true }],
    ['PrIvAtE', { private: true }],
    ['PUBLIC', { public: true }],
    ['MUST-REVALIDATE', { mustRevalidate: true }],
    ['Proxy-Revalidate', { proxyRevalidate: true }],
    ['Must-Understand', { mustUnderstand: true }],
    ['IMMUTABLE', { immutable: true }],
    ['Only-If-Cached', { onlyIfCached: true }],
    ['MAX-AGE=60', { maxAge: 60 }],
    ['S-MaxAge=60', { sMaxage: 60 }],
    ['MAX-STALE', { maxStale: Number.POSITIVE_INFINITY }],
    ['Min-Fresh=60', { minFresh: 60 }],
    ['Stale-While-Revalidate=60', { staleWhileRevalidate: 60 }],
    ['Stale-If-Error=60', { staleIfError: 60 }]
  ])('PARSE-02: %s means the same in any case', (value, expected) => {
    expect(directives(value)).toEqual(expected)
    expect(directives(value.toLowerCase())).toEqual(expected)
  })

  it.each([
    ['ext="no-store, max-age=9", MAX-AGE=60', { maxAge: 60 }],
    ['ext=no-store, max-age=60', { maxAge: 60 }],
    ['x-no-store, no-stores, no_store, max-age=60', { maxAge: 60 }],
    ['max-ages=5, amax-age=5, max-age=60', { maxAge: 60 }],
    ['constructor, __proto__, toString, hasOwnProperty=1, max-age=60', { maxAge: 60 }]
  ])('PARSE-02: what is unknown has no effect, nor has its argument: %j', (value, expected) => {
    expect(directives(value)).toEqual(expected)
  })
})

describe('arguments (RFC 9111 §1.2.2, §5.2)', () => {
  it.each([
    ['max-age="60"', { maxAge: 60 }],
    ['max-age="6\\0"', { maxAge: 60 }],
    ['max-age="\\6\\0"', { maxAge: 60 }],
    ['no-cache=a', { noCache: ['a'] }],
    ['no-cache="a"', { noCache: ['a'] }],
    ['no-cache="\\a, B"', { noCache: ['a', 'b'] }],
    ['private=", a,,\tB ,"', { private: ['a', 'b'] }]
  ])('PARSE-03: a token and a quoted string mean the same, escapes resolved: %j', (value, expected) => {
    expect(directives(value)).toEqual(expected)
  })

  it.each([
    ['0', 0],
    ['1', 1],
    ['0060', 60],
    ['2147483647', 2_147_483_647],
    ['2147483648', 2_147_483_648],
    ['2147483649', 2_147_483_648],
    ['4294967296', 2_147_483_648],
    ['99999999999999999999', 2_147_483_648],
    ['9'.repeat(400), 2_147_483_648],
    [`${'0'.repeat(5_000)}7`, 7],
    ['9'.repeat(100_000), 2_147_483_648]
  ])('PARSE-04: digits of any count are seconds, clamped to 2^31', (text, seconds) => {
    expect(parseDeltaSeconds(text)).toBe(seconds)
    expect(parseCacheControl(`max-age=${text}`).maxAge).toBe(seconds)
    expect(maxDeltaSeconds).toBe(2_147_483_648)
  })

  it.each([
    '',
    ' ',
    '60.0',
    '+60',
    '-1',
    '6e1',
    '0x3c',
    'abc',
    '60s',
    '6 0',
    '٦٠',
    '６０',
    '60\u00a0',
    'Infinity',
    '\t60',
    '60;a'
  ])('PARSE-04, PARSE-05: %j is not plain digits', (text) => {
    expect(parseDeltaSeconds(text)).toBeUndefined()
  })

  it.each([
    'max-age',
    'max-age=',
    'max-age=""',
    'max-age=abc',
    'max-age=60.0',
    'max-age=-1',
    'max-age=+60',
    'max-age="-1"',
    'max-age=" 60"',
    'max-age= 60',
    'max-age =60',
    'max-age = 60',
    'max-age\t=60',
    'max-age=60 0',
    'max-age=60;x',
    'max-age="60"x',
    'max-age=6"0"',
    "max-age='60'",
    'max-age=60=60',
    'max-age:60',
    'max-age 60',
    'max-age==60'
  ])('PARSE-05: %j has no valid seconds', (value) => {
    expect(directives(value)).toEqual({ maxAge: 'invalid' })
    expect(directives(`${value}, public`)).toEqual({ maxAge: 'invalid', public: true })
  })

  it.each([
    ['s-maxage', 'sMaxage'],
    ['min-fresh', 'minFresh'],
    ['stale-while-revalidate', 'staleWhileRevalidate'],
    ['stale-if-error', 'staleIfError']
  ])('PARSE-05: %s wants an argument', (name, property) => {
    for (const argument of ['', '=', '=x', '="', '= 5', '=5.0']) {
      expect(directives(`${name}${argument}`)).toEqual({ [property]: 'invalid' })
    }
    expect(directives(`${name}=5`)).toEqual({ [property]: 5 })
  })

  it('PARSE-05: max-stale alone sets no limit; with an argument that is none it is invalid', () => {
    expect(directives('max-stale')).toEqual({ maxStale: Number.POSITIVE_INFINITY })
    expect(directives('max-stale=5')).toEqual({ maxStale: 5 })
    for (const value of ['max-stale=', 'max-stale=""', 'max-stale=x', 'max-stale =5', 'max-stale="']) {
      expect(directives(value)).toEqual({ maxStale: 'invalid' })
    }
  })
})
