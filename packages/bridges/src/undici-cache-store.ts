import type { Readable, Writable } from 'node:stream'
import type { Awaitable } from '@cc/core'

/** The `CacheStore` of undici 7.28 and later, and of 8, as far as it is the same in both. */
export interface UndiciCacheStore {
  get(key: UndiciCacheKey): Awaitable<UndiciFound | undefined>
  createWriteStream(key: UndiciCacheKey, value: UndiciCacheValue): Writable | undefined
  delete(key: UndiciCacheKey): Awaitable<void>
}

export interface UndiciCacheKey {
  origin: string
  method: string
  path: string
  headers?: Record<string, string | string[]>
}

export interface UndiciCacheValue {
  statusCode: number
  statusMessage: string
  headers: Record<string, string | string[]>
  vary?: Record<string, string | string[] | null>
  etag?: string
  /** Undici 7 and 8 do not agree on all of it, and nothing of it is read here. */
  cacheControlDirectives?: object
  cachedAt: number
  staleAt: number
  deleteAt: number
}

export interface UndiciFound extends UndiciCacheValue {
  cacheControlDirectives: object
  body?:
    | Readable
    | Iterable<Buffer>
    | AsyncIterable<Buffer>
    | Buffer
    | Iterable<string>
    | AsyncIterable<string>
    | string
}

/** @throws TypeError for what has not the methods of such a store. */
export function checkMethods<T extends object>(store: T, name: string, methods: readonly (keyof T & string)[]): T {
  for (const method of methods) {
    if (typeof store?.[method] !== 'function') {
      throw new TypeError(`${name}.${method} must be a function, not ${String(store?.[method])}`)
    }
  }
  return store
}
