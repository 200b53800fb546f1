import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { mapOf, noon, requestWith, rules, storedWith } from '../../test/rule-inputs.js'
import { assess } from './assessment.js'
import {
  areMarksOf,
  dependsOnItsGroups,
  groupKey,
  groupKeysIn,
  groupsOf,
  invalidatedGroups,
  marksOf
} from './cache-groups.js'
import { cacheKey, parseOrigin, requestTarget } from './cache-key.js'
import { isForThisCache } from './foreign-responses.js'
import type { FieldLine } from './messages.js'
import { decideStoring } from './storing.js'

const target = 'http://a.example/x'
const member = groupKey(target, 'g')
const inGroup: FieldLine = ['Cache-Groups', '"g"']

/** The key of a target. */
function keyOf(origin: string, path: string, partition = ''): string {
  const parsed = parseOrigin(origin)
  const key = parsed && requestTarget(parsed, parsed, path, partition).key
  if (key === undefined) throw new Error('no key')
  return key.target
}

describe('groupsOf (RFC 9875 §2)', () => {
  it('GRP-01: names compare exactly, and parameters are ignored', () => {
    expect(groupsOf(mapOf(['Cache-Groups', '"a";x=1, "A", "a", " a"'], ['cache-groups', '""']))).toEqual([
      'a',
      'A',
      ' a',
      ''
    ])
  })

  it.each(['a', '"a", b', '"a", 1', '"a",', '("a")', '"a'])('GRP-03: %j is ignored whole', (value) => {
    expect(groupsOf(mapOf(['Cache-Groups', value]))).toEqual([])
    expect(invalidatedGroups(target, mapOf(['Cache-Group-Invalidation', value]), rules())).toEqual([])
  })

  it('GRP-02: an answer can name groups to be invalidated, of its own origin', () => {
    const fields = mapOf(['Cache-Group-Invalidation', '"g", "h";p, "g"'])
    expect(invalidatedGroups(target, fields, rules())).toEqual([member, groupKey(target, 'h')])
    expect(invalidatedGroups(target, fields, rules({ cacheGroups: false }))).toEqual([])
  })
})

describe('groupKey (RFC 9875 §2.1)', () => {
  it('GRP-01: a group is the same for all URIs of an origin and partition, and for no other', () => {
    for (const path of ['/', '/x?y=1', '//b.example/', '/http://b.example/']) {
      expect(groupKey(keyOf('http://a.example', path), 'g')).toBe(member)
    }
    const others = [
      groupKey(keyOf('https://a.example', '/'), 'g'),
      groupKey(keyOf('http://a.example:81', '/'), 'g'),
      groupKey(keyOf('http://b.example', '/'), 'g'),
      groupKey(keyOf('http://a.example', '/', 'p'), 'g'),
      groupKey(keyOf('http://a.example', '/', '1:'), 'g'),
      groupKey(target, 'G'),
      groupKey(target, '')
    ]
    expect(new Set([member, ...others]).size).toBe(others.length + 1)
  })

  it('GRP-01, KEY-04: no two groups have the same key, and none has a cache key', () => {
    const text = fc.string({ unit: fc.constantFrom('1', ':', '@', '/', 'a', '"', 'http://a') })
    const origin = fc.constantFrom('http://a', 'http://a:1', 'https://a')
    const path = text.map((rest) => `/${rest}`)
    fc.assert(
      fc.property(
        fc.tuple(origin, text, text),
        fc.tuple(origin, text, text),
        path,
        path,
        (one, other, path1, path2) => {
          const [first, second] = [one, other].map(([origin, partition, name], i) => {
            return groupKey(keyOf(origin, i === 0 ? path1 : path2, partition), name)
          })
          expect(first === second).toBe(JSON.stringify(one) === JSON.stringify(other))
          const at = parseOrigin(other[0])
          const elsewhere = parseOrigin('http://elsewhere')
          if (at === undefined || elsewhere === undefined) throw new Error('no origin')
          for (const connection of [at, elsewhere]) {
            const key = cacheKey(requestTarget(connection, at, path2, other[1]), requestWith(), rules())
            expect(key?.key).not.toBe(first)
            expect(key?.target).not.toBe(first)
          }
        }
      )
    )
  })
})

