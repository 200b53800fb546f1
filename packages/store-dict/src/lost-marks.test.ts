import { describe, expect, it } from '@jest/globals'
import { mark, NOW, response } from '../test/sample.js'
import { DictStore } from './index.js'

/** A store that had to evict a mark made at `at` under `marked`. */
function storeThatLostAMark({ at = NOW, dropAt = NOW + 1 } = {}): DictStore {
  const store = new DictStore({ maxEntries: 1, clock: () => NOW })
  store.mark('marked', mark({ at, dropAt }))
  for (const key of ['x', 'y']) store.set(key, new Uint8Array(1), () => response({ key, requestTime: NOW - 1000 }))
  expect(store.get('marked')).toEqual({ responses: [] })
  return store
}

/** Whether a response to a request sent at `requestTime` is stored under `key`. */
function stores(store: DictStore, key: string, requestTime: number): boolean {
  store.set(key, new Uint8Array(1), () => response({ key, requestTime }))
  return store.get(key).responses.length === 1
}

describe('DictStore that had to drop a mark before its time', () => {
  it('stores no response that was requested before the invalidation', () => {
    expect(stores(storeThatLostAMark(), 'marked', NOW - 1)).toBe(false)
    expect(stores(storeThatLostAMark(), 'marked', NOW)).toBe(false)
    expect(stores(storeThatLostAMark(), 'marked', NOW + 1)).toBe(true)
  })

  it('does so for every key, as it no longer knows which one it was', () => {
    expect(stores(storeThatLostAMark(), 'another key', NOW)).toBe(false)
  })

  it('stores a response under a key that has a mark, which speaks for itself', () => {
    const store = storeThatLostAMark()
    store.mark('marked', mark({ at: NOW + 1 }))
    expect(stores(store, 'marked', NOW)).toBe(true)
  })

  it('remembers the newest of the marks it lost', () => {
    const store = storeThatLostAMark({ at: NOW + 5, dropAt: NOW + 9 })
    store.mark('older', mark({ at: NOW + 2 }))
    expect(stores(store, 'x', NOW + 6)).toBe(true)
    expect(stores(store, 'y', NOW + 6)).toBe(true)
    expect(store.get('older').mark).toBeUndefined()
    expect(stores(store, 'z', NOW + 5)).toBe(false)
  })

  it('does not come back to it after clear', () => {
    const store = storeThatLostAMark()
    store.clear()
    expect(stores(store, 'marked', NOW)).toBe(false)
  })

  it('refuses nothing for a mark that was no longer to be kept', () => {
    expect(stores(storeThatLostAMark({ dropAt: NOW }), 'marked', NOW)).toBe(true)
  })

  it('counts a mark that never fitted as lost', () => {
    const store = new DictStore({ maxBytes: 2000, clock: () => NOW })
    store.mark('k'.repeat(3000), mark())
    expect(store.bytes).toBe(0)
    expect(stores(store, 'a', NOW)).toBe(false)
  })
})

describe('DictStore marks', () => {
  it('take room and give way to the bounds', () => {
    const store = new DictStore({ maxBytes: 10_000, clock: () => NOW })
    for (let n = 0; n < 1000; n++) store.mark(`key ${n}`, mark())
    expect(store.bytes).toBeGreaterThan(5000)
    expect(store.bytes).toBeLessThanOrEqual(10_000)
    expect(store.get('key 999').mark).toEqual(mark())
  })

  it('are gone after clear if they were no longer to be kept', () => {
    const store = new DictStore({ clock: () => NOW })
    store.mark('past', mark({ dropAt: NOW }))
    store.mark('future', mark({ dropAt: NOW + 1 }))
    store.clear()
    expect(store.get('past').mark).toBeUndefined()
    expect(store.get('future').mark).toBeDefined()
  })

  it('keep their order of use through clear', () => {
    const store = new DictStore({ maxBytes: 2500, clock: () => NOW })
    for (const key of ['a', 'b', 'c']) store.mark(key, mark())
    store.get('a')
    store.clear()
    store.mark('d', mark())
    store.mark('e', mark())
    expect(['a', 'b', 'c', 'd', 'e'].filter((key) => store.get(key).mark !== undefined)).toEqual(['a', 'c', 'd', 'e'])
  })
})
