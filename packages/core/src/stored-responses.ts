import { hash } from 'node:crypto'
import { isPromise, whenReady } from './awaitable.js'
import { BodyOnItsWay, isAtHand } from './body.js'
import { Budget } from './budget.js'
import type { ForgivingStore } from './forgiving-store.js'
import { GroupMarks } from './group-marks.js'
import type { Integrity } from './integrity.js'
import { LookUps, type Lookup } from './look-ups.js'
import { newId } from './new-id.js'
import { type Reading, readingOfAll, readingOfRange } from './reading.js'
import { RecentInvalidations } from './recent-invalidations.js'
import type { Assessed } from './rules/assessment.js'
import { groupKey, groupKeysIn } from './rules/cache-groups.js'
import type { CacheKey } from './rules/cache-key.js'
import type { Candidate } from './rules/candidates.js'
import type { EpochMilliseconds, StoredResponse } from './rules/messages.js'
import type { RuleOptions } from './rules/options.js'
import type { StorableHead } from './rules/storable-head.js'
import { SearchIndex } from './search-index.js'
import type { Awaitable, Body, ByteRange, Found, FoundResponse } from './store.js'
import { BodyDamagedError, verifiedBody } from './verified-body.js'

/** Marks are kept, and copies may take, so long: then an old response cannot outlast what invalidated it. */
const markLifetimeMs = 3_600_000
/** Parts under one key that are kept beside whole responses; the least recently stored go. */
const maxParts = 32
/** How long the body of a response that moves may take to be opened. */
const moveLimitMs = 10_000

/** A response whose head may be stored, until its body is complete. */
export interface Completed {
  readonly bodyBytes: number
  readonly digests: readonly string[] | undefined
}

/** What the answer to an unsafe request makes invalid. */
export interface Outdated {
  /** Keys of targets. */
  readonly targets: readonly string[]
  /** Keys of groups. */
  readonly groups: readonly string[]
  /** Where responses to the same request would be stored. */
  readonly asked: CacheKey
}

