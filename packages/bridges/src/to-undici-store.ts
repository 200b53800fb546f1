import { Writable } from 'node:stream'
import type { CacheStore } from '@cc/core'
import { collect } from './pieces.js'
import {
  checkMethods,
  type UndiciCacheKey,
  type UndiciCacheStore,
  type UndiciCacheValue,
  type UndiciFound
} from './undici-cache-store.js'
import { isIntact, matches, readEntry, storedOf } from './undici-entry.js'

/** Options of {@link toUndiciStore}. */
export interface UndiciStoreOptions {
  /**
   * The longest body stored. A body is held in memory while it is written, and read whole before it is given out, so
   * that a damaged one is a miss.
   * @unit bytes, 1 or more
   * @defaultValue 5_242_880 (5 MiB), or the `maxEntryBytes` of the store if that is less
   * @example
   * ```js
   * import { toUndiciStore } from '@cc/bridges'
   * import { FileStore } from '@cc/store-file'
   * import { Agent, interceptors } from 'undici'
   *
   * // Pages, and no films.
   * const store = toUndiciStore(new FileStore('.web_cache'), { maxEntryBytes: 1024 ** 2 })
   * export const agent = new Agent().compose(interceptors.cache({ store }))
   * ```
   */
  maxEntryBytes?: number
}

/** Metadata of more than that is not stored. */
const MAX_METADATA_BYTES = 65_536

/**
 * Makes a store for undici's own `interceptors.cache({ store })` of one for `@cc/core`. What is decided about requests and
 * responses is undici's then: the requirements that `@cc/core` meets do not hold there.
 *
 * @throws TypeError for what is no store, and for wrong options.
 */
export function toUndiciStore(store: CacheStore, options: UndiciStoreOptions = {}): UndiciCacheStore {
  checkMethods(store, 'store', ['get', 'openBody', 'set', 'delete'])
  if (store.contract !== 1) throw new TypeError(`store.contract must be 1, not ${String(store.contract)}`)
  const { maxEntryBytes = 5_242_880 } = options
  if (!Number.isSafeInteger(maxEntryBytes) || maxEntryBytes <= 0) {
    throw new TypeError(`maxEntryBytes must be a positive integer, not ${String(maxEntryBytes)}`)
  }
  return new UndiciStore(store, Math.min(maxEntryBytes, store.maxEntryBytes ?? maxEntryBytes))
}

class UndiciStore implements UndiciCacheStore {
  readonly #store: CacheStore
  readonly #maxEntryBytes: number
  /** What is being written, by key: what was asked for before a deletion is not stored after it. */
  readonly #writing = new Map<string, Set<Writable>>()

  constructor(store: CacheStore, maxEntryBytes: number) {
    this.#store = store
    this.#maxEntryBytes = maxEntryBytes
  }

  async get(key: UndiciCacheKey): Promise<UndiciFound | undefined> {
    const place = placeOf(key)
    const now = Date.now()
    const { responses } = await this.#store.get(place)
    const entries = responses.flatMap(({ response, body }) => {
      const entry = readEntry(response)
      return entry !== undefined && entry.value.deleteAt > now && matches(entry, key) ? [{ entry, body }] : []
    })
    const [newest] = entries.sort((a, b) => b.entry.stored.responseTime - a.entry.stored.responseTime)
    if (newest === undefined) return undefined
    const { stored, value } = newest.entry
    const body = newest.body ?? (await this.#store.openBody(place, stored.id))
    const pieces = body && (await collect(body, stored.bodyBytes))
    if (pieces === undefined || !isIntact(pieces, stored)) return undefined
    return { cacheControlDirectives: {}, ...value, body: pieces }
  }

  createWriteStream(key: UndiciCacheKey, value: UndiciCacheValue): Writable | undefined {
    if (Buffer.byteLength(JSON.stringify([key.method, value])) > MAX_METADATA_BYTES) return undefined
    const place = placeOf(key)
    const begun = Date.now()
    const chunks: Uint8Array[] = []
    let length = 0
    const stream: Writable = new Writable({
      write: (chunk: Uint8Array, _, done) => {
        length += chunk.byteLength
        if (length > this.#maxEntryBytes) stream.destroy()
        else chunks.push(chunk)
        done()
      },
      final: async (done) => {
        try {
          const pieces = (await collect(chunks, length)) ?? []
          const stored = storedOf(place, key, value, pieces, begun)
          await this.#store.set(place, pieces, () => (stream.destroyed ? undefined : stored))
          done()
        } catch (error) {
          done(error as Error)
        }
      },
      destroy: (error, done) => {
        this.#ended(place, stream)
        done(error)
      }
    })
    this.#writing.set(place, (this.#writing.get(place) ?? new Set()).add(stream))
    return stream
  }

  async delete(key: UndiciCacheKey): Promise<void> {
    const place = placeOf(key)
    for (const stream of [...(this.#writing.get(place) ?? [])]) stream.destroy()
    await this.#store.delete(place)
  }

  #ended(place: string, stream: Writable): void {
    const streams = this.#writing.get(place)
    streams?.delete(stream)
    if (streams?.size === 0) this.#writing.delete(place)
  }
}

/** One key for all methods: that is what undici's stores delete at once. */
function placeOf({ origin, path }: UndiciCacheKey): string {
  return `undici ${JSON.stringify([origin, path])}`
}
