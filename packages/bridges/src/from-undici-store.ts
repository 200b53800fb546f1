import { finished } from 'node:stream/promises'
import type { CacheStore } from '@cc/core'
import type { KeyValue } from './key-value.js'
import { fromKeyValue } from './key-value-store.js'
import type { KeyValueStoreOptions } from './options.js'
import { checkMethods, type UndiciCacheStore, type UndiciFound } from './undici-cache-store.js'

/** Nothing is longer that is put into a key-value here. */
const MAX_VALUE_BYTES = 2_097_152
/** The latest time that a `Date` can have. */
const MAX_TIME = 8_640_000_000_000_000

/**
 * Makes a store of one that was written for undici's own cache interceptor. It is used as a key-value: each thing that is
 * kept is a response to a URL of its own, under an origin that no request has.
 *
 * @throws TypeError for what is no such store, and for wrong options.
 */
export function fromUndiciStore(store: UndiciCacheStore, options: KeyValueStoreOptions = {}): CacheStore {
  checkMethods(store, 'store', ['get', 'createWriteStream', 'delete'])
  return fromKeyValue(keyValueOf(store, options?.clock ?? Date.now), options)
}

function keyValueOf(store: UndiciCacheStore, clock: () => number): KeyValue {
  const keyOf = (path: string) => ({
    origin: 'https://cc-bridges.invalid',
    method: 'GET',
    path: `/${path}`,
    headers: {}
  })
  return {
    get: async (key) => {
      const found = await store.get(keyOf(key))
      return found && readAll(found.body)
    },
    set: async (key, value, ttlMs) => {
      const now = clock()
      const until = Math.min(now + ttlMs, MAX_TIME)
      const head = { statusCode: 200, statusMessage: '', headers: {}, cacheControlDirectives: {} }
      const stream = store.createWriteStream(keyOf(key), { ...head, cachedAt: now, staleAt: until, deleteAt: until })
      if (stream === undefined) throw new Error('the store does not take it')
      stream.end(value)
      await finished(stream)
    },
    delete: (key) => store.delete(keyOf(key))
  }
}

/** A copy of a body in whatever form; `undefined` if it is longer than anything that was put there. */
async function readAll(body: UndiciFound['body']): Promise<Uint8Array | undefined> {
  if (body === undefined || body === null) return undefined
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of typeof body === 'string' || body instanceof Uint8Array ? [body] : body) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk
    length += bytes.byteLength
    if (length > MAX_VALUE_BYTES) return undefined
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