/** Everything the cache does with its store: looking up, reading, keeping, updating, invalidating, removing. */
export class StoredResponses {
  readonly store: ForgivingStore
  readonly invalidations = new RecentInvalidations()
  readonly #options: RuleOptions
  readonly #verifiesDigests: boolean
  /** Where what the store hands back has to be signed. */
  readonly #integrity: Integrity | undefined
  readonly #clock: () => EpochMilliseconds
  readonly #lookUps: LookUps
  /** Set with `noVarySearch`. */
  readonly searchIndex: SearchIndex | undefined
  readonly #groups: GroupMarks

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
    this.#groups = new GroupMarks(store, clock, this.invalidations)
    this.#lookUps = new LookUps(store, options, this.#verifiesDigests, clock, this.#integrity)
    this.searchIndex = options.noVarySearch ? new SearchIndex(this, options.digest, clock) : undefined
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
        return this.#verified(lookup, assessed, body, reading ?? readingOfAll(stored, verifies), budget)
      }
      return isWhole(body, reading?.bytes ?? stored.bodyBytes) ? body : this.#gone(lookup, assessed)
    })
  }

  /** The body that came with the look-up, if it did. */
  attachedBody(lookup: Lookup, { stored }: Assessed): Uint8Array | undefined {
    for (const { stored: other, body } of lookup.stored) {
      if (other !== stored) continue
      return body instanceof Uint8Array && body.byteLength === stored.bodyBytes ? body : undefined
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

  /** The marks of what is put together of these: where they do not agree with what is known now, it is invalid. */
  marksOfParts(lookup: Lookup, parts: readonly Assessed[]): StoredResponse['marks'] {
    const { key, marks } = lookup
    const values = new Map<string, string>()
    for (const { stored } of parts) {
      for (const group of groupKeysIn(stored.marks, key.target)) {
        values.set(
          group,
          stored.marks[group] === marks.get(group) ? (values.get(group) ?? (marks.get(group) as string)) : newId()
        )
      }
    }
    return ownMarks(lookup, values)
  }

  /**
   * The marks that a response requested at `requestTime`, which is in these groups, is stored with. Those of groups may
   * take `limitMs` to be read.
   */
  marksOf(
    lookup: Lookup,
    groups: readonly string[],
    requestTime: EpochMilliseconds,
    limitMs: number
  ): Awaitable<StoredResponse['marks']> {
    if (groups.length === 0) return ownMarks(lookup)
    return whenReady(this.#groups.of(lookup, groups, requestTime, new Budget(limitMs, 'unref')), (ofGroups) => {
      return ownMarks(lookup, ofGroups)
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
    return whenReady(this.marksOf(lookup, groups, head.requestTime, limitMs), (marks) => {
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

  /**
   * Makes everything under these targets invalid; has answered when it is. `value` is a new {@link newId}. Whether the
   * store is known to know.
   */
  invalidate(targets: readonly string[], budget: Budget, value = newId()): Awaitable<boolean> {
    for (const target of targets) this.invalidations.note(target)
    const all = this.searchIndex === undefined ? targets : this.searchIndex.marksOf(targets, budget)
    return whenReady(all, (all) => this.#mark(all, budget, value))
  }

  #mark(targets: readonly string[], budget: Budget, value: string): Awaitable<boolean> {
    const at = this.#clock()
    const writing: Promise<boolean>[] = []
    let isWritten = true
    for (const target of targets) {
      const marked = this.store.invalidate(target, { value, at, dropAt: at + markLifetimeMs }, budget)
      if (isPromise(marked)) writing.push(marked)
      else isWritten &&= marked
    }
    if (writing.length === 0) return isWritten
    return Promise.all(writing).then((marked) => isWritten && marked.every(Boolean))
  }

  /**
   * The same, and of the groups, given by their keys: of those, and of all that anything under the targets or under
   * `asked` is in. What becomes invalid with a group takes no other group along (GRP-02).
   */
  invalidateWithGroups({ targets, groups, asked }: Outdated, budget: Budget, value = newId()): Awaitable<boolean> {
    if (!this.#options.cacheGroups) return this.invalidate(targets, budget, value)
    const keys = targets.map((target): CacheKey => ({ key: target, target }))
    if (asked.key !== asked.target) keys.push(asked)
    const members = this.#groups.under(keys, budget)
    const invalidated = this.invalidate(targets, budget, value)
    return whenReady(members, (members) => {
      const marked = this.#groups.invalidate([...new Set([...groups, ...members])], budget)
      return whenReady(marked, (marked) => whenReady(invalidated, (invalidated) => marked && invalidated))
    })
  }

  /**
   * Makes all members of a group invalid; `target` is the key of any URI of its origin. Whether the store is known to
   * know.
   */
  invalidateGroup(target: string, name: string, budget: Budget): Awaitable<boolean> {
    return this.#groups.invalidate([groupKey(target, name)], budget)
  }

  /** Look-ups for whoever goes through all that is stored: what is remembered for hits is not driven out by them. */
  lookUpsApart(): LookUps {
    return new LookUps(this.store, this.#options, this.#verifiesDigests, this.#clock, this.#integrity)
  }

  /**
   * Sees to it that there is a mark on the target of a key that is not the target itself: where that mark is missing, its
   * responses count as invalid, so that losing it is safe. One that may be written too late is not relied on: what is
   * stored then has a mark that nobody writes, and is validated before it is used.
   */
  ensureMark(lookup: Lookup, budget: Budget): Awaitable<Lookup> {
    const marked = this.withMark(lookup, budget)
    const index = this.searchIndex
    return index === undefined ? marked : whenReady(marked, (lookup) => index.prepare(lookup, budget))
  }

  /** The same, without regard to other queries. */
  withMark(lookup: Lookup, budget: Budget): Awaitable<Lookup> {
    const { key, marks } = lookup
    if (key.key === key.target || marks.has(key.target)) return lookup
    const at = this.#clock()
    const value = newId()
    const marked = this.store.mark(key.target, { value, at, dropAt: at + markLifetimeMs }, budget)
    return whenReady(marked, (isWritten) => ({
      ...lookup,
      marks: new Map([...marks, [key.target, isWritten ? value : newId()]])
    }))
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
  ): Promise<Body | undefined> {
    const failed = (error: unknown, hasBegun: boolean) => {
      this.store.failedReading(error)
      // What is only slow today is still there tomorrow; what broke off under a caller is not to do so again.
      if (hasBegun || error instanceof BodyDamagedError) this.remove(lookup, assessed)
    }
    const verified = verifiedBody(body, reading, budget, failed)
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

/** The mark of the target, and more. */
function ownMarks({ key, marks }: Lookup, others?: ReadonlyMap<string, string>): StoredResponse['marks'] {
  // Without a prototype it is a dictionary from the start: each literal with such a name would be of a shape of its own.
  const values: Record<string, string> = Object.create(null)
  values[key.target] = marks.get(key.target) ?? ''
  if (others !== undefined) for (const [other, value] of others) values[other] = value
  return Object.freeze(values)
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
