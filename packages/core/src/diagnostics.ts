import { channel } from 'node:diagnostics_channel'
import { channels } from './channels.js'
import type { ForwardReason } from './rules/cache-status.js'
import type { EpochMilliseconds, Seconds } from './rules/messages.js'
import type { StalePermission } from './rules/serving-stale.js'
import type { NotStored } from './rules/storing.js'

/** How an exchange went, told once when it is over. */
export interface CacheDecision {
  readonly method: string
  /** The target URI, without userinfo and fragment, the values of `redactQuery` as `***`. */
  readonly url: string
  /**
   * - `hit`: served from the cache, fresh
   * - `stale-hit`: served from the cache, stale; `stale` says by what permission
   * - `validated`: served from the cache after the origin confirmed it
   * - `miss`: answered by the origin, be it together with others; `reason` says why
   * - `bypass`: passed on without a look at the cache; `reason` says why
   * - `aborted`: the caller gave up before anything was decided
   * - `gateway-timeout`: the directive `only-if-cached` was sent and nothing could be served (REQ-06)
   * - `network-error`: the mode `only-if-cached` was set and nothing could be served (MODE-05)
   */
  readonly outcome:
    | 'hit'
    | 'stale-hit'
    | 'validated'
    | 'miss'
    | 'bypass'
    | 'aborted'
    | 'gateway-timeout'
    | 'network-error'
  /** Why the request was sent on, in the words of RFC 9211 §2.2; unset where it was not. */
  readonly reason?: ForwardReason
  /** Status that the caller got; unset where none came, and for a bypass. */
  readonly status?: number
  /** Status that came from the origin, where the caller got what is stored in place of that answer. */
  readonly forwardStatus?: number
  /** What allowed a stale response; set for `stale-hit`. */
  readonly stale?: StalePermission
  /** Current age in seconds of what was served from the cache. */
  readonly age?: Seconds
  /** Freshness lifetime in seconds of what was served from the cache, or stored. */
  readonly lifetime?: Seconds
  /** Whether a heuristic gave that lifetime (FRESH-09). */
  readonly heuristic?: boolean
  /** Bytes of content that came from the cache and not from the origin: 0 for a 304 or a HEAD. Set where it served. */
  readonly servedBytes?: number
  /**
   * Whether the answer came with the forward of another request that asked the same at the same time: `false` if that was
   * waited for in vain; unset where nothing was waited for (COLL-01). RFC 9211 §2.6.
   */
  readonly collapsed?: boolean
  /** Whether this exchange stored a response, or updated one. */
  readonly stored: boolean
  /** Why the answer of the origin was not stored. */
  readonly notStored?: Omit<NotStored, 'store'>
  /** With the option `tape`: what became of the request there. Unset if an answer was not recorded. */
  readonly tape?: 'recorded' | 'replayed' | 'missing'
  /** Set for the validation that a stale response under stale-while-revalidate started. */
  readonly background?: true
}

/** What a store failed to do. No request failed with it. */
export interface StoreFailure {
  readonly operation: 'get' | 'openBody' | 'set' | 'update' | 'mark' | 'delete' | 'read' | 'lock'
  /** As the store threw it: a store may put into it what it was given, keys with whole URLs among it. */
  readonly error: unknown
  readonly at: EpochMilliseconds
}

const decisionChannel = channel(channels.decision)
const storeFailureChannel = channel(channels.storeFailure)

/** Tells decisions to the callback of one interceptor and to the channel. */
export class DecisionListeners {
  readonly #onDecision: ((decision: CacheDecision) => void) | undefined

  constructor(onDecision: ((decision: CacheDecision) => void) | undefined) {
    this.#onDecision = onDecision
  }

  get listening(): boolean {
    return this.#onDecision !== undefined || decisionChannel.hasSubscribers
  }

  /** A callback that throws is a mistake of the program, not of the request: it surfaces as an uncaught exception. */
  tell(decision: CacheDecision): void {
    if (decisionChannel.hasSubscribers) decisionChannel.publish(decision)
    try {
      this.#onDecision?.(decision)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}

/** Tells of failures of one store: all of them to the channel, the first one as a process warning too. */
export class StoreFailureReport {
  readonly #counted: (() => void) | undefined
  #warned = false

  /** @param counted - called once for each */
  constructor(counted?: () => void) {
    this.#counted = counted
  }

  tell(operation: StoreFailure['operation'], error: unknown): void {
    this.#counted?.()
    if (storeFailureChannel.hasSubscribers) storeFailureChannel.publish({ operation, error, at: Date.now() })
    if (this.#warned) return
    this.#warned = true
    process.emitWarning(
      `The cache store failed (${operation}: ${kindOf(error)}); requests go on without it. Further failures are told to the diagnostics channel ${channels.storeFailure} only.`,
      { type: 'CacheStoreWarning', code: 'CC_STORE_FAILED' }
    )
  }
}

const plainName = /^\w{1,64}$/

/** The name of an error where it is a name: some put into it what was said to them, and reading it can fail. */
function kindOf(error: unknown): string {
  try {
    const name: unknown = error instanceof Error ? error.name : typeof error
    return typeof name === 'string' && plainName.test(name) ? name : 'Error'
  } catch {
    return 'Error'
  }
}
