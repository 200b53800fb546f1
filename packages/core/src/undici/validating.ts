import { isPromise, whenReady } from '../awaitable.js'
import { validateChannel } from '../events.js'
import type { Lookup } from '../look-ups.js'
import { answerForm, bytesInForm, headInForm } from '../rules/answer-form.js'
import { type Assessed, assess } from '../rules/assessment.js'
import type { ForwardReason } from '../rules/cache-status.js'
import { freshen } from '../rules/freshening.js'
import { isInvalidated } from '../rules/invalidation.js'
import { selectable } from '../rules/selection.js'
import { mayServeOnError } from '../rules/serving-stale.js'
import { isFailure } from '../rules/statuses.js'
import {
  decideAfterForward,
  decideAfterValidation,
  unchanged,
  type ValidationDecision,
  type ValidationRequest,
  validationRequest
} from '../rules/validation.js'
import type { Awaitable, Body } from '../store.js'
import { type Exchange, noBytes } from './exchange.js'
import type { Receiver } from './forward.js'
import { forward, receive } from './forwarding.js'
import type { NetworkResponse } from './network-response.js'
import { withFields } from './read-request.js'
import { Discard } from './relay.js'
import { StoredHead } from './serve-stored.js'
import { bodyFor, bodyInForm, playOnError } from './serving.js'
import { withStatus } from './status-head.js'
import { tellValidation } from './telling.js'
import { applyFreshened } from './updating.js'

/** A stored response that may be served if the origin says so. */
export interface Validation {
  readonly exchange: Exchange
  readonly lookup: Lookup
  readonly selected: Assessed
  readonly reason: ForwardReason
  /** Whether the stored response may stand in for a failure (STALE-05). */
  readonly mayFallBack: boolean
  /** Where it is stored, if that is for another query: then it is only to stand in, and nothing is asked about it (NVS-01). */
  readonly elsewhere?: Lookup
}

/** Asks the origin whether a stored response may be used. RFC 9111 §4.3. */
export function validate(validation: Validation): void {
  const { exchange } = validation
  const marked = exchange.cache.responses.invalidations.ensureMark(validation.lookup, exchange.budget)
  if (isPromise(marked)) exchange.caller.start()
  whenReady(marked, (lookup) => {
    if (lookup !== validation.lookup) exchange.leads?.marked(lookup)
    sendValidation({ ...validation, lookup })
  })
}

/**
 * Serves the stored response in place of a failure of the origin, `status` or no answer at all, if that is allowed;
 * whether it is (STALE-05). `instead` is called if its bytes cannot be had after all. `collapsed`: the request that failed
 * was that of another one.
 */
export function serveOnFailure(
  validation: Validation,
  status: number | undefined,
  collapsed: boolean,
  instead: () => void
): boolean {
  const { exchange, selected, reason, mayFallBack } = validation
  const { asked, cache } = exchange
  const { clock, rules } = cache.settings
  if (!mayFallBack || !mayServeOnError(selected, asked.control, clock(), rules)) return false
  whenReady(bodyInstead(validation), (body) => {
    if (body === undefined) return instead()
    const failed = status !== undefined && { forwardStatus: status }
    playOnError(exchange, selected, body, { reason, ...failed, ...(collapsed && { collapsed }) })
  })
  return true
}

function sendValidation(validation: Validation): void {
  const { exchange, selected, elsewhere } = validation
  const { request } = exchange.asked
  const sent = elsewhere === undefined ? validationRequest(request, selected) : unchanged(request)
  exchange.send(withFields(exchange.asked.opts, sent.preconditions), {
    received: (response) => afterValidation(validation, sent, response),
    failed: (error) => afterFailure(validation, sent, error)
  })
}

/** No answer came: Table B, rows 6 and 7. */
function afterFailure(validation: Validation, sent: ValidationRequest, error: unknown): void {
  const { exchange, selected, reason, elsewhere } = validation
  const { caller, cache } = exchange
  const { onDisconnect } = cache.settings
  exchange.leads?.failed(undefined)
  if (elsewhere === undefined && validateChannel.hasSubscribers) tellValidation(exchange, selected, reason, sent)
  const relayFailure = () => {
    const generates = onDisconnect === '504' && !caller.aborted
    exchange.tell({ outcome: 'miss', reason, ...(generates && { status: 504 }) })
    if (generates) exchange.playGatewayTimeout()
    else caller.fail(error)
  }
  if (caller.aborted || !serveOnFailure(validation, undefined, false, relayFailure)) relayFailure()
}

