import type { Lookup } from '../look-ups.js'
import { withinLength } from '../rules/body-limit.js'
import type { ForwardReason } from '../rules/cache-status.js'
import { asStored } from '../rules/collapsing.js'
import { headOfBeginning } from '../rules/combining.js'
import { currentAge } from '../rules/freshness.js'
import type { StorableHead } from '../rules/storable-head.js'
import { decideStoring, type StoringDecision } from '../rules/storing.js'
import type { Exchange } from './exchange.js'
import type { NetworkResponse } from './network-response.js'
import { showStatus } from './status-head.js'
import { applyHead } from './updating.js'

/** May this answer be stored? A HEAD also tells of the answers to GET. */
export function decide(exchange: Exchange, response: NetworkResponse, lookup: Lookup): StoringDecision {
  if (exchange.asked.request.method === 'HEAD' && response.status === 200) applyHead(exchange, lookup, response)
  return decideAnswer(exchange, response)
}

/** May this answer be stored, as far as its head tells? */
export function decideAnswer(exchange: Exchange, response: NetworkResponse): StoringDecision {
  const { request } = exchange.asked
  const { times, redirected } = response
  const framing = { framed: response.head.isHttp2, redirected }
  return withinLimit(exchange, decideStoring(request, response, times, framing, exchange.cache.settings.rules))
}

/** Refuses what is longer than the store takes. */
export function withinLimit(exchange: Exchange, decision: StoringDecision): StoringDecision {
  return withinLength(decision, maxEntryBytes(exchange), exchange.cache.settings.rules)
}

/** What may be stored of an answer that did not end well, but as it began. */
export function beginningOf(
  { cache }: Exchange,
  response: NetworkResponse,
  { head, contentLength }: Extract<StoringDecision, { store: true }>,
  receivedBytes: number
): StorableHead | undefined {
  if (response.head.isBroken) return undefined
  return headOfBeginning(head, contentLength, receivedBytes, cache.settings.rules)
}

/** Whether a body that ended is known to be all of it. */
export function isWhole({ head }: NetworkResponse, expectedBytes: number | undefined, receivedBytes: number): boolean {
  const mayBeDumped = receivedBytes === 0 && expectedBytes === undefined && head.mayBeDumped
  return !head.isBroken && !mayBeDumped && (expectedBytes === undefined || expectedBytes === receivedBytes)
}

export function maxEntryBytes({ cache }: Exchange): number {
  return Math.min(cache.settings.maxEntryBytes, cache.responses.store.maxEntryBytes)
}

/** How much of a body may be held for who does not keep up with it. */
export function bufferBytes(exchange: Exchange, longest = maxEntryBytes(exchange)): number {
  const { responses, settings } = exchange.cache
  // A store in memory keeps all of it anyway.
  return responses.store.keepsObjects && Number.isFinite(longest) ? longest : settings.copyBufferBytes
}

/** Has the caller told whether the answer is stored, where he is told at all (CS-03). */
export function showDecision(
  exchange: Exchange,
  response: NetworkResponse,
  decision: StoringDecision,
  reason: ForwardReason
): void {
  const { asked, cache } = exchange
  const { cacheStatus, clock, rules } = cache.settings
  if (cacheStatus === undefined) return
  if (!decision.store) return showStatus(exchange, response, { reason })
  const { initialAge, lifetime, stored } = asStored(asked.key, decision.head, rules)
  const age = currentAge(initialAge, stored.responseTime, clock())
  showStatus(exchange, response, { reason, stored: true, lifetime, age })
}
