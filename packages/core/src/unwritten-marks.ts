import { isPromise, whenReady } from './awaitable.js'
import { withinLimit } from './budget.js'
import { CircuitBreaker } from './circuit-breaker.js'
import { newId } from './new-id.js'
import type { EpochMilliseconds } from './rules/messages.js'
import type { Awaitable, CacheStore, Found, FoundResponse, Mark } from './store.js'

/** So many invalidations that could not be written are remembered, if their keys are not longer than that together. */
const maxKeys = 10_000
const maxCharacters = 8_388_608
/** How long the store may take to write one. */
const writeLimitMs = 10_000
/** Between two attempts, while the store fails. */
const retryAfterMs = 1_000

interface Unwritten {
  readonly mark: Mark
  isBeingWritten: boolean
}

/**
 * Writes invalidations, and remembers those that the store has not taken (ROB-03): what is stored under their keys is
 * hidden in this process, and they are written again, one after the other, until it has taken them. Past 10,000 of them
 * nothing is used any more that was requested before the last one that is not remembered.
 */
export class UnwrittenMarks {
  readonly #store: CacheStore
  readonly #failed: (error: unknown) => void
  readonly #breaker: CircuitBreaker
  readonly #byKey = new Map<string, Unwritten>()
  #characters = 0
  #distrustedUntil: EpochMilliseconds = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #isReplaying = false

  /** @param failed - hears of each attempt that failed */
  constructor(store: CacheStore, failed: (error: unknown) => void, now: () => number) {
    this.#store = store
    this.#failed = failed
    this.#breaker = new CircuitBreaker(now)
  }

  /** Whether something under this key is invalid, and the store does not know. */
  hides(key: string): boolean {
    return this.#byKey.size > 0 && this.#byKey.has(key)
  }

  /** What was found without what an invalidation may be about that is not remembered. */
  trusted(found: Found): Found {
    if (this.#distrustedUntil === Number.NEGATIVE_INFINITY) return found
    const isTrusted = (found: FoundResponse) => found?.response?.requestTime > this.#distrustedUntil
    return found.responses.every(isTrusted) ? found : { ...found, responses: found.responses.filter(isTrusted) }
  }

  /** Writes an invalidation. Until the store has taken it, its key is hidden. Whether it is known to be written. */
  invalidate(key: string, mark: Mark): Awaitable<boolean> {
    const begun = this.#breaker.begin()
    if (begun === 0) {
      this.#remember(key, { mark, isBeingWritten: false })
      this.#replayLater()
      return false
    }
    // Nobody is to wait for a store that keeps failing.
    const isTrial = this.#breaker.isOpen
    const settled = whenReady(this.#attempt(key, mark, begun), (isWritten) => {
      this.#goOn(isWritten)
      return isWritten
    })
    return isTrial && isPromise(settled) ? false : settled
  }

  /** Writes a mark that is no invalidation. Whether the store has taken it. */
  write(key: string, mark: Mark): Awaitable<boolean> {
    const begun = this.#breaker.begin()
    if (begun === 0) return false
    const isTrial = this.#breaker.isOpen
    const writing = this.#write(key, mark, begun)
    return isTrial && isPromise(writing) ? false : writing
  }

  /** Has the key hidden as long as it is being written, and if it cannot be. */
  #attempt(key: string, mark: Mark, begun: number): Awaitable<boolean> {
    const unwritten: Unwritten = { mark, isBeingWritten: true }
    const settled = (isWritten: boolean) => {
      unwritten.isBeingWritten = false
      if (isWritten && this.#byKey.get(key) === unwritten) this.#forget(key)
      return isWritten
    }
    const writing = this.#write(key, mark, begun, () => settled(true))
    if (isPromise(writing)) {
      this.#remember(key, unwritten)
      return writing.then(settled)
    }
    if (writing) this.#forget(key)
    else this.#remember(key, unwritten)
    return settled(writing)
  }

  #write(key: string, mark: Mark, begun: number, onLate?: () => void): Awaitable<boolean> {
    const written = () => {
      this.#breaker.succeeded()
      return true
    }
    const failed = (error: unknown) => {
      this.#breaker.failed(begun)
      this.#failed(error)
      return false
    }
    try {
      const writing = this.#store.mark(key, mark)
      if (!isPromise(writing)) return written()
      return withinLimit(writing, writeLimitMs, { onLate, unref: true }).then(written, failed)
    } catch (error) {
      return failed(error)
    }
  }

  #remember(key: string, unwritten: Unwritten): void {
    if (!this.#byKey.has(key)) {
      if (this.#byKey.size >= maxKeys || this.#characters + key.length > maxCharacters) {
        this.#distrustedUntil = Math.max(this.#distrustedUntil, unwritten.mark.at)
        return
      }
      this.#characters += key.length
    }
    this.#byKey.set(key, unwritten)
  }

  #forget(key: string): void {
    if (this.#byKey.delete(key)) this.#characters -= key.length
  }

  #goOn(isWritten: boolean): void {
    if (this.#byKey.size === 0 || this.#isReplaying) return
    if (!isWritten) return this.#replayLater()
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isReplaying = true
    setImmediate(() => this.#replay()).unref()
  }

  #replayLater(): void {
    if (this.#timer !== undefined || this.#isReplaying) return
    const replay = () => {
      this.#timer = undefined
      this.#isReplaying = true
      this.#replay()
    }
    this.#timer = setTimeout(replay, Math.max(retryAfterMs, this.#breaker.waitMs + 1)).unref()
  }

  /** Writes the one that was not tried for longest; the others come after it. */
  #replay(): void {
    const next = this.#nextUnwritten()
    const begun = next === undefined ? 0 : this.#breaker.begin()
    if (next === undefined || begun === 0) {
      this.#isReplaying = false
      if (next !== undefined) this.#replayLater()
      return
    }
    const [key, { mark }] = next
    this.#forget(key)
    // A new value: the old one may have been read, and must not come back after another one.
    whenReady(this.#attempt(key, { ...mark, value: newId() }, begun), (isWritten) => {
      this.#isReplaying = false
      this.#goOn(isWritten)
    })
  }

  #nextUnwritten(): [string, Unwritten] | undefined {
    for (const next of this.#byKey) if (!next[1].isBeingWritten) return next
    return undefined
  }
}
