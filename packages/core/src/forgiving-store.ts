import { isPromise, whenReady } from './awaitable.js'
import { BodyOnItsWay, isAtHand, iteratorOf, letGo, release } from './body.js'
import { CopyDroppedError } from './body-copy.js'
import { type Budget, withinLimit } from './budget.js'
import { CircuitBreaker } from './circuit-breaker.js'
import type { StoreFailureReport } from './diagnostics.js'
import { checkedBody, checkedFound, plainFound } from './plain-data.js'
import type { StoredResponse } from './rules/messages.js'
import type { Awaitable, Body, ByteRange, CacheStore, Found, Mark } from './store.js'
import { StoreLocks } from './store-locks.js'
import { UnderWay } from './under-way.js'
import { UnwrittenMarks } from './unwritten-marks.js'
import { BodyDamagedError } from './verified-body.js'

/** How long a write that nobody waits for may take, beside what it waits for itself. */
const writeLimitMs = 10_000

/**
 * A store whose failures are misses (ROB-02). What throws, rejects, hangs or is slow never fails a request and never
 * holds it up beyond its budget. What keeps failing is left alone, and tried without anybody waiting for it.
 */
export class ForgivingStore {
  readonly keepsObjects: boolean
  readonly repeatsObjects: boolean
  readonly repeatsBodies: boolean
  /** Whether what it hands out has to be copied before anybody else sees it. */
  readonly copiesBodies: boolean
  /** The same of bodies that came along with a look-up, where others are new. */
  readonly copiesAttached: boolean
  /** What is being written to the store, or removed from it. */
  readonly writing = new UnderWay()
  readonly locks: StoreLocks
  readonly #store: CacheStore
  readonly #report: StoreFailureReport
  // Apart, because a full store still answers, still removes, and still takes what makes others invalid.
  readonly #lookUps: CircuitBreaker
  readonly #bodies: CircuitBreaker
  readonly #writes: CircuitBreaker
  readonly #removals: CircuitBreaker
  readonly #marks: UnwrittenMarks
  readonly #plain = new WeakMap<Found, Found>()

  /** @param now - milliseconds on a clock that nobody sets */
  constructor(store: CacheStore, report: StoreFailureReport, now: () => number = () => performance.now()) {
    this.keepsObjects = store.keepsObjects === true
    this.repeatsObjects = store.repeatsObjects === true || store.repeatsObjects === 'found'
    this.repeatsBodies = store.repeatsObjects === true
    const shares = store.sharesBodies === true
    this.copiesBodies = (this.keepsObjects || this.repeatsBodies) && !shares
    this.copiesAttached = this.repeatsObjects && !this.copiesBodies && !shares
    this.#store = store
    this.#report = report
    this.#lookUps = new CircuitBreaker(now)
    this.#bodies = new CircuitBreaker(now)
    this.#writes = new CircuitBreaker(now)
    this.#removals = new CircuitBreaker(now)
    this.locks = new StoreLocks(store, report, now)
    this.#marks = new UnwrittenMarks(store, (error) => report.tell('mark', error), now)
  }

  /** Whether something under this key is invalid, and the store does not know. */
  hides(key: string): boolean {
    return this.#marks.hides(key)
  }

  get maxEntryBytes(): number {
    return this.#store.maxEntryBytes ?? Number.POSITIVE_INFINITY
  }

