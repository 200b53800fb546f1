import { describe, expect, it } from '@jest/globals'
import { httpDate, mapOf, noon, rules, storedWith } from '../../test/rule-inputs.js'
import { assess, effectiveDirectives, isUnqualified, staleBar } from './assessment.js'
import { parseCacheControl } from './cache-control.js'

describe('assess', () => {
  it('FRESH-01, AGE-01: it works out once what does not depend on the time', () => {
    const stored = storedWith(
      [
        ['Cache-Control', 'max-age=60'],
        ['cache-control', 'no-cache="x"'],
        ['Age', '10'],
        ['Date', httpDate(-5)],
        ['ETag', '"a"']
      ],
      { requestTime: noon - 2_000, marks: { a: '', b: '1' } }
    )
    expect(assess(stored, rules())).toMatchObject({
      stored,
      lifetime: 60,
      heuristic: false,
      initialAge: 12,
      date: noon - 5_000,
      validators: { etag: '"a"' },
      staleBar: 'none',
      directives: { maxAge: 60, noCache: ['x'] },
      marks: [
        ['a', ''],
        ['b', '1']
      ]
    })
  })

  it('FRESH-01: the same response is judged by the type of the cache and by its options', () => {
    const stored = storedWith([
      ['Cache-Control', 'max-age=1, s-maxage=60'],
      ['Date', httpDate(-9)]
    ])
    expect(assess(stored, rules())).toMatchObject({ lifetime: 60, staleBar: 's-maxage', initialAge: 9 })
    expect(assess(stored, rules({ type: 'private', trustDate: false }))).toMatchObject({
      lifetime: 1,
      staleBar: 'none',
      initialAge: 0
    })
  })

  it('PARSE-01: directives are read from all lines together', () => {
    const fields = mapOf(
      ['Cache-Control', ', max-age=60,'],
      ['CACHE-CONTROL', 'public'],
      ['cache-control', 'max-age=5']
    )
    expect(effectiveDirectives(fields, rules())).toMatchObject({ maxAge: 5, public: true })
    expect(effectiveDirectives(mapOf(['Cache-Control', 'x="a'], ['Cache-Control', 'no-store']), rules())).toMatchObject(
      {
        noStore: true
      }
    )
    expect(effectiveDirectives(mapOf(), rules())).toMatchObject({ maxAge: undefined, noStore: false })
  })
})

describe('staleBar (RFC 9111 §4.2.4)', () => {
  it.each([
    ['max-age=1', 'none', 'none'],
    ['must-revalidate', 'no', 'no'],
    ['no-cache', 'no', 'no'],
    ['no-cache="x"', 'none', 'none'],
    ['no-cache="etag"', 'no', 'no'],
    ['proxy-revalidate', 'no', 'none'],
    ['s-maxage=1', 's-maxage', 'none'],
    ['s-maxage=x', 's-maxage', 'none'],
    ['s-maxage=1, proxy-revalidate', 'no', 'none'],
    ['s-maxage=1, must-revalidate', 'no', 'no'],
    ['private', 'none', 'none']
  ])('STALE-02: %s bars a shared cache: %s, a private one: %s', (value, shared, own) => {
    expect(staleBar(parseCacheControl(value), { type: 'shared' })).toBe(shared)
    expect(staleBar(parseCacheControl(value), { type: 'private' })).toBe(own)
  })
})

describe('isUnqualified (RFC 9111 §5.2.2.4)', () => {
  it.each([
    ['no-cache', true],
    ['no-cache=""', true],
    ['no-cache=","', true],
    ['no-cache="a b"', true],
    ['no-cache="a, @"', true],
    ['no-cache="a, Vary"', true],
    ['no-cache="a, b"', false],
    ['no-cache=a', false],
    ['max-age=1', false]
  ])('RESP-02: %s: %s', (value, expected) => {
    expect(isUnqualified(parseCacheControl(value).noCache)).toBe(expected)
    expect(isUnqualified(parseCacheControl(value.replace('no-cache', 'private')).private)).toBe(expected)
  })
})
