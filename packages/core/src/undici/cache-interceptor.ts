import type { Dispatcher } from 'undici'
import type { CacheOptions } from '../options.js'
import { readOptions } from '../read-options.js'
import type { CacheKey } from '../rules/cache-key.js'
import { type CacheMode, isCacheMode, noSuchMode } from '../rules/cache-mode.js'
import type { ForwardReason } from '../rules/cache-status.js'
import { requestControl } from '../rules/request-control.js'
import { decideRequest } from '../rules/request-decision.js'
import { digest } from '../stored-responses.js'
import { answer, forwardAnyway, refuse } from './answering.js'
import { Below } from './below.js'
import { Caller } from './caller.js'
import { aboutRequest, type Cache, Exchange } from './exchange.js'
import { forwardUnsafe } from './invalidating.js'
import { LazyCache } from './lazy-cache.js'
import { watchNetwork } from './network-heads.js'
import { passBy } from './passing-by.js'
import { readQuery } from './read-query.js'
import { option, type ReadRequest, readRequest } from './read-request.js'
import { requestKey, targetIn } from './request-key.js'
import { inMode } from './request-mode.js'
import { isLookedAt } from './request-view.js'
import { showBypass } from './status-head.js'
import { dispatchTaped } from './taping.js'
import { type ToldTo, toldToOf } from './told-to.js'

declare module 'undici' {
  namespace Dispatcher {
    interface DispatchOptions {
      /**
       * What this request asks of a cache made by `@cc/core`, in the words of the Fetch standard (MODE-01). Unset: plain
       * HTTP rules. An unknown value is a `TypeError` of the request.
       */
      cacheMode?: CacheMode
    }
  }
}

/**
 * A cache for HTTP responses, as an interceptor for `dispatcher.compose()`. RFC 9111.
 *
 * Compose it nearest to the network, above `dns` alone: `agent.compose(dns, cacheInterceptor(), retry, decompress, redirect)`.
 *
 * @param options - see {@link CacheOptions}; all of them have defaults
 * @throws TypeError for an unknown option or a value it cannot have, naming both
 */
export function cacheInterceptor(options: CacheOptions = {}): Dispatcher.DispatcherComposeInterceptor {
  return intercept(new LazyCache(readOptions(options, digest)))
}

export function intercept(lazy: LazyCache): Dispatcher.DispatcherComposeInterceptor {
  watchNetwork()
  // undici 8 names the origin of a Client or Pool, which ignore what a request says.
  return (dispatch, bound?: string | null) => {
    const origin = lazy.settings.origin ?? bound ?? undefined
    const below = new Below(dispatch)
    return function cached(opts, handler) {
      if (lazy.cache !== undefined) return dispatchCached(lazy.cache, below, opts, handler, origin)
      lazy
        .open()
        .then(({ cache }) => dispatchCached(cache, below, opts, handler, origin))
        .catch((error) => new Caller(handler).fail(error))
      return true
    }
  }
}

function dispatchCached(
  cache: Cache,
  below: Below,
  opts: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
  bound: string | undefined
): boolean {
  const mode = option(opts, 'cacheMode')
  if (mode !== undefined && !isCacheMode(mode)) {
    new Caller(handler).fail(noSuchMode(mode))
    return true
  }
  const given = readRequest(opts, bound)
  if (cache.tape !== undefined) return dispatchTaped(cache, cache.tape, below, given, handler)
  if (given.request === undefined || !isLookedAt(cache.settings, given)) {
    return passBy(below.dispatch, given.opts, handler)
  }
  const read = mode === undefined ? given : inMode(given, mode)
  const toldTo = mode === undefined ? undefined : toldToOf(opts)
  const { rules } = cache.settings
  const { request } = read
  const control = requestControl(request, mode)
  const target = targetIn(cache.settings, read)
  const query = request.method === 'QUERY' ? readQuery(read.opts, cache.settings.queryBodyLimit) : undefined
  const key = target && requestKey(target, request, query, rules)
  const decision = decideRequest(request, control, read.facts, key !== undefined, rules)
  if (decision.action === 'bypass') {
    tellBypass(cache, read, decision.reason, toldTo)
    const { cacheStatus } = cache.settings
    if (cacheStatus === undefined) return passBy(below.dispatch, read.opts, handler)
    return passBy(below.dispatch, read.opts, handler, (response) => showBypass(cacheStatus, response, decision.reason))
  }
  const { opts: sent } = query ?? read
  const asked = { request, control, target: target ?? read.target, key: key ?? noKey, opts: sent, toldTo }
  const exchange = new Exchange(cache, below, asked, handler)
  switch (decision.action) {
    case 'look-up':
      answer(exchange)
      return true
    case 'forward':
      forwardAnyway(exchange, decision.reason)
      return true
    case 'forward-unsafe':
      forwardUnsafe(exchange)
      return true
    case 'gateway-timeout':
    case 'network-error':
      refuse(exchange, decision)
      return true
    default:
      return decision satisfies never
  }
}

/** For a request that is answered without any look at the cache. */
const noKey: CacheKey = { key: '', target: '' }

function tellBypass(
  { counts, listeners, settings }: Cache,
  { request, target }: ReadRequest,
  reason: ForwardReason,
  toldTo: ToldTo | undefined
): void {
  counts.decided({ outcome: 'bypass' }, false)
  if (toldTo === undefined && !listeners.listening) return
  const told = { ...aboutRequest(request, target, settings), outcome: 'bypass', reason, stored: false } as const
  toldTo?.(told)
  if (listeners.listening) listeners.tell(told)
}
