import type { CacheOptions } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { mapOf, requestWith, rules } from '../../test/rule-inputs.js'
import { parseCacheControl } from './cache-control.js'
import type { FieldLine } from './messages.js'
import { matchesSelecting, selectingFields, selectingValue, varyNames } from './selecting-fields.js'

type Given = Record<string, string>

const vary = (...values: string[]) => varyNames(mapOf(...values.map((value): FieldLine => ['Vary', value])))

/** Whether a response to `stored` with these names in `Vary` is selected for `presented`. */
function isSelected(
  names: string[],
  stored: Given,
  presented: Given,
  options: CacheOptions = {},
  cacheControl = 'public'
): boolean {
  const selecting = selectingFields(names, requestWith(stored), parseCacheControl(cacheControl), rules(options))
  return selecting !== undefined && matchesSelecting(selecting, requestWith(presented), rules(options))
}

/** Whether two values of a field count as the same. */
const same = (name: string, one: string, other: string, options: CacheOptions = {}) =>
  isSelected([name], { [name]: one }, { [name]: other }, options)

describe('varyNames (RFC 9110 §12.5.5)', () => {
  it.each<[string[], string | string[]]>([
    [['Foo'], ['foo']],
    [['Foo, BAR , foo,,Foo'], ['foo', 'bar']],
    [
      ['a', 'b, A', ''],
      ['a', 'b']
    ],
    [[''], []],
    [[', ,'], []],
    [[], []],
    [['*'], '*'],
    [['Foo, *'], '*'],
    [['*, Foo'], '*'],
    [['', '*'], '*'],
    [['Foo', 'Bar, *'], '*'],
    [[',,*,,'], '*'],
    [['foo bar'], '*'],
    [['"foo"'], '*'],
    [['foo;q=1'], '*'],
    [['foo, b@r'], '*'],
    [['foo, "a, b'], '*'],
    [['ä'], '*']
  ])('VARY-02, VARY-03: %j', (values, expected) => {
    expect(vary(...values)).toEqual(expected)
  })

  it('SEC-04: it may name 64 fields, each as often as it likes, and no more', () => {
    const names = Array.from({ length: 64 }, (_, i) => `x-${i}`)
    expect(vary(names.join(','))).toHaveLength(64)
    expect(vary([...names, ...names].join(','))).toHaveLength(64)
    expect(vary(names.join(','), 'X-0, x-63')).toHaveLength(64)
    expect(vary([...names, 'x-64'].join(','))).toBe('*')
    expect(vary(...names, 'one-more')).toBe('*')
  })
})

