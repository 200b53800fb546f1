import assert from 'node:assert/strict'
import type { StoredResponse } from '../rules/messages.js'
import type { CacheStore } from '../store.js'
import { type CaseDraft, cases } from './case-draft.js'
import { expectBytes, expectNoBody, expectNothing, expectStored, inSlot } from './expectations.js'
import { hex, KEY, KIB, MIB, outcome, put, sampleBytes, sampleResponse } from './sample.js'
import { asyncPiecesOf, gatedBody, iteratorOf, readAll, readRest } from './streams.js'

const LARGE = 2 * MIB - 17

/** Begins to read a large body, does `what`, reads on: all of the bytes it began with, or an error. */
async function readDuring(store: CacheStore, what: (response: StoredResponse) => Promise<unknown>): Promise<void> {
  const bytes = sampleBytes(LARGE)
  const response = await put(store, bytes, {}, asyncPiecesOf(bytes, 60_000))
  const body = await store.openBody(KEY, response.id)
  assert.ok(body)
  const iterator = iteratorOf(body)
  const { value: first } = await iterator.next()
  const start: Uint8Array = first.slice()
  await what(response)
  const rest = await outcome(() => readRest(iterator))
  if ('value' in rest) expectBytes(Buffer.concat([start, rest.value]), bytes, 'the body that was being read')
}

export const visibilityCases: CaseDraft[] = [
  ...cases('A response is visible only after its body ended well', {
    'nothing is visible while the body arrives': async (store) => {
      const [first, second] = [sampleBytes(100 * KIB), sampleBytes(50, 2)]
      const gated = gatedBody(first, second)
      const response = sampleResponse({ bodyBytes: first.byteLength + second.byteLength })
      const set = outcome(() => store.set(KEY, gated.body, () => response))
      await Promise.race([gated.atGate, set])
      await expectNothing(store, KEY)
      await expectNoBody(store, KEY, response.id)
      gated.open()
      await set
      await expectStored(store, response, Buffer.concat([first, second]))
    },
    'the old response is there, whole, until the new one is': async (store) => {
      const old = await put(store, sampleBytes(1000))
      const gated = gatedBody(sampleBytes(700, 2), sampleBytes(500, 3))
      const response = sampleResponse({ id: hex(2), status: 203, bodyBytes: 1200 })
      const set = outcome(() => store.set(KEY, gated.body, () => response))
      await Promise.race([gated.atGate, set])
      await expectStored(store, old, sampleBytes(1000))
      gated.open()
      await set
      await expectStored(store, response, Buffer.concat([sampleBytes(700, 2), sampleBytes(500, 3)]))
    },
    'nothing is visible of a body that fails half-way': async (store) => {
      const gated = gatedBody(sampleBytes(100 * KIB), sampleBytes(1))
      const set = outcome(() => store.set(KEY, gated.body, () => sampleResponse({ bodyBytes: 100 * KIB })))
      await Promise.race([gated.atGate, set])
      await expectNothing(store, KEY)
      gated.open(new Error('cut'))
      await set
      await expectNothing(store, KEY)
    }
  }),

  ...cases('A reader sees the old response or the new one, never a mixture of metadata and body of two', {
    'concurrent sets of one slot leave exactly one whole response': async (store) => {
      const numbers = Array.from({ length: 20 }, (_, n) => n)
      const bodyOf = (n: number) => sampleBytes(n % 2 === 0 ? 1000 + n : 100_000 + n, n)
      const put1 = (n: number) => put(store, bodyOf(n), { id: hex(n), status: 200 + n }, asyncPiecesOf(bodyOf(n), 9999))
      await Promise.all(numbers.map(put1))
      const { responses } = await store.get(KEY)
      assert.equal(responses.length, 1)
      const n = Number.parseInt(responses[0]?.response.id ?? '', 16)
      const expected = sampleResponse({ id: hex(n), status: 200 + n, bodyBytes: bodyOf(n).byteLength })
      await expectStored(store, expected, bodyOf(n))
    },
    'a reader beside writers never sees a mixture': async (store) => {
      const bodyOf = (n: number) => sampleBytes(n % 2 === 0 ? 200 + n : 70 * KIB + n, n)
      let writing = true
      const read = async () => {
        while (writing) {
          for (const { response, body } of (await store.get(KEY)).responses) {
            const n = Number.parseInt(response.id, 16)
            assert.equal(response.bodyBytes, bodyOf(n).byteLength)
            if (body !== undefined) expectBytes(body, bodyOf(n), 'the body that rides along')
            const opened = await outcome(() => store.openBody(KEY, response.id))
            if (!('value' in opened) || opened.value === undefined) continue
            const whole = opened.value
            const bytes = await outcome(() => readAll(whole))
            if ('value' in bytes) expectBytes(bytes.value, bodyOf(n), 'the body from openBody')
          }
          // Lets the others go on also where the store answers at once.
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
      const reader = read()
      reader.catch(() => {})
      for (let n = 0; n < 30; n++) await put(store, bodyOf(n), { id: hex(n) }, asyncPiecesOf(bodyOf(n), 30_000))
      writing = false
      await reader
    },
    'openBody never answers for an id that was replaced': async (store) => {
      const old = await put(store, sampleBytes(100 * KIB))
      await put(store, sampleBytes(100 * KIB, 2), { id: hex(2) })
      const body = await store.openBody(KEY, old.id)
      if (body !== undefined) expectBytes(await readAll(body), sampleBytes(100 * KIB), 'the replaced body')
    }
  }),

  ...cases('A body being read ends with the bytes it began with, or with an error', {
    'a reader is not harmed by a replacement': (store) =>
      readDuring(store, () => put(store, sampleBytes(LARGE, 2), { id: hex(2) })),
    'a reader is not harmed by delete': (store) =>
      readDuring(store, async (response) => {
        await store.delete(KEY, response.slot)
        await store.delete(KEY)
        assert.equal(inSlot(await store.get(KEY), response), undefined)
      }),
    'a reader is not harmed by update and mark': (store) =>
      readDuring(store, async (response) => {
        await store.update(KEY, { ...response, status: 203 })
        await store.mark(KEY, { value: hex(9), at: response.requestTime, dropAt: response.dropAt })
      })
  }),

  ...cases(
    'A body being read ends with the bytes it began with, or with an error',
    { 'a reader is not harmed by clear': (store) => readDuring(store, async () => store.clear?.()) },
    'clear'
  )
]
