import type { Dispatcher } from 'undici'
import type { Lookup } from '../look-ups.js'
import type { Assessed } from '../rules/assessment.js'
import { isBeingValidated, leadValidation } from './collapsing.js'
import { validateForAll } from './collapsing-across-processes.js'
import { Exchange } from './exchange.js'
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
  const { cache, below } = served
  const { background, backgroundSockets, settings, responses } = cache
  const name = `${selected.stored.slot} ${lookup.key.key}`
  if (isBeingValidated(cache, lookup, selected)) return
  if (!background.begin(name, () => exchange.caller.abort())) return
  let holdAgain = () => {}
  const exchange = new Exchange(cache, below, askedAnew(served), silent, (hasFailed) => {
    background.ended(name, hasFailed)
    queueMicrotask(() => holdAgain())
  })
  leadValidation(exchange, lookup, selected, () => holdAgain())
  const send = () => {
    holdAgain = backgroundSockets.send(() => {
      validate({ exchange, lookup, selected, reason: 'stale', mayFallBack: false })
    })
  }
  const { leads } = exchange
  const isForAll = settings.collapseAcrossProcesses && responses.store.canLock && leads !== undefined
  if (isForAll) validateForAll(exchange, leads, selected, send)
  else send()
}

function askedAnew({ asked }: Exchange): Exchange['asked'] {
  const { request, opts } = asked
  const own = callersOwn.filter((name) => request.fields.has(name))
  const fields = new Map(request.fields)
  for (const name of own) fields.delete(name)
  const removed = own.map((name) => [name, undefined] as const)
  return { ...asked, request: { ...request, fields }, opts: withFields(opts, removed), toldTo: undefined }
}