describe('matching (RFC 9111 §4.1)', () => {
  it('VARY-01: each named field has to have the value it had; absent equals only absent', () => {
    expect(isSelected(['foo'], { foo: '1' }, { foo: '1', other: 'x' })).toBe(true)
    expect(isSelected(['foo'], { foo: '1' }, { foo: '2' })).toBe(false)
    expect(isSelected(['foo'], { foo: '1' }, {})).toBe(false)
    expect(isSelected(['foo'], {}, { foo: '1' })).toBe(false)
    expect(isSelected(['foo'], {}, {})).toBe(true)
    expect(isSelected(['foo'], { foo: '' }, {})).toBe(false)
    expect(isSelected(['foo'], {}, { foo: '' })).toBe(false)
    expect(isSelected(['foo'], { foo: '' }, { foo: '' })).toBe(true)
    expect(isSelected(['foo', 'bar'], { foo: '1', bar: '2' }, { foo: '1', bar: '3' })).toBe(false)
    expect(isSelected(['foo', 'bar'], { foo: '1', bar: '2' }, { foo: '2', bar: '1' })).toBe(false)
    expect(isSelected([], { foo: '1' }, { foo: '2' })).toBe(true)
    expect(same('x-foo', 'a', 'A')).toBe(false)
  })

  it('VARY-10: the same names and values make the same snapshot, in whatever order', () => {
    const of = (names: string[]) =>
      selectingFields(names, requestWith({ a: '1', b: '2' }), parseCacheControl('public'), rules())
    expect(of(['b', 'c', 'a'])).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', null]
    ])
    expect(of(['a', 'b', 'c'])).toEqual(of(['c', 'b', 'a', 'a']))
  })

  it.each(['authorization', 'cookie', 'proxy-authorization'])(
    'VARY-04, SEC-03: of %s only a digest is kept',
    (name) => {
      const options = rules({ credentialFields: [] })
      const selecting = selectingFields([name], requestWith({ [name]: 'secret' }), parseCacheControl('public'), options)
      expect(selecting).toEqual([[name, expect.stringMatching(/^sha256:[0-9a-f]{64}$/)]])
      expect(same(name, 'secret', 'secret')).toBe(true)
      expect(same(name, 'secret', 'Secret')).toBe(false)
      expect(isSelected([name], { [name]: '' }, {})).toBe(false)
    }
  )

  it('VARY-04, SEC-03: so it is with the fields the options call credentials', () => {
    const selecting = selectingFields(
      ['x-key', 'x-api-key'],
      requestWith({ 'x-key': 'secret', 'x-api-key': 'secret' }),
      parseCacheControl('public'),
      rules({ credentialFields: ['X-Key'] })
    )
    expect(selecting).toEqual([
      ['x-api-key', 'secret'],
      ['x-key', expect.stringMatching(/^sha256:/)]
    ])
  })
})

describe('what does not make a difference', () => {
  it.each([
    ['1,2', '1,  2'],
    ['1, 2', '1\t,\t2'],
    ['1 , 2', '1,2'],
    [' 1 ', '1'],
    ['1,,2', '1 , , 2'],
    ['a "b , c" , d', 'a "b , c",d'],
    ['a;b', 'a;b']
  ])('VARY-05, VARY-06: blanks around a value and next to commas: %j and %j', (one, other) => {
    expect(same('foo', one, other)).toBe(true)
    expect(same('foo', other, one)).toBe(true)
  })

  it.each([
    ['"1,2"', '"1, 2"'],
    ['x="a ,b"', 'x="a,b"'],
    ['"a\\", b"', '"a\\",b"'],
    ['"a , b', '"a,b'],
    ['1 2', '1  2'],
    ['1 2', '12'],
    ['a;b', 'a; b'],
    ['1,2', '1,,2'],
    ['1,2', '2,1'],
    ['1', '1,'],
    ['', ',']
  ])('VARY-06: all else does: %j and %j', (one, other) => {
    expect(same('foo', one, other)).toBe(false)
    expect(same('foo', other, one)).toBe(false)
  })

  it.each(['accept', 'accept-encoding', 'accept-language', 'accept-charset'])(
    'VARY-06: in %s blanks next to semicolons too',
    (name) => {
      expect(same(name, 'a;q=0.5, b', 'a ; q=0.5,b')).toBe(true)
      expect(same(name, 'a;x="1 ; 2"', 'a;x="1;2"')).toBe(false)
      expect(same(name, 'a;q=0.5', 'a;q=0.50')).toBe(false)
    }
  )

  it.each([
    'user-agent',
    'cookie',
    'authorization',
    'referer',
    'origin',
    'host',
    'from',
    'date',
    'if-modified-since',
    'proxy-authorization'
  ])('VARY-06: %s is compared exactly, outer blanks apart', (name) => {
    expect(same(name, 'a,b', 'a, b')).toBe(false)
    expect(same(name, 'a;b', 'a; b')).toBe(false)
    expect(same(name, 'a', 'A')).toBe(false)
    expect(same(name, ' a, b\t', 'a, b')).toBe(true)
  })

  it.each(['accept-encoding', 'accept-language', 'accept-charset'])(
    'VARY-07: %s compares without case, but order and weights count',
    (name) => {
      expect(same(name, 'en, de;q=0.5', 'EN, De;Q=0.5')).toBe(true)
      expect(same(name, 'en, de', 'de, en')).toBe(false)
      expect(same(name, 'en;q=0.5', 'en;q=0.6')).toBe(false)
      expect(same(name, 'en;q=1', 'en')).toBe(false)
    }
  )

  it('VARY-07: Accept and unknown fields keep their case', () => {
    expect(same('accept', 'text/html', 'Text/HTML')).toBe(false)
    expect(same('foo', 'a', 'A')).toBe(false)
  })
})

