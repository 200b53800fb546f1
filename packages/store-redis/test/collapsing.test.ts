import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CacheOptions, type CacheStore, type CollapseEvent, channels, createCache } from '@cc/core'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { Agent, type Dispatcher, request } from 'undici'
import { RedisStore } from '../src/index.js'
// There a failing store is no warning.
import './judged-cache.js'
import { startRedis } from './servers/index.js'
import { contentOf } from './telling-origin.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** An origin whose answers wait for the test. */
class HeldOrigin {
  readonly held: ServerResponse[] = []
  readonly #server: Server
  readonly #waiting = new Set<() => void>()

  constructor() {
    this.#server = createServer((_request, response) => {
      this.held.push(response.setHeader('Cache-Control', 'max-age=3600').setHeader('ETag', '"a"'))
      for (const resolve of this.#waiting) resolve()
      this.#waiting.clear()
    })
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    closing.push(async () => {
      this.#server.closeAllConnections()
      await new Promise((resolve) => this.#server.close(resolve))
    })
    return this
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  /** The answer to request number `n`, from 0, once that has come. */
  async answer(n: number): Promise<ServerResponse> {
    while (this.held.length <= n) await new Promise<void>((resolve) => this.#waiting.add(resolve))
    return this.held[n] as ServerResponse
  }
}

/** What a process has: a cache of its own with a store of its own. */
function processOf(store: CacheStore, options: CacheOptions = {}) {
  const cache = createCache({ store, storeTimeoutMs: 60_000, ...options })
  const dispatcher: Dispatcher = new Agent().compose(cache.interceptor)
  closing.push(async () => {
    await cache.close()
    await dispatcher.destroy()
    await store.close?.()
  })
  return { cache, dispatcher }
}

function clientOf(port: number): Redis {
  const client = new Redis(port)
  client.on('error', () => {})
  closing.push(() => client.disconnect())
  return client
}

/** A client through which no response becomes visible: the connection breaks each time. */
function refusing(client: Redis): Redis {
  return Object.create(client, {
    evalsha: {
      value: (sha1: string, keyCount: number, ...args: string[]) =>
        args[1] === 'cc:1:generation' ? Promise.reject(new Error('cut')) : client.evalsha(sha1, keyCount, ...args)
    }
  })
}

async function get(url: string, dispatcher: Dispatcher): Promise<{ from: 'stored' | 'origin'; body: Buffer }> {
  const { headers, body } = await request(url, { dispatcher })
  return { from: headers.age === undefined ? 'origin' : 'stored', body: Buffer.from(await body.arrayBuffer()) }
}

/** Resolves when so many requests, from now on, wait for an answer or share one. */
function joined(count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count
    const note = (message: unknown) => {
      const { action } = message as CollapseEvent
      if (action === 'sent-on' || --left > 0) return
      unsubscribe(channels.collapse, note)
      resolve()
    }
    subscribe(channels.collapse, note)
    closing.push(() => unsubscribe(channels.collapse, note))
  })
}

describe('an answer that is shared while it is on its way to Redis, and does not arrive there', () => {
  it.each([1_000, 100_000, 3_000_000])('COLL-01: is whole for all who have it: %i bytes (row R2)', async (length) => {
    const redis = await startRedis()
    const origin = await new HeldOrigin().start()
    const { dispatcher, cache } = processOf(new RedisStore({ client: refusing(clientOf(redis.port)) }))
    const content = contentOf('/', 0, length)
    const others = joined(7)
    const asking = Array.from({ length: 8 }, () => get(origin.url, dispatcher))
    const answer = await origin.answer(0)
    await others
    answer.write(content.subarray(0, length / 2))
    // Some come while it does, and perhaps too late for its beginning.
    asking.push(...Array.from({ length: 8 }, () => get(origin.url, dispatcher)))
    answer.end(content.subarray(length / 2))
    const more = (async () => {
      for (let n = 1; ; n++) (await origin.answer(n)).end(content)
    })()
    for (const { body } of await Promise.race([Promise.all(asking), more])) expect(body.equals(content)).toBe(true)
    await cache.close()
    // Nobody finds it later.
    const later = get(origin.url, dispatcher)
    expect((await Promise.race([later, more])).from).toBe('origin')
    for await (const key of new RedisStore({ client: clientOf(redis.port) }).keys()) throw new Error(`${key} is there`)
  })

  it.each([
    ['it is the same', 0],
    ['it is another one', 1]
  ])('COLL-01: who fell behind asks for the rest himself, and gets a mixture never: %s', async (_what, n) => {
    const redis = await startRedis()
    const origin = await new HeldOrigin().start()
    const { dispatcher, cache } = processOf(new RedisStore({ client: refusing(clientOf(redis.port)) }))
    const content = contentOf('/', 0, 8_000_000)
    const quick = get(origin.url, dispatcher)
    const answer = await origin.answer(0)
    const waits = joined(1)
    const slow = request(origin.url, { dispatcher })
    await waits
    answer.end(content)
    const { body } = await slow
    const reading = body[Symbol.asyncIterator]()
    const seen: Buffer[] = [(await reading.next()).value]
    expect((await quick).body.equals(content)).toBe(true)
    await cache.close()
    const rest = (async () => {
      for (let next = await reading.next(); !next.done; next = await reading.next()) seen.push(next.value)
      return Buffer.concat(seen)
    })()
    const isOver = rest.then(
      () => undefined,
      () => undefined
    )
    const again = await Promise.race([origin.answer(1), isOver])
    again?.end(contentOf('/', n, content.byteLength))
    if (n === 0) expect((await rest).equals(content)).toBe(true)
    else await expect(rest).rejects.toMatchObject({ code: 'CC_FELL_BEHIND' })
    expect(origin.held).toHaveLength(2)
  })

  it('COLL-01: is asked for anew by the processes that waited for it (row L10)', async () => {
    const redis = await startRedis()
    const origin = await new HeldOrigin().start()
    const across = { collapseAcrossProcesses: true, collapseWaitMs: 600_000 }
    const first = processOf(new RedisStore({ client: refusing(clientOf(redis.port)) }), across)
    const others = [1, 2].map(() => processOf(new RedisStore({ client: clientOf(redis.port) }), across))
    const asking = [get(origin.url, first.dispatcher)]
    const answer = await origin.answer(0)
    for (const { dispatcher } of others) for (let n = 0; n < 4; n++) asking.push(get(origin.url, dispatcher))
    // All of them listen for the end of the first one.
    for (;;) {
      const [name] = (await redis.ask('PUBSUB', 'CHANNELS', 'cc:*')) as string[]
      if (name === undefined) continue
      const [, listening] = (await redis.ask('PUBSUB', 'NUMSUB', name)) as [string, number]
      if (listening === others.length) break
    }
    answer.end('never stored')
    for (let n = 1; n <= others.length; n++) void origin.answer(n).then((response) => response.end('stored'))
    const [own, ...answers] = (await Promise.all(asking)).map(({ body }) => body.toString())
    expect(own).toBe('never stored')
    expect(new Set(answers)).toEqual(new Set(['stored']))
    expect(origin.held.length).toBeLessThanOrEqual(1 + others.length)
  })
})
