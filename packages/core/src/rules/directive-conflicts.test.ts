import { describe, expect, it } from '@jest/globals'
import { rules } from '../../test/rule-inputs.js'
import { staleBar } from './assessment.js'
import { isForEverybody, parseCacheControl } from './cache-control.js'

/** Both orders of the members of a value. */
const bothWays = (value: string) => [value, value.split(', ').reverse().join(', ')]

describe('repeated directives (RFC 9111 §4.2.1)', () => {
  it.each([
    ['max-age=1800, max-age=1', 'maxAge', 1],
    ['max-age=5, max-age=5', 'maxAge', 5],
    ['max-age=5, MAX-AGE="3"', 'maxAge', 3],
    ['s-maxage=7, s-maxage=3, s-maxage=5', 'sMaxage', 3],
    ['max-stale=7, max-stale=3', 'maxStale', 3],
    ['max-stale, max-stale=3', 'maxStale', 3],
    ['max-stale, max-stale', 'maxStale', Number.POSITIVE_INFINITY],
    ['stale-while-revalidate=7, stale-while-revalidate=3', 'staleWhileRevalidate', 3],
    ['stale-if-error=7, stale-if-error=3', 'staleIfError', 3],
    ['min-fresh=7, min-fresh=3', 'minFresh', 7],
    ['max-age=7, max-age=x', 'maxAge', 'invalid'],
    ['max-age=7, max-age', 'maxAge', 'invalid'],
    ['max-age=7, max-age= 7, max-age=3', 'maxAge', 'invalid'],
    ['max-stale, max-stale=x', 'maxStale', 'invalid'],
    ['min-fresh=7, min-fresh=x', 'minFresh', 'invalid']
  ] as const)(
    'PARSE-06: %s: the most restrictive value counts, and an invalid one spoils all',
    (value, name, expected) => {
      for (const ordered of bothWays(value)) expect(parseCacheControl(ordered)[name]).toBe(expected)
    }
  )

  it.each(['no-cache', 'private'] as const)(
    'PARSE-06: of several %s the unqualified one wins, else their lists are united',
    (name) => {
      const property = name === 'private' ? 'private' : 'noCache'
      expect(parseCacheControl(`${name}="a", ${name}=b`)[property]).toEqual(['a', 'b'])
      expect(parseCacheControl(`${name}="a", ${name}="b, c", ${name}=d`)[property]).toEqual(['a', 'b', 'c', 'd'])
      for (const value of bothWays(`${name}="a", ${name}`)) expect(parseCacheControl(value)[property]).toBe(true)
      for (const value of bothWays(`${name}="a", ${name}=""`)) expect(parseCacheControl(value)[property]).toBe(true)
      expect(parseCacheControl(`${name}="a", ${name}, ${name}="b"`)[property]).toBe(true)
    }
  )
})

describe('conflicting directives (RFC 9111 §4.2.1)', () => {
  it('PARSE-07: each directive is read whatever stands beside it, so that the stricter can win', () => {
    const all = 'public, max-age=60, no-store, private, no-cache, must-revalidate, max-stale, stale-while-revalidate=9'
    for (const value of bothWays(all)) {
      expect(parseCacheControl(value)).toMatchObject({
        public: true,
        maxAge: 60,
        noStore: true,
        private: true,
        noCache: true,
        mustRevalidate: true,
        staleWhileRevalidate: 9
      })
    }
  })

  it('PARSE-07: a stale bar outweighs every stale permission', () => {
    const permissions = 'stale-while-revalidate=60, stale-if-error=60, max-stale'
    for (const bar of ['no-cache', 'must-revalidate', 'must-revalidate;', 'must-revalidate=1', 'proxy-revalidate']) {
      for (const value of bothWays(`${bar}, ${permissions}`)) {
        expect(staleBar(parseCacheControl(value), rules())).toBe('no')
      }
    }
  })
})

