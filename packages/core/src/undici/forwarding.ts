import { isPromise, whenReady } from '../awaitable.js'
import type { Lookup } from '../look-ups.js'
import type { ForwardReason } from '../rules/cache-status.js'
import type { Exchange } from './exchange.js'
import type { Receiver } from './forward.js'
import type { NetworkResponse } from './network-response.js'
import { copiedBytes, LongRelay, type Passing, Relay, ShortRelay } from './relay.js'
import { storing } from './storing.js'
import { storeWhole } from './storing-whole.js'

/** Sends the request to the origin and may store the answer. Without a look-up nothing is known, and nothing stored. */
export function forward(exchange: Exchange, lookup: Lookup | undefined, reason: ForwardReason): void {
  if (lookup === undefined) return sendForward(exchange, undefined, reason)
  const marked = exchange.cache.responses.invalidations.ensureMark(lookup, exchange.budget)
  if (isPromise(marked)) exchange.caller.start()
  whenReady(marked, (marked) => {
    if (marked !== lookup) exchange.leads?.marked(marked)
    sendForward(exchange, marked, reason)
  })
}

function sendForward(exchange: Exchange, lookup: Lookup | undefined, reason: ForwardReason): void {
  exchange.send(exchange.asked.opts, {
    received: (response) => receive(exchange, response, lookup, reason),
    failed: (error) => {
      exchange.tell({ outcome: 'miss', reason })
      exchange.caller.fail(error)
    }
  })
}

/** Passes an answer of the origin on, and stores it if it may be stored. RFC 9111 §3. */
export function receive(
  exchange: Exchange,
  response: NetworkResponse,
  lookup: Lookup | undefined,
  reason: ForwardReason
): Receiver {
  exchange.tellSoFar('miss', reason, response.status)
  const passing = passingOn(exchange, response, lookup, reason)
  exchange.leads?.answered(response, passing)
  return passing
}

function passingOn(
  exchange: Exchange,
  response: NetworkResponse,
  lookup: Lookup | undefined,
  reason: ForwardReason
): Passing {
  const { cache, asked } = exchange
  const sink = exchange.leads ?? exchange.caller
  const announcedBytes = mayWait(exchange) ? response.head.announcedBytes : undefined
  if (lookup === undefined || announcedBytes === undefined) {
    return new Relay(sink, response, storing(exchange, response, lookup, reason))
  }
  const defer = (work: () => void) => cache.later.add(asked.key.key, work)
  if (announcedBytes > copiedBytes) {
    return new LongRelay(sink, response, announcedBytes, () => storing(exchange, response, lookup, reason, 0), defer)
  }
  const ended = (body: Uint8Array, receivedBytes: number, isComplete: boolean) =>
    storeWhole(exchange, response, lookup, reason, body, receivedBytes, isComplete)
  return new ShortRelay(sink, response, announcedBytes, ended, defer)
}

/** Whether storing can wait until the caller has the answer. A store elsewhere is to begin before the caller asks again. */
function mayWait({ asked, cache }: Exchange): boolean {
  const { store, searchIndex } = cache.responses
  // Cache-Status tells with the head whether the answer is stored.
  if (cache.settings.cacheStatus !== undefined) return false
  return store.keepsObjects && asked.request.method === 'GET' && searchIndex === undefined
}
