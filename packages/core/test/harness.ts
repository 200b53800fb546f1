import {
  type CacheDecision,
  type CacheHandle,
  type CacheMode,
  type CacheOptions,
  type CacheStore,
  createCache
} from '@cc/core'
import { afterEach } from '@jest/globals'
import { Agent, type Dispatcher, request } from 'undici'
import { MapStore } from './map-store.js'
import { Origin, type Respond } from './origin.js'

const cleanUps: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

/** The stores that every rule is tried on: one that answers at once with its own objects, and one that does neither. */
export const stores: readonly [name: string, make: () => MapStore][] = [
  ['a store in memory', () => new MapStore({ sync: true, keepsObjects: true })],
  ['a store elsewhere', () => new MapStore()]
]

/** A clock that stands still until it is moved. */
export class TestClock {
  now = Date.parse('2026-01-05T12:00:00Z')

  advance(seconds: number): void {
    this.now += seconds * 1000
  }

  /** The time, some seconds from now, as an HTTP-date. */
  date(seconds = 0): string {
    return new Date(this.now + seconds * 1000).toUTCString()
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly text: string
  /** How the cache decided. */
  readonly decision: CacheDecision
}

export interface Ask {
  readonly method?: string
  readonly headers?: Dispatcher.DispatchOptions['headers']
  readonly body?: Dispatcher.DispatchOptions['body']
  readonly cacheMode?: CacheMode
  /** Another origin than the one that was set up. */
  readonly origin?: string
}

/** A client with a cache in front of a real origin. All of it is taken down after the test. */
export class SetUp {
  readonly clock = new TestClock()
  readonly decisions: CacheDecision[] = []
  readonly cache: CacheHandle
  readonly dispatcher: Dispatcher
  readonly #waiting: ((decision: CacheDecision) => void)[] = []

  constructor(
    readonly origin: Origin,
    readonly store: CacheStore,
    options: Omit<CacheOptions, 'store' | 'clock' | 'onDecision'>
  ) {
    const agent = new Agent()
    cleanUps.push(() => agent.destroy())
    this.cache = createCache({
      ...options,
      store,
      clock: () => this.clock.now,
      onDecision: (decision) => {
        this.decisions.push(decision)
        this.#waiting.shift()?.(decision)
      }
    })
    this.dispatcher = agent.compose(this.cache.interceptor)
  }

  /** Asks for a path and reads the answer to its end, and waits until the cache has done with it. */
  async get(path: string, { origin = this.origin.url, ...ask }: Ask = {}): Promise<Answer> {
    const decided = new Promise<CacheDecision>((resolve) => this.#waiting.push(resolve))
    const { statusCode, headers, body } = await request(`${origin}${path}`, {
      method: (ask.method ?? 'GET') as 'GET',
      dispatcher: this.dispatcher,
      ...(ask.headers !== undefined && { headers: ask.headers }),
      ...(ask.body !== undefined && { body: ask.body }),
      ...(ask.cacheMode !== undefined && { cacheMode: ask.cacheMode })
    })
    const text = await body.text()
    return { status: statusCode, headers, text, decision: await decided }
  }

  /** Resolves with the next decision that nobody waits for yet, such as one of a validation in the background. */
  nextDecision(): Promise<CacheDecision> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** How many requests the origin has seen. */
  get asked(): number {
    return this.origin.requests.length
  }
}

/** Starts an origin that answers with `respond`, and a client whose cache keeps what it stores in `store`. */
export async function setUp(
  store: CacheStore,
  respond: (setUp: SetUp, ...args: Parameters<Respond>) => void,
  options: Omit<CacheOptions, 'store' | 'clock' | 'onDecision'> = {}
): Promise<SetUp> {
  const origin = await Origin.start((...args) => respond(ready, ...args))
  cleanUps.push(() => origin.stop())
  const ready = new SetUp(origin, store, options)
  return ready
}
