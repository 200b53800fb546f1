import { createHash } from 'node:crypto'
import { type Dispatcher, request } from 'undici'
import { turns } from '../../packages/core/test/no-stray-errors.js'
import type { Scenario, Step } from './scenarios.js'

/** What a caller has got. */
export interface Got {
  readonly status: number
  readonly statusText: string
  /** Without what differs by the time or the connection. */
  readonly fields: string
  /** Unset where the caller gave it up. */
  readonly body?: string
}

/** A request that ended in an error. */
export interface Failed {
  /** Its code, or its name. */
  readonly failed: string
  readonly stack?: string
}

/** What a request has failed with that had to be given up. */
export const hung = 'there was no answer'

/** The answers to one step, and how long they took. */
export interface Played {
  readonly got: readonly (Got | Failed)[]
  readonly tookMs: number
}

/** Fields that a cache adds or leaves out, or that belong to one connection. RFC 9111 §3.1. */
const notCompared = new Set(['age', 'cache-status', 'date', 'connection', 'keep-alive', 'transfer-encoding'])
/** What takes longer than that hangs. */
const patienceMs = 20_000

export interface Playing {
  readonly dispatcher: Dispatcher
  /** Base of all that is asked for. */
  readonly url: string
  /** Moves the clock of the cache. */
  readonly advance?: (seconds: number) => void
  readonly answered?: () => void
}

/** Does all of a scenario, one step after the other, up to one that hangs. */
export async function play({ steps }: Scenario, playing: Playing): Promise<Played[]> {
  const played: Played[] = []
  for (const step of steps) {
    if (step.after !== undefined) playing.advance?.(step.after)
    const began = performance.now()
    const got = await Promise.all(Array.from({ length: step.times ?? 1 }, () => ask(step, playing)))
    played.push({ got, tookMs: performance.now() - began })
    if (got.some((got) => 'failed' in got && got.failed === hung)) return played
    playing.answered?.()
    await turns(6)
  }
  return played
}

async function ask(
  { ask, method = 'GET', headers, body: content, mode, abort }: Step,
  playing: Playing
): Promise<Got | Failed> {
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(new Error(hung)), patienceMs)
  const left = abort === 'at once' ? new AbortController() : undefined
  try {
    const asking = request(`${playing.url}/${ask}`, {
      dispatcher: playing.dispatcher,
      method: method as 'GET',
      signal: left?.signal ?? patience.signal,
      ...(headers !== undefined && { headers }),
      ...(content !== undefined && { body: content }),
      ...(mode !== undefined && { cacheMode: mode })
    })
    left?.abort()
    const response = await asking
    const { statusCode: status, statusText, body } = response
    const got = { status, statusText, fields: comparable(response.headers) }
    if (abort === undefined) return { ...got, body: await digestOf(body) }
    if (abort === 'data') for await (const _first of body) break
    else body.on('error', () => {}).destroy()
    return got
  } catch (error) {
    if (patience.signal.aborted) return { failed: hung }
    const { code, name, stack } = error as Error & { code?: string }
    return { failed: code ?? name, ...(stack !== undefined && { stack }) }
  } finally {
    clearTimeout(timer)
  }
}

function comparable(headers: Record<string, unknown>): string {
  const compared = Object.entries(headers).filter(([name]) => !notCompared.has(name))
  return JSON.stringify(compared.sort(([one], [other]) => (one < other ? -1 : 1)))
}

async function digestOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha1')
  let length = 0
  for await (const chunk of body) {
    hash.update(chunk)
    length += chunk.byteLength
  }
  return `${length} bytes ${hash.digest('hex')}`
}