  /** What is stored; `undefined` if that cannot be known, and so nothing may be stored either. */
  get(key: string, budget: Budget): Awaitable<Found | undefined> {
    if (this.#marks.hides(key)) return undefined
    const begun = this.#lookUps.begin()
    if (begun === 0) return undefined
    try {
      const found = this.#store.get(key)
      if (!isPromise(found)) return this.#found(found)
      const finding = found.then((found) => this.#found(found))
      const failed = (error: unknown) => this.#failed('get', this.#lookUps, begun, error)
      if (!this.#lookUps.isOpen) return budget.wait(finding).catch(failed)
      withinLimit(finding, budget.limitMs, { unref: true }).catch(failed)
      return undefined
    } catch (error) {
      return this.#failed('get', this.#lookUps, begun, error)
    }
  }

  /** The body, or the bytes of `range` of it; `'gone'` if the store does not have it, `undefined` if it cannot be had in time. */
  openBody(key: string, id: string, budget: Budget, range?: ByteRange): Awaitable<Body | 'gone' | undefined> {
    const begun = this.#bodies.begin()
    if (begun === 0) return undefined
    try {
      const body = this.#store.openBody(key, id, range)
      if (!isPromise(body)) {
        const checked = checkedBody(body)
        if (!this.#bodies.isOpen || isAtHand(checked)) return this.#opened(checked)
        this.#tryBody(Promise.resolve(checked), begun, budget)
        return undefined
      }
      if (this.#bodies.isOpen) {
        this.#tryBody(body.then(checkedBody), begun, budget)
        return undefined
      }
      return budget.wait(body.then(checkedBody), release).then(
        (body) => this.#opened(body),
        (error: unknown) => this.#failed('openBody', this.#bodies, begun, error)
      )
    } catch (error) {
      return this.#failed('openBody', this.#bodies, begun, error)
    }
  }

  /** Tells that the first piece of a body came. */
  couldRead(): void {
    this.#bodies.succeeded()
  }

  /** Tells of a body that failed while it was read. */
  failedReading(error: unknown): void {
    // What is damaged heals when it is stored again; the store works.
    if (!(error instanceof BodyDamagedError) && !this.#bodies.isOpen) this.#bodies.failed(this.#bodies.begin())
    this.#report.tell('read', error)
  }

  /** Tells of metadata that could not be read. */
  foundUnreadable(error: unknown): void {
    this.#report.tell('read', error)
  }

  /** Whether the response was stored, as far as the store tells. Nobody waits for it. */
  set(key: string, body: Body, complete: () => StoredResponse | undefined): Awaitable<boolean> {
    let completed: StoredResponse | undefined
    let isLate = false
    const completeInTime = () => {
      completed = isLate ? undefined : complete()
      return completed
    }
    const begun = this.#writes.begin()
    if (begun === 0) {
      release(body)
      return false
    }
    const onItsWay = isAtHand(body) ? undefined : new BodyOnItsWay(body)
    const run = () => this.#store.set(key, onItsWay ?? body, completeInTime)
    const outcome = this.#write('set', this.#writes, begun, run, onItsWay)
    if (!isPromise(outcome)) return outcome.done && completed !== undefined
    return outcome.then(({ done }) => {
      isLate = true
      return done && completed !== undefined
    })
  }

  /** Whether the metadata was replaced. Nobody waits for it. */
  update(key: string, response: StoredResponse): Awaitable<boolean> {
    const begun = this.#writes.begin()
    if (begun === 0) return false
    const outcome = this.#write('update', this.#writes, begun, () => this.#store.update(key, response))
    return isPromise(outcome) ? outcome.then(({ value }) => value === true) : outcome.value === true
  }

  /** Removes a response. Nobody waits for it. */
  delete(key: string, slot: string): void {
    const begun = this.#removals.begin()
    if (begun !== 0) this.#write('delete', this.#removals, begun, () => this.#store.delete(key, slot))
  }

  /** Removes all responses under a key; whether they are gone. */
  clearKey(key: string): Awaitable<boolean> {
    const begun = this.#removals.begin()
    if (begun === 0) return false
    return whenReady(
      this.#write('delete', this.#removals, begun, () => this.#store.delete(key)),
      ({ done }) => done
    )
  }

  /**
   * Writes an invalidation. When it has answered, what was stored is not served any more, be it because it is hidden.
   * Whether it is known to be written.
   */
  invalidate(key: string, mark: Mark, budget: Budget): Awaitable<boolean> {
    const writing = this.#marks.invalidate(key, mark)
    return isPromise(writing) ? budget.wait(writing).catch(() => false) : writing
  }

  /** Writes a mark that is no invalidation. Whether it is known to be written. */
  mark(key: string, mark: Mark, budget: Budget): Awaitable<boolean> {
    const writing = this.#marks.write(key, mark)
    return isPromise(writing) ? budget.wait(writing).catch(() => false) : writing
  }

  /** @throws TypeError for what is no answer of `get` */
  #found(found: Found): Found {
    const checked = this.keepsObjects ? checkedFound(found) : this.#plainFound(found)
    this.#lookUps.succeeded()
    return this.#marks.trusted(checked)
  }

  /** One copy of each object that it hands out again, so that what was worked out for it can be found. */
  #plainFound(found: Found): Found {
    if (!this.repeatsObjects) return plainFound(found)
    let plain = this.#plain.get(found)
    if (plain === undefined) {
      plain = plainFound(found)
      this.#plain.set(found, plain)
    }
    return plain
  }

  #opened(body: Body | undefined): Body | 'gone' {
    // What has to be waited for tells with its first piece whether it can be read.
    if (body === undefined || isAtHand(body)) this.#bodies.succeeded()
    return body ?? 'gone'
  }

  /** Finds out whether bodies can be read again, by a first piece that nobody waits for. */
  #tryBody(opening: Promise<Body | undefined>, begun: number, budget: Budget): void {
    let letGoOf: () => void = () => {}
    const trying = opening.then(async (body) => {
      if (body === undefined || isAtHand(body)) return
      const iterator = iteratorOf(body)
      letGoOf = () => letGo(iterator)
      await iterator.next()
    })
    withinLimit(trying, budget.limitMs, { onLate: () => letGoOf(), unref: true }).then(
      () => {
        this.#bodies.succeeded()
        letGoOf()
      },
      (error: unknown) => {
        this.#failed('openBody', this.#bodies, begun, error)
        letGoOf()
      }
    )
  }

  #failed(operation: 'get' | 'openBody', breaker: CircuitBreaker, begun: number, error: unknown): undefined {
    breaker.failed(begun)
    this.#report.tell(operation, error)
  }

  #write<T>(
    operation: 'set' | 'update' | 'delete',
    breaker: CircuitBreaker,
    begun: number,
    run: () => Awaitable<T>,
    onItsWay?: BodyOnItsWay
  ): Awaitable<{ done: boolean; value?: T }> {
    const wrote = (value: T) => {
      breaker.succeeded()
      return { done: true, value }
    }
    const failed = (error: unknown) => {
      if (error instanceof CopyDroppedError) {
        breaker.undecided(begun)
      } else {
        breaker.failed(begun)
        this.#report.tell(operation, error)
      }
      return { done: false }
    }
    try {
      const running = run()
      if (!isPromise(running)) return wrote(running)
      this.writing.begin()
      return withinLimit(running, writeLimitMs, { unref: true, moves: onItsWay && (() => onItsWay.moves()) })
        .then(wrote, failed)
        .finally(() => this.writing.end())
    } catch (error) {
      return failed(error)
    }
  }
}
