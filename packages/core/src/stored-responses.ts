import { hash } from 'node:crypto'
import { whenReady } from './awaitable.js'
import { BodyOnItsWay, isAtHand } from './body.js'
import { Budget } from './budget.js'
import { CheckedBodies } from './checked-bodies.js'
import type { ForgivingStore } from './forgiving-store.js'
import type { Integrity } from './integrity.js'
import { Invalidations, markLifetimeMs, ownMarks } from './invalidations.js'
import { LookUps, type Lookup } from './look-ups.js'
import { newId } from './new-id.js'
import { type Reading, readingOfAll, readingOfRange } from './reading.js'
import type { Assessed } from './rules/assessment.js'
import type { CacheKey } from './rules/cache-key.js'
import type { Candidate } from './rules/candidates.js'
import type { EpochMilliseconds, StoredResponse } from './rules/messages.js'
import type { RuleOptions } from './rules/options.js'
import type { StorableHead } from './rules/storable-head.js'
import { digestPieceBytes } from './rules/stored-response.js'
import { type Keeper, SearchIndex } from './search-index.js'
import type { Awaitable, Body, ByteRange, Found, FoundResponse } from './store.js'
import { BodyDamagedError, verifiedBody, verifiedBytes } from './verified-body.js'

/** Parts under one key that are kept beside whole responses; the least recently stored go. */
const maxParts = 32
/** How long the body of a response that moves may take to be opened. */
const moveLimitMs = 10_000

/** A response whose head may be stored, until its body is complete. */
export interface Completed {
  readonly bodyBytes: number
  readonly digests: readonly string[] | undefined
}

/** Everything the cache does with its store: looking up, reading, keeping, updating, invalidating, removing. */
export class StoredResponses {
  readonly store: ForgivingStore
  readonly #options: RuleOptions
  readonly #verifiesDigests: boolean
  /** Where what the store hands back has to be signed. */
  readonly #integrity: Integrity | undefined
  readonly #clock: () => EpochMilliseconds
  readonly #lookUps: LookUps
  readonly invalidations: Invalidations
  /** Set with `noVarySearch`. */
  readonly searchIndex: SearchIndex | undefined
  readonly #checked = new CheckedBodies()

  constructor(
    store: ForgivingStore,
    options: RuleOptions,
    verify: 'digest' | 'length',
    clock: () => EpochMilliseconds,
    integrity: Integrity | undefined
  ) {
    this.store = store
    this.#options = options
    this.#verifiesDigests = verify === 'digest'
    this.#clock = clock
    this.#integrity = store.keepsObjects ? undefined : integrity
    this.#lookUps = new LookUps(store, options, this.#verifiesDigests, clock, this.#integrity)
    this.invalidations = new Invalidations(store, options, clock)
    this.searchIndex = options.noVarySearch ? this.#index() : undefined
    this.invalidations.searchIndex = this.searchIndex
  }

  /** Whether what is stored has to have digests. */
  get makesDigests(): boolean {
    return this.#verifiesDigests && !this.store.keepsObjects
  }

  /** What is stored under a key; `undefined` if that cannot be known. */
  lookUp(key: CacheKey, budget: Budget): Awaitable<Lookup | undefined> {
    return this.#lookUps.lookUp(key, budget)
  }

  /**
   * The body of a stored response, or the bytes of `range` of it; `undefined` if it is gone, damaged, or cannot be had
   * in time. What can be checked before the first byte was checked when it has answered.
   */
  openBody(lookup: Lookup, assessed: Assessed, budget: Budget, range?: ByteRange): Awaitable<Body | undefined> {
    const { stored } = assessed
    const verifies = this.makesDigests
    const reading = range && readingOfRange(stored, verifies, range)
    const body = this.store.openBody(lookup.key.key, stored.id, budget, reading?.range)
    return whenReady(body, (body) => {
      if (body === undefined) return undefined
      if (body === 'gone') return this.#gone(lookup, assessed)
      if (!this.store.keepsObjects || !isAtHand(body)) {
        if (reading === undefined && body instanceof Uint8Array && this.#checked.has(body, stored)) {
          return isWhole(body, stored.bodyBytes) ? body : this.#gone(lookup, assessed)
        }
        return this.#verified(lookup, assessed, body, reading ?? readingOfAll(stored, verifies), budget)
      }
      return isWhole(body, reading?.bytes ?? stored.bodyBytes) ? body : this.#gone(lookup, assessed)
    })
  }

  /** The body that came with the look-up, if it did. */
  attachedBody(lookup: Lookup, { stored }: Assessed): Uint8Array | undefined {
    for (const { stored: other, body } of lookup.stored) {
      if (other !== stored) continue
      if (!(body instanceof Uint8Array) || body.byteLength !== stored.bodyBytes) return undefined
      return this.store.copiesAttached ? Buffer.from(body) : body
    }
    return undefined
  }

