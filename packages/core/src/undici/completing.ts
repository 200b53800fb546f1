import { isPromise, whenReady } from '../awaitable.js'
import { release } from '../body.js'
import { openAll } from '../combined-body.js'
import { type Lookup, without } from '../look-ups.js'
import { groupsOf } from '../rules/cache-groups.js'
import { type Completion, type CompletionDecision, decideAfterCompletion } from '../rules/completing.js'
import { fieldMap } from '../rules/fields.js'
import type { StorableHead } from '../rules/storable-head.js'
import type { Awaitable, Body } from '../store.js'
import { AwaitedPart } from './awaited-part.js'
import type { Exchange } from './exchange.js'
import type { Receiver } from './forward.js'
import { forward, receive } from './forwarding.js'
import type { NetworkResponse } from './network-response.js'
import { refused } from './not-stored.js'
import { withFields } from './read-request.js'
import { Discard } from './relay.js'
import { StoredHead } from './serve-stored.js'
import { withStatus } from './status-head.js'
import { storingAs } from './storing.js'

const notKept = refused('UPD-08', 'with the new fields it may not be stored')

/** Asks the origin for the part that is missing of a stored response (RNG-10). RFC 9111 §3.4. */
export function complete(exchange: Exchange, lookup: Lookup, completion: Completion): void {
  const { caller, asked, budget, cache } = exchange
  const marked = cache.responses.invalidations.ensureMark(lookup, budget)
  if (isPromise(marked)) caller.start()
  whenReady(marked, (marked) =>
    exchange.send(withFields(asked.opts, completion.fields), {
      received: (response) => afterCompletion(exchange, marked, completion, response),
      failed: (error) => {
        exchange.tell({ outcome: 'miss', reason: 'partial' })
        caller.fail(error)
      }
    })
  )
}

/** An answer came: Table B, rows 4 and 9. */
function afterCompletion(
  exchange: Exchange,
  lookup: Lookup,
  completion: Completion,
  response: NetworkResponse
): Awaitable<Receiver> {
  const { rules } = exchange.cache.settings
  const decision = decideAfterCompletion(exchange.asked.request, completion, response, response.times, rules)
  switch (decision.action) {
    case 'complete':
      return playCompleted(exchange, lookup, completion, decision, response)
    case 'send-plain':
      return sendPlain(exchange, lookup, completion, response)
    case 'relay':
      return receive(exchange, response, lookup, 'partial')
    default:
      return decision satisfies never
  }
}

/** Drops the parts, and sends the request as the caller made it. */
function sendPlain(exchange: Exchange, lookup: Lookup, { parts }: Completion, response: NetworkResponse): Receiver {
  let left = lookup
  for (const part of parts) {
    exchange.cache.responses.remove(lookup, part)
    left = without(left, part)
  }
  queueMicrotask(() => forward(exchange, left, 'partial'))
  return new Discard(response)
}

/** Gives the caller the whole, as what is missing of it comes; that is stored beside the rest, and then with it. */
function playCompleted(
  exchange: Exchange,
  lookup: Lookup,
  completion: Completion,
  { fields, head }: Extract<CompletionDecision, { action: 'complete' }>,
  response: NetworkResponse
): Awaitable<Receiver> {
  const { cache, budget } = exchange
  const { before, after, missing } = completion
  return whenReady(openAll(cache.responses, lookup, [...before, ...after], budget), (opened) => {
    if (opened === undefined) return sendPlain(exchange, lookup, completion, response)
    const contentLength = missing.last - missing.first + 1
    const decision =
      head === undefined
        ? notKept
        : ({ store: true, head, contentLength, groups: memberships(exchange, head) } as const)
    const told = { outcome: 'miss', reason: 'partial', status: 200 } as const
    // The caller may write into what it is given.
    const part = new AwaitedPart(response, contentLength, storingAs(exchange, response, lookup, decision, told))
    const played = new InTurn(opened.slice(0, before.length), part, opened.slice(before.length))
    const shown = { reason: 'partial', forwardStatus: response.status, stored: decision.store } as const
    exchange.play(withStatus(exchange, new StoredHead(200, 'OK', fields), shown), played)
    return part
  })
}

function memberships({ cache }: Exchange, { fields }: StorableHead): readonly string[] {
  return cache.settings.rules.cacheGroups ? groupsOf(fieldMap(fields)) : []
}

/** Stored bytes, those that are still coming, and stored bytes again. */
class InTurn implements AsyncIterable<Uint8Array> {
  readonly #before: readonly Body[]
  readonly #part: AwaitedPart
  readonly #after: readonly Body[]

  constructor(before: readonly Body[], part: AwaitedPart, after: readonly Body[]) {
    this.#before = before
    this.#part = part
    this.#after = after
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const chunks = this.#chunks()
    return {
      next: () => chunks.next(),
      return: async () => {
        this.#part.letGo()
        for (const body of [...this.#before, ...this.#after]) release(body)
        return await chunks.return(undefined)
      }
    }
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    for (const body of [...this.#before, this.#part, ...this.#after]) {
      if (body instanceof Uint8Array) yield body
      else yield* body
    }
  }
}
