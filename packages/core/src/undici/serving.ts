import { isPromise } from '../awaitable.js'
import type { Lookup } from '../look-ups.js'
import type { Assessed } from '../rules/assessment.js'
import { currentAge } from '../rules/freshness.js'
import type { Fields, Seconds } from '../rules/messages.js'
import type { StalePermission } from '../rules/reuse.js'
import { isNotModified, notModifiedFields } from '../rules/validation.js'
import type { Awaitable, Body } from '../store.js'
import { type Exchange, noBytes } from './exchange.js'
import { StoredHead } from './serve-stored.js'

/** The bytes the caller is to get of a stored response; `undefined` if they cannot be had. */
export function bodyFor(exchange: Exchange, lookup: Lookup, selected: Assessed): Awaitable<Body | undefined> {
  const { request } = exchange.asked
  if (request.method === 'HEAD' || selected.stored.bodyBytes === 0 || isNotModified(request, selected)) return noBytes
  return storedBody(exchange, lookup, selected)
}

/** The whole body of a stored response; `undefined` if it cannot be had. */
export function storedBody(exchange: Exchange, lookup: Lookup, selected: Assessed): Awaitable<Body | undefined> {
  const { responses } = exchange.cache
  const attached = responses.attachedBody(lookup, selected)
  if (attached !== undefined) return attached
  const body = responses.openBody(lookup, selected, exchange.budget)
  if (isPromise(body)) exchange.caller.start()
  return body
}

/** Serves a stored response without asking the origin. RFC 9111 §4. */
export function playStored(
  exchange: Exchange,
  selected: Assessed,
  body: Body,
  age: Seconds,
  stale: StalePermission | undefined
): void {
  const { asked, cache } = exchange
  const { lifetime, heuristic, stored } = selected
  const notModified = isNotModified(asked.request, selected)
  const servedBytes = notModified || asked.request.method === 'HEAD' ? 0 : stored.bodyBytes
  cache.counts.served(stale !== undefined, servedBytes)
  if (cache.listeners.listening) {
    exchange.tell({
      outcome: stale === undefined ? 'hit' : 'stale-hit',
      ...(stale !== undefined && { stale }),
      status: notModified ? 304 : stored.status,
      age,
      lifetime,
      heuristic,
      servedBytes
    })
  }
  const head = notModified ? notModifiedHead(exchange, selected.stored.fields) : headOf(exchange, selected)
  exchange.play(head.aged(age), body)
}

/** Serves a stored response in place of a failure of the origin. RFC 5861 §4. */
export function playOnError(exchange: Exchange, selected: Assessed, body: Body): void {
  const age = currentAge(selected.initialAge, selected.stored.responseTime, exchange.cache.settings.clock())
  playStored(exchange, selected, body, age, age >= selected.lifetime ? 'stale-if-error' : undefined)
}

function notModifiedHead({ cache }: Exchange, fields: Fields): StoredHead {
  return new StoredHead(304, 'Not Modified', withoutAge(notModifiedFields(fields, cache.settings.rules)))
}

function headOf({ cache }: Exchange, selected: Assessed): StoredHead {
  let head = cache.heads.get(selected)
  if (head === undefined) {
    const { status, statusText, fields } = selected.stored
    head = new StoredHead(status, statusText, withoutAge(fields))
    cache.heads.set(selected, head)
  }
  return head
}

function withoutAge(fields: Fields): Fields {
  return fields.filter(([name]) => name.toLowerCase() !== 'age')
}
