import { whenReady } from '../awaitable.js'
import { Budget } from '../budget.js'
import type { CacheDecision } from '../diagnostics.js'
import { storeChannel } from '../events.js'
import type { Lookup } from '../look-ups.js'
import { assess } from '../rules/assessment.js'
import { selectable } from '../rules/selection.js'
import type { StorableHead } from '../rules/storable-head.js'
import { type NotStored, outdatesStored } from '../rules/storing.js'
import { settleParts } from './combining.js'
import type { Exchange } from './exchange.js'
import type { NetworkResponse } from './network-response.js'
import { refusedByStore } from './not-stored.js'
import { tellStored } from './telling.js'

/** What is told of an exchange whatever becomes of its answer. */
export type Told = Pick<CacheDecision, 'outcome' | 'reason' | 'status'>

/** The store has answered: it kept the response, or did not. */
export function settled(
  exchange: Exchange,
  response: NetworkResponse,
  lookup: Lookup,
  head: StorableHead,
  bodyBytes: number,
  stored: boolean,
  told: Told
): void {
  if (!stored) return isNotStored(exchange, response, lookup, refusedByStore, told)
  const { responses, settings } = exchange.cache
  const hasOthers = head.selecting.length > 0 || lookup.stored.some((known) => known.stored.slot !== head.slot)
  if (hasOthers) responses.trim(lookup, new Budget(settings.storeTimeoutMs, 'unref'))
  responses.searchIndex?.add(lookup, head)
  if (storeChannel.hasSubscribers) tellStored(exchange, 'stored', head, bodyBytes)
  const hasParts = head.part !== undefined || lookup.stored.some((known) => known.stored.part !== undefined)
  whenReady(hasParts ? settleParts(exchange, lookup, head) : undefined, () => {
    exchange.tell({ ...told, stored, ...lifetimeOf(exchange, lookup, head) })
  })
}

/** A complete answer was not stored. */
export function isNotStored(
  exchange: Exchange,
  response: NetworkResponse,
  lookup: Lookup | undefined,
  because: NotStored,
  told: Told
): void {
  if (lookup !== undefined) dropOutdated(exchange, lookup, response, because)
  exchange.tell({ ...told, notStored: because })
}

/** An answer that is not stored shows what is stored to be outdated, be it only since the look-up (STORE-10). */
function dropOutdated({ asked, cache }: Exchange, lookup: Lookup, response: NetworkResponse, because: NotStored): void {
  const { responses, settings } = cache
  const { status, times } = response
  if (!outdatesStored(asked.request.method, status, because)) return
  const known = selectable(asked.request, lookup, settings.rules)
  for (const outdated of known) responses.remove(lookup, outdated)
  whenReady(responses.lookUp(asked.key, new Budget(settings.storeTimeoutMs, 'unref')), (now) => {
    if (now === undefined) return
    for (const other of selectable(asked.request, now, settings.rules)) {
      const isKnown = known.some(({ stored }) => stored.id === other.stored.id)
      if (!isKnown && other.stored.requestTime <= times.requestTime) responses.remove(now, other)
    }
  })
}

function lifetimeOf(
  { cache, isHeard }: Exchange,
  { key }: Lookup,
  head: StorableHead
): Pick<CacheDecision, 'lifetime' | 'heuristic'> {
  if (!isHeard) return {}
  const stored = { formatVersion: 1, key: key.key, id: '', bodyBytes: 0, marks: {}, ...head } as const
  const { lifetime, heuristic } = assess(stored, cache.settings.rules)
  return { lifetime, heuristic }
}
