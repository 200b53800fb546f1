import assert from 'node:assert/strict'
import { type CaseDraft, cases } from './case-draft.js'
import { expectNoBody, expectNothing, expectStored, inSlot } from './expectations.js'
import { hex, KEY, KIB, outcome, put, sampleBytes, sampleResponse } from './sample.js'
import { asyncPiecesOf } from './streams.js'

const latin1 = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code))

export const setCases: CaseDraft[] = [
  ...cases('Nothing stored is `{ responses: [] }`', {
    'get of an absent key finds no response and no mark': async (store) => {
      const found = await store.get(KEY)
      assert.equal(found.responses.length, 0)
      assert.equal(found.mark, undefined)
    },
    'openBody of an absent key or id gives undefined': async (store) => {
      await expectNoBody(store, KEY, hex(1))
      await expectNoBody(store, KEY, hex(1), { first: 0, last: 1 })
      await put(store, sampleBytes(10))
      await expectNoBody(store, KEY, hex(2))
    }
  }),

  ...cases('A store keeps a `StoredResponse` as it is', {
    'metadata comes back as it was stored': async (store) => {
      const response = await put(store, sampleBytes(3), {
        method: 'QUERY',
        status: 404,
        statusText: 'Not Found',
        selecting: [
          ['accept', 'text/html, */*'],
          ['accept-language', null]
        ],
        requestTime: 1_735_689_600_001,
        responseTime: 1_735_689_600_002,
        storedTime: 1_735_689_600_000,
        digests: [hex(3), hex(4)],
        marks: { [KEY]: '', 'another key': hex(5) },
        invalid: true,
        hmac: hex(6)
      })
      await expectStored(store, response, sampleBytes(3))
    },
    'field values keep every Latin-1 byte, names their case, lines their order': async (store) => {
      const fields = [
        ['X-All', latin1],
        ['set-cookie', 'b=2'],
        ['Set-Cookie', 'a=1'],
        ['SET-COOKIE', 'a=1'],
        ['X-Empty', '']
      ] as const
      const response = await put(store, sampleBytes(1), { fields, statusText: 'd\xe9j\xe0 \x80\xff' })
      await expectStored(store, response, sampleBytes(1))
    },
    'names such as __proto__ are names like others': async (store) => {
      const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
      const response = await put(store, sampleBytes(1), {
        fields: names.map((name) => [name, 'a value'] as const),
        selecting: names.map((name) => [name, null] as const),
        marks: Object.fromEntries(names.map((name, at) => [name, hex(at)]))
      })
      await expectStored(store, response, sampleBytes(1))
      assert.deepEqual(Object.keys({}), [])
      assert.equal(({} as Record<string, unknown>)['a value'], undefined)
    }
  }),

  ...cases('Calls `complete` once, after the end of `body`, and stores what it returns', {
    'complete is called once, when the body has ended': async (store) => {
      const bytes = sampleBytes(100 * KIB)
      const events: string[] = []
      async function* body() {
        yield* asyncPiecesOf(bytes, 10 * KIB)
        events.push('end')
      }
      const response = sampleResponse({ bodyBytes: bytes.byteLength })
      await store.set(KEY, body(), () => {
        events.push('complete')
        return response
      })
      assert.deepEqual(events, ['end', 'complete'])
      await expectStored(store, response, bytes)
    },
    'complete is not called for a body that fails': async (store) => {
      let called = false
      async function* body() {
        yield sampleBytes(10)
        throw new Error('cut')
      }
      await outcome(() =>
        store.set(KEY, body(), () => {
          called = true
          return sampleResponse({ bodyBytes: 10 })
        })
      )
      assert.equal(called, false)
    },
    'complete returning undefined leaves nothing': async (store) => {
      for (const body of [sampleBytes(10), [sampleBytes(10)], asyncPiecesOf(sampleBytes(10), 4)]) {
        await store.set(KEY, body, () => undefined)
        await expectNothing(store, KEY)
      }
    },
    'complete returning undefined keeps what was there': async (store) => {
      const response = await put(store, sampleBytes(10))
      await store.set(KEY, asyncPiecesOf(sampleBytes(20), 4), () => undefined)
      await expectStored(store, response, sampleBytes(10))
    }
  }),

  ...cases('If `body` throws, nothing is stored and what was there stays', {
    'a body that fails leaves nothing': async (store) => {
      async function* asyncBody() {
        yield sampleBytes(100 * KIB)
        throw new Error('cut')
      }
      function* syncBody() {
        yield sampleBytes(100)
        throw new Error('cut')
      }
      async function* failsAtOnce(): AsyncGenerator<Uint8Array> {
        throw new Error('cut')
      }
      for (const body of [asyncBody(), syncBody(), failsAtOnce()]) {
        await outcome(() => store.set(KEY, body, () => sampleResponse({ bodyBytes: 100 * KIB })))
        await expectNothing(store, KEY)
        await expectNoBody(store, KEY, hex(1))
      }
    },
    'a body that fails keeps what was there': async (store) => {
      const response = await put(store, sampleBytes(100))
      async function* body() {
        yield sampleBytes(50, 2)
        throw new Error('cut')
      }
      await outcome(() => store.set(KEY, body(), () => sampleResponse({ id: hex(2), bodyBytes: 50 })))
      await expectStored(store, response, sampleBytes(100))
    },
    'a complete that throws leaves nothing and keeps what was there': async (store) => {
      const response = await put(store, sampleBytes(100))
      const complete = () => {
        throw new Error('no')
      }
      await outcome(() => store.set(KEY, sampleBytes(50, 2), complete))
      await outcome(() => store.set('another key', asyncPiecesOf(sampleBytes(50, 2), 7), complete))
      await expectStored(store, response, sampleBytes(100))
      await expectNothing(store, 'another key')
    }
  }),

  ...cases('Stores a response in place of the one with the same `slot`', {
    'the same slot is replaced': async (store) => {
      await put(store, sampleBytes(10))
      const response = await put(store, sampleBytes(20, 2), { id: hex(2), status: 203 })
      assert.equal((await store.get(KEY)).responses.length, 1)
      await expectStored(store, response, sampleBytes(20, 2))
    },
    'different slots stand side by side': async (store) => {
      const stored = []
      for (let n = 0; n < 5; n++) stored.push(await put(store, sampleBytes(n, n), { slot: hex(n), id: hex(100 + n) }))
      assert.equal((await store.get(KEY)).responses.length, 5)
      for (const [n, response] of stored.entries()) await expectStored(store, response, sampleBytes(n, n))
    },
    'the same slot under another key is another response': async (store) => {
      const one = await put(store, sampleBytes(10))
      const two = await put(store, sampleBytes(20, 2), { key: 'another key', id: hex(2) })
      await expectStored(store, one, sampleBytes(10))
      await expectStored(store, two, sampleBytes(20, 2))
    }
  }),

  ...cases('If the slot holds a response with a later `requestTime`, that one stays', {
    'a response requested later stays': async (store) => {
      const later = await put(store, sampleBytes(10), { requestTime: 1_735_689_600_002 })
      await put(store, sampleBytes(20, 2), { requestTime: 1_735_689_600_001, id: hex(2) })
      await expectStored(store, later, sampleBytes(10))
    },
    'a response requested at the same time is replaced': async (store) => {
      await put(store, sampleBytes(10))
      const response = await put(store, sampleBytes(20, 2), { id: hex(2) })
      await expectStored(store, response, sampleBytes(20, 2))
    },
    'a later requestTime in another slot is no reason': async (store) => {
      await put(store, sampleBytes(10), { requestTime: 1_735_689_600_002 })
      const other = await put(store, sampleBytes(20, 2), { requestTime: 1_735_689_600_001, id: hex(2), slot: hex(2) })
      await expectStored(store, other, sampleBytes(20, 2))
    }
  }),

  ...cases('A store that keeps objects returns the very objects that were given to `set` and `update`', {
    'keepsObjects is said only where it is so': async (store) => {
      const response = await put(store, sampleBytes(10))
      if (store.keepsObjects) assert.equal(inSlot(await store.get(KEY), response)?.response, response)
      const updated = { ...response, status: 203 }
      await store.update(KEY, updated)
      if (store.keepsObjects) assert.equal(inSlot(await store.get(KEY), response)?.response, updated)
    },
    'the contract is version 1': async (store) => {
      assert.equal(store.contract, 1)
    }
  })
]
