import type { Dispatcher } from 'undici'
import type { Lookup } from '../look-ups.js'
import type { Assessed } from '../rules/assessment.js'
import { isBeingValidated, leadValidation } from './collapsing.js'
import { validateForAll } from './collapsing-across-processes.js'
import { Exchange } from './exchange.js'
import { forward } from './forwarding.js'
import { withFields } from './read-request.js'
import { validate } from './validating.js'

/** Fields of the caller's that a validation in the background does without (STALE-04). */
const callersOwn = [
  'range',
  'if-range',
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since'
] as const

const silent: Dispatcher.DispatchHandler = {
  onRequestStart() {},
  onResponseStart() {},
  onResponseData() {},
  onResponseEnd() {},
  onResponseError() {}
}

/** Validates a response that was served stale, once at a time. RFC 5861 §3. */
export function validateInBackground(served: Exchange, lookup: Lookup, selected: Assessed): void {
  const { settings, responses } = served.cache
  if (isBeingValidated(served.cache, lookup, selected)) return
  const begun = begin(served, lookup, selected)
  if (begun === undefined) return
  const { exchange } = begun
  leadValidation(exchange, lookup, selected, begun.joined)
  const send = () => begun.send(() => validate({ exchange, lookup, selected, reason: 'stale', mayFallBack: false }))
  const { leads } = exchange
  const isForAll = settings.collapseAcrossProcesses && responses.store.locks.areThere && leads !== undefined
  if (isForAll) validateForAll(exchange, leads, selected, send)
  else send()
}

/**
 * Asks for the URI of a request that was served a stale response to another query, which is not validated by that (NVS-01):
 * once at a time for each of those. `own` is the look-up of the request itself, `found` that of what was served.
 */
export function askInBackground(served: Exchange, own: Lookup, found: Lookup, selected: Assessed): void {
  const begun = begin(served, found, selected)
  begun?.send(() => forward(begun.exchange, own, 'stale'))
}

/** A request in the background. */
interface Begun {
  readonly exchange: Exchange
  send(run: () => void): void
  /** Somebody waits for it now. */
  joined(): void
}

/** `undefined` if there is one already on behalf of this stored response, or one has failed just now (STALE-04). */
function begin(served: Exchange, { key }: Lookup, { stored }: Assessed): Begun | undefined {
  const { cache, below } = served
  const { background, backgroundSockets } = cache
  const name = `${stored.slot} ${key.key}`
  if (!background.begin(name, () => exchange.caller.abort())) return undefined
  let holdAgain = () => {}
  const exchange = new Exchange(cache, below, askedAnew(served), silent, (hasFailed) => {
    background.ended(name, hasFailed)
    queueMicrotask(() => holdAgain())
  })
  const send = (run: () => void) => {
    holdAgain = backgroundSockets.send(run)
  }
  return { exchange, send, joined: () => holdAgain() }
}

function askedAnew({ asked }: Exchange): Exchange['asked'] {
  const { request, opts } = asked
  const own = callersOwn.filter((name) => request.fields.has(name))
  const fields = new Map(request.fields)
  for (const name of own) fields.delete(name)
  const removed = own.map((name) => [name, undefined] as const)
  return { ...asked, request: { ...request, fields }, opts: withFields(opts, removed), toldTo: undefined }
}
