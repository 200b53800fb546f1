import assert from 'node:assert/strict'
import type { CacheStore } from '../store.js'
import { type CaseDraft, cases } from './case-draft.js'
import { expectNoBody, expectNothing, expectStored } from './expectations.js'
import { hex, KEY, outcome, put, sampleBytes, sampleMark, sampleResponse } from './sample.js'
import { gatedBody } from './streams.js'

async function keysOf(store: CacheStore): Promise<string[]> {
  const keys: string[] = []
  for await (const key of store.keys?.() ?? []) keys.push(key)
  return keys.sort()
}

export const removalCases: CaseDraft[] = [
  ...cases('`delete` removes the response in `slot`, or all responses under `key`', {
    'delete of a slot leaves the others': async (store) => {
      const one = await put(store, sampleBytes(10))
      const two = await put(store, sampleBytes(20, 2), { slot: hex(2), id: hex(2) })
      await store.delete(KEY, one.slot)
      assert.equal((await store.get(KEY)).responses.length, 1)
      await expectStored(store, two, sampleBytes(20, 2))
      await expectNoBody(store, KEY, one.id)
    },
    'delete of a key takes all its responses': async (store) => {
      for (let n = 0; n < 5; n++) await put(store, sampleBytes(100, n), { slot: hex(n), id: hex(n) })
      await store.delete(KEY)
      await expectNothing(store, KEY)
      for (let n = 0; n < 5; n++) await expectNoBody(store, KEY, hex(n))
    },
    'a deleted response can be stored again': async (store) => {
      const response = await put(store, sampleBytes(10))
      await store.delete(KEY)
      await put(store, sampleBytes(10))
      await expectStored(store, response, sampleBytes(10))
    }
  }),

  ...cases('Absence is not an error', {
    'delete of what is absent is fine': async (store) => {
      await store.delete(KEY)
      await store.delete(KEY, hex(0))
      const response = await put(store, sampleBytes(10))
      await store.delete(KEY, hex(7))
      await expectStored(store, response, sampleBytes(10))
    }
  }),

  ...cases(
    '`clear` removes all responses of this store',
    {
      'clear removes all responses': async (store) => {
        for (let n = 0; n < 20; n++) await put(store, sampleBytes(100, n), { key: `key ${n}`, id: hex(n) })
        await put(store, sampleBytes(100), { key: 'key 1', slot: hex(9), id: hex(99) })
        await store.clear?.()
        for (let n = 0; n < 20; n++) await expectNothing(store, `key ${n}`)
        await expectNoBody(store, 'key 1', hex(1))
      },
      'clear of an empty store, twice, at once': async (store) => {
        await Promise.all([store.clear?.(), store.clear?.()])
        await store.clear?.()
        const response = await put(store, sampleBytes(10))
        await expectStored(store, response, sampleBytes(10))
      }
    },
    'clear'
  ),

  ...cases(
    'A `set` that began before `clear` does not become visible',
    {
      'a set that began before clear stores nothing': async (store) => {
        const gated = gatedBody(sampleBytes(10), sampleBytes(5))
        const set = outcome(() => store.set(KEY, gated.body, () => sampleResponse({ bodyBytes: 15 })))
        await Promise.race([gated.atGate, set])
        await store.clear?.()
        gated.open()
        await set
        await expectNothing(store, KEY)
        await expectNoBody(store, KEY, hex(1))
      },
      'a set that begins after clear is stored': async (store) => {
        const gated = gatedBody(sampleBytes(10), sampleBytes(5))
        const set = outcome(() => store.set(KEY, gated.body, () => sampleResponse({ bodyBytes: 15 })))
        await Promise.race([gated.atGate, set])
        await store.clear?.()
        const response = await put(store, sampleBytes(30, 3), { id: hex(3) })
        gated.open()
        await set
        await expectStored(store, response, sampleBytes(30, 3))
      }
    },
    'clear'
  ),

  ...cases(
    '`keys` gives every key under which a response is stored',
    {
      'keys lists what is stored, once': async (store) => {
        assert.deepEqual(await keysOf(store), [])
        const keys = [KEY, 'a', 'A', '__proto__', 'k\u00e9y \u4e2d \u{1f600}', '*', 'with\nline break']
        for (const [n, key] of keys.entries()) await put(store, sampleBytes(10), { key, id: hex(n) })
        await put(store, sampleBytes(10), { slot: hex(5), id: hex(50) })
        assert.deepEqual(await keysOf(store), [...keys].sort())
      },
      'keys lists neither what was deleted nor what has only a mark': async (store) => {
        await put(store, sampleBytes(10), { key: 'stays' })
        await put(store, sampleBytes(10), { key: 'deleted' })
        await put(store, sampleBytes(10), { key: 'deleted, marked' })
        await store.mark('marked', sampleMark(1))
        await store.mark('deleted, marked', sampleMark(2))
        await store.delete('deleted')
        await store.delete('deleted, marked')
        assert.deepEqual(await keysOf(store), ['stays'])
      },
      'keys can be given up': async (store) => {
        for (let n = 0; n < 50; n++) await put(store, sampleBytes(10), { key: `key ${n}` })
        for await (const key of store.keys?.() ?? []) {
          assert.match(key, /^key \d+$/)
          break
        }
        assert.equal((await keysOf(store)).length, 50)
      }
    },
    'keys'
  ),

  ...cases('`close` may be called more than once', {
    'a store can be closed twice, at once and again': async (store) => {
      await put(store, sampleBytes(10))
      await Promise.all([store.close?.(), store.close?.()])
      await store.close?.()
    }
  })
]
