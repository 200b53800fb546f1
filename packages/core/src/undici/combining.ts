import { whenReady } from '../awaitable.js'
import { Budget } from '../budget.js'
import { storeCombined } from '../combined-body.js'
import type { Lookup } from '../look-ups.js'
import { decideCombining } from '../rules/combining.js'
import { isInvalidated } from '../rules/invalidation.js'
import { selectable } from '../rules/selection.js'
import type { StorableHead } from '../rules/storable-head.js'
import type { Awaitable } from '../store.js'
import type { Exchange } from './exchange.js'

/** How long it may take to put parts together: nobody waits for it. */
const combiningLimitMs = 10_000

/** What follows from a response that was stored for the parts that are stored beside it (RNG-10). */
export function settleParts(exchange: Exchange, lookup: Lookup, head: StorableHead): Awaitable<unknown> {
  return head.part === undefined ? dropParts(exchange, lookup, head) : combineParts(exchange, head)
}

/** A whole response takes the place of its parts. */
function dropParts({ asked, cache }: Exchange, lookup: Lookup, head: StorableHead): void {
  for (const known of selectable(asked.request, lookup, cache.settings.rules)) {
    const { part, requestTime } = known.stored
    if (part !== undefined && requestTime <= head.requestTime) cache.responses.remove(lookup, known)
  }
}

/** Puts a part together with those it follows or is followed by, and drops what it shows to be of another version. */
function combineParts({ asked, cache }: Exchange, head: StorableHead): Awaitable<unknown> {
  const { responses, settings } = cache
  const budget = new Budget(combiningLimitMs, 'unref')
  return whenReady(responses.lookUp(asked.key, budget), (now) => {
    if (now === undefined) return
    const valid = selectable(asked.request, now, settings.rules).filter((known) => !isInvalidated(known, now.marks))
    const part = valid.find(({ stored }) => stored.slot === head.slot)
    if (part === undefined) return
    const others = valid.filter((known) => known !== part && known.stored.method === 'GET')
    const { outdated, combination } = decideCombining(asked.request, part, others, settings.rules)
    for (const other of outdated) responses.remove(now, other)
    const maxBytes = Math.min(settings.maxEntryBytes, responses.store.maxEntryBytes)
    if (combination === undefined || combination.bodyBytes > maxBytes) return
    return storeCombined(responses, now, combination, budget)
  })
}
