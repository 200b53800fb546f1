import assert from 'node:assert/strict'
import type { StoredResponse } from '../rules/messages.js'
import type { CacheStore } from '../store.js'
import { type CaseDraft, cases } from './case-draft.js'
import { expectBytes, expectNothing, expectStored, inSlot } from './expectations.js'
import { hex, KEY, KIB, MIB, outcome, put, sampleBytes, sampleMark, sampleResponse } from './sample.js'
import { asyncPiecesOf, deferred, gatedBody, iteratorOf, readRest } from './streams.js'

/** Many enough to use up what a store has a few of. */
const MANY = 60

/** A `set` whose body stands still after its first piece, until it breaks off. */
interface StandingSet {
  /** Lets the body break off; resolves once the store has answered. */
  breakOff(): Promise<void>
}

async function beginSet(store: CacheStore, changes: Partial<StoredResponse> = {}): Promise<StandingSet> {
  const response = sampleResponse({ id: hex(0xbad), status: 500, bodyBytes: 100 * KIB + 1, ...changes })
  const gated = gatedBody(sampleBytes(100 * KIB, 9), sampleBytes(1))
  const set = outcome(() => store.set(response.key, gated.body, () => response))
  await Promise.race([gated.atGate, set])
  return {
    breakOff: async () => {
      gated.open(new Error('cut'))
      await set
    }
  }
}

/** Calls every method that is about one key, and sees that each does what it is there for. */
async function useKey(store: CacheStore, key: string): Promise<StoredResponse> {
  const other = await put(store, sampleBytes(70 * KIB, 2), { key, slot: hex(2), id: hex(2) })
  await expectStored(store, other, sampleBytes(70 * KIB, 2))
  assert.equal(await store.update(key, { ...other, status: 203 }), true)
  await expectStored(store, { ...other, status: 203 }, sampleBytes(70 * KIB, 2))
  await store.mark(key, sampleMark(1))
  assert.equal((await store.get(key)).mark?.value, sampleMark(1).value)
  await store.delete(key, other.slot)
  assert.equal(inSlot(await store.get(key), other), undefined)
  await put(store, sampleBytes(10, 3), { key, id: hex(3) })
  await store.delete(key)
  await expectNothing(store, key)
  const last = await put(store, sampleBytes(30, 4), { key, id: hex(4) })
  await expectStored(store, last, sampleBytes(30, 4))
  return last
}

async function openMany(store: CacheStore, { key, id }: StoredResponse, taken: number) {
  const readers = []
  for (let n = 0; n < MANY; n++) {
    const body = await store.openBody(key, id)
    assert.ok(body)
    const iterator = iteratorOf(body)
    for (let pieces = 0; pieces < taken; pieces++) await iterator.next()
    readers.push(iterator)
  }
  return readers
}

/** Opens a long body many times, takes `taken` pieces of each, and uses the store meanwhile. */
async function useBesideReaders(store: CacheStore, taken: number): Promise<void> {
  const bytes = sampleBytes(300 * KIB)
  const response = await put(store, bytes, {}, asyncPiecesOf(bytes, 60_000))
  const readers = await openMany(store, response, taken)
  await expectStored(store, response, bytes)
  await useKey(store, 'another key')
  const last = await useKey(store, KEY)
  for (const reader of readers) await reader.return?.()
  await expectStored(store, last, sampleBytes(30, 4))
}

