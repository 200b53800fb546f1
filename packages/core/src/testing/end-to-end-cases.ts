import assert from 'node:assert/strict'
import { createCache } from '../index.js'
import type { CacheStore } from '../store.js'
import { type CaseDraft, cases } from './case-draft.js'
import { expectBytes } from './expectations.js'
import { KIB, sampleBytes } from './sample.js'

type Dispatch = Parameters<ReturnType<typeof createCache>['interceptor']>[0]
type Handler = Parameters<Dispatch>[1]
type Fields = Readonly<Record<string, string>>

interface Answer {
  readonly status: number
  readonly fields: Fields
  readonly body: Uint8Array
  /** Breaks off after the body. */
  readonly isCut?: boolean
}

/** Far ahead, so that no store takes what is stored for something that had its time. */
const NOON = Date.UTC(2099, 0, 1, 12)
const ORIGIN = 'https://origin.invalid'

/** A cache on `store`, in front of an origin that is a function: no socket, no time, nothing but calls. */
class EndToEnd {
  now = NOON
  asked: Fields[] = []
  readonly #cache: ReturnType<typeof createCache>
  readonly #dispatch: ReturnType<ReturnType<typeof createCache>['interceptor']>

  constructor(store: CacheStore, respond: (fields: Fields, count: number) => Answer) {
    // shared, as it is by default: the contract is the same for both.
    // Nothing is wrong with the store: however busy the machine is, it is waited for.
    this.#cache = createCache({ store, clock: () => this.now, storeTimeoutMs: 60_000 })
    this.#dispatch = this.#cache.interceptor((options, handler) => {
      const fields = fieldsOf(options.headers)
      this.asked.push(fields)
      const answer = respond(fields, this.asked.length)
      play(handler, {
        ...answer,
        fields: { date: new Date(this.now).toUTCString(), ...answer.fields }
      })
      return true
    })
  }

  /** The answer, once it is stored too, if it is. */
  async ask(fields: Record<string, string> = {}, method: 'GET' | 'POST' = 'GET'): Promise<Answer> {
    const options = { origin: ORIGIN, path: '/page', method, headers: fields }
    const answer = await new Promise<Answer>((resolve, reject) => {
      const chunks: Uint8Array[] = []
      let status = 0
      let headers: Fields = {}
      this.#dispatch(options, {
        onRequestStart: () => {},
        onResponseStart: (_, statusCode, received) => {
          status = statusCode
          headers = fieldsOf(received)
        },
        onResponseData: (_, chunk) => {
          chunks.push(Uint8Array.from(chunk))
        },
        onResponseEnd: () => resolve({ status, fields: headers, body: Buffer.concat(chunks) }),
        onResponseError: (_, error) => reject(error)
      })
    })
    await this.settle()
    return answer
  }

  /** Resolves when nothing is being stored any more. */
  async settle(): Promise<void> {
    await this.#cache.close()
  }
}

function fieldsOf(headers: unknown): Fields {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]))
}

function play(handler: Handler, { status, fields, body, isCut = false }: Answer): void {
  const rawHeaders = Object.entries(fields).flatMap(([name, value]) => [
    Buffer.from(name),
    Buffer.from(value, 'latin1')
  ])
  const controller = {
    aborted: false,
    paused: false,
    reason: null,
    rawHeaders,
    rawTrailers: [],
    abort: () => {},
    pause: () => {},
    resume: () => {}
  }
  handler.onRequestStart?.(controller, {})
  handler.onResponseStart?.(controller, status, { ...fields }, '')
  for (let at = 0; at < body.byteLength; at += 60_000) {
    handler.onResponseData?.(controller, Buffer.from(body.subarray(at, at + 60_000)))
  }
  if (isCut) handler.onResponseError?.(controller, new Error('cut'))
  else handler.onResponseEnd?.(controller, {})
}

function answer(body: Uint8Array, fields: Fields = {}): Answer {
  const length = String(body.byteLength)
  return { status: 200, fields: { 'cache-control': 'max-age=60', 'content-length': length, ...fields }, body }
}

export const endToEndCases: CaseDraft[] = cases('A cache on the store answers as the rules say', {
  'what was stored answers the next request, short or long': async (store) => {
    for (const length of [0, 10, 64 * KIB, 300 * KIB]) {
      const test = new EndToEnd(store, () => answer(sampleBytes(length, length)))
      await test.ask({ 'cache-control': 'no-cache' })
      expectBytes((await test.ask()).body, sampleBytes(length, length))
      assert.equal(test.asked.length, 1, 'requests to the origin')
    }
  },
  'a range is cut from what was stored': async (store) => {
    const bytes = sampleBytes(300 * KIB)
    const test = new EndToEnd(store, () => answer(bytes))
    await test.ask()
    const { status, body } = await test.ask({ range: 'bytes=100000-250000' })
    assert.equal(status, 206)
    expectBytes(body, bytes.slice(100_000, 250_001))
    assert.equal(test.asked.length, 1, 'requests to the origin')
  },
  'what is stale is validated, and fresh again once confirmed': async (store) => {
    const test = new EndToEnd(store, (fields) =>
      fields['if-none-match'] === undefined
        ? answer(sampleBytes(100 * KIB), { etag: '"1"' })
        : {
            status: 304,
            fields: { etag: '"1"', 'cache-control': 'max-age=60', 'x-confirmed': 'yes' },
            body: new Uint8Array()
          }
    )
    await test.ask()
    test.now += 61_000
    expectBytes((await test.ask()).body, sampleBytes(100 * KIB))
    const again = await test.ask()
    expectBytes(again.body, sampleBytes(100 * KIB))
    assert.equal(again.fields['x-confirmed'], 'yes')
    assert.equal(test.asked.length, 2, 'requests to the origin')
  },
  'variants are kept apart': async (store) => {
    const test = new EndToEnd(store, ({ 'x-kind': kind = '' }) =>
      answer(Buffer.from(`for ${kind}`), { vary: 'X-Kind' })
    )
    for (const kind of ['a', 'b', 'a', 'b']) {
      assert.equal(Buffer.from((await test.ask({ 'x-kind': kind })).body).toString(), `for ${kind}`)
    }
    assert.equal(test.asked.length, 2, 'requests to the origin')
  },
  'an unsafe request makes invalid what was stored': async (store) => {
    const test = new EndToEnd(store, (_, count) => answer(Buffer.from(`answer ${count}`)))
    await test.ask()
    await test.ask({}, 'POST')
    assert.equal(Buffer.from((await test.ask()).body).toString(), 'answer 3')
    assert.equal(Buffer.from((await test.ask()).body).toString(), 'answer 3')
  },
  'a body that breaks off is not stored': async (store) => {
    const test = new EndToEnd(store, (_, count) => ({ ...answer(sampleBytes(100 * KIB)), isCut: count === 1 }))
    await assert.rejects(test.ask(), { message: 'cut' })
    await test.settle()
    expectBytes((await test.ask()).body, sampleBytes(100 * KIB))
    assert.equal(test.asked.length, 2, 'requests to the origin')
  }
})
