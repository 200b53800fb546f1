import { whenReady } from '../awaitable.js'
import { Budget } from '../budget.js'
import { storeCombined } from '../combined-body.js'
import type { Lookup } from '../look-ups.js'
import { decideSettling } from '../rules/combining.js'
import type { StorableHead } from '../rules/storable-head.js'
import type { Awaitable } from '../store.js'
import type { Exchange } from './exchange.js'

/** How long it may take to put parts together: nobody waits for it. */
const combiningLimitMs = 10_000

/**
 * Carries out what follows from a response that was stored for the parts that are stored beside it (RNG-10). What a whole
 * one replaces was there before it; a part may adjoin what has come since.
 */
export function settleParts(exchange: Exchange, lookup: Lookup, head: StorableHead): Awaitable<unknown> {
  const { asked, cache } = exchange
  const budget = new Budget(combiningLimitMs, 'unref')
  if (head.part === undefined) return settle(exchange, lookup, head, budget)
  return whenReady(cache.responses.lookUp(asked.key, budget), (now) => now && settle(exchange, now, head, budget))
}

function settle({ asked, cache }: Exchange, lookup: Lookup, head: StorableHead, budget: Budget): Awaitable<unknown> {
  const { responses, settings } = cache
  const { outdated, combination } = decideSettling(asked.request, lookup, head, settings.rules)
  for (const other of outdated) responses.remove(lookup, other)
  const maxBytes = Math.min(settings.maxEntryBytes, responses.store.maxEntryBytes)
  if (combination === undefined || combination.bodyBytes > maxBytes) return
  return storeCombined(responses, lookup, combination, budget)
}
