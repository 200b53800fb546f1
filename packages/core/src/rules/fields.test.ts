import { describe, expect, it } from '@jest/globals'
import { mapOf } from '../../test/rule-inputs.js'
import {
  breaksLines,
  combined,
  connectionOptions,
  isEssential,
  isSafeLine,
  isStorableField,
  isToken,
  members,
  single,
  storedFields,
  trimmed
} from './fields.js'
import type { FieldLine } from './messages.js'

/** What is kept of these lines. */
function kept(lines: FieldLine[], leftOut: string[] = []): FieldLine[] {
  return storedFields(lines, mapOf(...lines), leftOut)
}

describe('field lines (RFC 9110 §5.1 to §5.3)', () => {
  it('FLD-05: names compare without case, and lines are one value joined in order', () => {
    const map = mapOf(['Foo', '1'], ['bar', 'x'], ['FOO', '2'], ['foo', ''])
    expect(combined(map, 'foo')).toBe('1, 2, ')
    expect(combined(map, 'bar')).toBe('x')
    expect(combined(map, 'absent')).toBeUndefined()
  })

  it('FLD-05: identical repeats count once, differing ones make a field invalid', () => {
    expect(single(mapOf(['ETag', '"a"']), 'etag')).toBe('"a"')
    expect(single(mapOf(['ETag', '"a"'], ['etag', '"a"'], ['eTag', '"a"']), 'etag')).toBe('"a"')
    expect(single(mapOf(['ETag', '"a"'], ['ETag', '"b"']), 'etag')).toBeNull()
    expect(single(mapOf(['ETag', '"a"'], ['ETag', '"a"'], ['ETag', '']), 'etag')).toBeNull()
    expect(single(mapOf(['ETag', '']), 'etag')).toBe('')
    expect(single(mapOf(), 'etag')).toBeUndefined()
  })

  it('SEC-05: names such as those of Object.prototype are names as any other', () => {
    const map = mapOf(['__proto__', 'a'], ['constructor', 'b'], ['__PROTO__', 'c'])
    expect(combined(map, '__proto__')).toBe('a, c')
    expect(combined(map, 'constructor')).toBe('b')
    expect(combined(map, 'toString')).toBeUndefined()
    expect(({} as Record<string, unknown>).a).toBeUndefined()
  })
})

describe('lists (RFC 9110 §5.6.1)', () => {
  it.each([
    ['a, b', ['a', 'b']],
    ['a,b,,\t , c ', ['a', 'b', 'c']],
    ['', []],
    [' , ', []],
    ['"a, b", c', ['"a, b"', 'c']],
    ['"a\\", b", c', ['"a\\", b"', 'c']],
    ['x="a,b" y, z', ['x="a,b" y', 'z']],
    ['a, "b, c', ['a', '"b, c']],
    ['a, "b\\', ['a', '"b\\']],
    ['"', ['"']]
  ])('PARSE-01: the members of %j', (value, expected) => {
    expect(members(value)).toEqual(expected)
  })

  it('PARSE-01: only spaces and tabs are blanks', () => {
    expect(trimmed(' \t a b \t')).toBe('a b')
    expect(trimmed('\u00a0a\u00a0')).toBe('\u00a0a\u00a0')
    expect(trimmed('\n a')).toBe('\n a')
    expect(trimmed(' \t ')).toBe('')
  })

  it('PARSE-01: a token has at least one character, none of them a separator', () => {
    for (const text of ['a', 'A-Z_0', "!#$%&'*+-.^_`|~"]) expect(isToken(text)).toBe(true)
    for (const text of ['', ' ', 'a b', 'a,', '"a"', 'a=b', 'a/b', 'ä', 'a\n', '(a)', 'a:'])
      expect(isToken(text)).toBe(false)
  })
})

describe('fields that are not stored (RFC 9110 §7.6.1, RFC 9111 §3.1)', () => {
  it('FLD-01: everything else is kept, in order, line by line and in the spelling received', () => {
    const lines: FieldLine[] = [
      ['X-New', 'a'],
      ['Set-Cookie', 'a=1'],
      ['x-NEW', 'b'],
      ['set-cookie', 'b=2'],
      ['Trailer', 'x'],
      ['Warning', '110 - "stale"'],
      ['__proto__', 'x']
    ]
    expect(kept(lines)).toEqual(lines)
  })

  it('FLD-02: Connection and what it names are left out, in any case and on any line', () => {
    const lines: FieldLine[] = [
      ['Connection', 'X-One, ,close'],
      ['x-one', '1'],
      ['CONNECTION', 'x-TWO'],
      ['X-Two', '2'],
      ['X-Three', '3'],
      ['Close', 'x']
    ]
    expect(kept(lines)).toEqual([['X-Three', '3']])
    expect(connectionOptions(mapOf(...lines))).toEqual(['x-one', 'close', 'x-two'])
    expect(connectionOptions(mapOf())).toEqual([])
  })

  it('FLD-03, FLD-04: fields of one connection or one proxy are left out without being named', () => {
    const names = [
      'Keep-Alive',
      'Proxy-Connection',
      'TE',
      'Transfer-Encoding',
      'Upgrade',
      'Proxy-Authenticate',
      'Proxy-Authentication-Info',
      'Proxy-Authorization'
    ]
    for (const name of names) {
      expect(
        kept([
          [name, 'x'],
          ['a', 'b'],
          [name.toUpperCase(), 'y']
        ])
      ).toEqual([['a', 'b']])
      expect(isStorableField(name.toLowerCase())).toBe(false)
    }
    expect(isStorableField('www-authenticate')).toBe(true)
  })

  it('RESP-02: fields that directives name are left out', () => {
    expect(
      kept(
        [
          ['A', '1'],
          ['b', '2'],
          ['a', '3']
        ],
        ['a']
      )
    ).toEqual([['b', '2']])
  })

  it('RESP-02: a response does not do without the fields that judge or describe it', () => {
    const names =
      'cache-control expires date age vary etag last-modified content-length content-encoding content-range content-type location'
    for (const name of names.split(' ')) expect(isEssential(name)).toBe(true)
    for (const name of ['set-cookie', 'server', 'content-language', 'x-a']) expect(isEssential(name)).toBe(false)
  })
})

describe('lines that could be read as two (RFC 9110 §5.5)', () => {
  it('SEC-01: CR, LF and NUL break a line; other controls do not', () => {
    for (const bad of ['a\rb', 'a\nb', 'a\0b', '\r', '\n', '\0']) {
      expect(breaksLines(bad)).toBe(true)
      expect(isSafeLine('x', bad)).toBe(false)
      expect(isSafeLine(`x${bad}`, 'a')).toBe(false)
    }
    for (const fine of ['', 'a', 'a\tb', '\u0080', '\u0085', '\u00ff', 'ä']) {
      for (const value of [fine, fine.padEnd(100, 'x')]) expect(isSafeLine('x', value)).toBe(true)
    }
    // Control characters are invalid in values, and what is no byte never came from the network (RFC 9110 §5.5).
    for (const bad of ['\u0001', 'a\u000bb', '\u001f', '\u007f', '\u0100', '\u2028', '\ud800', '😀']) {
      for (const value of [bad, bad.padEnd(100, 'x')]) expect(isSafeLine('x', value)).toBe(false)
    }
    for (const name of ['', 'a b', 'a:', 'ä']) expect(isSafeLine(name, 'a')).toBe(false)
  })
})
