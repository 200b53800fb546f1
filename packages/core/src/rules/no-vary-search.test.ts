import { describe, expect, it } from '@jest/globals'
import { mapOf } from '../../test/rule-inputs.js'
import { type NoVarySearch, noVarySearch, parseRules, searchIndexKeys, significantQuery } from './no-vary-search.js'

const read = (...lines: string[]) => noVarySearch(mapOf(...lines.map((line) => ['No-Vary-Search', line] as const)))
const rules = (line: string) => read(line) as NoVarySearch
const same = (line: string, one: string, other: string) =>
  significantQuery(one, rules(line)) === significantQuery(other, rules(line))

describe('noVarySearch', () => {
  it.each([
    ['key-order', true, false, []],
    ['params=("a" "b")', false, false, ['a', 'b']],
    ['params=("b" "a" "b"), key-order', true, false, ['a', 'b']],
    ['except=("a")', false, true, ['a']],
    ['except=()', false, true, []],
    ['key-order=?0, params=("a")', false, false, ['a']],
    ['params=("a b" "a+b" "%61%20b" "%zz")', false, false, ['%zz', 'a b']],
    ['params=("a");x=1, unknown=2', false, false, ['a']],
    ['params=("a"), params=("b")', false, false, ['b']]
  ])('NVS-02: %s is read', (line, ignoresOrder, onlyNames, names) => {
    expect(rules(line)).toMatchObject({ ignoresOrder, onlyNames, names: new Set(names) })
  })

  it('NVS-02, SEC-04: of 2,048 characters it is read', () => {
    expect(rules(`params=("${'a'.repeat(2_036)}")`).names.size).toBe(1)
  })

  it('NVS-02: several lines are one Dictionary', () => {
    expect(read('key-order', 'params=("a")')).toMatchObject({ ignoresOrder: true, names: new Set(['a']) })
  })

  it.each([
    'params=("a"), except=("b")',
    'params',
    'params=a',
    'params=(a)',
    'params=("a" 1)',
    'except="a"',
    'except',
    'key-order=1',
    'key-order=?2',
    'key-order="x"',
    'key-order=x',
    'Key-Order',
    'params=("a"',
    'params = ("a")',
    'key-order=?0',
    'params=()',
    'unknown',
    '',
    `params=("${'a'.repeat(2_038)}")`
  ])('NVS-02: %s has no effect', (line) => {
    expect(read(line)).toBeUndefined()
  })

  it('NVS-02: without the field there is nothing', () => {
    expect(read()).toBeUndefined()
  })
})

describe('parseRules', () => {
  it('NVS-01: gives back what was written down', () => {
    for (const line of ['key-order', 'params=("a" "b")', 'key-order, except=("a")']) {
      expect(parseRules(rules(line).text)).toEqual(rules(line))
    }
  })

  it.each([
    '',
    'x',
    'null',
    '[]',
    '[true,false]',
    '[1,2,[]]',
    '[true,false,"ab"]',
    '[true,false,[1]]',
    '[true, false, []]',
    '[true,false,null]'
  ])('SEC-05: %s are none', (text) => {
    expect(parseRules(text)).toBeUndefined()
  })
})

describe('significantQuery', () => {
  it.each([
    ['params=("utm")', 'id=1&utm=a', 'utm=b&id=1', true],
    ['params=("utm")', 'id=1&utm=a', 'id=2&utm=a', false],
    ['params=("utm")', 'a=1&b=2', 'b=2&a=1', false],
    ['params=("utm")', 'id=1', 'id=1&&utm&', true],
    ['params=("a b")', 'a+b=1', 'a%20b=2', true],
    ['except=("id")', 'id=1&x=1&y', 'z=2&id=1', true],
    ['except=("id")', '', 'z=2', true],
    ['except=()', 'a=1', '', true],
    ['key-order', 'a=1&b=2', 'b=2&a=1', true],
    ['key-order', 'a=1&a=2', 'a=2&a=1', false],
    ['key-order', 'a', 'a=', true],
    ['key-order', 'a=%41', 'a=A', true],
    ['key-order', 'a=%', 'a=%25', true],
    ['key-order', 'a=%2', 'a=%252', true],
    ['key-order', 'a=%ff', 'a=%FE', false],
    ['key-order', 'a=b=c', 'a=b%3Dc', true],
    ['key-order', 'a&b', 'a%26b', false],
    ['key-order', '?a', 'a', false]
  ])('NVS-01, NVS-03: under %s, are %j and %j equivalent? %j', (line, one, other, expected) => {
    expect(same(line, one, other)).toBe(expected)
  })
})

describe('searchIndexKeys', () => {
  const keys = [
    'http://a.example/p?x=1',
    'http://a.example/q?x=1',
    'https://a.example/p?x=1',
    '2:u?http://a.example/p?x=1',
    '+["http://a.example/p?x=1","http://b.example",[]]',
    '+["http://a.example/p?x=1","http://a.example",[["k","1"]]]'
  ]

  it('NVS-03: all but the query is part of them, and of what they cover', () => {
    const all = keys.map((key) => searchIndexKeys(key))
    const rule = rules('params=("x")')
    expect(new Set(all.map((index) => index?.rules.key)).size).toBe(keys.length)
    expect(new Set(all.map((index) => index?.pointers(rule).key)).size).toBe(keys.length)
    for (const [i, index] of all.entries()) {
      for (const [j, key] of keys.entries()) {
        expect(index?.covers(key.replace('x=1', 'x=2'), rule)).toBe(i === j)
        expect(index?.covers(key.replace('x=1', 'y=2'), rule)).toBe(false)
      }
    }
  })

  it('NVS-03: the mark of a path is that of all queries and keys of it, and of no other', () => {
    const marks = keys.map((key) => searchIndexKeys(key)?.rules.target)
    expect(new Set(marks).size).toBe(4)
    expect(searchIndexKeys('http://a.example/p')?.rules.target).toBe(marks[0])
    expect(searchIndexKeys('http://a.example/p?')?.rules.target).toBe(marks[0])
  })

  it.each(['', 'x', '*http://a.example/p', '+[]', '+', '@x'])('SEC-05: %s is no cache key', (key) => {
    expect(searchIndexKeys(key)).toBeUndefined()
    expect(searchIndexKeys(keys[0] as string)?.covers(key, rules('except=()'))).toBe(false)
  })
})
