import type { Dispatcher } from 'undici'
import { defaultStore } from '../default-store.js'
import { DecisionListeners, StoreFailureReport } from '../diagnostics.js'
import { ForgivingStore } from '../forgiving-store.js'
import type { CacheOptions, RequestView } from '../options.js'
import { readOptions, type Settings } from '../read-options.js'
import { type CacheKey, cacheKey, requestTarget } from '../rules/cache-key.js'
import { type CacheMode, isCacheMode, noSuchMode } from '../rules/cache-mode.js'
import { isSafe } from '../rules/methods.js'
import { decideRequest, type ForwardReason, requestControl } from '../rules/reuse.js'
import type { CacheStore } from '../store.js'
import { digest, StoredResponses } from '../stored-responses.js'
import { answer, forwardAnyway, refuse } from './answering.js'
import { BackgroundSockets } from './background-sockets.js'
import { BackgroundValidations } from './background-validations.js'
import { Below } from './below.js'
import { Caller } from './caller.js'
import { DeferredWork } from './deferred-work.js'
import { aboutRequest, type Cache, Exchange } from './exchange.js'
import { forwardUnsafe } from './invalidating.js'
import { watchNetwork } from './network-heads.js'
import { passBy } from './passing-by.js'
import { option, type ReadRequest, readRequest } from './read-request.js'
import { inMode } from './request-mode.js'

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
  const settings = readOptions(options, digest)
  const loading = new LazyCache(settings)
  watchNetwork()
  // undici 8 names the origin of a Client or Pool, which ignore what a request says.
  return (dispatch, bound?: string | null) => {
    const origin = settings.origin ?? bound ?? undefined
    const below = new Below(dispatch)
    return function cached(opts, handler) {
      if (loading.cache !== undefined) return dispatchCached(loading.cache, below, opts, handler, origin)
      loading
        .load()
        .then((cache) => dispatchCached(cache, below, opts, handler, origin))
        .catch((error) => new Caller(handler).fail(error))
      return true
    }
  }
}

/** The cache, once there is a store. */
class LazyCache {
  readonly #settings: Settings
  #loading: Promise<Cache> | undefined
  cache: Cache | undefined

  constructor(settings: Settings) {
    this.#settings = settings
    if (settings.store !== undefined) this.cache = makeCache(settings, settings.store)
  }

  /** Loads the default store; what failed is tried again with the next request. */
  load(): Promise<Cache> {
    this.#loading ??= defaultStore().then(
      (store) => {
        this.cache = makeCache(this.#settings, store)
        return this.cache
      },
      (error) => {
        this.#loading = undefined
        throw error
      }
    )
    return this.#loading
  }
}

function makeCache(settings: Settings, store: CacheStore): Cache {
  const forgiving = new ForgivingStore(store, new StoreFailureReport())
  return {
    settings,
    responses: new StoredResponses(forgiving, settings.rules, settings.verify, settings.clock, settings.integrity),
    listeners: new DecisionListeners(settings.onDecision),
    background: new BackgroundValidations(),
    backgroundSockets: new BackgroundSockets(),
    heads: new WeakMap(),
    later: new DeferredWork()
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
  if (given.request === undefined || !isLookedAt(cache.settings, given)) {
    return passBy(below.dispatch, given.opts, handler)
  }
  const read = mode === undefined ? given : inMode(given, mode)
  const { rules } = cache.settings
  const { request } = read
  const control = requestControl(request, mode)
  const partition = partitionOf(cache.settings, read)
  const { connection, origin, path } = read.target
  const target = partition ? requestTarget(connection, origin, path, partition) : read.target
  const key =
    partition === undefined ? undefined : isSafe(request.method) ? cacheKey(target, request, rules) : target.key
  const decision = decideRequest(request, control, read.facts, key !== undefined, rules)
  if (decision.action === 'bypass') {
    tellBypass(cache, read, decision.reason)
    return passBy(below.dispatch, read.opts, handler)
  }
  const asked = { request, control, target, key: key ?? noKey, opts: read.opts }
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

function isLookedAt({ origins, enabled }: Settings, read: ReadRequest): boolean {
  const { text } = read.target.connection
  if (origins !== undefined && !origins.some((origin) => matches(origin, text))) return false
  if (enabled === undefined) return true
  try {
    return enabled(viewOf(read))
  } catch {
    return false
  }
}

function matches(origin: string | RegExp, text: string): boolean {
  if (typeof origin === 'string') return origin === text
  origin.lastIndex = 0
  return origin.test(text)
}

/** The part of the cache a request uses; `undefined` if that cannot be told (KEY-05). */
function partitionOf({ partition }: Settings, read: ReadRequest): string | undefined {
  if (partition === undefined) return ''
  try {
    const name = partition(viewOf(read))
    return typeof name === 'string' ? name : undefined
  } catch {
    return undefined
  }
}

function viewOf({ request, target }: ReadRequest): RequestView {
  return {
    method: request.method,
    url: target.origin.text + target.path,
    field: (name) => request.fields.get(name.toLowerCase())
  }
}

function tellBypass({ listeners, settings }: Cache, { request, target }: ReadRequest, reason: ForwardReason): void {
  if (!listeners.listening) return
  listeners.tell({ ...aboutRequest(request, target, settings), outcome: 'bypass', reason, stored: false })
}