describe('the marks of a stored response', () => {
  const marks = { [target]: '', [member]: '1', [groupKey(target, 'h')]: '2' }

  it('GRP-01: those of groups are told from that of its target', () => {
    expect(groupKeysIn(marks, target)).toEqual([member, groupKey(target, 'h')])
    expect(groupKeysIn({ [target]: '' }, target)).toEqual([])
    expect(marksOf({ marks }, rules())).toEqual(Object.entries(marks))
    expect(marksOf({ marks }, rules({ cacheGroups: false }))).toEqual([[target, '']])
  })

  it('SEC-05: no others can be there, nor too many, nor one that was never written', () => {
    expect(areMarksOf(marks, target)).toBe(true)
    for (const key of [
      '',
      '@',
      '@1:g',
      '@x:g',
      groupKey('http://b.example/', 'g'),
      'http://a.example/y',
      '@01:ghttp://a.example'
    ]) {
      expect(areMarksOf({ ...marks, [key]: '1' }, target)).toBe(false)
    }
    expect(areMarksOf({ ...marks, [member]: '' }, target)).toBe(false)
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [groupKey(target, `${i}`), '1']))
    expect(areMarksOf({ [target]: '', ...many(128) }, target)).toBe(true)
    expect(areMarksOf({ [target]: '', ...many(129) }, target)).toBe(false)
  })

  it('GRP-01: without the marks of its groups a stored response is not used', () => {
    const fields: FieldLine[] = [['Cache-Groups', '"g", "h"']]
    const used = (known: Record<string, string>, cacheGroups = true) => {
      const options = rules({ cacheGroups })
      return isForThisCache(assess(storedWith(fields, { marks: known }), options), options)
    }
    expect(used(marks)).toBe(true)
    expect(used({ [target]: '', [member]: '1' })).toBe(false)
    expect(used({ [target]: '' })).toBe(false)
    expect(used({ [target]: '' }, false)).toBe(true)
    expect(dependsOnItsGroups({ marks: { [target]: '' } }, mapOf(), rules())).toBe(true)
  })
})

describe('storing a member of groups', () => {
  const store = (lines: FieldLine[], options = rules()) =>
    decideStoring(
      requestWith(),
      { status: 200, statusText: 'OK', fields: [['Content-Length', '4'], ['Cache-Control', 'max-age=60'], ...lines] },
      { requestTime: noon, responseTime: noon },
      { framed: false, redirected: false },
      options
    )
  const groups = (count: number, length: number): FieldLine => [
    'Cache-Groups',
    Array.from({ length: count }, (_, i) => `"${String(i).padStart(length, '0')}"`).join(', ')
  ]

  it('GRP-01: tells which groups it is in', () => {
    expect(store([inGroup])).toMatchObject({ store: true, groups: ['g'] })
    expect(store([])).toMatchObject({ store: true, groups: [] })
    expect(store([inGroup], rules({ cacheGroups: false }))).toMatchObject({ store: true, groups: [] })
  })

  it('GRP-01: 128 groups with names of 100 characters will do, more are refused', () => {
    expect(store([groups(32, 32)])).toMatchObject({ store: true })
    expect(store([groups(128, 100)])).toMatchObject({ store: true })
    expect(store([groups(129, 4)])).toMatchObject({ requirement: 'GRP-01' })
    expect(store([groups(129, 4)], rules({ cacheGroups: false }))).toMatchObject({ store: true })
  })

  it('SEC-04: a field that is too long is refused', () => {
    expect(store([groups(4, 5_000)])).toMatchObject({ requirement: 'SEC-04' })
  })

  it('FLD-02, RESP-02: so is a response that would be kept without the field', () => {
    expect(store([inGroup, ['Connection', 'cache-groups']])).toMatchObject({ requirement: 'FLD-02' })
    expect(store([inGroup, ['Cache-Control', 'no-cache="cache-groups"']])).toMatchObject({ requirement: 'STORE-08' })
  })
})
