import assert from 'node:assert/strict'
import { type CaseDraft, cases } from './case-draft.js'
import { expectNothing, expectStored } from './expectations.js'
import { hex, KEY, KIB, put, sampleBytes, sampleResponse } from './sample.js'
import { asyncPiecesOf } from './streams.js'

export const updateCases: CaseDraft[] = [
  ...cases('`update` replaces the metadata of the response in `response.slot`, keeping its body', {
    'update replaces the metadata and keeps the body': async (store) => {
      for (const length of [0, 1000, 200 * KIB]) {
        const bytes = sampleBytes(length)
        const old = await put(store, bytes, { id: hex(length) })
        const fields = [['Date', 'Thu, 02 Jan 2025 00:00:00 GMT']] as const
        const changed = { ...old, fields, status: 203, responseTime: old.responseTime + 5, marks: { [KEY]: hex(7) } }
        assert.equal(await store.update(KEY, changed), true)
        await expectStored(store, changed, bytes)
        assert.equal((await store.get(KEY)).responses.length, 1)
      }
    },
    'update leaves other slots alone': async (store) => {
      const one = await put(store, sampleBytes(10))
      const two = await put(store, sampleBytes(20, 2), { slot: hex(2), id: hex(2) })
      assert.equal(await store.update(KEY, { ...one, status: 203 }), true)
      await expectStored(store, { ...one, status: 203 }, sampleBytes(10))
      await expectStored(store, two, sampleBytes(20, 2))
    },
    'update can be repeated': async (store) => {
      const response = await put(store, sampleBytes(10))
      for (let n = 1; n <= 10; n++) assert.equal(await store.update(KEY, { ...response, status: 200 + n }), true)
      await expectStored(store, { ...response, status: 210 }, sampleBytes(10))
    }
  }),

  ...cases('`update` returns `false`, and changes nothing, if the slot is empty or holds another `id`', {
    'update of an absent key is false and stores nothing': async (store) => {
      assert.equal(await store.update(KEY, sampleResponse()), false)
      await expectNothing(store, KEY)
    },
    'update of an empty slot is false and stores nothing': async (store) => {
      const response = await put(store, sampleBytes(10))
      assert.equal(await store.update(KEY, { ...response, slot: hex(5) }), false)
      assert.equal((await store.get(KEY)).responses.length, 1)
      await expectStored(store, response, sampleBytes(10))
    },
    'update with another id is false and changes nothing': async (store) => {
      const response = await put(store, sampleBytes(10))
      assert.equal(await store.update(KEY, { ...response, id: hex(5), status: 203 }), false)
      await expectStored(store, response, sampleBytes(10))
    },
    'update does not bring back what was deleted': async (store) => {
      const response = await put(store, sampleBytes(10))
      await store.delete(KEY, response.slot)
      assert.equal(await store.update(KEY, { ...response, status: 203 }), false)
      await expectNothing(store, KEY)
    },
    'update beside delete never brings anything back': async (store) => {
      for (let n = 0; n < 20; n++) {
        const response = await put(store, sampleBytes(10))
        const update = () => store.update(KEY, { ...response, status: 203 })
        const remove = () => store.delete(KEY, response.slot)
        await Promise.all(n % 2 === 0 ? [update(), remove()] : [remove(), update()])
        await expectNothing(store, KEY)
      }
    },
    'update beside a replacement leaves the replacement': async (store) => {
      for (let n = 0; n < 20; n++) {
        const old = await put(store, sampleBytes(10, n), { id: hex(2 * n) })
        const changes = { id: hex(2 * n + 1), status: 204 }
        const update = () => store.update(KEY, { ...old, status: 203 })
        const replace = () => put(store, sampleBytes(20, n), changes, asyncPiecesOf(sampleBytes(20, n), 7))
        await Promise.all(n % 2 === 0 ? [update(), replace()] : [replace(), update()])
        await expectStored(store, sampleResponse({ ...changes, bodyBytes: 20 }), sampleBytes(20, n))
      }
    }
  })
]
