import type { ServerResponse } from 'node:http'
import { type CacheOptions, type CacheStore, cacheInterceptor } from '@cc/core'
import { afterEach } from '@jest/globals'
import { Agent, type Dispatcher, request } from 'undici'
import { Origin, type ReceivedRequest } from './origin.js'

const cleanUps: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

/** Who asks, and with which credentials. What the origin answers carries the name. */
export interface User {
  readonly name: string
  readonly headers: Readonly<Record<string, string>>
}

/** Answers a request; `secret` is to be planted in the answer, and must never reach anybody but who asked. */
export type Planting = (request: ReceivedRequest, response: ServerResponse, secret: string) => void

export interface LeakClient {
  /** Resolves, when the cache has done with it, to all that the user got: status, fields and body as one text. */
  readonly get: (path: string, user: User) => Promise<string>
  /** The same for several users who ask at the same time; what they got, in their order. */
  readonly getTogether: (path: string, users: readonly User[]) => Promise<string[]>
  /** How many requests the origin has seen. */
  readonly asked: () => number
}

type Interceptor = Dispatcher.DispatcherComposeInterceptor

/** Any number of users behind one cache, and an origin that plants a secret of the user's in each of its answers. */
export async function leakClient(
  store: CacheStore,
  respond: Planting,
  options: Omit<CacheOptions, 'store' | 'onDecision'> = {},
  { above = [], below = [] }: { readonly above?: readonly Interceptor[]; readonly below?: readonly Interceptor[] } = {}
): Promise<LeakClient> {
  const origin = await Origin.start((received, response) => respond(received, response, secretOf(received)))
  const agent = new Agent({ connections: 16 })
  cleanUps.push(
    () => agent.destroy(),
    () => origin.stop()
  )
  const waiting = new Map<string, () => void>()
  const cache = cacheInterceptor({ ...options, store, onDecision: ({ url }) => waiting.get(url)?.() })
  const dispatcher = agent.compose(...below, cache, ...above)
  const ask = async (path: string, { name, headers }: User) => {
    const asked = { dispatcher, headers: { ...headers, 'x-user-name': name } }
    const { statusCode, headers: fields, body } = await request(origin.url + path, asked)
    return `${statusCode} ${JSON.stringify(fields)} ${await body.text()}`
  }
  const get = async (path: string, user: User) => {
    const decided = new Promise<void>((resolve) => waiting.set(origin.url + path, resolve))
    const got = await ask(path, user)
    await decided
    return got
  }
  const getTogether = (path: string, users: readonly User[]) => Promise.all(users.map((user) => ask(path, user)))
  return { get, getTogether, asked: () => origin.requests.length }
}

/** What is planted for a user. The name is no selecting field of anything. */
export function secretOf(received: Pick<ReceivedRequest, 'headers'>): string {
  return `secret-of-${received.headers['x-user-name']}`
}

/** Runs `check` for each of the cases, some at the same time, and returns what it has to say against them. */
export async function complaints<T>(cases: readonly T[], check: (one: T) => Promise<string[]>): Promise<string[]> {
  const found: string[] = []
  const left = cases.values()
  const work = async () => {
    for (const one of left) found.push(...(await check(one)))
  }
  await Promise.all(Array.from({ length: 16 }, work))
  return found
}
