import { letGo } from './body.js'
import { Budget, withinLimit } from './budget.js'
import { StoreOperationError } from './errors.js'
import type { FoundCandidate } from './found-candidate.js'
import type { Lookup } from './look-ups.js'
import type { Assessed } from './rules/assessment.js'
import { type KeyParts, keyParts } from './rules/cache-key.js'
import { combined } from './rules/fields.js'
import { currentAge, isClockUsable } from './rules/freshness.js'
import { isInvalidated } from './rules/invalidation.js'
import type { EpochMilliseconds, Seconds, StoredResponse } from './rules/messages.js'
import { isLost, isPastItsTime } from './rules/selection.js'
import type { CacheStore } from './store.js'
import type { StoredResponses } from './stored-responses.js'

/** A stored response, as `entries()` tells of it. */
export interface CacheEntry {
  /** The target URI, without fragment. It is not redacted. */
  readonly url: string
  /** The part of the cache it is in; `''` for the one without a name. */
  readonly partition: string
  readonly method: StoredResponse['method']
  readonly status: number
  readonly freshness: {
    /** Current age. */
    readonly age: Seconds
    /** Freshness lifetime. */
    readonly lifetime: Seconds
    /** Whether the lifetime exceeds the age, and nothing has invalidated it since. */
    readonly isFresh: boolean
  }
  readonly bodyBytes: number
  /** When its body came from the origin. */
  readonly storedTime: EpochMilliseconds
  /** When the origin last confirmed it; `undefined` if it never has. */
  readonly confirmedTime: EpochMilliseconds | undefined
  /** The later of the two: age and freshness count from then on. */
  readonly responseTime: EpochMilliseconds
  /** Until then it is fresh, unless it is invalidated. It may be over. */
  readonly freshUntil: EpochMilliseconds
  /** From then on it is of no use, and the store may drop it. */
  readonly keptUntil: EpochMilliseconds
  /** The value of a stored field, several lines joined with `, `; `undefined` if there is none. Names compare without case. */
  field(name: string): string | undefined
}

/** A stored response, and where it is. */
export interface Placed {
  readonly key: string
  readonly slot: string
  readonly entry: CacheEntry
}

/** Every key in a store that this cache has made, of those whose parts are wanted. Each may take `limitMs` to come. */
export async function* storedKeys(
  operation: string,
  store: CacheStore,
  limitMs: number,
  isWanted: (parts: KeyParts) => boolean
): AsyncGenerator<{ key: string; parts: KeyParts }> {
  if (store.keys === undefined) throw new StoreOperationError(operation, 'the store cannot list what it has: no keys()')
  let iterator: AsyncIterator<string> | undefined
  try {
    iterator = store.keys()[Symbol.asyncIterator]()
    for (;;) {
      const { done, value: key } = await withinLimit(iterator.next(), limitMs)
      if (done) return
      const parts = keyParts(key)
      if (parts !== undefined && isWanted(parts)) yield { key, parts }
    }
  } catch (cause) {
    throw new StoreOperationError(operation, 'the store failed', { cause })
  } finally {
    if (iterator !== undefined) letGo(iterator)
  }
}

/** What is stored that this cache could use, validated or not. */
export async function* storedEntries(
  operation: string,
  store: CacheStore,
  responses: StoredResponses,
  clock: () => EpochMilliseconds,
  limitMs: number,
  isWanted: (parts: KeyParts) => boolean
): AsyncGenerator<Placed> {
  const lookUps = responses.lookUpsApart()
  for await (const { key, parts } of storedKeys(operation, store, limitMs, isWanted)) {
    const lookup = await lookUps.lookUp({ key, target: parts.target }, new Budget(limitMs))
    // What is hidden was invalidated, and the store does not know.
    if (lookup === undefined && !responses.store.hides(parts.target)) {
      throw new StoreOperationError(operation, 'the store could not be read')
    }
    for (const candidate of lookup?.stored ?? []) {
      const assessed = isUseless(candidate, lookup as Lookup, clock()) ? undefined : candidate.assessed()
      if (assessed === undefined) continue
      yield { key, slot: candidate.stored.slot, entry: entryOf(parts, assessed, lookup as Lookup, clock()) }
    }
  }
}

function isUseless(candidate: FoundCandidate, { marks }: Lookup, now: EpochMilliseconds): boolean {
  return isPastItsTime(candidate, now) || (isInvalidated(candidate, marks) && isLost(candidate))
}

function entryOf(parts: KeyParts, assessed: Assessed, { marks }: Lookup, now: EpochMilliseconds): CacheEntry {
  const { stored, lifetime, initialAge, fields } = assessed
  const { method, status, bodyBytes, responseTime, storedTime, dropAt } = stored
  const age = currentAge(initialAge, responseTime, now)
  const isFresh = lifetime > age && isClockUsable(now, responseTime) && !isInvalidated(assessed, marks)
  return {
    url: parts.origin + parts.path,
    partition: parts.partition,
    method,
    status,
    freshness: { age, lifetime, isFresh },
    bodyBytes,
    storedTime: storedTime ?? responseTime,
    confirmedTime: storedTime === undefined ? undefined : responseTime,
    responseTime,
    freshUntil: responseTime + (lifetime - initialAge) * 1000,
    keptUntil: dropAt,
    field: (name) => combined(fields, name.toLowerCase())
  }
}
