import type { StoredResponse } from '../src/rules/messages.js'
import { SetUp } from './harness.js'
import type { MapStore } from './map-store.js'

interface Kept {
  readonly response: StoredResponse
  readonly body: Uint8Array
}

/** Another client with a cache of its own, on the same store and in front of the same origin. */
export function another({ origin, store }: SetUp, options: ConstructorParameters<typeof SetUp>[2] = {}): SetUp {
  return new SetUp(origin, store, options)
}

/** Does to everything in a store what somebody may who can write into it. */
export async function rewrite(
  store: MapStore,
  change: (kept: Kept) => { readonly response: object; readonly body: Uint8Array }
): Promise<void> {
  const keys: string[] = []
  for await (const key of store.keys()) keys.push(key)
  for (const key of keys) {
    const { responses } = await store.get(key)
    for (const { response, body } of responses) {
      const whole = body ?? (await wholeBody(store, key, response.id))
      const changed = change({ response, body: whole })
      await store.delete(key, response.slot)
      await store.set(key, changed.body, () => changed.response as StoredResponse)
    }
  }
}

async function wholeBody(store: MapStore, key: string, id: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of (await store.openBody(key, id)) as AsyncIterable<Uint8Array>) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** The first that is stored under a key with this end. */
export async function storedUnder(store: MapStore, path: string): Promise<StoredResponse> {
  for await (const key of store.keys()) {
    if (key.endsWith(path)) return (await store.get(key)).responses[0]?.response as StoredResponse
  }
  throw new Error(`nothing is stored under ${path}`)
}
