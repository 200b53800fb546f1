import type { StoredResponse } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { response } from '../test/sample.js'
import { DictStore, type DictStoreOptions } from './index.js'

const KIB = 1024
const MIB = 1024 * KIB

/** Stores `body` under `key`. */
function put(
  store: DictStore,
  key: string,
  body: Uint8Array | Iterable<Uint8Array>,
  changes?: Partial<StoredResponse>
) {
  const stored = response({ key, ...changes })
  store.set(key, body, () => stored)
  return stored
}

function pieces(store: DictStore, key = 'a key', id = '00'): readonly Uint8Array[] {
  const body = store.openBody(key, id)
  if (body === undefined) throw new Error(`no body ${id} under ${key}`)
  return body instanceof Uint8Array ? [body] : body
}

describe('DictStore options', () => {
  it.each([
    ['maxBytes', 0, 'maxBytes must be a positive integer, not 0'],
    ['maxBytes', '1 MiB', "maxBytes must be a positive integer, not '1 MiB'"],
    ['maxBytes', Number.POSITIVE_INFINITY, 'maxBytes must be a positive integer, not Infinity'],
    ['maxEntryBytes', -1, 'maxEntryBytes must be a positive integer, not -1'],
    ['maxEntryBytes', null, 'maxEntryBytes must be a positive integer, not null'],
    ['maxEntries', 1.5, 'maxEntries must be a positive integer, not 1.5'],
    ['shareBodies', 'yes', "shareBodies must be a boolean, not 'yes'"],
    ['clock', 5, 'clock must be a function, not 5']
  ])('refuses %s: %p', (option, value, message) => {
    expect(() => new DictStore({ [option]: value } as DictStoreOptions)).toThrow(new TypeError(message))
  })

  it('takes undefined for an option that is not given', () => {
    const options = { maxBytes: undefined, maxEntryBytes: undefined, maxEntries: undefined, shareBodies: undefined }
    expect(new DictStore({ ...options, clock: undefined }).maxEntryBytes).toBe(5 * MIB)
  })

  it('keeps no body longer than all that is kept', () => {
    expect(new DictStore({ maxBytes: 1000 }).maxEntryBytes).toBe(1000)
  })

  it('says whether its bytes may be handed on', () => {
    expect(new DictStore().sharesBodies).toBeUndefined()
    expect(new DictStore({ shareBodies: true }).sharesBodies).toBe(true)
  })
})

describe('DictStore answers without a promise', () => {
  it('from every method, and from set unless the body is asynchronous', async () => {
    const store = new DictStore()
    const stored = response({ bodyBytes: 1 })
    const bytes = new Uint8Array(1)
    expect(store.set('a key', bytes, () => stored)).toBeUndefined()
    expect(store.set('a key', [bytes], () => stored)).toBeUndefined()
    expect(store.get('a key').responses).toHaveLength(1)
    expect(store.openBody('a key', '00')).toBeInstanceOf(Uint8Array)
    expect(store.update('a key', stored)).toBe(true)
    expect(store.mark('a key', { value: '0', at: 0, dropAt: 0 })).toBeUndefined()
    expect(store.delete('a key')).toBeUndefined()
    expect(store.clear()).toBeUndefined()
    async function* body() {
      yield bytes
    }
    const set = store.set('a key', body(), () => stored)
    expect(set).toBeInstanceOf(Promise)
    await set
    expect(store.size).toBe(1)
  })

  it('with the same frozen objects until something changes', () => {
    const store = new DictStore()
    const stored = put(store, 'a key', new Uint8Array(10))
    const found = store.get('a key')
    expect(store.get('a key')).toBe(found)
    expect(found.responses[0]?.response).toBe(stored)
    expect([found, found.responses, found.responses[0]].every(Object.isFrozen)).toBe(true)
    put(store, 'another key', new Uint8Array(10))
    expect(store.get('a key')).toBe(found)
    store.update('a key', { ...stored, status: 203 })
    expect(store.get('a key')).not.toBe(found)
    expect(found.responses[0]?.response.status).toBe(200)
    expect(store.get('absent')).toBe(store.get('absent too'))
  })
})

