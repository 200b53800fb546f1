import assert from 'node:assert/strict'
import type { Body } from '../store.js'
import { type CaseDraft, cases } from './case-draft.js'
import { expectBytes, expectNoBody, expectNothing, expectStored, readBody } from './expectations.js'
import { hex, KEY, KIB, MIB, outcome, put, sampleBytes, sampleResponse } from './sample.js'
import { asyncPiecesOf, iteratorOf, piecesOf, readAll } from './streams.js'

const forms: Record<string, (bytes: Uint8Array, size: number) => Body> = {
  'a Uint8Array': (bytes) => bytes.slice(),
  'an array': (bytes, size) => [...piecesOf(bytes, size)],
  'an iterable': (bytes, size) => piecesOf(bytes, size),
  'an async iterable': (bytes, size) => asyncPiecesOf(bytes, size)
}

const formCases: Record<string, CaseDraft['check']> = {}
for (const [form, bodyOf] of Object.entries(forms)) {
  formCases[`a body given as ${form} is kept, whatever its length`] = async (store) => {
    for (const length of [1, 1000, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 300 * KIB]) {
      const bytes = sampleBytes(length, length)
      const response = await put(store, bytes, { id: hex(length) }, bodyOf(bytes, 4099))
      await expectStored(store, response, bytes)
    }
  }
}

