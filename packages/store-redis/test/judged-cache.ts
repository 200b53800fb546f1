import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type CacheOptions, type CacheStore, channels, createCache } from '@cc/core'
import { afterAll, beforeAll, jest } from '@jest/globals'
import { Agent, type Dispatcher, request } from 'undici'
import { answersBefore, bytesOf, contentOf, TellingOrigin } from './telling-origin.js'

const cleanUps: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

// That a store fails is what these tests are about; of all else that a process warns of they are still told. From the
// first thing to the last: what is set up before the tests, and what is still going on after one, warns as well.
const emitWarning = process.emitWarning
beforeAll(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation((...args: unknown[]) => {
    const [, options] = args as [unknown, { code?: string } | undefined]
    if (options?.code !== 'CC_STORE_FAILED') Reflect.apply(emitWarning, process, args)
  })
})
afterAll(() => {
  jest.restoreAllMocks()
})

/** A client with a cache before an origin that counts. Every answer is judged: it is one of the origin's, and whole. */
export class JudgedCache {
  readonly origin: TellingOrigin
  readonly cache: ReturnType<typeof createCache>
  readonly #dispatcher: Dispatcher
  /** The least number an answer may have, by path: what came before is outdated. */
  readonly #least = new Map<string, number>()

  private constructor(origin: TellingOrigin, store: CacheStore, options: CacheOptions) {
    this.origin = origin
    this.cache = createCache({ store, ...options })
    this.#dispatcher = new Agent().compose(this.cache.interceptor)
  }

  /** Closed when the tests of the file are over. */
  static async start(store: CacheStore, options: CacheOptions = {}, origin?: TellingOrigin): Promise<JudgedCache> {
    const judged = new JudgedCache(origin ?? (await TellingOrigin.start()), store, options)
    cleanUps.push(() => judged.#stop(store))
    return judged
  }

  /** Asks for a path; where the answer came from. Rejects unless the answer is one of the origin's, to the last byte. */
  async get(path: string): Promise<'stored' | 'origin'> {
    const from = await this.outcome(path)
    if (from === 'broken') throw new Error(`${path}: a stored body ended in an error`)
    return from
  }

  /** The same where a stored body may break: it ends in an error then. */
  async outcome(path: string, whenBegun?: () => unknown): Promise<'stored' | 'origin' | 'broken'> {
    const least = this.#least.get(path) ?? 0
    const { statusCode, headers, body } = await request(this.origin.url + path, { dispatcher: this.#dispatcher })
    await whenBegun?.()
    const from = headers.age === undefined ? 'origin' : 'stored'
    const bytes = await body.arrayBuffer().catch((error: unknown) => {
      if (from === 'stored') return undefined
      throw error
    })
    if (bytes === undefined) return 'broken'
    const content = Buffer.from(bytes)
    const n = Number(String(headers.etag).slice(1, -1))
    const isWhole = content.equals(contentOf(path, n, bytesOf(path)))
    if (statusCode !== 200 || !isWhole) {
      const shown = content.subarray(0, 80)
      throw new Error(`${path}: status ${statusCode}, answer ${n}, ${content.byteLength} bytes: ${shown}`)
    }
    if (n < least) throw new Error(`${path}: answer ${n} is outdated, ${least} is the least`)
    return from
  }

  /** Asks for a path and writes into what it gets. */
  async spoil(path: string): Promise<void> {
    const { body } = await request(this.origin.url + path, { dispatcher: this.#dispatcher })
    for await (const chunk of body) chunk.fill(0)
  }

  /** Makes the answers to a path outdated. */
  async post(path: string): Promise<void> {
    const { headers, body } = await request(this.origin.url + path, { dispatcher: this.#dispatcher, method: 'POST' })
    await body.dump()
    this.#least.set(path, Math.max(this.#least.get(path) ?? 0, Number(headers[answersBefore])))
  }

  /** Asks until the answer was stored: the store serves again. With `heals`, stored bodies may break before that. */
  async untilStored(path: string, heals?: 'heals'): Promise<void> {
    const ask = () => (heals ? this.outcome(path) : this.get(path))
    while ((await ask()) !== 'stored') await new Promise((resolve) => setImmediate(resolve))
  }

  /** Resolves when nothing is being stored any more. */
  async settled(): Promise<void> {
    await this.cache.close()
  }

  async #stop(store: CacheStore): Promise<void> {
    await this.settled()
    await this.#dispatcher.destroy()
    await store.close?.()
    await this.origin.stop()
  }
}

/** Collects what caches tell of failing stores, until the test is over. */
export function storeFailures(): { operation: string; error: unknown }[] {
  const failures: { operation: string; error: unknown }[] = []
  const collect = (message: unknown) => void failures.push(message as { operation: string; error: unknown })
  subscribe(channels.storeFailure, collect)
  cleanUps.push(async () => unsubscribe(channels.storeFailure, collect))
  return failures
}

export interface Load {
  readonly requests: number
  readonly concurrency: number
  readonly paths: readonly string[]
  /** One in so many is a POST; none if unset. */
  readonly postEvery?: number
  /** Called with the number of requests that are answered. */
  readonly onAnswer?: (answered: number) => void
}

/** Asks for paths in turn, many at a time; how many answers came from where. Rejects at the first that is wrong. */
export async function underLoad(
  cache: JudgedCache,
  { requests, concurrency, paths, postEvery, onAnswer }: Load
): Promise<{ stored: number; origin: number }> {
  const from = { stored: 0, origin: 0 }
  let begun = 0
  let answered = 0
  const client = async () => {
    while (begun < requests) {
      const n = begun++
      const path = paths[(n * 7919) % paths.length] as string
      if (postEvery !== undefined && n % postEvery === postEvery - 1) await cache.post(path)
      else from[await cache.get(path)]++
      onAnswer?.(++answered)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, client))
  return from
}
