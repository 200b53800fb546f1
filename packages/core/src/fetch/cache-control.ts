import { Agent, type Dispatcher, request } from 'undici'
import { type CacheHandle, type CacheOptions, type CloseOptions, createCache } from '../index.js'
import type { Fetch } from './cached-fetch.js'
import { checkDispatcher, fetchThrough } from './create-fetch.js'

/** A dispatcher with a cache, and the ways to ask through it. The operations are those of the cache. */
export interface CacheControl extends Omit<CacheHandle, 'interceptor'> {
  /** `fetch` through the cache; it honours all `cache` modes of the Fetch standard. */
  readonly fetch: Fetch
  /** `request` of undici through the cache; it takes `cacheMode`. */
  readonly request: typeof request
  /** The dispatcher with the cache, for whatever else takes one. */
  readonly dispatcher: Dispatcher
  /** A dispatcher with interceptors above the cache. */
  compose(...interceptors: Dispatcher.DispatcherComposeInterceptor[]): Dispatcher
}

/**
 * Puts a cache on a dispatcher, as CacheControl for Python does on a session.
 *
 * @param dispatcher - unset: a new `Agent`, which `close()` closes as well
 * @param options - those of `cacheInterceptor`
 * @throws TypeError for an unknown option or a value it cannot have, naming both
 */
export function CacheControl(dispatcher?: Dispatcher, options: CacheOptions = {}): CacheControl {
  if (dispatcher !== undefined) checkDispatcher('CacheControl', dispatcher)
  const cache = createCache(options)
  const agent = dispatcher ?? new Agent()
  const cached = agent.compose(cache.interceptor)
  const close = async (options?: CloseOptions) => {
    await cache.close(options)
    if (dispatcher === undefined && !('closed' in agent && agent.closed)) await agent.close()
  }
  return {
    fetch: fetchThrough(cache, agent),
    request: (url, options) => request(url, { ...options, dispatcher: cached }),
    dispatcher: cached,
    compose: (...interceptors) => cached.compose(...interceptors),
    delete: (target, options) => cache.delete(target, options),
    invalidate: (url, options) => cache.invalidate(url, options),
    invalidateGroup: (origin, name, options) => cache.invalidateGroup(origin, name, options),
    entries: (options) => cache.entries(options),
    purge: (options) => cache.purge(options),
    clear: () => cache.clear(),
    explain: (request, response) => cache.explain(request, response),
    stats: () => cache.stats(),
    close,
    [Symbol.asyncDispose]: () => close()
  }
}
