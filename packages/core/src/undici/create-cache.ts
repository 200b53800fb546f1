import type { Dispatcher } from 'undici'
import { Budget, TimeLimitError, withinLimit } from '../budget.js'
import type { CacheStats } from '../counts.js'
import { StoreOperationError } from '../errors.js'
import type { CacheOptions } from '../options.js'
import { readOptions } from '../read-options.js'
import { type KeyParts, parseOrigin } from '../rules/cache-key.js'
import type { Awaitable } from '../store.js'
import { type CacheEntry, storedEntries, storedKeys } from '../stored-entries.js'
import { digest } from '../stored-responses.js'
import type { CacheHandle, CloseOptions, PartitionOption, PurgeOptions } from './cache-handle.js'
import { intercept } from './cache-interceptor.js'
import { explainByStore } from './explaining-by-store.js'
import type { ExplainedRequest, ExplainedResponse, Explanation } from './explanation.js'
import { LazyCache, type Opened } from './lazy-cache.js'
import { type AskedFor, keyOf } from './operation-target.js'

/** How long one call of the store may take. */
const callLimitMs = 10_000
const defaultWaitMs = 10_000
/** How long it may take until what was cancelled has ended. */
const stopLimitMs = 1_000

const notTaken = 'the store has not taken it yet; until it does, what it has is not used by this process'

/**
 * A cache with what can be done with it beside answering requests. `cacheInterceptor(options)` is the short form, for
 * the interceptor alone.
 *
 * @param options - see {@link CacheOptions}; all of them have defaults
 * @throws TypeError for an unknown option or a value it cannot have, naming both
 */
export function createCache(options: CacheOptions = {}): CacheHandle {
  return new Handle(new LazyCache(readOptions(options, digest)))
}

class Handle implements CacheHandle {
  readonly interceptor: Dispatcher.DispatcherComposeInterceptor
  readonly #lazy: LazyCache

  constructor(lazy: LazyCache) {
    this.#lazy = lazy
    this.interceptor = intercept(lazy)
  }

