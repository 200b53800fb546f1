import assert from 'node:assert/strict'
import type { CacheStore, Mark } from '../store.js'
import { type CaseDraft, cases } from './case-draft.js'
import { expectNothing, expectStored } from './expectations.js'
import { hex, KEY, outcome, put, sampleBytes, sampleMark, sampleResponse } from './sample.js'
import { gatedBody } from './streams.js'

async function expectMark(store: CacheStore, expected: Mark | undefined, key = KEY): Promise<void> {
  const { mark } = await store.get(key)
  assert.deepEqual(mark && { ...mark }, expected)
}

export const markCases: CaseDraft[] = [
  ...cases('Once `mark` resolved, every later `get` of the key returns the mark', {
    'a mark is returned by get': async (store) => {
      await store.mark(KEY, sampleMark(1))
      await expectMark(store, sampleMark(1))
      await expectNothing(store, KEY)
    },
    'a mark is of its key alone': async (store) => {
      await put(store, sampleBytes(10), { key: `${KEY}/x` })
      await store.mark(KEY, sampleMark(1))
      await expectMark(store, undefined, `${KEY}/x`)
      await expectMark(store, undefined, KEY.slice(0, -1))
    },
    'a newer mark replaces an older one': async (store) => {
      for (let n = 1; n <= 5; n++) await store.mark(KEY, sampleMark(n))
      await expectMark(store, sampleMark(5))
    },
    'concurrent marks leave one of them': async (store) => {
      const marks = Array.from({ length: 10 }, (_, n) => sampleMark(n))
      await Promise.all(marks.map((mark) => store.mark(KEY, mark)))
      const { mark } = await store.get(KEY)
      assert.ok(marks.some(({ value }) => value === mark?.value))
    }
  }),

  ...cases('`mark` touches no response', {
    'a mark deletes nothing': async (store) => {
      const one = await put(store, sampleBytes(10))
      const two = await put(store, sampleBytes(20, 2), { slot: hex(2), id: hex(2) })
      await store.mark(KEY, sampleMark(1))
      await expectStored(store, one, sampleBytes(10))
      await expectStored(store, two, sampleBytes(20, 2))
    },
    'a mark written while a body arrives is there beside it': async (store) => {
      const gated = gatedBody(sampleBytes(10), sampleBytes(5, 2))
      const response = sampleResponse({ bodyBytes: 15 })
      const set = outcome(() => store.set(KEY, gated.body, () => response))
      await Promise.race([gated.atGate, set])
      await store.mark(KEY, sampleMark(1))
      await expectMark(store, sampleMark(1))
      gated.open()
      await set
      await expectMark(store, sampleMark(1))
      await expectStored(store, response, Buffer.concat([sampleBytes(10), sampleBytes(5, 2)]))
    }
  }),

  ...cases('Only a newer mark replaces a mark; `delete` never removes one', {
    'a mark survives set': async (store) => {
      await store.mark(KEY, sampleMark(1))
      await put(store, sampleBytes(10))
      await put(store, sampleBytes(20), { id: hex(2) })
      await expectMark(store, sampleMark(1))
    },
    'a mark survives update': async (store) => {
      const response = await put(store, sampleBytes(10))
      await store.mark(KEY, sampleMark(1))
      await store.update(KEY, { ...response, status: 203 })
      await expectMark(store, sampleMark(1))
    },
    'a mark survives delete of a slot': async (store) => {
      const response = await put(store, sampleBytes(10))
      await store.mark(KEY, sampleMark(1))
      await store.delete(KEY, response.slot)
      await expectMark(store, sampleMark(1))
    },
    'a mark survives delete of its key': async (store) => {
      await put(store, sampleBytes(10))
      await store.mark(KEY, sampleMark(1))
      await store.delete(KEY)
      await expectMark(store, sampleMark(1))
      await store.delete(KEY)
      await expectMark(store, sampleMark(1))
    }
  }),

  ...cases(
    'After `clear` marks that are still to be kept stay',
    {
      'a mark survives clear': async (store) => {
        await put(store, sampleBytes(10))
        await store.mark(KEY, sampleMark(1))
        await store.mark('another key', sampleMark(2))
        await store.clear?.()
        await expectMark(store, sampleMark(1))
        await expectMark(store, sampleMark(2), 'another key')
      }
    },
    'clear'
  )
]
