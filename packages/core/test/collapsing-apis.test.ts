import { Writable } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import { type Dispatcher, fetch, interceptors, request, stream } from 'undici'
import { Barrier, decided, ok, send } from './answers.js'
import { setUp, stores } from './harness.js'
import { turns } from './no-stray-errors.js'

type Asks = (url: string, dispatcher: Dispatcher) => Promise<string>

/** `pipeline` has a body to send, so it passes the cache by. */
const apis: Record<string, Asks> = {
  request: async (url, dispatcher) => (await request(url, { dispatcher })).body.text(),
  fetch: async (url, dispatcher) => (await fetch(url, { dispatcher })).text(),
  stream: async (url, dispatcher) => {
    const pieces: Buffer[] = []
    const opaque = new Writable({
      write(piece, _encoding, done) {
        pieces.push(Buffer.from(piece))
        done()
      }
    })
    await stream(url, { dispatcher, method: 'GET', opaque }, () => opaque)
    return Buffer.concat(pieces).toString()
  }
}

describe.each(stores)('COLL-01: the API of undici with %s', (_name, makeStore) => {
  it.each(Object.keys(apis))('%s: shares an answer with all others, first or not', async (name) => {
    const barrier = new Barrier()
    const body = Buffer.alloc(300_000, 'x').toString()
    const client = await setUp(makeStore(), ({ clock }, _request, response, n) => {
      barrier.hold(() => send(response, { ...ok('max-age=60'), body }, clock, n))
    })
    const asks = [apis[name] as Asks, ...Object.values(apis), apis[name] as Asks]
    const answers = asks.map((ask) => ask(`${client.origin.url}/`, client.dispatcher))
    await barrier.held(1)
    await turns(50)
    barrier.release(0)
    for (const text of await Promise.all(answers)) expect(text).toBe(body)
    expect(client.asked).toBe(1)
    await decided(client, asks.length)
  })

  it('a retry above the cache tries again for its own request only', async () => {
    const barrier = new Barrier()
    const client = await setUp(makeStore(), ({ clock }, _request, response, n) => {
      barrier.hold(() => (n === 0 ? response.destroy() : send(response, ok('max-age=60'), clock, n)))
    })
    const dispatcher = client.dispatcher.compose(interceptors.retry({ minTimeout: 1, maxRetries: 2 }))
    const answers = [0, 1, 2].map(() =>
      request(`${client.origin.url}/`, { dispatcher }).then(({ body }) => body.text())
    )
    await barrier.held(1)
    await turns(50)
    barrier.release(0)
    await barrier.held(4)
    for (const n of [1, 2, 3]) barrier.release(n)
    for (const text of await Promise.all(answers)) expect(text).toMatch(/^body [123]$/)
    await decided(client, 4)
  })
})
