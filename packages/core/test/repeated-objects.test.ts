import type { ServerResponse } from 'node:http'
import type { Body, ByteRange, Found, Mark, StoredResponse } from '@cc/core'
import { describe, expect, it, jest } from '@jest/globals'
import type { Dispatcher } from 'undici'
import { setUp } from './harness.js'
import { MapStore } from './map-store.js'

/** Hands out again what a look-up has found, and each opened body anew. */
class FindingStore extends MapStore {
  readonly repeatsObjects = 'found'
  readonly found = new Map<string, Found>()
  readonly opened: ArrayBufferLike[] = []
  /** Done to each body before it is handed out. */
  damage: (body: Uint8Array) => Uint8Array = (body) => body

  override async get(key: string): Promise<Found> {
    const found = this.found.get(key) ?? (await super.get(key))
    this.found.set(key, found)
    return found
  }

  override async openBody(key: string, id: string): Promise<Body | undefined> {
    const whole = this.damage(await wholeOf(await super.openBody(key, id)))
    this.opened.push(whole.buffer)
    return whole
  }

  override async set(key: string, body: Body, complete: () => StoredResponse | undefined): Promise<void> {
    await super.set(key, body, complete)
    this.found.delete(key)
  }
}

/** Hands out what it has found before, until something changes: a cache in front of a store elsewhere. */
class RepeatingStore extends MapStore {
  readonly repeatsObjects = true
  readonly found = new Map<string, Found>()
  readonly bodies = new Map<string, Uint8Array>()
  asked = 0

  override get(key: string): Found | Promise<Found> {
    return this.found.get(key) ?? this.#find(key)
  }

  override openBody(key: string, id: string, range?: ByteRange): Body | undefined | Promise<Body | undefined> {
    const body = this.bodies.get(id)
    if (body === undefined) return this.#open(key, id, range)
    return range === undefined ? body : body.subarray(range.first, range.last + 1)
  }

  override async set(key: string, body: Body, complete: () => StoredResponse | undefined): Promise<void> {
    await super.set(key, body, complete)
    this.found.delete(key)
  }

  override async update(key: string, response: StoredResponse): Promise<boolean> {
    const isUpdated = await super.update(key, response)
    this.found.delete(key)
    return isUpdated
  }

  override async mark(key: string, mark: Mark): Promise<void> {
    await super.mark(key, mark)
    this.found.delete(key)
  }

  override async delete(key: string, slot?: string): Promise<void> {
    await super.delete(key, slot)
    this.found.delete(key)
  }

  async #find(key: string): Promise<Found> {
    this.asked++
    const found = await super.get(key)
    this.found.set(key, found)
    return found
  }

  async #open(key: string, id: string, range?: ByteRange): Promise<Body | undefined> {
    this.asked++
    const body = await super.openBody(key, id, range)
    if (body === undefined || range !== undefined) return body
    const whole = await wholeOf(body)
    this.bodies.set(id, whole)
    return whole
  }
}

async function wholeOf(body: Body | undefined): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of body instanceof Uint8Array ? [body] : (body ?? [])) pieces.push(piece)
  return new Uint8Array(Buffer.concat(pieces))
}

/** The one chunk that a handler is given. */
function handedOut(dispatcher: Dispatcher, origin: string): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    dispatcher.dispatch(
      { origin, path: '/', method: 'GET' },
      {
        onRequestStart() {},
        onResponseData: (_controller, chunk) => resolve(chunk as Buffer),
        onResponseError: (_controller, error) => reject(error)
      }
    )
  )
}

const answer = (body: string) => (_setUp: unknown, _request: unknown, response: ServerResponse) => {
  response.setHeader('Cache-Control', 'max-age=60').setHeader('Content-Length', body.length).end(body)
}

