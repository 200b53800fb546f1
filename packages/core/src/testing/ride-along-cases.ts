import assert from 'node:assert/strict'
import type { CacheStore } from '../store.js'
import { type CaseDraft, cases } from './case-draft.js'
import { expectBytes } from './expectations.js'
import { hex, KEY, KIB, put, sampleBytes } from './sample.js'

/** Stores bodies of these lengths in slots 0, 1, 2 …, each received later than the one before. */
async function putEach(store: CacheStore, lengths: readonly number[]): Promise<void> {
  for (const [n, length] of lengths.entries()) {
    await put(store, sampleBytes(length, n), { slot: hex(n), id: hex(n), responseTime: 1_735_689_600_000 + n })
  }
}

/** The slots whose bodies ride along, after a look at the bodies. */
async function riders(store: CacheStore): Promise<number[]> {
  const slots: number[] = []
  for (const { response, body } of (await store.get(KEY)).responses) {
    if (body === undefined) continue
    const n = Number.parseInt(response.slot, 16)
    expectBytes(body, sampleBytes(response.bodyBytes, n), `the body in slot ${n}`)
    slots.push(n)
  }
  return slots.sort((a, b) => a - b)
}

export const rideAlongCases: CaseDraft[] = cases(
  'A store attaches bodies, newest response first, while those attached under a key stay within 64 KiB together',
  {
    'a small body rides along': async (store) => {
      await putEach(store, [10])
      assert.deepEqual(await riders(store), [0])
    },
    'a body of 64 KiB rides along, one byte more does not': async (store) => {
      await putEach(store, [64 * KIB])
      assert.deepEqual(await riders(store), [0])
      await store.delete(KEY)
      await putEach(store, [64 * KIB + 1])
      assert.deepEqual(await riders(store), [])
    },
    'small bodies ride along together': async (store) => {
      await putEach(store, [10 * KIB, 20 * KIB, 34 * KIB])
      assert.deepEqual(await riders(store), [0, 1, 2])
    },
    'the newest bodies ride along, up to 64 KiB': async (store) => {
      await putEach(store, [30 * KIB, 30 * KIB, 30 * KIB])
      assert.deepEqual(await riders(store), [1, 2])
    },
    'a body of no bytes rides along always': async (store) => {
      await putEach(store, [0, 64 * KIB, 0])
      assert.deepEqual(await riders(store), [0, 1, 2])
    }
  }
)
