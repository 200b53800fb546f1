import { withinLimit } from './budget.js'
import { CircuitBreaker } from './circuit-breaker.js'
import type { StoreFailureReport } from './diagnostics.js'
import type { CacheStore, Lease } from './store.js'

type LockOptions = Parameters<NonNullable<CacheStore['lock']>>[1]

/** The locks of a store; one that fails costs the wait for it and nothing else (ROB-02). */
export class StoreLocks {
  readonly #store: CacheStore
  readonly #report: StoreFailureReport
  readonly #breaker: CircuitBreaker

  /** @param now - milliseconds on a clock that nobody sets */
  constructor(store: CacheStore, report: StoreFailureReport, now: () => number) {
    this.#store = store
    this.#report = report
    this.#breaker = new CircuitBreaker(now)
  }

  /** Whether the store has any. */
  get areThere(): boolean {
    return typeof this.#store.lock === 'function'
  }

  /**
   * The right to ask the origin for a key alone, or `'waited'` if somebody else had it. `undefined` where the store cannot
   * tell within `limitMs`; what it grants later is given back.
   */
  async take(key: string, limitMs: number, signal: AbortSignal): Promise<Lease | 'waited' | undefined> {
    // The store is to answer before its time is up: then it is known to work.
    const waitMs = Math.max(1, Math.floor(limitMs * 0.9))
    const lease = await this.#lock(key, { leaseMs: limitMs, waitMs, signal }, limitMs, false)
    return lease === 'none' ? 'waited' : lease
  }

  /** The same for who does not wait until somebody else is done: `'taken'` then. It keeps no process alive. */
  async takeIfFree(key: string, leaseMs: number, limitMs: number): Promise<Lease | 'taken' | undefined> {
    const lease = await this.#lock(key, { leaseMs, waitMs: 1 }, limitMs, true)
    return lease === 'none' ? 'taken' : lease
  }

  /** Gives a lease back. Nobody waits for it. */
  async giveBack(lease: Lease | undefined): Promise<void> {
    try {
      await lease?.release()
    } catch (error) {
      this.#report.tell('lock', error)
    }
  }

  async #lock(key: string, options: LockOptions, limitMs: number, unref: boolean): Promise<Lease | 'none' | undefined> {
    const begun = this.#breaker.begin()
    if (begun === 0) return undefined
    try {
      const locking = Promise.resolve(this.#store.lock?.(key, options))
      const lease = await withinLimit(locking, limitMs, { onLate: (lease) => this.giveBack(lease), unref })
      this.#breaker.succeeded()
      return lease ?? 'none'
    } catch (error) {
      this.#breaker.failed(begun)
      this.#report.tell('lock', error)
      return undefined
    }
  }
}
