import type { Lookup } from '../look-ups.js'
import type { Assessed } from '../rules/assessment.js'
import type { ForwardReason } from '../rules/cache-status.js'
import { mayFollow, mayLead } from '../rules/collapsing.js'
import { selectingValue } from '../rules/selecting-fields.js'
import { askAlone } from './collapsing-across-processes.js'
import type { Cache, Exchange, Follower, Leading } from './exchange.js'
import { forwardAlone } from './followers.js'
import { forward } from './forwarding.js'
import { SharedForward } from './shared-forward.js'
import { serveOnFailure, type Validation, validate } from './validating.js'

type Again = Follower['again']

/** Sends a request to the origin once for all that ask the same at the same time (COLL-01). */
export function forwardTogether(exchange: Exchange, lookup: Lookup, reason: ForwardReason, again: Again): void {
  const alone = () => forward(exchange, lookup, reason)
  followOrLead({ exchange, lookup, reason, forward: alone, again }, exchange.asked.key.key)
}

/** Validates a stored response once for all that want to use it at the same time (COLL-01). */
export function validateTogether(
  exchange: Exchange,
  lookup: Lookup,
  selected: Assessed,
  reason: ForwardReason,
  mayFallBack: boolean,
  again: Again
): void {
  const validation = { exchange, lookup, selected, reason, mayFallBack }
  askTogether(validation, validationOf(lookup, selected), again)
}

/** The same for who has only a response to another query, which may stand in for a failure (NVS-01). */
export function forwardBeside(validation: Validation, again: Again): void {
  askTogether(validation, validation.exchange.asked.key.key, again)
}

function askTogether(validation: Validation, what: string, again: Again): void {
  const { exchange, lookup, reason } = validation
  const alone = () => validate(validation)
  const follower: Follower = {
    exchange,
    lookup,
    reason,
    forward: alone,
    again,
    fallBack: (status) => serveOnFailure(validation, status, true, () => forwardAlone(follower))
  }
  followOrLead(follower, what)
}

/** Whether a stored response is being validated on behalf of somebody whom others may join. */
export function isBeingValidated({ collapsed }: Cache, lookup: Lookup, selected: Assessed): boolean {
  return collapsed.get(validationOf(lookup, selected)) !== undefined
}

/** From now on others may wait for this validation; `joined` is called when the first of them does. */
export function leadValidation(exchange: Exchange, lookup: Lookup, selected: Assessed, joined: () => void): void {
  if (exchange.cache.settings.collapse) lead(exchange, lookup, validationOf(lookup, selected), joined)
}

/** Waits for another one who has asked for the same, or else sends the request on, for others to wait for. */
function followOrLead(follower: Follower, what: string): void {
  const { exchange, lookup, forward } = follower
  const { collapsed, settings } = exchange.cache
  const { request, control } = exchange.asked
  const apart = settings.collapse ? collapsed.apart(exchange.asked.key.key) : 'never'
  if (apart === 'never') return forward()
  const common = apart === undefined ? what : `${what} ${selectingValues(exchange, apart)}`
  const isHead = request.method === 'HEAD'
  // A GET that is under way answers a HEAD; a HEAD answers no GET.
  const name = isHead ? `HEAD ${common}` : common
  const before = collapsed.get(common) ?? (isHead ? collapsed.get(name) : undefined)
  if (before !== undefined) {
    const taking = mayFollow(request, control) ? before.take(follower) : 'alone'
    if (taking === 'taken') return
    if (taking === 'alone') return forward()
  }
  if (!mayLead(request)) return forward()
  const leading = lead(exchange, lookup, name)
  if (settings.collapseAcrossProcesses && mayFollow(request, control)) askAlone(follower, leading)
  else forward()
}

function lead(exchange: Exchange, lookup: Lookup, name: string, joined?: () => void): Leading {
  const leading = new SharedForward(exchange, lookup, name, joined)
  exchange.leads = leading
  exchange.cache.collapsed.begin(name, leading)
  return leading
}

/** What distinguishes requests under one key whose answers were found to be for those alike in these fields only. */
function selectingValues({ cache, asked }: Exchange, names: readonly string[]): string {
  return JSON.stringify(names.map((name) => selectingValue(name, asked.request, cache.settings.rules)))
}

function validationOf({ key }: Lookup, { stored }: Assessed): string {
  return `validate ${stored.slot} ${stored.id} ${key.key}`
}