  /**
   * What to store once the body is complete; `undefined` if it took so long that an invalidation in the meantime may be
   * forgotten by now.
   */
  complete(
    lookup: Lookup,
    head: StorableHead,
    { bodyBytes, digests }: Completed,
    marks = ownMarks(lookup)
  ): StoredResponse | undefined {
    const isInTime = this.#clock() - head.requestTime <= markLifetimeMs
    if (!isInTime) return undefined
    return this.#sealed({
      formatVersion: 1,
      key: lookup.key.key,
      id: newId(),
      ...head,
      bodyBytes,
      ...(digests !== undefined && { digests }),
      marks
    })
  }

  /** Gives a stored response new metadata, by which it is valid again. Whether the store has taken it. */
  update(
    lookup: Lookup,
    { stored }: Assessed,
    head: StorableHead,
    groups: readonly string[],
    limitMs: number
  ): Awaitable<boolean> {
    return whenReady(this.invalidations.marksOf(lookup, groups, head.requestTime, limitMs), (marks) => {
      const { invalid, ...kept } = stored
      const { storedTime = stored.responseTime } = stored
      const updated: StoredResponse = { ...kept, storedTime, ...head, marks }
      if (head.slot === stored.slot) return this.store.update(lookup.key.key, this.#sealed(updated))
      return this.#move(lookup, stored, updated)
    })
  }

  /** Has a stored response validated before it is used again. */
  markInvalid(lookup: Lookup, assessed: Assessed): void {
    const marked = this.store.update(lookup.key.key, this.#sealed({ ...assessed.stored, invalid: true }))
    whenReady(marked, (marked) => {
      if (!marked) this.remove(lookup, assessed)
    })
  }

  remove(lookup: Lookup, { stored }: Pick<Candidate, 'stored'>): void {
    this.store.delete(lookup.key.key, stored.slot)
  }

  /** Look-ups for whoever goes through all that is stored: what is remembered for hits is not driven out by them. */
  lookUpsApart(): LookUps {
    return new LookUps(this.store, this.#options, this.#verifiesDigests, this.#clock, this.#integrity)
  }

  /** Keeps the number of responses under a key within `maxVariants`: the least recently stored go (VARY-10). */
  trim(lookup: Lookup, budget: Budget): void {
    const { maxVariants } = this.#options
    const found = this.store.get(lookup.key.key, budget)
    const trim = (found: Found | undefined) => {
      if (found === undefined || found.responses.length <= Math.min(maxVariants, maxParts)) return
      const oldestFirst = found.responses
        .flatMap((found) => this.#placeOf(found))
        .sort((one, other) => one.responseTime - other.responseTime)
      const whole = oldestFirst.filter(({ part }) => part === undefined)
      const parts = oldestFirst.filter(({ part }) => part !== undefined)
      const tooMany = [...whole.slice(0, -maxVariants), ...parts.slice(0, -maxParts)]
      for (const { slot } of tooMany) this.store.delete(lookup.key.key, slot)
    }
    whenReady(found, trim)
  }

  #index(): SearchIndex {
    const keeper: Keeper = {
      store: this.store,
      lookUp: (key, budget) => this.lookUp(key, budget),
      withMark: (lookup, budget) => this.invalidations.withMark(lookup, budget),
      complete: (lookup, head, copied) => this.complete(lookup, head, copied)
    }
    return new SearchIndex(keeper, this.#options.digest, this.#clock)
  }

  /** Metadata without its body is of no use to anybody. */
  #gone(lookup: Lookup, assessed: Assessed): undefined {
    this.remove(lookup, assessed)
  }

  #verified(
    lookup: Lookup,
    assessed: Assessed,
    body: Body,
    reading: Reading,
    budget: Budget
  ): Awaitable<Body | undefined> {
    const failed = (error: unknown, hasBegun: boolean) => {
      this.store.failedReading(error)
      // What is only slow today is still there tomorrow; what broke off under a caller is not to do so again.
      if (hasBegun || error instanceof BodyDamagedError) this.remove(lookup, assessed)
    }
    const passed = () => {
      if (reading.range !== undefined || !(body instanceof Uint8Array)) return
      if (this.store.repeatsBodies) this.#checked.addRepeated(body, assessed.stored)
      else if (this.store.repeatsObjects && reading.digests !== undefined) this.#checked.addNew(body, assessed.stored)
    }
    if (body instanceof Uint8Array && body.byteLength <= digestPieceBytes) {
      return verifiedBytes(body, reading, failed, passed)
    }
    const verified = verifiedBody(body, reading, budget, failed, passed)
    return verified.then((verified) => {
      if (verified !== undefined) this.store.couldRead()
      return verified
    })
  }

  /** Where a response is kept and since when, be it one that is not used; none if that cannot be told. */
  #placeOf(found: FoundResponse): Pick<StoredResponse, 'slot' | 'responseTime' | 'part'>[] {
    try {
      const { slot, responseTime, part } = found.response
      if (typeof slot !== 'string' || typeof responseTime !== 'number') return []
      return [{ slot, responseTime, ...(part !== undefined && { part }) }]
    } catch {
      return []
    }
  }

  /** As the store gets it. */
  #sealed(response: StoredResponse): StoredResponse {
    return this.#integrity === undefined ? Object.freeze(response) : this.#integrity.signed(response)
  }

  /** The selecting fields changed with the metadata (UPD-08): the body goes along to the new slot. */
  async #move(lookup: Lookup, stored: StoredResponse, updated: StoredResponse): Promise<boolean> {
    const { key } = lookup.key
    const moved = this.#sealed({ ...updated, id: newId() })
    const body = await this.store.openBody(key, stored.id, new Budget(moveLimitMs, 'unref'))
    if (body === undefined || body === 'gone') return false
    const moving = isAtHand(body) ? body : new BodyOnItsWay(body)
    const isMoved = await this.store.set(key, moving, () => moved)
    if (isMoved) this.store.delete(key, stored.slot)
    if (moving instanceof BodyOnItsWay) moving.letGo()
    return isMoved
  }
}

/** Whether a body at hand is whole: who was given shared bytes may have taken their memory away. */
function isWhole(body: Uint8Array | readonly unknown[], bodyBytes: number): boolean {
  if (body instanceof Uint8Array) return body.byteLength === bodyBytes
  let total = 0
  for (const piece of body) total += piece instanceof Uint8Array ? piece.byteLength : Number.NaN
  return total === bodyBytes
}

/** SHA-256 in lowercase hex. */
export function digest(content: string | Uint8Array): string {
  return hash('sha256', content)
}
