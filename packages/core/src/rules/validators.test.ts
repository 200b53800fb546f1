import { describe, expect, it } from '@jest/globals'
import { httpDate, mapOf, noon } from '../../test/rule-inputs.js'
import { isEntityTag, isStrong, isUsable, parseTagList, validators, weaklyEqual } from './validators.js'

describe('entity tags (RFC 9110 §8.8.3)', () => {
  it.each(['""', '"a"', 'W/"a"', 'W/""', '"a,b"', '"\u00e9\u00ff"', '"\\"', '"!#~"', '"W/"'])(
    'VAL-03: %j is a tag',
    (tag) => {
      expect(isEntityTag(tag)).toBe(true)
      expect(validators(mapOf(['ETag', tag]), noon)).toEqual({ etag: tag })
    }
  )

  it.each([
    '',
    'a',
    '"a',
    'a"',
    'w/"a"',
    'W/a',
    'W /"a"',
    "'a'",
    '"a" ',
    '"a", "b"',
    '"a"b"',
    '"a b"',
    '"a\tb"',
    '"a\u007f"',
    '*',
    'W/',
    '"'
  ])('VAL-03: %j is none, and no validator', (tag) => {
    expect(isEntityTag(tag)).toBe(false)
    expect(isUsable(validators(mapOf(['ETag', tag]), noon))).toBe(false)
  })

  it('VAL-03, FLD-05: several tags are none, unless they are the same', () => {
    expect(validators(mapOf(['ETag', '"a"'], ['ETag', '"b"']), noon)).toEqual({})
    expect(validators(mapOf(['ETag', '"a"'], ['ETag', 'W/"a"']), noon)).toEqual({})
    expect(validators(mapOf(['ETag', '"a"'], ['etag', '"a"']), noon)).toEqual({ etag: '"a"' })
  })

  it('UPD-01: a tag is strong without W/', () => {
    expect(isStrong('"a"')).toBe(true)
    expect(isStrong('W/"a"')).toBe(false)
  })

  it('VAL-07: compared weakly, W/ makes no difference and all else does', () => {
    for (const one of ['"a"', 'W/"a"']) for (const other of ['"a"', 'W/"a"']) expect(weaklyEqual(one, other)).toBe(true)
    for (const other of ['"A"', 'W/"b"', '"W/"', '"a "', '""']) expect(weaklyEqual('"a"', other)).toBe(false)
    expect(weaklyEqual('"W/"', 'W/""')).toBe(false)
  })
})

describe('Last-Modified (RFC 9110 §8.8.2)', () => {
  it('VAL-02, VAL-03: a date is kept as it was received, and read', () => {
    const asctime = 'Mon Jan  5 11:00:00 2026'
    expect(validators(mapOf(['Last-Modified', asctime]), noon)).toEqual({
      lastModified: asctime,
      lastModifiedAt: noon - 3_600_000
    })
    expect(validators(mapOf(['Last-Modified', 'x']), noon)).toEqual({})
    expect(validators(mapOf(['Last-Modified', httpDate()], ['Last-Modified', httpDate(1)]), noon)).toEqual({})
  })

  it('STORE-08: one of the two is enough to validate with', () => {
    expect(isUsable(validators(mapOf(['ETag', '"a"'], ['Last-Modified', 'x']), noon))).toBe(true)
    expect(isUsable(validators(mapOf(['ETag', 'a'], ['Last-Modified', httpDate()]), noon))).toBe(true)
    expect(isUsable(validators(mapOf(), noon))).toBe(false)
  })
})

describe('parseTagList (RFC 9110 §13.1.2)', () => {
  it.each([
    ['"a"', ['"a"']],
    ['"a", W/"b"', ['"a"', 'W/"b"']],
    ['"a","b",,\t"c" ', ['"a"', '"b"', '"c"']],
    [', ,"a",, ', ['"a"']],
    ['"a,b", "*"', ['"a,b"', '"*"']],
    ['*', '*'],
    [' * ', '*']
  ])('VAL-07: %j', (value, expected) => {
    expect(parseTagList(value)).toEqual(expected)
  })

  it.each([
    '',
    ' ',
    ',',
    'a',
    '"a" "b"',
    '"a", b',
    '"a", *',
    '*, "a"',
    '"a"x',
    '"a',
    'w/"a"',
    '"a", "',
    '"a";',
    '**',
    '\u00a0*',
    '"a", W/'
  ])('VAL-07: %j is no list of tags', (value) => {
    expect(parseTagList(value)).toBeUndefined()
  })

  it('VAL-07: reading one list leaves nothing behind for the next', () => {
    expect(parseTagList('"a", "b", x')).toBeUndefined()
    expect(parseTagList('"c"')).toEqual(['"c"'])
  })
})