describe('DictStore bodies (row M3)', () => {
  it('copies a body of up to 64 KiB into a buffer of its own', () => {
    const store = new DictStore()
    const slab = new Uint8Array(64 * KIB).fill(7)
    put(store, 'a key', [slab.subarray(0, 5), slab.subarray(9, 14)])
    const [bytes] = pieces(store)
    expect(bytes?.buffer.byteLength).toBe(10)
    slab.fill(0)
    expect([...(bytes ?? [])]).toEqual(Array(10).fill(7))
  })

  it('keeps the pieces of a longer body without copying them, and joins them when they are first read', () => {
    const store = new DictStore()
    const given = [new Uint8Array(40 * KIB).fill(1), new Uint8Array(40 * KIB).fill(2)]
    put(store, 'a key', given)
    expect((store.openBody('a key', '00', { first: 0, last: 80 * KIB }) as Uint8Array[])[0]?.buffer).toBe(
      given[0]?.buffer
    )
    expect(pieces(store)).toEqual([new Uint8Array(Buffer.concat(given))])
    expect(pieces(store)[0]).toBe(pieces(store)[0])
    expect(store.get('a key').responses[0]?.body).toBeUndefined()
  })

  it('copies a longer body whose pieces hold much larger buffers', () => {
    const store = new DictStore()
    const slab = new Uint8Array(MIB)
    put(store, 'a key', [slab.subarray(0, 50_000), slab.subarray(500_000, 550_000)])
    expect(pieces(store)[0]?.buffer.byteLength).toBe(100_000)
    expect(store.bytes).toBeLessThan(102_000)
  })

  it('copies a longer body in pieces so small that they cost more than their bytes', () => {
    const store = new DictStore()
    put(
      store,
      'a key',
      Array.from({ length: 10_000 }, () => new Uint8Array(10))
    )
    expect(pieces(store)).toHaveLength(1)
    expect(store.bytes).toBeLessThan(102_000)
  })

  it('counts whole buffers where pieces are parts of them, each once', () => {
    const store = new DictStore()
    const slab = new Uint8Array(100_000)
    put(store, 'a key', [slab.subarray(0, 40_000), slab.subarray(40_000, 80_000)])
    expect(store.bytes).toBeGreaterThan(100_000)
    expect(store.bytes).toBeLessThan(102_500)
    pieces(store)
    expect(store.bytes).toBeGreaterThan(80_000)
    expect(store.bytes).toBeLessThan(82_500)
  })

  it('opens a range as views of the pieces it touches', () => {
    const store = new DictStore()
    const given = [1, 2, 3].map((n) => new Uint8Array(40_000).fill(n))
    put(store, 'a key', given)
    const slices = [...((store.openBody('a key', '00', { first: 39_999, last: 80_000 }) as Uint8Array[]) ?? [])]
    expect(slices.map((slice) => slice.byteLength)).toEqual([1, 40_000, 1])
    expect(slices.map((slice) => slice.buffer)).toEqual(given.map(({ buffer }) => buffer))
    expect(slices[1]?.buffer).toBe(given[1]?.buffer)
    expect(store.openBody('a key', '00', { first: 40_000, last: 79_999 })).toEqual([given[1]])
  })

  it('stops reading a body at maxEntryBytes and lets it go', () => {
    const store = new DictStore({ maxEntryBytes: 100 })
    let read = 0
    let isReleased = false
    function* endless() {
      try {
        for (;;) {
          read += 10
          yield new Uint8Array(10)
        }
      } finally {
        isReleased = true
      }
    }
    put(store, 'a key', endless())
    expect({ read, isReleased, size: store.size }).toEqual({ read: 110, isReleased: true, size: 0 })
  })

  it('leaves a reader his bytes after eviction (row M4)', () => {
    const store = new DictStore({ maxEntries: 1 })
    put(store, 'a key', [new Uint8Array(50_000).fill(1), new Uint8Array(50_000).fill(2)])
    const [bytes] = pieces(store)
    put(store, 'another key', new Uint8Array(10))
    expect(store.get('a key').responses).toEqual([])
    expect(bytes?.subarray(50_000)).toEqual(Buffer.alloc(50_000, 2))
  })
})

describe('DictStore reentrancy (row M4)', () => {
  it('stores what is decided while something else is being stored', () => {
    const store = new DictStore({ maxEntries: 3 })
    function* body() {
      put(store, 'inner', new Uint8Array(1))
      store.delete('a key')
      yield new Uint8Array(5)
    }
    put(store, 'a key', new Uint8Array(3))
    store.set('a key', body(), () => {
      put(store, 'a key', new Uint8Array(4), { id: '01' })
      expect(store.get('a key').responses[0]?.response.id).toBe('01')
      return response({ id: '02' })
    })
    expect(store.get('a key').responses.map(({ response: { id } }) => id)).toEqual(['02'])
    expect(store.size).toBe(2)
  })

  it('does not store what cleared the store', () => {
    const store = new DictStore()
    store.set('a key', new Uint8Array(1), () => {
      store.clear()
      return response()
    })
    expect(store.size).toBe(0)
  })
})
