import assert from 'node:assert/strict'
import type { StoredResponse } from '../rules/messages.js'
import type { CacheStore } from '../store.js'
import { type CaseDraft, cases } from './case-draft.js'
import { expectBytes, expectStored, inSlot, readBody } from './expectations.js'
import { hex, KEY, KIB, put, sampleBytes, sampleMark } from './sample.js'
import { iteratorOf, piecesOf } from './streams.js'

type Writable<T> = { -readonly [P in keyof T]: T[P] }

export const mutationCases: CaseDraft[] = [
  ...cases("The pieces of a body of up to 64 KiB are the caller's again once it is stored", {
    'writing into the pieces of a small body afterwards changes nothing stored': async (store) => {
      const bytes = sampleBytes(1000)
      const pieces = [...piecesOf(bytes, 300)]
      const response = await put(store, bytes, {}, pieces)
      for (const piece of pieces) piece.fill(0)
      await expectStored(store, response, bytes)
      const whole = sampleBytes(64 * KIB)
      const replacement = await put(store, whole.slice(), { id: hex(2) }, whole)
      whole.fill(0)
      await expectStored(store, replacement, sampleBytes(64 * KIB))
    }
  }),

  ...cases(
    'A store without `keepsObjects` and `repeatsObjects` hands bytes and metadata out for good: changing them changes nothing stored',
    {
      'writing into a body that rode along changes nothing stored': async (store) => {
        if (handsOutItsOwn(store)) return
        const response = await put(store, sampleBytes(1000))
        inSlot(await store.get(KEY), response)?.body?.fill(0)
        await expectStored(store, response, sampleBytes(1000))
      },
      'writing into an opened body changes nothing stored': async (store) => {
        if (handsOutItsOwn(store) && store.repeatsObjects !== 'found') return
        const bytes = sampleBytes(200 * KIB)
        const { id } = await put(store, bytes)
        for (const range of [undefined, { first: 10, last: 100_000 }]) {
          const body = await store.openBody(KEY, id, range)
          assert.ok(body)
          const iterator = iteratorOf(body)
          for (let next = await iterator.next(); !next.done; next = await iterator.next()) next.value.fill(0)
          expectBytes(await readBody(store, KEY, id), bytes)
        }
      },
      'changing metadata changes nothing stored': async (store) => {
        if (handsOutItsOwn(store)) return
        const given = await put(store, sampleBytes(10))
        const expected = structuredClone(given)
        const spoil = (response: Writable<StoredResponse> | undefined) => {
          assert.ok(response)
          response.status = 500
          response.fields = []
          ;(response.marks as Record<string, string>)[KEY] = 'x'
        }
        spoil(given)
        await expectStored(store, expected, sampleBytes(10))
        spoil(inSlot(await store.get(KEY), expected)?.response)
        await expectStored(store, expected, sampleBytes(10))
      },
      'changing a mark changes nothing stored': async (store) => {
        if (handsOutItsOwn(store)) return
        const given: Writable<ReturnType<typeof sampleMark>> = sampleMark(1)
        await store.mark(KEY, given)
        given.value = hex(2)
        const { mark } = await store.get(KEY)
        assert.equal(mark?.value, hex(1))
      }
    }
  )
]

function handsOutItsOwn({ keepsObjects, repeatsObjects }: CacheStore): boolean {
  return keepsObjects === true || repeatsObjects !== undefined
}