describe('broken directives (RFC 9111 §5.2, RFC 8246 §2)', () => {
  const restrictive = [
    ['no-store', { noStore: true }],
    ['no-cache', { noCache: true }],
    ['private', { private: true }],
    // It would permit sharing, were it as the grammar has it.
    ['must-revalidate', { mustRevalidate: 'invalid' }],
    ['proxy-revalidate', { proxyRevalidate: true }]
  ] as const

  it.each(restrictive)('PARSE-08: %s counts in spite of an argument that is broken', (name, expected) => {
    for (const broken of [
      '=',
      '=""',
      '=;',
      '= x',
      ' =x',
      ' x',
      '="',
      '="a',
      '="a"b',
      '=a b',
      '=@',
      ';',
      '=\\',
      '="@"'
    ]) {
      expect(parseCacheControl(`${name}${broken}`)).toMatchObject(expected)
      expect(parseCacheControl(`max-age=60, ${name.toUpperCase()}${broken}`)).toMatchObject(expected)
    }
  })

  it('PARSE-08: restrictions without a list of fields count with any argument', () => {
    expect(parseCacheControl('no-store=a').noStore).toBe(true)
    expect(parseCacheControl('must-revalidate="x"').mustRevalidate).toBe('invalid')
    expect(parseCacheControl('proxy-revalidate=1').proxyRevalidate).toBe(true)
  })

  it('PARSE-08: public and must-understand grant nothing with an argument', () => {
    for (const argument of ['=', '=1', '="x"', '=""', ' =x', ' x']) {
      expect(parseCacheControl(`public${argument}`).public).toBe(false)
      expect(parseCacheControl(`must-understand${argument}, no-store`)).toMatchObject({
        mustUnderstand: false,
        noStore: true
      })
    }
    expect(parseCacheControl('public=x, public').public).toBe(true)
  })

  it('AUTH-01, ROB-01: must-revalidate grants what it does only as the grammar has it, whatever else stands there', () => {
    const broken = [
      'must-revalidate;',
      'must-revalidate=',
      'must-revalidate="x"',
      '(must-revalidate)',
      'x="must-revalidate'
    ]
    for (const value of broken) expect(parseCacheControl(value).mustRevalidate).toBe('invalid')
    for (const value of broken) expect(parseCacheControl(`Must-Revalidate, ${value}`).mustRevalidate).toBe(true)
    expect(parseCacheControl('must-revalidate;, must-revalidate').mustRevalidate).toBe(true)
    expect(parseCacheControl('x="must-revalidate"').mustRevalidate).toBe(false)
  })

  it('AUTH-06, AUTH-07, ROB-01: only public, and in shared caches an s-maxage that can be read, are for everybody', () => {
    const both = (value: string) => {
      const directives = parseCacheControl(value)
      return [isForEverybody(directives, 'shared'), isForEverybody(directives, 'private')]
    }
    for (const value of ['public', 'PUBLIC, max-age=60']) expect(both(value)).toEqual([true, true])
    for (const value of ['s-maxage=60', 's-maxage="0"', 'S-MaxAge=1, s-maxage=2']) {
      expect(both(value)).toEqual([true, false])
    }
    const unreadable = ['s-maxage', 's-maxage=', 's-maxage=x', 's-maxage=1, s-maxage=x', 's-maxage;', 'x="s-maxage=1']
    for (const value of [...unreadable, 'public=1', 'public;', 'max-age=60', 'must-revalidate', '']) {
      expect(both(value)).toEqual([false, false])
    }
  })

  it('PARSE-08: an argument of immutable means nothing', () => {
    for (const value of ['immutable', 'immutable=', 'immutable=1', 'immutable="x"']) {
      expect(parseCacheControl(value).immutable).toBe(true)
    }
  })

  it.each(restrictive)('PARSE-08: %s counts behind a quote that never ends', (name, expected) => {
    expect(parseCacheControl(`x="a, ${name}, max-age=60`)).toMatchObject({ ...expected, maxAge: 'invalid' })
    expect(parseCacheControl(`max-age=60, x="a,${name.toUpperCase()}=1`)).toMatchObject({ ...expected, maxAge: 60 })
    expect(parseCacheControl(`x="a", y="\\", ${name}`)).toMatchObject(expected)
    expect(parseCacheControl(`"${name}`)).toMatchObject(expected)
  })

  it('PARSE-08: nothing behind a quote that never ends grants anything', () => {
    const behind = 'public, must-understand, immutable, max-age=60, s-maxage=60, max-stale, stale-if-error=60'
    expect(parseCacheControl(`x="a, ${behind}`)).toMatchObject({
      public: false,
      mustUnderstand: false,
      immutable: false,
      maxAge: 'invalid',
      sMaxage: 'invalid',
      maxStale: 'invalid',
      staleIfError: 'invalid'
    })
    expect(parseCacheControl('max-age=60, x="max-age=90').maxAge).toBe('invalid')
  })

  it('PARSE-08: a name that only contains that of a restriction is another one', () => {
    expect(parseCacheControl('x="a, no-storeage, xno-cache, unprivate')).toMatchObject({
      noStore: false,
      noCache: false,
      private: false
    })
  })
})
