import { isPromise, whenReady } from './awaitable.js'
import type { Budget } from './budget.js'
import type { ForgivingStore } from './forgiving-store.js'
import { FoundCandidate } from './found-candidate.js'
import type { Integrity } from './integrity.js'
import { plainResponse } from './plain-data.js'
import { Recent } from './recent.js'
import { type Assessed, assess } from './rules/assessment.js'
import { areMarksOf, marksOf } from './rules/cache-groups.js'
import type { CacheKey } from './rules/cache-key.js'
import { isCoherent } from './rules/coherence.js'
import { isForThisCache } from './rules/foreign-responses.js'
import { isInvalidated, type Marks } from './rules/invalidation.js'
import type { EpochMilliseconds, StoredResponse } from './rules/messages.js'
import type { RuleOptions } from './rules/options.js'
import { isLost, isPastItsTime } from './rules/selection.js'
import { areFields, isStoredResponse } from './rules/stored-response.js'
import type { Awaitable, Found, FoundResponse } from './store.js'
import { BodyDamagedError, faultOf } from './verified-body.js'

const noMarks: Marks = new Map()
const nothing: Lookup['stored'] = []
/** So many responses that were invalidated are looked at closely in one look-up, whether they are still of use. */
const maxInvalidated = 8
/** Of so many groups the marks are read in one look-up. */
const maxGroupsRead = 256
/** How much is remembered of what was worked out for hits, so that the next ones are faster; twice that at most. */
const maxKnownBytes = 8_388_608

/** What is stored for a request, as the rules see it. */
export interface Lookup {
  readonly key: CacheKey
  readonly stored: readonly FoundCandidate[]
  readonly marks: Marks
  /** What is known of responses to other queries of the same path; unset without `noVarySearch`. */
  readonly search?: Lookup
  /** Keys of the groups that responses among them are in; unset if they are in none. */
  readonly groups?: readonly string[]
}

/** The same without one of the responses. */
export function without(lookup: Lookup, { stored }: Assessed): Lookup {
  return { ...lookup, stored: lookup.stored.filter((other) => other.stored !== stored) }
}

/** Finds what is stored under a key, and checks it where the store keeps no objects (SEC-05). */
export class LookUps {
  readonly #store: ForgivingStore
  readonly #options: RuleOptions
  readonly #verifiesDigests: boolean
  readonly #clock: () => EpochMilliseconds
  readonly #integrity: Integrity | undefined
  /** What was made of objects that the store hands out again and again; a store may use one for several keys. */
  readonly #known = new Recent<Found, Lookup>(maxKnownBytes, bytesOfLookup)
  /** The same of single responses, which others under their key may come and go beside. */
  readonly #assessed = new Recent<StoredResponse, Assessed>(maxKnownBytes, bytesOf)

  constructor(
    store: ForgivingStore,
    options: RuleOptions,
    verifiesDigests: boolean,
    clock: () => EpochMilliseconds,
    integrity: Integrity | undefined
  ) {
    this.#store = store
    this.#options = options
    this.#verifiesDigests = verifiesDigests
    this.#clock = clock
    this.#integrity = integrity
  }

  /** `undefined` if it cannot be known. */
  lookUp(key: CacheKey, budget: Budget): Awaitable<Lookup | undefined> {
    const found = this.#store.get(key.key, budget)
    if (key.key === key.target) {
      if (isPromise(found)) return found.then((found) => this.#looked(key, found, found, budget))
      return this.#looked(key, found, found, budget)
    }
    const marked = this.#store.get(key.target, budget)
    return whenReady(found, (found) => whenReady(marked, (marked) => this.#looked(key, found, marked, budget)))
  }

  #looked(
    key: CacheKey,
    found: Found | undefined,
    marked: Found | undefined,
    budget: Budget
  ): Awaitable<Lookup | undefined> {
    const lookup = found && marked && this.#lookup(key, found, marked)
    return lookup?.groups === undefined ? lookup : this.#withGroups(lookup, lookup.groups, budget)
  }

  /** Reads the marks of the groups, too: of one that cannot be read, or is none too many, the members count as invalid. */
  #withGroups(lookup: Lookup, groups: readonly string[], budget: Budget): Awaitable<Lookup> {
    const marks = new Map(lookup.marks)
    const reading: Promise<void>[] = []
    let isKnown = groups.length <= maxGroupsRead
    for (const group of groups.slice(0, maxGroupsRead)) {
      const read = (found: Found | undefined) => {
        if (found === undefined) isKnown = false
        else if (found.mark !== undefined) marks.set(group, found.mark.value)
      }
      const found = this.#store.get(group, budget)
      if (isPromise(found)) reading.push(found.then(read))
      else read(found)
    }
    const done = () => {
      const all = { ...lookup, marks }
      if (isKnown) this.#removeUseless(all)
      return all
    }
    return reading.length === 0 ? done() : Promise.all(reading).then(done)
  }

  #lookup(key: CacheKey, found: Found, marked: Found): Lookup | undefined {
    try {
      return this.#read(key, found, marked)
    } catch (error) {
      this.#store.foundUnreadable(error)
      return undefined
    }
  }

