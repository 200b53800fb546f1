import assert from 'node:assert/strict'
import type { StoredResponse } from '../rules/messages.js'
import type { CacheStore } from '../store.js'
import { type CaseDraft, cases, type Reopen } from './case-draft.js'
import { expectBytes, expectNoBody, expectNothing, expectStored, inSlot } from './expectations.js'
import { hex, KEY, KIB, MIB, outcome, put, sampleBytes, sampleMark, sampleResponse } from './sample.js'
import { asyncPiecesOf, deferred, gatedBody, readAll, turn } from './streams.js'

/** How late after the end of a body the process dies, in turns of the event loop. */
const DEATHS = 30

/** Fails unless `response` is there, whole, or is not there at all. */
async function expectWholeOrAbsent(store: CacheStore, response: StoredResponse, bytes: Uint8Array): Promise<void> {
  if (inSlot(await store.get(response.key), response) !== undefined) await expectStored(store, response, bytes)
  else await expectNoBody(store, response.key, response.id)
}

async function keysOf(store: CacheStore): Promise<string[] | undefined> {
  if (store.keys === undefined) return undefined
  const keys: string[] = []
  for await (const key of store.keys()) keys.push(key)
  return keys
}

/** Begins to store a long response; the body stands still after its first half, and never goes on before the crash. */
async function cutOff(store: CacheStore, reopen: Reopen, changes: Partial<StoredResponse> = {}) {
  const response = sampleResponse({ id: hex(0xbad), status: 500, bodyBytes: 2 * MIB, ...changes })
  const gated = gatedBody(sampleBytes(MIB, 9), sampleBytes(MIB, 8))
  const set = outcome(() => store.set(response.key, gated.body, () => response))
  await Promise.race([gated.atGate, set])
  const next = await reopen(store)
  return {
    next,
    response,
    /** What is left of the old store does not wait for ever. */
    end: async () => {
      gated.open(new Error('killed'))
      await set
    }
  }
}

/** Stores a response and kills the store so many turns after its body has ended. */
async function dieLate(store: CacheStore, reopen: Reopen, turns: number): Promise<CacheStore> {
  const bytes = sampleBytes(100 * KIB, turns)
  const response = sampleResponse({ key: `key ${turns}`, id: hex(turns), bodyBytes: bytes.byteLength })
  const ended = deferred()
  async function* body() {
    yield* asyncPiecesOf(bytes, 60_000)
    ended.resolve()
  }
  const set = outcome(() => store.set(response.key, body(), () => response))
  await Promise.race([ended.promise, set])
  for (let n = 0; n < turns; n++) await turn()
  const next = await reopen(store)
  if (inSlot(await next.get(response.key), response) !== undefined) await expectStored(next, response, bytes)
  const opened = await next.openBody(response.key, response.id)
  if (opened !== undefined) expectBytes(await readAll(opened), bytes)
  await set
  return next
}

