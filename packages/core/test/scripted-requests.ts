import { Writable } from 'node:stream'
import type { CacheStore } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { Agent, type Dispatcher, request, stream, fetch as undiciFetch } from 'undici'
import { type SetUp, setUp } from './harness.js'
import { turns } from './no-stray-errors.js'
import { type Misbehaviour, type ScriptedOrigin, scriptedBody, scriptedOrigin } from './scripted-origin.js'

export interface Seen {
  readonly text: string
  /** Which of the answers to this path it was. */
  readonly n: number
}

/** Reads an answer to its end, or fails. */
export type Ask = (url: string, dispatcher: Dispatcher, signal?: AbortSignal) => Promise<Seen>

export const apis: readonly { readonly api: string; readonly ask: Ask }[] = [
  {
    api: 'request',
    ask: async (url, dispatcher, signal) => {
      const { headers, body } = await request(url, { dispatcher, ...(signal && { signal }) })
      return { text: await body.text(), n: Number(headers['x-n']) }
    }
  },
  {
    api: 'fetch',
    ask: async (url, dispatcher, signal) => {
      const response = await undiciFetch(url, { dispatcher, ...(signal && { signal }) })
      return { text: await response.text(), n: Number(response.headers.get('x-n')) }
    }
  },
  {
    api: 'stream',
    ask: async (url, dispatcher, signal) => {
      const chunks: Buffer[] = []
      let n = Number.NaN
      await stream(url, { dispatcher, method: 'GET', ...(signal && { signal }) }, ({ headers }) => {
        n = Number((headers as Record<string, string>)['x-n'])
        return new Writable({
          write(chunk, _encoding, done) {
            chunks.push(chunk)
            done()
          }
        })
      })
      return { text: Buffer.concat(chunks).toString(), n }
    }
  }
]

/** What the damaged answer is for the caller: an error, or all that can be known of it. */
const damages: readonly { readonly way: Misbehaviour; readonly text?: string; readonly isStored?: true }[] = [
  { way: 'cutcl' },
  { way: 'rstcl' },
  { way: 'cutchunk' },
  { way: 'rstchunk' },
  { way: 'stall' },
  { way: 'headersOnly' },
  { way: 'halfHead' },
  { way: 'badChunk' },
  { way: 'both' },
  { way: 'crlf' },
  { way: 'closedelim', text: scriptedBody(0).slice(0, 500) },
  { way: 'longcl', text: scriptedBody(0), isStored: true },
  { way: 'twoResponses', text: scriptedBody(0), isStored: true },
  { way: 'slow', text: scriptedBody(0), isStored: true }
]

/** Asks for what comes damaged; gives it up where it stalls. Tells what came of it. */
export async function askDamaged(origin: ScriptedOrigin, ask: Ask, url: string, dispatcher: Dispatcher) {
  const abort = new AbortController()
  void origin
    .stalled()
    .then(() => turns(20))
    .then(() => abort.abort())
  return await ask(url, dispatcher, abort.signal).catch(() => 'an error' as const)
}

/** The damaged answer, a healthy one, and one from the cache, through every function of undici. */
export function threeRequests(kind: string, make: () => CacheStore): void {
  describe.each(['shared', 'private'] as const)(`a %s cache in ${kind}, and an origin that misbehaves`, (type) => {
    describe.each(damages)('by $way (rows B1, B2, B3, B4)', ({ way, text, isStored }) => {
      it.each(apis)('heals, and keeps nothing but what is whole ($api) (MSG-02)', async ({ ask }) => {
        const origin = await scriptedOrigin()
        const client = await clientOf(make(), type)
        const url = `${origin.url}/${way}`
        const damaged = await decided(client, () => askDamaged(origin, ask, url, client.dispatcher))
        expect(damaged).toEqual(text === undefined ? 'an error' : { text, n: 0 })
        await turns()
        const kept = isStored ? 0 : 1
        const whole = { text: scriptedBody(kept), n: kept }
        expect(await decided(client, () => ask(url, client.dispatcher))).toEqual(whole)
        expect(await decided(client, () => ask(url, client.dispatcher))).toEqual(whole)
        expect(origin.requests).toHaveLength(kept + 1)
        expect(client.decisions.at(-1)).toMatchObject({ outcome: 'hit' })
      })
    })
  })

  it.each(damages)('without a cache $way is the same', async ({ way, text }) => {
    for (const { ask } of apis) {
      const agent = new Agent()
      const origin = await scriptedOrigin()
      const damaged = await askDamaged(origin, ask, `${origin.url}/${way}`, agent)
      await agent.destroy()
      expect(damaged).toEqual(text === undefined ? 'an error' : { text, n: 0 })
    }
  })
}

export function clientOf(store: CacheStore, type: 'shared' | 'private' = 'shared'): Promise<SetUp> {
  return setUp(store, (_setUp, _request, response) => response.end(), { type })
}

/** Waits until the cache has done with it, too. */
export async function decided<T>(client: SetUp, ask: () => Promise<T>): Promise<T> {
  const decision = client.nextDecision()
  const seen = await ask()
  await decision
  return seen
}