export const standingBodyCases: CaseDraft[] = [
  ...cases('Every method may be called at any time, also while a body stands still that is stored or read', {
    'a body that stands still holds up nothing under its key': async (store) => {
      const standing = await beginSet(store)
      await expectNothing(store, KEY)
      const last = await useKey(store, KEY)
      await standing.breakOff()
      await expectStored(store, last, sampleBytes(30, 4))
      assert.equal((await store.get(KEY)).responses.length, 1)
    },
    'a body that stands still holds up nothing under other keys': async (store) => {
      const standing = await beginSet(store)
      const last = await useKey(store, 'another key')
      if (store.keys !== undefined) for await (const key of store.keys()) assert.equal(key, 'another key')
      await standing.breakOff()
      await expectStored(store, last, sampleBytes(30, 4))
      await expectNothing(store, KEY)
    },
    'many bodies that stand still hold up nothing': async (store) => {
      const standing: StandingSet[] = []
      for (let n = 0; n < MANY; n++) {
        standing.push(await beginSet(store, { key: n % 2 === 0 ? KEY : `key ${n}`, id: hex(0xbad + n) }))
      }
      const last = await useKey(store, KEY)
      await Promise.all(standing.map((one) => one.breakOff()))
      await expectStored(store, last, sampleBytes(30, 4))
      for (let n = 1; n < MANY; n += 2) await expectNothing(store, `key ${n}`)
    },
    'readers that never begin to read hold up nothing': (store) => useBesideReaders(store, 0),
    'readers that stop half-way hold up nothing': (store) => useBesideReaders(store, 1),
    'a reader that stood still reads on where it stopped': async (store) => {
      const bytes = sampleBytes(2 * MIB - 17)
      const { id } = await put(store, bytes, {}, asyncPiecesOf(bytes, 60_000))
      const body = await store.openBody(KEY, id)
      assert.ok(body)
      const iterator = iteratorOf(body)
      const { value } = await iterator.next()
      const start: Uint8Array = value.slice()
      await useKey(store, 'another key')
      expectBytes(Buffer.concat([start, await readRest(iterator)]), bytes)
    }
  }),

  ...cases(
    'Every method may be called at any time, also while a body stands still that is stored or read',
    {
      'a body that stands still does not hold up clear': async (store) => {
        const standing = await beginSet(store)
        await put(store, sampleBytes(10), { key: 'another key' })
        await store.clear?.()
        await expectNothing(store, 'another key')
        const last = await useKey(store, KEY)
        await standing.breakOff()
        await expectStored(store, last, sampleBytes(30, 4))
      }
    },
    'clear'
  ),

  ...cases('`maxEntryBytes` is the longest body the store keeps', {
    'a body without an end is let go, and held up nothing meanwhile': async (store) => {
      if (store.maxEntryBytes === undefined) return
      // Whoever reads on so far past its limit would read for ever.
      const end = store.maxEntryBytes + 64 * MIB
      let sent = 0
      let isReleased = false
      const atLimit = deferred()
      async function* endless() {
        try {
          for (; sent < end; sent += MIB) {
            if (sent === MIB) {
              atLimit.resolve()
              await used.promise
            }
            yield sampleBytes(MIB)
          }
        } finally {
          isReleased = true
        }
      }
      const used = deferred()
      const set = outcome(() => store.set(KEY, endless(), () => sampleResponse({ bodyBytes: sent })))
      await Promise.race([atLimit.promise, set])
      const last = await useKey(store, KEY)
      used.resolve()
      await set
      assert.equal(isReleased, true, 'the iterator of the body was not returned')
      assert.ok(sent < end, `${sent} bytes were read where ${store.maxEntryBytes} are the most`)
      await expectStored(store, last, sampleBytes(30, 4))
    }
  }),

  ...cases('`close` may be called more than once', {
    'a store can be closed while bodies stand still': async (store) => {
      const bytes = sampleBytes(300 * KIB)
      const { id } = await put(store, bytes, {}, asyncPiecesOf(bytes, 60_000))
      const body = await store.openBody(KEY, id)
      assert.ok(body)
      const iterator = iteratorOf(body)
      const { value } = await iterator.next()
      const start: Uint8Array = value.slice()
      const standing = await beginSet(store, { key: 'another key' })
      await store.close?.()
      await standing.breakOff()
      const rest = await outcome(() => readRest(iterator))
      if ('value' in rest) expectBytes(Buffer.concat([start, rest.value]), bytes, 'the body that was being read')
    }
  })
]
