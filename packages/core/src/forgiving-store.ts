import { isPromise } from './awaitable.js'
import { CopyDroppedError } from './body-copy.js'
import { type Budget, withinLimit } from './budget.js'
import { CircuitBreaker } from './circuit-breaker.js'
import type { StoreFailureReport } from './diagnostics.js'
import { notFound, plainFound } from './plain-data.js'
import type { StoredResponse } from './rules/messages.js'
import type { Awaitable, Body, CacheStore, Found, Mark } from './store.js'

/** Past so many keys whose invalidation could not be written, nothing of the store is trusted. */
const maxHiddenKeys = 10_000
/** How long a write that nobody waits for may take. */
const writeLimitMs = 10_000

/** So many invalidations are written one after the other until other work has its turn. */
const marksInTurn = 64
/** Between two attempts to write one invalidation. */
const retryAfterMs = 1_000

interface HiddenKey {
  readonly mark: Mark
  isWriting: boolean
  retryAt: number
}

/**
 * A store whose failures are misses (ROB-02). What throws, rejects, hangs or is slow never fails a request and never
 * holds it up beyond its budget. An invalidation that could not be written hides its key in this process until it is
 * (ROB-03).
 */
export class ForgivingStore {
  readonly keepsObjects: boolean
  readonly sharesBodies: boolean
  readonly #store: CacheStore
  readonly #report: StoreFailureReport
  // Apart, because a full store still answers, still removes, and still takes what makes others invalid.
  readonly #reads = new CircuitBreaker()
  readonly #writes = new CircuitBreaker()
  readonly #removals = new CircuitBreaker()
  readonly #marks = new CircuitBreaker()
  readonly #hidden = new Map<string, HiddenKey>()
  #forgotInvalidations = false
  #marksRewritten = 0

  constructor(store: CacheStore, report: StoreFailureReport) {
    this.keepsObjects = store.keepsObjects === true
    this.sharesBodies = store.sharesBodies === true
    this.#store = store
    this.#report = report
  }

  get maxEntryBytes(): number {
    return this.#store.maxEntryBytes ?? Number.POSITIVE_INFINITY
  }

