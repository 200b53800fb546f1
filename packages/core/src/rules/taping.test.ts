import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { requestWith, rules, storedWith } from '../../test/rule-inputs.js'
import { assess } from './assessment.js'
import { cacheKey, keyParts, type Origin, parseOrigin, requestTarget } from './cache-key.js'
import { isForThisCache } from './foreign-responses.js'
import type { Recording } from './messages.js'
import { areFields, isKeepable, isRecording, isStoredResponse } from './stored-response.js'
import { tapeKey, tapePrefix } from './taping.js'

const a = parseOrigin('http://a.example') as Origin
const b = parseOrigin('http://b.example:81') as Origin

const path = fc.string({ unit: fc.constantFrom('/', 'a', '?', '"', ',', '[', ']', ':', '%', '\\'), maxLength: 6 })
const asked = fc.record({
  connection: fc.constantFrom(a, b),
  origin: fc.constantFrom(a, b),
  path,
  partition: fc.constantFrom('', 'u', 'tape:', '1:', '"'),
  method: fc.constantFrom('GET', 'POST', 'get', '"'),
  content: fc.constantFrom(null, 'a', 'b'),
  fields: fc.dictionary(fc.constantFrom('range', 'if-none-match', 'x-key', 'accept'), path, { maxKeys: 3 })
})
type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never
const keyFields = ['X-Key']
const options = rules({ keyFields })

function keysOf({ connection, origin, path, partition, method, content, fields }: Asked) {
  const target = requestTarget(connection, origin, path, partition)
  const request = requestWith(fields, method)
  return { taped: tapeKey(target, request, content, options), cached: cacheKey(target, request, options) }
}

/** What a key is made of, in a form that is the same for the same requests only. */
function partsOf({ connection, origin, path, partition, method, content, fields }: Asked): unknown {
  const named = Object.entries(fields).flatMap(([name, value]) =>
    name === 'accept' ? [] : [`${name}: ${value.trim()}`]
  )
  const normal = requestTarget(connection, origin, path, partition).path
  return [connection.text, origin.text, normal, partition, method, content, named.sort()]
}

describe('tapeKey', () => {
  it('is never a key of a cache, whatever the request and the partition', () => {
    fc.assert(
      fc.property(asked, (asked) => {
        const { taped, cached } = keysOf(asked)
        expect(taped?.startsWith(tapePrefix)).toBe(true)
        expect(keyParts(String(taped))).toBeUndefined()
        expect(cached?.key.startsWith(tapePrefix)).not.toBe(true)
        expect(cached?.target.startsWith(tapePrefix)).not.toBe(true)
      }),
      { numRuns: 2_000 }
    )
  })

  it('is the same for requests with the same parts, and for no others', () => {
    fc.assert(
      fc.property(asked, asked, (one, other) => {
        const areSame = JSON.stringify(partsOf(one)) === JSON.stringify(partsOf(other))
        expect(keysOf(one).taped === keysOf(other).taped).toBe(areSame)
        expect(keysOf({ ...one, fields: { ...one.fields, accept: 'x' } }).taped).toBe(keysOf(one).taped)
      }),
      { numRuns: 2_000 }
    )
  })

  it('holds credentials as digests only, and is none if a normaliser fails', () => {
    const target = requestTarget(a, a, '/', '')
    const request = requestWith({ authorization: 'Bearer planted' })
    expect(tapeKey(target, request, null, rules({ keyFields: ['Authorization'] }))).not.toContain('planted')
    const fails = () => {
      throw new Error('no')
    }
    const failing = rules({ keyFields: ['Authorization'], varyNormalizers: { authorization: fails } })
    expect(tapeKey(target, request, null, failing)).toBeUndefined()
  })
})

const { method, ...likeStored } = storedWith([['Foo', 'bar']], { key: 'tape:[]', slot: 't0', marks: {} })
const recording: Recording = { ...likeStored, tape: 0 }
const fromStore = (changes: object = {}): unknown => JSON.parse(JSON.stringify({ ...recording, ...changes }))

describe('isRecording', () => {
  it('SEC-05: what was recorded is one, and what was stored is none', () => {
    expect(isRecording(fromStore(), 'tape:[]')).toBe(true)
    expect(isRecording(fromStore({ tape: 12, digests: ['a'.repeat(64)] }), 'tape:[]')).toBe(true)
    expect(isRecording(fromStore({ tape: undefined, method }), 'tape:[]')).toBe(false)
  })

  it('SEC-05: what was recorded is for no cache, though a store that is trusted says so', () => {
    const stored = storedWith([])
    expect(isForThisCache(assess(stored, options), options)).toBe(true)
    expect(isForThisCache(assess({ ...stored, tape: 0 } as typeof stored, options), options)).toBe(false)
  })

  it('SEC-05: what was recorded is no stored response, be all else of it like one', () => {
    const alike = { key: 'http://a.example/', marks: { 'http://a.example/': '' }, method }
    expect(isStoredResponse(fromStore({ ...alike, tape: undefined }), alike.key)).toBe(true)
    expect(isStoredResponse(fromStore(alike), alike.key)).toBe(false)
  })

  it.each([
    ['key', 'tape:[1]'],
    ['formatVersion', 2],
    ['slot', 'T'],
    ['id', 'x'],
    ['status', 199],
    ['status', '200'],
    ['statusText', 'a\nb'],
    ['requestTime', null],
    ['responseTime', -1],
    ['dropAt', 9e15],
    ['bodyBytes', 1.5],
    ['digests', []],
    ['tape', -1],
    ['tape', '0']
  ])('SEC-05: with %s %p it is none', (name, value) => {
    expect(isRecording(fromStore({ [name]: value }), 'tape:[]')).toBe(false)
  })

  it.each([undefined, null, 0, 'x', [], [recording]])('SEC-05: %p is none', (value) => {
    expect(isRecording(value, 'tape:[]')).toBe(false)
  })
})

describe('isKeepable', () => {
  const times = { requestTime: 0, responseTime: 1 }

  it('SEC-05: is true just where what is kept is taken for a recording again', () => {
    const heads = [
      { status: 200, statusText: 'OK', fields: [] },
      { status: 600, statusText: 'OK', fields: [] },
      { status: 200, statusText: 'a\nb', fields: [] },
      { status: 200, statusText: '', fields: [['a', 'b\0']] as const }
    ]
    for (const head of heads) {
      const kept = fromStore({ ...head, ...times })
      const isTaken = isRecording(kept, 'tape:[]') && areFields((kept as Recording).fields)
      expect(isKeepable(head, times)).toBe(isTaken)
    }
    expect(isKeepable({ status: 200, statusText: '', fields: [] }, { requestTime: Number.NaN, responseTime: 0 })).toBe(
      false
    )
  })
})
