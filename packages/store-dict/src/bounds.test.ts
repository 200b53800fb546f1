import type { StoredResponse } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { mark, NOW, response } from '../test/sample.js'
import { ENTRY_BYTES, metadataBytes, PIECE_BYTES, plainBytes, RESPONSE_BYTES, stringBytes } from './byte-count.js'
import { DictStore } from './index.js'

function put(store: DictStore, key: string, bytes: number, changes?: Partial<StoredResponse>) {
  store.set(key, new Uint8Array(bytes), () => response({ key, bodyBytes: bytes, ...changes }))
}

/** What lies under `keys`, counted from the outside. */
function recount(store: DictStore, keys: readonly string[]): { size: number; bytes: number } {
  let size = 0
  let bytes = 0
  for (const key of keys) {
    const { responses, mark } = store.get(key)
    if (responses.length === 0 && mark === undefined) continue
    bytes += ENTRY_BYTES + stringBytes(key) + (mark === undefined ? 0 : plainBytes(mark))
    size += responses.length
    for (const { response } of responses) {
      bytes += RESPONSE_BYTES + metadataBytes(response)
      const body = store.openBody(key, response.id) ?? []
      const pieces = (body instanceof Uint8Array ? [body] : [...body]).filter(({ byteLength }) => byteLength > 0)
      bytes += pieces.length * PIECE_BYTES
      for (const buffer of new Set(pieces.map(({ buffer }) => buffer))) bytes += buffer.byteLength
    }
  }
  return { size, bytes }
}

async function keysOf(store: DictStore): Promise<string[]> {
  const keys: string[] = []
  for await (const key of store.keys()) keys.push(key)
  return keys.sort()
}

describe('DictStore bounds (row M1)', () => {
  const keys = ['a', 'b', 'k\u00e9y', '\u4e2d\u6587', 'long '.repeat(200), '__proto__']
  const key = fc.constantFrom(...keys)
  const slot = fc.constantFrom('0', '1', '2')
  const call = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        call: fc.constant('set' as const),
        key,
        slot,
        pieces: fc.array(fc.constantFrom(0, 1, 100, 3000, 50_000), { maxLength: 4 }),
        slab: fc.constantFrom(1, 1.5, 4),
        requestTime: fc.integer({ min: NOW, max: NOW + 5 }),
        value: fc.string({ maxLength: 50, unit: 'binary' })
      })
    },
    { weight: 2, arbitrary: fc.record({ call: fc.constant('update' as const), key, slot, value: fc.string() }) },
    {
      weight: 2,
      arbitrary: fc.record({ call: fc.constant('mark' as const), key, at: fc.integer({ min: 0, max: 9 }) })
    },
    { weight: 1, arbitrary: fc.record({ call: fc.constant('delete' as const), key, slot: fc.option(slot) }) },
    { weight: 2, arbitrary: fc.record({ call: fc.constant('get' as const), key }) },
    { weight: 1, arbitrary: fc.record({ call: fc.constant('clear' as const) }) }
  )
  const options = fc.record({
    maxBytes: fc.constantFrom(500, 3000, 20_000, 300_000),
    maxEntries: fc.constantFrom(undefined, 1, 2, 5)
  })

  it('hold after any calls: the sums are what a recount gives', async () => {
    const property = fc.property(options, fc.array(call, { maxLength: 60 }), (options, calls) => {
      const store = new DictStore({ ...options, clock: () => NOW })
      let id = 0
      for (const c of calls) {
        if (c.call === 'set') {
          const pieces = c.pieces.map((length) => new Uint8Array(length * c.slab).subarray(0, length))
          const { key, slot, requestTime, value } = c
          id++
          store.set(key, pieces, () =>
            response({ key, slot, requestTime, id: `${id}`, fields: [['X', value]], marks: { [value]: value } })
          )
        } else if (c.call === 'update') {
          const there = store.get(c.key).responses.find(({ response }) => response.slot === c.slot)
          if (there !== undefined) store.update(c.key, { ...there.response, statusText: c.value })
        } else if (c.call === 'mark') store.mark(c.key, mark({ at: NOW + c.at }))
        else if (c.call === 'delete') store.delete(c.key, c.slot ?? undefined)
        else if (c.call === 'get') store.get(c.key)
        else store.clear()

        expect(store.bytes).toBeLessThanOrEqual(options.maxBytes)
        expect(store.size).toBeLessThanOrEqual(options.maxEntries ?? store.size)
        const { stored, replaced, evicted, deleted } = store.counters
        expect(store.size).toBe(stored - replaced - evicted - deleted)
      }
      expect(recount(store, keys)).toEqual({ size: store.size, bytes: store.bytes })
    })
    fc.assert(property, { numRuns: 500 })
  })
})

describe('DictStore eviction (row M1)', () => {
  it('takes the key least recently used first', async () => {
    const store = new DictStore({ maxEntries: 3 })
    for (const key of ['a', 'b', 'c']) put(store, key, 10)
    store.get('a')
    put(store, 'd', 10)
    expect(await keysOf(store)).toEqual(['a', 'c', 'd'])
    expect(store.counters).toEqual({ stored: 4, replaced: 0, evicted: 1, deleted: 0 })
  })

  it('takes as many keys as the bytes need', async () => {
    const store = new DictStore({ maxBytes: 100_000 })
    for (const key of ['a', 'b', 'c', 'd']) put(store, key, 20_000)
    put(store, 'e', 70_000)
    expect(await keysOf(store)).toEqual(['d', 'e'])
  })

  it('counts several responses under one key each, and takes a key with all of them', async () => {
    const store = new DictStore({ maxEntries: 4 })
    for (const slot of ['0', '1', '2']) put(store, 'a', 10, { slot })
    put(store, 'b', 10)
    expect(store.size).toBe(4)
    put(store, 'c', 10)
    expect(await keysOf(store)).toEqual(['b', 'c'])
    expect(store.size).toBe(2)
  })

  it('takes the response stored least recently where one key alone is too much', () => {
    const store = new DictStore({ maxEntries: 2 })
    for (const slot of ['0', '1']) put(store, 'a', 10, { slot })
    put(store, 'a', 10, { slot: '0', id: '01' })
    put(store, 'a', 10, { slot: '2' })
    expect(store.get('a').responses.map(({ response: { slot } }) => slot)).toEqual(['0', '2'])
  })

  it('keeps what is there when a response does not fit at all', () => {
    const store = new DictStore({ maxBytes: 3000 })
    put(store, 'a', 10)
    put(store, 'b', 10, { fields: [['X', 'x'.repeat(4000)]] })
    put(store, 'a', 10, { id: '01', fields: [['X', 'x'.repeat(4000)]] })
    expect(store.get('a').responses.map(({ response: { id } }) => id)).toEqual(['00'])
    expect(store.size).toBe(1)
  })

  it('stays within bounds with 100,000 variants of one key', () => {
    const store = new DictStore({ maxBytes: 1_000_000 })
    for (let n = 0; n < 100_000; n++) put(store, 'a', 10, { slot: `${n}` })
    expect(store.bytes).toBeLessThanOrEqual(1_000_000)
    expect(store.get('a').responses.some(({ response: { slot } }) => slot === '99999')).toBe(true)
  })
})