  /** What is stored; `undefined` if that cannot be known, and so nothing may be stored either. */
  get(key: string, budget: Budget): Awaitable<Found | undefined> {
    if (this.#hidden.size > 0 && this.#isHidden(key)) return undefined
    if (!this.#reads.letsThrough()) return undefined
    try {
      const found = this.#store.get(key)
      if (isPromise(found)) return this.#inTime('get', found.then(this.#checkedFound), budget)
      const checked = this.#checkedFound(found)
      this.#reads.succeeded()
      return checked
    } catch (error) {
      this.#couldNotRead('get', error)
      return undefined
    }
  }

  /** The body; `undefined` if it is gone or cannot be had in time. */
  openBody(key: string, id: string, budget: Budget): Awaitable<Body | undefined> {
    if (!this.#reads.letsThrough()) return undefined
    try {
      const body = this.#store.openBody(key, id)
      if (isPromise(body)) return this.#inTime('openBody', body.then(checkedBody), budget, release)
      const checked = checkedBody(body)
      this.#reads.succeeded()
      return checked
    } catch (error) {
      this.#couldNotRead('openBody', error)
      return undefined
    }
  }

  /** Whether the response was stored, as far as the store tells. Nobody waits for it. */
  set(key: string, body: Body, complete: () => StoredResponse | undefined): Awaitable<boolean> {
    let completed: StoredResponse | undefined
    let isLate = false
    const completeInTime = () => {
      completed = isLate ? undefined : complete()
      return completed
    }
    if (!this.#writes.letsThrough()) {
      release(body)
      return false
    }
    const outcome = this.#write('set', this.#writes, () => this.#store.set(key, body, completeInTime))
    if (!isPromise(outcome)) return outcome.done && completed !== undefined
    return outcome.then(({ done }) => {
      isLate = true
      return done && completed !== undefined
    })
  }

  /** Whether the metadata was replaced. Nobody waits for it. */
  update(key: string, response: StoredResponse): Awaitable<boolean> {
    if (!this.#writes.letsThrough()) return false
    const outcome = this.#write('update', this.#writes, () => this.#store.update(key, response))
    return isPromise(outcome) ? outcome.then(({ value }) => value === true) : outcome.value === true
  }

  /** Removes a response. Nobody waits for it. */
  delete(key: string, slot: string): void {
    if (this.#removals.letsThrough()) this.#write('delete', this.#removals, () => this.#store.delete(key, slot))
  }

  /** Writes an invalidation. When it has answered, what was stored is not served any more, be it because it is hidden. */
  mark(key: string, mark: Mark, budget: Budget): Awaitable<void> {
    const writing = this.#writeMark(key, mark)
    if (!isPromise(writing)) return
    return budget.wait(writing).catch(() => {})
  }

  /** Tells of a body that failed while it was read. */
  failedReading(error: unknown): void {
    this.#report.tell('read', error)
  }

  /** @throws TypeError for what is no answer of `get` */
  readonly #checkedFound = (found: Found): Found => {
    if (!this.keepsObjects) return plainFound(found)
    const isFound = typeof found === 'object' && found !== null && Array.isArray(found.responses)
    if (isFound && (found.mark == null || typeof found.mark.value === 'string')) return found
    throw notFound()
  }

  #isHidden(key: string): boolean {
    const isFull = this.#forgotInvalidations || this.#hidden.size >= maxHiddenKeys
    const retried = isFull ? this.#hidden.keys().next().value : key
    const hidden = retried === undefined ? undefined : this.#hidden.get(retried)
    if (hidden !== undefined && !hidden.isWriting && performance.now() >= hidden.retryAt) {
      this.#writeMark(retried as string, hidden.mark)
    }
    return this.#forgotInvalidations || this.#hidden.size >= maxHiddenKeys || this.#hidden.has(key)
  }

  #writeMark(key: string, mark: Mark): Awaitable<void> {
    const hidden: HiddenKey = { mark, isWriting: true, retryAt: 0 }
    if (!this.#marks.letsThrough()) {
      hidden.isWriting = false
      this.#hide(key, hidden)
      return
    }
    const written = () => {
      this.#marks.succeeded()
      if (this.#hidden.get(key) === hidden) this.#hidden.delete(key)
      this.#writeNextHidden()
    }
    const failed = (error: unknown) => {
      hidden.isWriting = false
      hidden.retryAt = performance.now() + retryAfterMs
      this.#marks.failed()
      this.#hide(key, hidden)
      this.#report.tell('mark', error)
    }
    try {
      const writing = this.#store.mark(key, mark)
      if (!isPromise(writing)) {
        this.#hidden.delete(key)
        written()
        return
      }
      this.#hide(key, hidden)
      return withinLimit(writing, writeLimitMs, written, 'unref').then(written, failed)
    } catch (error) {
      failed(error)
    }
  }

  /** Invalidations that could not be written are, one after the other, as soon as one could. */
  #writeNextHidden(): void {
    for (const [key, hidden] of this.#hidden) {
      if (hidden.isWriting) continue
      const write = () => {
        if (this.#hidden.get(key) === hidden && !hidden.isWriting) this.#writeMark(key, hidden.mark)
      }
      if (++this.#marksRewritten % marksInTurn === 0) setImmediate(write)
      else queueMicrotask(write)
      return
    }
  }

  #hide(key: string, hidden: HiddenKey): void {
    if (this.#hidden.size >= maxHiddenKeys && !this.#hidden.has(key)) this.#forgotInvalidations = true
    else this.#hidden.set(key, hidden)
  }

  #inTime<T>(
    operation: 'get' | 'openBody',
    promise: Promise<T>,
    budget: Budget,
    onLate?: (value: T) => void
  ): Promise<T | undefined> {
    return budget.wait(promise, onLate).then(
      (value) => {
        this.#reads.succeeded()
        return value
      },
      (error: unknown) => {
        this.#couldNotRead(operation, error)
        return undefined
      }
    )
  }

  #couldNotRead(operation: 'get' | 'openBody', error: unknown): void {
    this.#reads.failed()
    this.#report.tell(operation, error)
  }

  #write<T>(
    operation: 'set' | 'update' | 'delete',
    breaker: CircuitBreaker,
    run: () => Awaitable<T>
  ): Awaitable<{ done: boolean; value?: T }> {
    const wrote = (value: T) => {
      breaker.succeeded()
      return { done: true, value }
    }
    const failed = (error: unknown) => {
      if (error instanceof CopyDroppedError) {
        breaker.undecided()
      } else {
        breaker.failed()
        this.#report.tell(operation, error)
      }
      return { done: false }
    }
    try {
      const running = run()
      if (!isPromise(running)) return wrote(running)
      return withinLimit(running, writeLimitMs, undefined, 'unref').then(wrote, failed)
    } catch (error) {
      return failed(error)
    }
  }
}

/** @throws TypeError for what is no answer of `openBody` */
function checkedBody(body: Body | undefined): Body | undefined {
  if (body === undefined || isBody(body)) return body
  throw new TypeError('openBody answered with something else than a body')
}

function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)
}

/** Lets go of a body that nobody will read. */
export function release(body: Body | undefined): void {
  if (!isBody(body) || body instanceof Uint8Array) return
  try {
    const iterator = Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : body[Symbol.iterator]()
    Promise.resolve(iterator.return?.()).catch(() => {})
  } catch {
    // It failed in letting go: there is nothing more to let go of.
  }
}
