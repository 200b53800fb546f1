import { whenReady } from '../awaitable.js'
import { storeChannel } from '../events.js'
import type { Lookup } from '../look-ups.js'
import type { Assessed } from '../rules/assessment.js'
import { compareHead, type Freshened, freshen } from '../rules/freshening.js'
import { selectable } from '../rules/selection.js'
import type { Exchange } from './exchange.js'
import type { NetworkResponse } from './network-response.js'
import { tellStored } from './telling.js'

/** Brings the fields of a 304, or of a HEAD, into a stored response. RFC 9111 §4.3.4. */
export function applyFreshened(exchange: Exchange, lookup: Lookup, known: Assessed, { keep }: Freshened): void {
  const { responses } = exchange.cache
  if (keep.action === 'remove') responses.remove(lookup, known)
  if (keep.action !== 'update') return
  const { storeTimeoutMs } = exchange.cache.settings
  const updating = responses.update(lookup, known, keep.head, keep.groups, storeTimeoutMs)
  responses.searchIndex?.add(lookup, keep.head)
  if (!storeChannel.hasSubscribers) return
  whenReady(updating, (updated) => {
    if (updated) tellStored(exchange, 'updated', keep.head, known.stored.bodyBytes)
  })
}

/** A HEAD tells whether the stored responses to GET are still current (UPD-09). */
export function applyHead(exchange: Exchange, lookup: Lookup, response: NetworkResponse): void {
  const { asked, cache } = exchange
  const { rules } = cache.settings
  for (const known of selectable(asked.request, lookup, rules)) {
    if (known.stored.method !== 'GET') continue
    const comparison = compareHead(known, response, response.times)
    if (comparison === 'invalidate') cache.responses.markInvalid(lookup, known)
    if (comparison !== 'update') continue
    applyFreshened(exchange, lookup, known, freshen(known, asked.request, response, response.times, rules))
  }
}