export const bodyCases: CaseDraft[] = [
  ...cases('`set` reads `body` to its end, in every form; `openBody` gives exactly `bodyBytes` bytes', {
    ...formCases,
    'an empty body is a body': async (store) => {
      const forms = [new Uint8Array(0), [], [new Uint8Array(0)], asyncPiecesOf(new Uint8Array(0), 1)]
      for (const [n, body] of forms.entries()) {
        const response = await put(store, new Uint8Array(0), { id: hex(n), status: 200 + n }, body)
        await expectStored(store, response, new Uint8Array(0))
      }
    },
    'empty pieces are nothing': async (store) => {
      const none = new Uint8Array(0)
      const response = await put(store, sampleBytes(20), {}, [
        none,
        sampleBytes(20).slice(0, 9),
        none,
        sampleBytes(20).slice(9)
      ])
      await expectStored(store, response, sampleBytes(20))
    },
    'many small pieces make one body': async (store) => {
      const bytes = sampleBytes(100_003)
      const response = await put(store, bytes, {}, asyncPiecesOf(bytes, 10))
      await expectStored(store, response, bytes)
    },
    'pieces that are parts of larger buffers are kept as the parts they are': async (store) => {
      const whole = sampleBytes(MIB)
      const parts = [whole.subarray(5, 50_005), whole.subarray(900_000, 940_000), whole.subarray(5, 10)]
      const bytes = new Uint8Array(Buffer.concat(parts))
      const response = await put(store, bytes, {}, parts)
      await expectStored(store, response, bytes)
    },
    'a body of more than 1 MiB is kept': async (store) => {
      const bytes = sampleBytes(2 * MIB - 1)
      const response = await put(store, bytes, {}, asyncPiecesOf(bytes, 65_521))
      await expectStored(store, response, bytes)
    },
    'a body can be read any number of times, also at once': async (store) => {
      const bytes = sampleBytes(200 * KIB)
      const { id } = await put(store, bytes)
      const read = () => readBody(store, KEY, id)
      for (const body of await Promise.all([read(), read(), read()])) expectBytes(body, bytes)
    }
  }),

  ...cases('`openBody` gives the bytes of `range`, both positions inclusive', {
    'ranges of a small body': async (store) => {
      const bytes = sampleBytes(1000)
      const { id } = await put(store, bytes)
      for (const [first, last] of [
        [0, 0],
        [0, 999],
        [1, 500],
        [999, 999]
      ] as const) {
        expectBytes(await readBody(store, KEY, id, { first, last }), bytes.slice(first, last + 1), `${first}-${last}`)
      }
    },
    'ranges of a large body': async (store) => {
      const bytes = sampleBytes(2 * MIB - 5)
      const { id } = await put(store, bytes, {}, asyncPiecesOf(bytes, 50_000))
      const end = bytes.byteLength - 1
      const ranges = [
        [0, 0],
        [0, end],
        [49_999, 50_000],
        [50_000, 99_999],
        [65_535, 65_536],
        [MIB - 1, MIB],
        [12_345, 1_234_567],
        [end, end]
      ] as const
      for (const [first, last] of ranges) {
        expectBytes(await readBody(store, KEY, id, { first, last }), bytes.slice(first, last + 1), `${first}-${last}`)
      }
    },
    'a range that reaches past the end gives no byte more than there are': async (store) => {
      for (const length of [1000, 200 * KIB]) {
        const bytes = sampleBytes(length)
        const { id } = await put(store, bytes, {}, asyncPiecesOf(bytes, 50_000))
        for (const [first, last] of [
          [0, length],
          [length - 1, length + 70_000],
          [length, length],
          [length + 70_000, length + 70_001]
        ] as const) {
          // An error or nothing will do as well.
          const read = await outcome(async () => readAll((await store.openBody(KEY, id, { first, last })) ?? []))
          if ('error' in read || read.value.byteLength === 0) continue
          expectBytes(read.value, bytes.slice(first, last + 1), `${first}-${last} of ${length}`)
        }
        expectBytes(await readBody(store, KEY, id), bytes)
      }
    },
    'a range of an id that is not there gives undefined': async (store) => {
      const { id } = await put(store, sampleBytes(100 * KIB))
      await expectNoBody(store, KEY, hex(99), { first: 0, last: 9 })
      await store.delete(KEY)
      await expectNoBody(store, KEY, id, { first: 0, last: 9 })
    }
  }),

  ...cases('What produces a body releases everything on `return()`, even before the first `next()`', {
    'a body that is given up can be opened again': async (store) => {
      const bytes = sampleBytes(200 * KIB)
      const { id } = await put(store, bytes, {}, asyncPiecesOf(bytes, 50_000))
      for (let n = 0; n < 200; n++) {
        const body = await store.openBody(KEY, id)
        assert.ok(body)
        const iterator = iteratorOf(body)
        // Before the first piece, after one, after two.
        for (let taken = 0; taken < n % 3; taken++) await iterator.next()
        await iterator.return?.()
        if (iterator.return !== undefined) assert.equal((await iterator.next()).done, true, 'next() after return()')
      }
      expectBytes(await readBody(store, KEY, id), bytes)
    },
    'a body that is given up harms no other reader': async (store) => {
      const bytes = sampleBytes(MIB)
      const { id } = await put(store, bytes, {}, asyncPiecesOf(bytes, 50_000))
      const [one, two] = [await store.openBody(KEY, id), await store.openBody(KEY, id)]
      assert.ok(one && two)
      await iteratorOf(one).return?.()
      expectBytes(await readAll(two), bytes)
    }
  }),

  ...cases('`maxEntryBytes` is the longest body the store keeps', {
    'a body of maxEntryBytes is kept': async (store) => {
      const limit = store.maxEntryBytes
      if (limit === undefined) return
      assert.ok(limit >= 2 * MIB && limit <= 64 * MIB, 'maxEntryBytes of the store under test: 2 MiB to 64 MiB')
      const bytes = sampleBytes(limit)
      const response = await put(store, bytes, {}, asyncPiecesOf(bytes, MIB))
      await expectStored(store, response, bytes)
    },
    'a longer body is not stored, and is let go': async (store) => {
      const limit = store.maxEntryBytes
      if (limit === undefined) return
      let isReleased = false
      async function* body() {
        try {
          yield* asyncPiecesOf(sampleBytes(limit ?? 0), MIB)
          yield sampleBytes(1)
        } finally {
          isReleased = true
        }
      }
      const response = sampleResponse({ bodyBytes: limit + 1 })
      await outcome(() => store.set(KEY, body(), () => response))
      await expectNothing(store, KEY)
      assert.equal(isReleased, true, 'the iterator of the body was neither read to its end nor returned')
      await store.set(KEY, sampleBytes(limit + 1), () => response)
      await expectNothing(store, KEY)
    }
  })
]