export const reopeningCases: CaseDraft[] = cases(
  'What a process that died has left is whole, or absent; a mark that it wrote is there',
  {
    'what was stored before a crash is there whole, or not at all': async (store, reopen) => {
      const lengths = [0, 1000, 70 * KIB, 2 * MIB - 1]
      const stored: StoredResponse[] = []
      for (const [n, length] of lengths.entries()) {
        const bytes = sampleBytes(length, n)
        const changes = { key: `key ${n % 3}`, slot: hex(n), id: hex(n) }
        stored.push(await put(store, bytes, changes, asyncPiecesOf(bytes, 60_000)))
      }
      const next = await reopen(store)
      for (const [n, response] of stored.entries()) {
        await expectWholeOrAbsent(next, response, sampleBytes(response.bodyBytes, n))
      }
    },
    'what was changed before a crash is there as it was changed, or not at all': async (store, reopen) => {
      const old = await put(store, sampleBytes(70 * KIB))
      const updated = { ...old, status: 203, marks: { [KEY]: hex(7) } }
      await store.update(KEY, updated)
      await put(store, sampleBytes(10), { key: 'replaced' })
      const replaced = await put(store, sampleBytes(20, 2), { key: 'replaced', id: hex(2) })
      const next = await reopen(store)
      await expectWholeOrAbsent(next, updated, sampleBytes(70 * KIB))
      await expectWholeOrAbsent(next, replaced, sampleBytes(20, 2))
    },
    'what was deleted before a crash does not come back': async (store, reopen) => {
      const one = await put(store, sampleBytes(100 * KIB))
      const two = await put(store, sampleBytes(20, 2), { slot: hex(2), id: hex(2) })
      const three = await put(store, sampleBytes(10), { key: 'another key' })
      await store.delete(KEY, one.slot)
      await store.delete('another key')
      const next = await reopen(store)
      assert.equal(inSlot(await next.get(KEY), one), undefined)
      await expectNoBody(next, KEY, one.id)
      await expectNothing(next, 'another key')
      await expectNoBody(next, 'another key', three.id)
      await expectWholeOrAbsent(next, two, sampleBytes(20, 2))
    },
    'a mark that was written before a crash is there': async (store, reopen) => {
      const response = await put(store, sampleBytes(100))
      await store.mark('nothing else', sampleMark(1))
      await store.mark(KEY, sampleMark(2))
      await store.mark(KEY, sampleMark(3))
      await store.mark('deleted', sampleMark(4))
      await store.delete('deleted')
      const next = await reopen(store)
      for (const [key, n] of [
        ['nothing else', 1],
        [KEY, 3],
        ['deleted', 4]
      ] as const) {
        const { mark } = await next.get(key)
        assert.deepEqual(mark && { ...mark }, sampleMark(n), `the mark of ${key}`)
      }
      await expectWholeOrAbsent(next, response, sampleBytes(100))
    },
    'a mark that was written while a body arrived is there after a crash': async (store, reopen) => {
      const gated = gatedBody(sampleBytes(100 * KIB), sampleBytes(1))
      const set = outcome(() => store.set(KEY, gated.body, () => undefined))
      await Promise.race([gated.atGate, set])
      await store.mark(KEY, sampleMark(1))
      const next = await reopen(store)
      const { mark } = await next.get(KEY)
      assert.deepEqual(mark && { ...mark }, sampleMark(1))
      await expectNothing(next, KEY)
      gated.open(new Error('killed'))
      await set
    },
    'nothing is there of what a crash cut off': async (store, reopen) => {
      const { next, response, end } = await cutOff(store, reopen)
      await expectNothing(next, KEY)
      await expectNoBody(next, KEY, response.id)
      assert.deepEqual((await keysOf(next)) ?? [], [])
      await end()
      await expectNothing(next, KEY)
    },
    'what was there stays, or goes, when a crash cuts off its replacement': async (store, reopen) => {
      const old = await put(store, sampleBytes(70 * KIB))
      const { next, response, end } = await cutOff(store, reopen)
      await expectWholeOrAbsent(next, old, sampleBytes(70 * KIB))
      await expectNoBody(next, KEY, response.id)
      await end()
      await expectWholeOrAbsent(next, old, sampleBytes(70 * KIB))
    },
    'what a crash meets at its end is there whole, or not at all': async (store, reopen) => {
      let current = store
      for (let turns = 0; turns < DEATHS; turns++) current = await dieLate(current, reopen, turns)
    },
    'what a crash cut off can be stored again, changed and deleted': async (store, reopen) => {
      const { next, end } = await cutOff(store, reopen)
      const response = await put(next, sampleBytes(70 * KIB, 2), { id: hex(2) })
      await expectStored(next, response, sampleBytes(70 * KIB, 2))
      assert.deepEqual((await keysOf(next)) ?? [KEY], [KEY])
      assert.equal(await next.update(KEY, { ...response, status: 203 }), true)
      await expectStored(next, { ...response, status: 203 }, sampleBytes(70 * KIB, 2))
      await next.delete(KEY)
      await expectNothing(next, KEY)
      await end()
      await expectNothing(next, KEY)
    },
    'what processes store one after another stays apart': async (store, reopen) => {
      const stored: StoredResponse[] = []
      let current = store
      for (let n = 0; n < 3; n++) {
        for (const length of [200, 100 * KIB]) {
          const key = `key ${n} ${length}`
          stored.push(await put(current, sampleBytes(length + n, n), { key, id: hex(stored.length), status: 200 + n }))
        }
        current = await reopen(current)
      }
      for (const response of stored) {
        const n = response.status - 200
        await expectWholeOrAbsent(current, response, sampleBytes(response.bodyBytes, n))
        await current.delete(response.key)
        await expectNothing(current, response.key)
      }
    }
  },
  'reopen'
)