  #read(key: CacheKey, found: Found, marked: Found): Lookup {
    if (found.responses.length === 0 && marked.mark === undefined) return { key, stored: nothing, marks: noMarks }
    const remembers = (this.#store.keepsObjects || this.#store.repeatsObjects) && found === marked
    if (remembers) {
      const known = this.#known.get(found)
      if (known?.key.key === key.key) return known
    }
    const stored = found.responses.flatMap((response) => this.#candidate(key, response) ?? [])
    const mark = marked.mark?.value
    const marks = typeof mark === 'string' ? new Map([[key.target, mark]]) : noMarks
    const groups = groupsOf(stored, key.target)
    const lookup = groups === undefined ? { key, stored, marks } : { key, stored, marks, groups }
    if (remembers) this.#known.set(found, lookup)
    // What became of groups has still to be read.
    if (groups === undefined) this.#removeUseless(lookup)
    return lookup
  }

  #candidate(key: CacheKey, found: FoundResponse): FoundCandidate | undefined {
    try {
      const isTrusted = this.#store.keepsObjects
      const { response, body } = isTrusted ? found : plainResponse(found)
      if (!isTrusted && !isPlausible(response, key)) return this.#passOver(key.key, response)
      const stored = response as StoredResponse
      const marks = marksOf(stored, this.#options)
      return new FoundCandidate(stored, marks, body as Uint8Array | undefined, this.#assess)
    } catch (error) {
      // Not even of the right shape, from a store that was trusted to keep what it was given.
      this.#store.foundUnreadable(error)
      return undefined
    }
  }

  readonly #assess = (found: FoundCandidate): Assessed | undefined => {
    const { stored } = found
    const isTrusted = this.#store.keepsObjects
    if (!isTrusted) return this.#assessUntrusted(found)
    const before = this.#assessed.get(stored)
    const assessed = before ?? this.#assessAnew(stored)
    if (assessed === undefined) return undefined
    // Remembered with the look-up as well.
    this.#known.grew(bytesOf(assessed))
    if (before === undefined) this.#assessed.set(stored, assessed)
    return assessed
  }

  #assessUntrusted(found: FoundCandidate): Assessed | undefined {
    const { stored } = found
    if (!this.#isSound(found)) return this.#passOver(stored.key, stored)
    const assessed = this.#assessAnew(stored)
    if (assessed !== undefined && !isCoherent(assessed, this.#options)) return this.#passOver(stored.key, stored)
    if (assessed !== undefined && this.#store.repeatsObjects) this.#known.grew(bytesOf(assessed))
    return assessed
  }

  #assessAnew(stored: StoredResponse): Assessed | undefined {
    try {
      const assessed = assess(stored, this.#options)
      return isForThisCache(assessed, this.#options) ? assessed : undefined
    } catch (error) {
      this.#store.foundUnreadable(error)
      return undefined
    }
  }

  /** Whether what takes longer to check is as it was stored, too: field lines, signature, and the body that came along. */
  #isSound({ stored, body }: FoundCandidate): boolean {
    const { fields, bodyBytes, digests } = stored
    if (!areFields(fields)) return false
    if (this.#verifiesDigests && digests === undefined) return false
    if (this.#integrity !== undefined && !this.#integrity.isSigned(stored)) return false
    if (body === undefined) return true
    const checked = this.#verifiesDigests ? digests : undefined
    const fault = body instanceof Uint8Array ? faultOf(body, bodyBytes, checked) : 'it is no Uint8Array'
    if (fault === undefined) return true
    this.#store.failedReading(new BodyDamagedError(fault))
    return false
  }

  /** What does not check out stays until it is replaced; it is removed only where it would never be, for a store keeps what was requested later. */
  #passOver(key: string, response: unknown): undefined {
    if (typeof response !== 'object' || response === null) return
    const { formatVersion, slot, requestTime }: { [Name in keyof StoredResponse]?: unknown } = response
    const isLater = typeof requestTime !== 'number' || requestTime > this.#clock()
    if (formatVersion === 1 && typeof slot === 'string' && isLater) this.#store.delete(key, slot)
  }

  #removeUseless(lookup: Lookup): void {
    const now = this.#clock()
    let invalidated = 0
    for (const candidate of lookup.stored) {
      if (isPastItsTime(candidate, now)) this.#store.delete(lookup.key.key, candidate.stored.slot)
      else if (isInvalidated(candidate, lookup.marks) && ++invalidated <= maxInvalidated) {
        if (isLost(candidate)) this.#store.delete(lookup.key.key, candidate.stored.slot)
      }
    }
  }
}

/** What is known of a stored response takes up to that, together with the head that is made of it when it is served. */
function bytesOf({ stored }: Assessed): number {
  let bytes = 1_500
  for (const [name, value] of stored.fields) bytes += 350 + name.length + value.length
  return bytes
}

function bytesOfLookup({ stored }: Lookup): number {
  let bytes = 400
  for (const { known } of stored) bytes += known === undefined ? 300 : 300 + bytesOf(known)
  return bytes
}

/** Whether it is a stored response by all that is looked at before a request selects it: that takes no long lists. */
function isPlausible(response: unknown, { key, target }: CacheKey): boolean {
  if (!isStoredResponse(response, key)) return false
  return Object.hasOwn(response.marks, target) && areMarksOf(response.marks, target)
}

/** The keys of the marks, but for that of `target`, that any of them depends on. */
function groupsOf(stored: readonly FoundCandidate[], target: string): readonly string[] | undefined {
  let groups: Set<string> | undefined
  for (const { marks } of stored) {
    if (marks.length === 1) continue
    groups ??= new Set()
    for (const [key] of marks) if (key !== target) groups.add(key)
  }
  return groups && [...groups]
}
