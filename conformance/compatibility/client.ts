import { gunzipSync } from 'node:zlib'
import { type CacheDecision, type CacheOptions, cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { afterEach } from '@jest/globals'
import { Agent, type Dispatcher, fetch, request } from 'undici'
import { Origin, type Protocol } from './origin.js'

export type Interceptor = Dispatcher.DispatcherComposeInterceptor

const cleanUps: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** Runs after the test, the last one given first. */
export function after(cleanUp: () => Promise<unknown>): void {
  cleanUps.push(cleanUp)
}

export async function startOrigin(protocol: Protocol, path?: string): Promise<Origin> {
  const origin = await Origin.start(protocol, path)
  after(() => origin.stop())
  return origin
}

/** What a connection needs to reach the origin. */
export function reaching({ cert, protocol }: Origin) {
  return protocol === 'http' ? {} : { connect: { ca: cert }, allowH2: protocol === 'h2' }
}

/** An agent that reaches the origin, taken down after the test. */
export function agentFor(origin: Origin, options: Agent.Options = {}): Agent {
  const agent = new Agent({ ...reaching(origin), ...options })
  after(() => agent.destroy())
  return agent
}

export interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly text: string
  /** The text without its content coding, if it came with one. */
  readonly decoded: string
}

/** A dispatcher with a cache somewhere in it. */
export class Client {
  readonly decisions: CacheDecision[] = []
  readonly #waiting: (() => void)[] = []

  /** The cache to put into the dispatcher; always `private` but where a test says otherwise, for a process of one user. */
  cache(options: CacheOptions = {}): Interceptor {
    return cacheInterceptor({
      type: 'private',
      store: new DictStore(),
      ...options,
      onDecision: (decision) => {
        this.decisions.push(decision)
        for (const resolve of this.#waiting.splice(0)) resolve()
      }
    })
  }

  get outcomes(): string[] {
    return this.decisions.map(({ outcome }) => outcome)
  }

  /** Resolves when there were that many decisions. */
  async decided(count: number): Promise<void> {
    while (this.decisions.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}

export interface Ask {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

export async function ask(dispatcher: Dispatcher, url: string, options: Ask = {}): Promise<Answer> {
  const { statusCode, headers, body } = await request(url, { dispatcher, ...options } as Parameters<typeof request>[1])
  const bytes = Buffer.from(await body.arrayBuffer())
  const decoded = headers['content-encoding'] === 'gzip' && bytes.length > 0 ? gunzipSync(bytes) : bytes
  return { status: statusCode, headers, text: bytes.toString(), decoded: decoded.toString() }
}

/** The same with `fetch`, which decodes, and which is to follow redirects no more than `request` does. */
export async function askByFetch(dispatcher: Dispatcher, url: string, options: Ask = {}): Promise<Answer> {
  const response = await fetch(url, { dispatcher, redirect: 'manual', ...options })
  const text = await response.text()
  return { status: response.status, headers: Object.fromEntries(response.headers), text, decoded: text }
}
