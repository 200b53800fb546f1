import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { channels, type EvictEvent } from '@cc/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mark, response } from '../test/sample.js'
import { DictStore } from './index.js'

const evictions: EvictEvent[] = []
const collect = (message: unknown) => void evictions.push(message as EvictEvent)

beforeEach(() => {
  evictions.length = 0
  subscribe(channels.evict, collect)
})
afterEach(() => {
  unsubscribe(channels.evict, collect)
})

function put(store: DictStore, key: string, slot = 'get', bytes = 10) {
  store.set(key, new Uint8Array(bytes), () => response({ key, slot, bodyBytes: bytes }))
}

describe('the channel @cc/core:evict', () => {
  it('hears of each response that gives way to the bounds, with the bytes it took', () => {
    const store = new DictStore({ maxEntries: 2 })
    for (const key of ['a', 'b']) put(store, key)
    const { bytes } = store
    put(store, 'c')
    expect(evictions).toEqual([{ store: 'DictStore', responses: 1, bytes: bytes / 2 }])
    expect(store.bytes).toBe(bytes)
  })

  it('hears of all responses under a key together, and of one of them alone', () => {
    const store = new DictStore({ maxEntries: 3 })
    for (const slot of ['0', '1', '2', '3']) put(store, 'a', slot)
    expect(evictions).toMatchObject([{ responses: 1 }])
    put(store, 'b')
    expect(evictions).toMatchObject([{ responses: 1 }, { responses: 3 }])
    expect(store.counters.evicted).toBe(4)
  })

  it('hears of nothing that was removed, replaced or is no response', () => {
    const store = new DictStore({ maxBytes: 2_000 })
    put(store, 'a')
    put(store, 'a')
    store.delete('a')
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) store.mark(key, mark({}))
    put(store, 'a')
    store.clear()
    expect(evictions).toEqual([])
  })
})
