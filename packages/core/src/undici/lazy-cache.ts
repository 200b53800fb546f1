import { CollapsedRequests } from '../collapsed-requests.js'
import { Counts } from '../counts.js'
import { defaultStore } from '../default-store.js'
import { DecisionListeners, StoreFailureReport } from '../diagnostics.js'
import { ForgivingStore } from '../forgiving-store.js'
import type { Settings } from '../read-options.js'
import type { CacheStore } from '../store.js'
import { StoredResponses } from '../stored-responses.js'
import { Tape } from '../tape.js'
import { warnOfTape } from '../tape-warnings.js'
import { BackgroundSockets } from './background-sockets.js'
import { BackgroundValidations } from './background-validations.js'
import { DeferredWork } from './deferred-work.js'
import type { Cache } from './exchange.js'

/** A cache and the store it keeps things in. */
export interface Opened {
  readonly cache: Cache
  readonly store: CacheStore
}

/** The cache, once there is a store. */
export class LazyCache {
  readonly settings: Settings
  readonly counts = new Counts()
  #loading: Promise<Opened> | undefined
  #opened: Opened | undefined
  cache: Cache | undefined

  constructor(settings: Settings) {
    this.settings = settings
    if (settings.tape !== undefined) warnOfTape(settings.tape)
    if (settings.store !== undefined) this.#use(settings.store)
  }

  /** Loads the default store; what failed is tried again with the next request. */
  async open(): Promise<Opened> {
    if (this.#opened !== undefined) return this.#opened
    this.#loading ??= defaultStore().then(
      (store) => this.#use(store),
      (error) => {
        this.#loading = undefined
        throw error
      }
    )
    return this.#loading
  }

  /** What was opened so far. */
  get opened(): Opened | undefined {
    return this.#opened
  }

  /** Whether the store was opened by the cache, and so is its own to close. */
  get ownsStore(): boolean {
    return this.settings.store === undefined
  }

  /** Has the next request open a store of its own again. */
  forget(): void {
    this.#opened = undefined
    this.#loading = undefined
    this.cache = undefined
  }

  #use(store: CacheStore): Opened {
    this.#opened = { store, cache: makeCache(this.settings, store, this.counts) }
    this.cache = this.#opened.cache
    return this.#opened
  }
}

function makeCache(settings: Settings, store: CacheStore, counts: Counts): Cache {
  const forgiving = new ForgivingStore(store, new StoreFailureReport(() => counts.storeFailed()))
  return {
    settings,
    responses: new StoredResponses(forgiving, settings.rules, settings.verify, settings.clock, settings.integrity),
    listeners: new DecisionListeners(settings.onDecision),
    counts,
    background: new BackgroundValidations(),
    backgroundSockets: new BackgroundSockets(),
    collapsed: new CollapsedRequests(settings.clock),
    heads: new WeakMap(),
    later: new DeferredWork(),
    tape: settings.tape === undefined ? undefined : new Tape(settings.tape, forgiving, settings)
  }
}
