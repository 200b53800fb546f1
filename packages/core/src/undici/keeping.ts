import type { Lookup } from '../look-ups.js'
import { newId } from '../new-id.js'
import type { StoredResponse } from '../rules/messages.js'
import type { StorableHead } from '../rules/storable-head.js'
import type { Awaitable } from '../store.js'
import type { Completed } from '../stored-responses.js'
import type { Exchange } from './exchange.js'
import { isInvalidatedSince } from './sharable.js'

/**
 * What the store gets to keep, once the body is complete. If its target was invalidated since it was asked for, it has a mark
 * that nobody writes: a store that has lost the one of the invalidation by then would take it for valid (INV-06).
 */
export function complete(
  exchange: Exchange,
  lookup: Lookup,
  head: StorableHead,
  copied: Completed | undefined,
  marks: StoredResponse['marks']
): StoredResponse | undefined {
  const isOvertaken = isInvalidatedSince(exchange, exchange.sentAfter)
  const valid = isOvertaken ? Object.freeze({ ...marks, [lookup.key.target]: newId() }) : marks
  const stored = copied && exchange.cache.responses.complete(lookup, head, copied, valid)
  // Who waits for all of it does not wait for its beginning.
  if (stored !== undefined && stored.part === undefined) exchange.leads?.completed(stored)
  return stored
}

export function marksFor(
  { cache }: Exchange,
  lookup: Lookup,
  head: StorableHead,
  groups: readonly string[]
): Awaitable<StoredResponse['marks']> {
  return cache.responses.invalidations.marksOf(lookup, groups, head.requestTime, cache.settings.storeTimeoutMs)
}

/** What a clock that was ahead has stored would never give way to a newer response (CLK-02). */
export function removeFromTheFuture({ cache }: Exchange, lookup: Lookup, { slot }: StorableHead): void {
  const now = cache.settings.clock()
  for (const known of lookup.stored) {
    if (known.stored.slot === slot && known.stored.requestTime > now) cache.responses.remove(lookup, known)
  }
}