  async delete(target: string | URL | AskedFor, options: PartitionOption = {}): Promise<void> {
    const key = keyOf('delete', target, options.partition, this.#lazy.settings)
    const { store } = await this.#open()
    // What derives from the target is under keys of its own, and some answers may still be on their way.
    if (key.key === key.target) await this.#invalidate('delete', key.target)
    await call('delete', () => store.delete(key.key))
  }

  async invalidate(url: string | URL, options: PartitionOption = {}): Promise<void> {
    const { target } = keyOf('invalidate', url, options.partition, this.#lazy.settings)
    await this.#open()
    await this.#invalidate('invalidate', target)
  }

  async invalidateGroup(origin: string | URL, name: string, options: PartitionOption = {}): Promise<void> {
    if (typeof name !== 'string')
      throw new TypeError(`invalidateGroup: the name of a group is a text, not ${typeof name}`)
    if (!this.#lazy.settings.rules.cacheGroups)
      throw new TypeError('invalidateGroup: this cache knows no groups, for its option cacheGroups is false')
    const { target } = keyOf('invalidateGroup', origin, options.partition, this.#lazy.settings)
    const { cache } = await this.#open()
    const isWritten = await cache.responses.invalidations.invalidateGroup(target, name, new Budget(callLimitMs))
    if (!isWritten) throw new StoreOperationError('invalidateGroup', notTaken)
  }

  async *entries({ partition }: PartitionOption = {}): AsyncGenerator<CacheEntry, undefined> {
    const { store, cache } = await this.#open()
    const { responses, settings } = cache
    const isWanted = (parts: KeyParts) => partition === undefined || parts.partition === partition
    const found = storedEntries('entries', store, responses, settings.clock, callLimitMs, isWanted)
    for await (const { entry } of found) yield entry
  }

  async purge(options: PurgeOptions): Promise<void> {
    const { predicate } = options
    const isWanted = wanted(options)
    const { store, cache } = await this.#open()
    if (predicate === undefined) {
      const found = storedKeys('purge', store, callLimitMs, isWanted)
      for await (const { key } of found) await call('purge', () => store.delete(key))
      return
    }
    const { responses, settings } = cache
    const found = storedEntries('purge', store, responses, settings.clock, callLimitMs, isWanted)
    for await (const { key, slot, entry } of found) {
      if (predicate(entry)) await call('purge', () => store.delete(key, slot))
    }
  }

  async clear(): Promise<void> {
    const { store } = await this.#open()
    if (store.clear === undefined) throw new StoreOperationError('clear', 'the store cannot do that: no clear()')
    await call('clear', () => store.clear?.())
  }

  async explain(request: ExplainedRequest, response?: ExplainedResponse): Promise<Explanation> {
    const { cache } = await this.#open()
    return await explainByStore(cache, request, response, callLimitMs)
  }

  stats(): CacheStats {
    return this.#lazy.counts.stats
  }

  async close({ waitMs = defaultWaitMs }: CloseOptions = {}): Promise<void> {
    if (!(waitMs >= 0)) throw new TypeError(`close: waitMs must be a number of 0 or more, not ${String(waitMs)}`)
    const { opened } = this.#lazy
    if (opened === undefined) return
    await settle(opened, waitMs)
    if (!this.#lazy.ownsStore) return
    this.#lazy.forget()
    await call('close', () => opened.store.close?.())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** The cache, with everything stored that has come so far. */
  async #open(): Promise<Opened> {
    const opened = await this.#lazy.open()
    opened.cache.later.doAll()
    return opened
  }

  async #invalidate(operation: string, target: string): Promise<void> {
    const { cache } = await this.#lazy.open()
    const isWritten = await cache.responses.invalidations.invalidate([target], new Budget(callLimitMs))
    if (!isWritten) throw new StoreOperationError(operation, notTaken)
  }
}

/** One call of the store, that somebody waits for. */
async function call(operation: string, run: () => Awaitable<unknown>): Promise<void> {
  try {
    await withinLimit(Promise.resolve(run()), callLimitMs)
  } catch (cause) {
    throw new StoreOperationError(operation, 'the store failed', { cause })
  }
}

/** Waits for what goes on in the background, and then stops it. Meanwhile the process stays alive. */
async function settle({ cache }: Opened, waitMs: number): Promise<void> {
  const { background, later, responses } = cache
  const { writing } = responses.store
  later.doAll()
  await atMost(waitMs, async () => {
    while (!background.underWay.isIdle || !writing.isIdle) {
      await background.underWay.idle()
      await writing.idle()
    }
  })
  background.stopAll()
  await atMost(stopLimitMs, () => background.underWay.idle())
}

async function atMost(limitMs: number, wait: () => Promise<void>): Promise<void> {
  try {
    if (limitMs > 0) await withinLimit(wait(), limitMs)
  } catch (error) {
    if (!(error instanceof TimeLimitError)) throw error
  }
}

/** @throws TypeError where nothing is said of what to remove, or an origin is none */
function wanted({ origin, pathPrefix, predicate, partition }: PurgeOptions): (parts: KeyParts) => boolean {
  if (origin === undefined && pathPrefix === undefined && predicate === undefined && partition === undefined) {
    throw new TypeError('purge: say what to remove, by origin, pathPrefix, predicate or partition; clear() removes all')
  }
  const text = origin === undefined ? undefined : parseOrigin(String(origin))?.text
  if (origin !== undefined && text === undefined) {
    throw new TypeError('purge: origin must be an origin such as https://example.com')
  }
  return (parts) =>
    (text === undefined || parts.origin === text) &&
    (pathPrefix === undefined || parts.path.startsWith(pathPrefix)) &&
    (partition === undefined || parts.partition === partition)
}