/** The bytes to serve in place of a failure; `undefined` if they are gone, or were invalidated in the meantime. */
function bodyInstead({ exchange, lookup, selected, elsewhere }: Validation): Awaitable<Body | undefined> {
  const { cache, budget, caller } = exchange
  const kept = elsewhere ?? lookup
  const now = cache.responses.lookUp(kept.key, budget)
  if (isPromise(now)) caller.start()
  return whenReady(now, (now) => {
    if (now === undefined || isInvalidated(selected, now.marks)) return undefined
    return bodyFor(exchange, kept, selected)
  })
}

/** An answer came: Table B, rows 1 to 5. */
function afterValidation(
  validation: Validation,
  sent: ValidationRequest,
  response: NetworkResponse
): Awaitable<Receiver> {
  const { exchange, lookup, selected, reason, elsewhere } = validation
  const { responses } = exchange.cache
  if (isFailure(response.status)) exchange.leads?.failed(response.status)
  const decision = decide(validation, sent, response)
  if (elsewhere === undefined && validateChannel.hasSubscribers) {
    tellValidation(exchange, selected, reason, sent, decision.action, response.status)
  }
  switch (decision.action) {
    case 'freshen':
      return serveFreshened(validation, decision.identified, response)
    case 'serve-stale':
      return serveInstead(validation, response)
    case 'relay-part':
      if (decision.drops) responses.remove(lookup, selected)
      return receive(exchange, response, lookup, reason)
    case 'relay':
      if (decision.marksInvalid) responses.markInvalid(lookup, selected)
      return receive(exchange, response, lookup, reason)
    case 'send-plain':
      responses.markInvalid(lookup, selected)
      return sendPlain(validation, response)
    case 'replace':
      return receive(exchange, response, lookup, reason)
    default:
      return decision satisfies never
  }
}

function decide(
  { exchange, lookup, selected, mayFallBack, elsewhere }: Validation,
  sent: ValidationRequest,
  response: NetworkResponse
): ValidationDecision {
  const { request, control } = exchange.asked
  const { clock, rules } = exchange.cache.settings
  if (elsewhere !== undefined) return decideAfterForward(control, response, selected, mayFallBack, clock(), rules)
  const candidates = selectable(request, lookup, rules)
  return decideAfterValidation(request, control, sent, response, selected, candidates, mayFallBack, clock(), rules)
}

/** Sends the request once more as the caller made it; that answer is final (VAL-10, VAL-14). */
function sendPlain({ exchange, lookup, reason }: Validation, response: NetworkResponse): Receiver {
  queueMicrotask(() => forward(exchange, lookup, reason))
  return new Discard(response)
}

/** The origin confirmed these stored responses: they get its new fields, and the first is what the caller gets. */
function serveFreshened(
  validation: Validation,
  [served, ...others]: readonly [Assessed, ...Assessed[]],
  response: NetworkResponse
): Receiver {
  const { exchange, lookup, reason } = validation
  const { request } = exchange.asked
  const { rules } = exchange.cache.settings
  const freshened = freshen(served, request, response, response.times, rules)
  const current = assess({ ...served.stored, ...response.times, fields: freshened.forCaller }, rules)
  const form = answerForm(request, current)
  const { status, statusText, fields } = headInForm(form, served, freshened.forCaller, rules)
  const head = new StoredHead(status, statusText, fields)
  const serve = (body: Body) => {
    applyFreshened(exchange, lookup, served, freshened)
    for (const other of others) {
      applyFreshened(exchange, lookup, other, freshen(other, request, response, response.times, rules))
    }
    const { lifetime, heuristic } = current
    const { keep } = freshened
    if (keep.action === 'update') exchange.leads?.confirmed(served, keep.head)
    const kept = keep.action === 'update' ? { stored: true } : { notStored: keep.because }
    const servedBytes = exchange.isBackground ? 0 : bytesInForm(form, request.method, served)
    const forwardStatus = response.status
    exchange.tell({
      outcome: 'validated',
      reason,
      status: head.status,
      forwardStatus,
      lifetime,
      heuristic,
      servedBytes,
      ...kept
    })
    const age = current.initialAge
    exchange.play(withStatus(exchange, head, { reason, forwardStatus, lifetime, age }), body)
  }
  const body = exchange.isBackground ? noBytes : bodyInForm(form, exchange, lookup, served)
  whenReady(body, (body) => {
    if (body !== undefined) serve(body)
    else sendPlain(validation, response)
  })
  return new Discard(response)
}

/** The origin answered with a failure that the stored response stands in for (B3), if its body can be had. */
function serveInstead(validation: Validation, response: NetworkResponse): Awaitable<Receiver> {
  const { exchange, lookup, selected, reason } = validation
  return whenReady(bodyInstead(validation), (body) => {
    if (body === undefined) return receive(exchange, response, lookup, reason)
    playOnError(exchange, selected, body, { reason, forwardStatus: response.status })
    return new Discard(response)
  })
}