describe('varyNormalizers', () => {
  const byLanguage = { varyNormalizers: { 'Accept-Language': (value: string) => value.slice(0, 2) } }

  it('VARY-07: a normalizer decides what is the same, for its field alone', () => {
    expect(same('accept-language', 'en-GB, de', 'en-US', byLanguage)).toBe(true)
    expect(same('accept-language', 'en', 'de', byLanguage)).toBe(false)
    expect(same('accept', 'en-GB', 'en-US', byLanguage)).toBe(false)
    expect(isSelected(['accept-language'], { 'accept-language': 'en' }, {}, byLanguage)).toBe(false)
  })

  it('VARY-07, ROB-01: one that throws, or returns no text, selects nothing', () => {
    const failures = [
      () => undefined,
      () => 5,
      () => null,
      () => {
        throw new Error('no')
      }
    ] as unknown as ((value: string) => string)[]
    for (const normalize of failures) {
      const options = { varyNormalizers: { foo: normalize } }
      expect(selectingFields(['foo'], requestWith({ foo: '1' }), parseCacheControl(''), rules(options))).toBeUndefined()
      expect(matchesSelecting([['foo', '1']], requestWith({ foo: '1' }), rules(options))).toBe(false)
      expect(isSelected(['foo'], {}, {}, options)).toBe(true)
    }
  })

  it('VARY-04, VARY-07: what a normalizer makes of a credential is digested too', () => {
    const options = rules({ varyNormalizers: { cookie: (value) => `${value}!` } })
    expect(selectingValue('cookie', requestWith({ cookie: 'secret' }), options)).toMatch(/^sha256:/)
  })
})

describe('credentials that count as if Vary named them (RFC 9111 §7.3)', () => {
  it('AUTH-07: those of the request, in both types, unless public or, where shared, s-maxage', () => {
    const a = { cookie: 'a=1' }
    for (const type of ['shared', 'private'] as const) {
      expect(isSelected([], a, { cookie: 'a=2' }, { type }, 'max-age=60')).toBe(false)
      expect(isSelected([], a, {}, { type }, 'max-age=60')).toBe(false)
      expect(isSelected([], a, a, { type }, 'max-age=60')).toBe(true)
      expect(isSelected([], a, {}, { type }, 'public')).toBe(true)
      expect(isSelected([], a, {}, { type, credentialFields: [] }, 'max-age=60')).toBe(true)
      expect(isSelected([], a, {}, { type }, 's-maxage=60')).toBe(type === 'shared')
    }
  })

  it('AUTH-03: in private caches Authorization always, and Cookie where the response is private', () => {
    const options: CacheOptions = { type: 'private' }
    expect(isSelected([], {}, { authorization: 'x' }, options, 'max-age=60')).toBe(false)
    expect(isSelected([], {}, { authorization: 'x' }, options, 'public')).toBe(true)
    expect(isSelected([], {}, { authorization: 'x' }, { ...options, implicitCredentialKey: false }, 'max-age=60')).toBe(
      true
    )
    expect(isSelected([], {}, { cookie: 'x' }, options, 'max-age=60')).toBe(true)
    expect(isSelected([], {}, { cookie: 'x' }, options, 'private')).toBe(false)
    expect(isSelected([], {}, { cookie: 'x' }, options, 'private="a"')).toBe(true)
    expect(isSelected([], {}, { authorization: 'x' }, { type: 'shared' }, 'max-age=60')).toBe(true)
  })
})