describe('A store that hands out objects again (repeatsObjects)', () => {
  it.each([
    ['comes along', 1_000],
    ['has to be opened', 100_000],
    ['has to be opened and has several digests', 2_500_000]
  ])('is asked once, and then answers before the request returns: the body %s', async (_how, bytes) => {
    const text = 'x'.repeat(bytes)
    const store = new RepeatingStore()
    const client = await setUp(store, answer(text))
    await client.get('/')
    // Finds it, and then the body.
    expect((await client.get('/')).text).toBe(text)
    const { asked } = store
    const seen: string[] = []
    for (let n = 0; n < 3; n++) {
      client.dispatcher.dispatch(
        { origin: client.origin.url, path: '/', method: 'GET' },
        {
          onRequestStart() {},
          onResponseStart: () => void seen.push('head'),
          onResponseData: (_controller, chunk) => void seen.push(String(chunk.byteLength)),
          onResponseEnd: () => void seen.push('end'),
          onResponseError: (_controller, error) => void seen.push(error.message)
        }
      )
      if (bytes <= 1_000_000) expect(seen.splice(0)).toEqual(['head', String(bytes), 'end'])
    }
    expect((await client.get('/')).text).toBe(text)
    expect(store.asked).toBe(asked)
    expect(client.origin.requests).toHaveLength(1)
  })

  it('SEC-05: is believed nothing that it was not checked for', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    for (const bytes of [1_000, 100_000]) {
      const text = 'x'.repeat(bytes)
      const store = new RepeatingStore()
      const client = await setUp(store, answer(text))
      await client.get('/')
      const found = await store.get(`${client.origin.url}/`)
      const { response, body } = found.responses[0] as Found['responses'][number]
      const damaged = body ?? ((await store.openBody(response.key, response.id)) as Uint8Array)
      damaged[bytes - 1] = 0
      const { text: served, decision } = await client.get('/')
      expect(served).toBe(text)
      expect(decision.outcome).toBe('miss')
    }
    // One for each cache.
    expect(warned).toHaveBeenCalledTimes(2)
    warned.mockRestore()
  })

  it('keeps its bytes to itself: nobody can change what others get (row M2)', async () => {
    for (const bytes of [1_000, 100_000, 2_500_000]) {
      const text = 'x'.repeat(bytes)
      const client = await setUp(new RepeatingStore(), answer(text))
      await client.get('/')
      for (let n = 0; n < 3; n++) {
        await new Promise<void>((resolve, reject) =>
          client.dispatcher.dispatch(
            { origin: client.origin.url, path: '/', method: 'GET' },
            {
              onRequestStart() {},
              onResponseData: (_controller, chunk) => void chunk.fill(0),
              onResponseEnd: () => resolve(),
              onResponseError: (_controller, error) => reject(error)
            }
          )
        )
      }
      expect((await client.get('/')).text).toBe(text)
      const part = await client.get('/', { headers: { Range: 'bytes=10-19' } })
      expect(part.text).toBe('x'.repeat(10))
    }
  })

  it('gives the very bytes to those who share them (sharesBodies), as long as they are all there', async () => {
    for (const bytes of [1_000, 100_000]) {
      const store = Object.assign(new RepeatingStore(), { sharesBodies: true as const })
      const text = 'x'.repeat(bytes)
      const client = await setUp(store, answer(text))
      const buffers: unknown[] = []
      const hit = () =>
        new Promise<Uint8Array[]>((resolve, reject) => {
          const chunks: Uint8Array[] = []
          client.dispatcher.dispatch(
            { origin: client.origin.url, path: '/', method: 'GET' },
            {
              onRequestStart() {},
              onResponseData: (_controller, chunk) => void chunks.push(chunk),
              onResponseEnd: () => resolve(chunks),
              onResponseError: (_controller, error) => reject(error)
            }
          )
        })
      await client.get('/')
      await hit()
      for (let n = 0; n < 2; n++) buffers.push((await hit())[0]?.buffer)
      expect(buffers[0]).toBe(buffers[1])
      structuredClone(buffers[0], { transfer: [buffers[0] as ArrayBuffer] })
      expect((await client.get('/')).text).toBe(text)
    }
  })

  it('is asked anew once something has changed', async () => {
    let n = 0
    const store = new RepeatingStore()
    const client = await setUp(store, (setUp, request, response) => answer(`answer ${++n}`)(setUp, request, response))
    for (let i = 0; i < 3; i++) expect((await client.get('/')).text).toBe('answer 1')
    await client.get('/', { method: 'POST' })
    expect((await client.get('/')).text).toBe('answer 3')
    for (let i = 0; i < 3; i++) expect((await client.get('/')).text).toBe('answer 3')
  })
  it("copies only what came along where bodies are new each time ('found') (row M2)", async () => {
    for (const bytes of [1_000, 100_000]) {
      const text = 'x'.repeat(bytes)
      const store = new FindingStore()
      const client = await setUp(store, answer(text))
      await client.get('/')
      for (let n = 0; n < 3; n++) {
        const handed = await handedOut(client.dispatcher, client.origin.url)
        expect(handed.toString()).toBe(text)
        expect(store.opened.includes(handed.buffer)).toBe(bytes > 65_536)
        handed.fill(0)
      }
      expect(client.origin.requests).toHaveLength(1)
    }
  })
  it("SEC-05: is believed no new body ('found') that is not what was checked before (row D3)", async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const flipped = (at: number) => (body: Uint8Array) => body.with(at, (body[at] as number) ^ 1)
    const damages = [flipped(0), flipped(50_000), flipped(99_999), (body: Uint8Array) => body.subarray(1)]
    const text = 'x'.repeat(100_000)
    const store = new FindingStore()
    const client = await setUp(store, answer(text))
    for (const damage of damages) {
      store.damage = (body) => body
      await client.get('/')
      for (let n = 0; n < 3; n++) expect((await client.get('/')).decision.outcome).toBe('hit')
      store.damage = damage
      const { text: served, decision } = await client.get('/')
      expect(served).toBe(text)
      expect(decision.outcome).toBe('miss')
    }
    expect(warned).toHaveBeenCalledTimes(1)
    warned.mockRestore()
  })
})
