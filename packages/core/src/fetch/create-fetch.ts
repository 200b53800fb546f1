import { Agent, Dispatcher, getGlobalDispatcher } from 'undici'
import { type CacheHandle, type CacheOptions, createCache } from '../index.js'
import { cachedFetch, type Fetch } from './cached-fetch.js'

/** Options of {@link createFetch}: all of `cacheInterceptor`, and where requests go. */
export interface FetchOptions extends CacheOptions {
  /**
   * Where requests go that the cache sends on. Set it for a proxy, for limits of connections or for interceptors that
   * belong below the cache. A `dispatcher` in the second argument of the `fetch` takes its place for one request.
   * @defaultValue unset: the global dispatcher at the time of each request, or an `Agent` if that one is of another
   * undici
   * @example
   * ```js
   * import { createFetch } from '@cc/core/fetch'
   * import { Agent } from 'undici'
   *
   * // private: a command that asks one slow host, and not with many connections.
   * export const fetch = createFetch({ type: 'private', dispatcher: new Agent({ connections: 4 }) })
   * ```
   */
  readonly dispatcher?: Dispatcher
}

/**
 * A `fetch` with a cache of its own, which honours all `cache` modes of the Fetch standard.
 *
 * @param options - those of `cacheInterceptor`, and where requests go
 * @throws TypeError for an unknown option or a value it cannot have, naming both
 */
export function createFetch({ dispatcher, ...options }: FetchOptions = {}): Fetch {
  if (dispatcher !== undefined) checkDispatcher('createFetch', dispatcher)
  return fetchThrough(createCache(options), dispatcher)
}

/** Through a cache, to a dispatcher; without one to whichever is the global one. What `init` names takes its place. */
export function fetchThrough(cache: CacheHandle, dispatcher: Dispatcher | undefined): Fetch {
  const composed = new WeakMap<Dispatcher, Dispatcher>()
  return cachedFetch((named) => {
    const below = named ?? dispatcher ?? globalDispatcher()
    let through = composed.get(below)
    if (through === undefined) {
      through = below.compose(cache.interceptor)
      composed.set(below, through)
    }
    return through
  })
}

let ownAgent: Agent | undefined

/** The one in Node is the global one where its `fetch` was used first, and does not always know the handlers of this undici. */
function globalDispatcher(): Dispatcher {
  const global = getGlobalDispatcher()
  if (global instanceof Dispatcher) return global
  ownAgent ??= new Agent()
  return ownAgent
}

/** @throws TypeError for what nothing can be composed on */
export function checkDispatcher(what: string, dispatcher: Dispatcher): void {
  if (typeof dispatcher?.compose === 'function') return
  throw new TypeError(
    `${what}: dispatcher must be a Dispatcher of undici, not ${dispatcher === null ? 'null' : typeof dispatcher}`
  )
}
