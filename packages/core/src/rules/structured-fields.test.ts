import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { maxFieldValueLength } from './fields.js'
import { parseDictionary, parseStringList, serializeString, serializeTokenOrString } from './structured-fields.js'

/** The members, as an object. */
const membersOf = (text: string) => {
  const members = parseDictionary(text)
  return members === undefined ? undefined : Object.fromEntries(members)
}

describe('parseDictionary (RFC 9651 §4.2.2)', () => {
  it.each<[string, Record<string, unknown>]>([
    ['', {}],
    ['  ', {}],
    ['a', { a: true }],
    ['max-age=60, private', { 'max-age': 60, private: true }],
    [' a=1 ,\tb="x, \\"y\\" \\\\" , c=?0', { a: 1, b: 'x, "y" \\', c: false }],
    ['a=1, b=2, a=3', { a: 3, b: 2 }],
    ['a=1;x=2;y, b;z="."', { a: 1, b: true }],
    ['a=("x" "y";p=1);q, b=()', { a: ['x', 'y'], b: [] }],
    ['a=("x" y), b=(1), c=tok, d=:AQI=:, e=%"%c3%a9"', { a: null, b: null, c: null, d: null, e: null }],
    ['a=-0, b=-5, c=999999999999999', { a: 0, b: -5, c: 999_999_999_999_999 }]
  ])('TGT-02: %j', (text, members) => {
    expect(membersOf(text)).toEqual(members)
  })

  it.each<[string, Record<string, unknown>]>([
    ['a=60.0', { a: null }],
    ['a=1.5, b=1', { a: null, b: 1 }],
    ['a=1.0, a=1', { a: 1 }],
    ['a=1, a=-1.0;p', { a: null }],
    ['a.b=1, c=1;d=1.0', { 'a.b': 1, c: 1 }],
    ['a="b=1.0", c="\\", c=1.0"', { a: 'b=1.0', c: '", c=1.0' }],
    ['a=%"\\", b=2.0, c=%"%22", d=4', { a: null, b: null, c: null, d: 4 }],
    ['a=(1.0 "x"), b=3', { a: null, b: 3 }],
    ['a=1 \t,\t b=2.0\t,c=t.1', { a: 1, b: null, c: null }]
  ])('TGT-03: a Decimal is no Integer: %j', (text, members) => {
    expect(membersOf(text)).toEqual(members)
  })

  it.each([
    'A=1',
    'a =1',
    'a= 1',
    'a=1,',
    ',a',
    'a,,b',
    'a b',
    'a=1;',
    '"a"',
    'a="x',
    'a="\\x"',
    'a=("x"',
    'a=("x""y")',
    'a=1.',
    'a=1.0000',
    'a=1000000000000000',
    'a=--1',
    'a=?2',
    'a=:*:',
    '\ta',
    'a="\u00e9"',
    'a=%"%ff"',
    'a\0'
  ])('TGT-02: %j is none', (text) => {
    expect(parseDictionary(text)).toBeUndefined()
  })

  it('SEC-05: names from the wire are names and nothing else', () => {
    const members = parseDictionary('a__proto__=1, constructor')
    expect([...(members ?? [])]).toEqual([
      ['a__proto__', 1],
      ['constructor', true]
    ])
    expect(parseDictionary('__proto__=1')).toBeUndefined()
  })

  it('TGT-03: every number is read as what it is, whatever stands beside it', () => {
    const value = fc.oneof(
      fc.constantFrom('"a=1.0"', '"\\", b=2.0"', '%"\\"', 'tok.1', '(1.0 "b=1.0")', ':AA==:', '?1', '1;x=1.0'),
      fc.integer({ min: 0, max: 99 }).map(String),
      fc.integer({ min: 0, max: 99 }).map((n) => `${n}.0`)
    )
    const member = fc.tuple(fc.constantFrom('a', 'b', 'c.1', '*'), value, fc.constantFrom('', ';p', ';p=1.5;q="."'))
    fc.assert(
      fc.property(
        fc.array(member, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(',', ', ', '\t , '),
        (all, comma) => {
          const expected = new Map(
            all.map(([key, text]) => [key, /^\d+(;.*)?$/.test(text) ? Number.parseInt(text, 10) : undefined])
          )
          const members = parseDictionary(
            all.map(([key, text, parameters]) => `${key}=${text}${parameters}`).join(comma)
          )
          for (const [key, number] of expected) {
            const found = members?.get(key)
            expect(typeof found === 'number' ? found : undefined).toBe(number)
          }
        }
      )
    )
  })
})

describe('parseStringList (RFC 9651 §4.2.1)', () => {
  it.each<[string, string[]]>([
    ['', []],
    ['"a"', ['a']],
    [' "a" ,\t"b, \\"c\\"";p=1, "a", ""', ['a', 'b, "c"', 'a', '']]
  ])('GRP-01: %j', (text, members) => {
    expect(parseStringList(text)).toEqual(members)
  })

  it.each(['a', '"a", b', '"a", 1', '"a", ("b")', '"a",', '"a" "b"', '"a', "'a'", '"\u00e9"', '"a", %"b"'])(
    'GRP-03: %j is none',
    (text) => {
      expect(parseStringList(text)).toBeUndefined()
    }
  )
})

describe('limits', () => {
  it('SEC-04: what is too long is not read', () => {
    const list = `"${'a'.repeat(maxFieldValueLength - 2)}"`
    expect(parseStringList(list)).toHaveLength(1)
    expect(parseStringList(` ${list}`)).toBeUndefined()
    expect(parseDictionary('a'.repeat(maxFieldValueLength))?.size).toBe(1)
    expect(parseDictionary('a'.repeat(maxFieldValueLength + 1))).toBeUndefined()
  })

  it('ROB-01: nothing throws', () => {
    const part = fc.constantFrom(
      ...'a*A1-.?:@%"\\()=;, \t\0\u00ff',
      '"a"',
      'a=',
      '1.0',
      '%"',
      '@1',
      ':AA==:',
      '__proto__'
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 16 }), (parts) => {
        parseDictionary(parts.join(''))
        parseStringList(parts.join(''))
      }),
      { numRuns: 10_000 }
    )
  })
})

describe('what is written', () => {
  it('CS-01: a Token where it fits, else a String, else nothing', () => {
    expect(serializeTokenOrString('ExampleCache')).toBe('ExampleCache')
    expect(serializeTokenOrString('*a/b:c')).toBe('*a/b:c')
    expect(serializeTokenOrString('1a')).toBe('"1a"')
    expect(serializeTokenOrString('my "cache" \\')).toBe('"my \\"cache\\" \\\\"')
    expect(serializeTokenOrString('')).toBe('""')
    for (const text of ['\u00e9', 'a\tb', 'a\nb', '\u007f']) expect(serializeTokenOrString(text)).toBeUndefined()
    expect(serializeString('a')).toBe('"a"')
  })

  it('CS-01: what is written reads as it was', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const written = serializeString(text)
        if (written !== undefined) expect(parseStringList(written)).toEqual([text])
      })
    )
  })
})
