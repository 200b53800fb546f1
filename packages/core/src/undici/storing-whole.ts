import { whenReady } from '../awaitable.js'
import type { Lookup } from '../look-ups.js'
import type { ForwardReason } from '../rules/cache-status.js'
import { beginningOf, decide } from './answer-decision.js'
import type { Exchange } from './exchange.js'
import { complete, marksFor, removeFromTheFuture } from './keeping.js'
import type { NetworkResponse } from './network-response.js'
import { broken, otherLength } from './not-stored.js'
import { isNotStored, settled, type Told } from './stored-or-not.js'

/** Stores a body that is there already, if it may be stored; of one that did not end well the beginning, if that may be. */
export function storeWhole(
  exchange: Exchange,
  response: NetworkResponse,
  lookup: Lookup,
  reason: ForwardReason,
  body: Uint8Array,
  receivedBytes: number,
  isComplete: boolean
): void {
  const told: Told = { outcome: 'miss', reason, status: response.status }
  const decision = decide(exchange, response, lookup)
  const isBroken = !isComplete || response.head.isBroken
  if (!decision.store) {
    if (isBroken) return exchange.tell({ ...told, notStored: decision })
    return isNotStored(exchange, response, lookup, decision, told)
  }
  const { contentLength } = decision
  const head = isBroken ? beginningOf(exchange, response, decision, receivedBytes) : decision.head
  if (head === undefined) return exchange.tell({ ...told, notStored: broken })
  if (!isBroken && contentLength !== receivedBytes) return isNotStored(exchange, response, lookup, otherLength, told)
  const { responses } = exchange.cache
  const copied = { bodyBytes: receivedBytes, digests: undefined }
  removeFromTheFuture(exchange, lookup, head)
  const marks = marksFor(exchange, lookup, head, decision.groups)
  const setting = whenReady(marks, (marks) => {
    return responses.store.set(lookup.key.key, body, () => complete(exchange, lookup, head, copied, marks))
  })
  whenReady(setting, (stored) => {
    if (isBroken && !stored) exchange.tell({ ...told, notStored: broken })
    else settled(exchange, response, lookup, head, receivedBytes, stored, told)
  })
}
