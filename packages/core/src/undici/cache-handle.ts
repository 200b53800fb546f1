import type { Dispatcher } from 'undici'
import type { CacheStats } from '../counts.js'
import type { CacheEntry } from '../stored-entries.js'
import type { ExplainedRequest, ExplainedResponse, Explanation } from './explanation.js'
import type { AskedFor } from './operation-target.js'

/** Where in the cache an operation is to take place. */
export interface PartitionOption {
  /**
   * A name as the option `partition` gives it; needed where that option is set and no request says it.
   * @defaultValue unset: the part without a name; with `entries()` all parts
   * @example
   * ```js
   * import { createCache } from '@cc/core'
   *
   * // shared: tenants, told apart by a field.
   * const cache = createCache({ partition: (request) => request.field('x-tenant') ?? '' })
   * await cache.invalidate('https://api.example.com/prices', { partition: 'acme' })
   * ```
   */
  readonly partition?: string
}

/** What `purge()` removes: what meets all that is given, at least one of them. */
export interface PurgeOptions {
  /**
   * The origin whose responses go, such as `https://api.example.com`.
   * @defaultValue unset: all origins
   * @example
   * ```js
   * import { createCache } from '@cc/core'
   *
   * // shared: the default.
   * const cache = createCache()
   * await cache.purge({ origin: 'https://api.example.com' })
   * ```
   */
  readonly origin?: string | URL
  /**
   * What path and query begin with, such as `/users/`.
   * @defaultValue unset: all paths
   * @example
   * ```js
   * import { createCache } from '@cc/core'
   *
   * // shared: the default.
   * const cache = createCache()
   * await cache.purge({ origin: 'https://api.example.com', pathPrefix: '/users/' })
   * ```
   */
  readonly pathPrefix?: string
  /**
   * Asked for each stored response whether it goes.
   * @defaultValue unset: all that meet the other conditions
   * @example
   * ```js
   * import { createCache } from '@cc/core'
   *
   * // shared: the default.
   * const cache = createCache()
   * await cache.purge({ predicate: ({ status }) => status === 404 })
   * ```
   */
  readonly predicate?: (entry: CacheEntry) => boolean
  /**
   * The part of the cache that is gone through, by the name that the option `partition` gives it.
   * @defaultValue unset: all parts of the cache
   * @example
   * ```js
   * import { createCache } from '@cc/core'
   *
   * // shared: tenants, told apart by a field.
   * const cache = createCache({ partition: (request) => request.field('x-tenant') ?? '' })
   * await cache.purge({ partition: 'acme' })
   * ```
   */
  readonly partition?: string
}

/** Options of `close()`. */
export interface CloseOptions {
  /**
   * How long to wait for work in the background; what is left then is cancelled. 0 cancels at once.
   * @unit milliseconds, 0 or more
   * @defaultValue 10_000
   * @example
   * ```js
   * import { createCache } from '@cc/core'
   *
   * // shared: the default.
   * const cache = createCache()
   * // The host gives a process two seconds to end.
   * await cache.close({ waitMs: 2_000 })
   * ```
   */
  readonly waitMs?: number
}

/**
 * A cache that can be composed into dispatchers, and looked into. What its operations ask of the store they answer for:
 * they reject with a {@link StoreOperationError} where the store cannot do it, or fails.
 */
export interface CacheHandle {
  /** For `dispatcher.compose()`, as often as needed: all that it is composed into share the cache. */
  readonly interceptor: Dispatcher.DispatcherComposeInterceptor
  /**
   * Removes what is stored for a URL, with all its variants, or under the cache key of a request. Answers to requests
   * that are under way are validated before they are used. Others in the same cache groups stay.
   */
  delete(target: string | URL | AskedFor, options?: PartitionOption): Promise<void>
  /**
   * Has everything stored for a URL validated before it is used again (INV-04). Others in the same cache groups are not
   * concerned, as they are with a successful unsafe request (GRP-02). If the store fails, it is so in this process all the
   * same.
   */
  invalidate(url: string | URL, options?: PartitionOption): Promise<void>
  /**
   * Has all members of a cache group of an origin validated before they are used again, however many there are, as
   * `Cache-Group-Invalidation` does (GRP-02). If the store fails, it is so in this process all the same. Rejects with a
   * TypeError where the option `cacheGroups` is `false`.
   */
  invalidateGroup(origin: string | URL, name: string, options?: PartitionOption): Promise<void>
  /** All that is stored and that this cache could use, validated or not, of one part of the cache or of all. In no order. */
  entries(options?: PartitionOption): AsyncIterableIterator<CacheEntry>
  /** Removes what meets all conditions. Goes through all keys of the store. */
  purge(options: PurgeOptions): Promise<void>
  /** Removes all that the store has, also what other caches have put there. */
  clear(): Promise<void>
  /**
   * Why a request is answered as it is: by what the store has for it now. Where a response is given, as if that were
   * stored beside it. Nothing is sent, and nothing stored.
   */
  explain(request: ExplainedRequest, response?: ExplainedResponse): Promise<Explanation>
  /** How often what happened, since the cache was made. */
  stats(): CacheStats
  /**
   * Waits until nothing is validated or stored in the background any more, and closes the store if none was given. The
   * cache can be used again afterwards; it opens a new store then.
   */
  close(options?: CloseOptions): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
