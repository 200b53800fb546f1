import { type Assessed, isUnqualified } from './assessment.js'
import type { DeltaSeconds } from './cache-control.js'
import type { ForwardReason } from './cache-status.js'
import { type Candidates, selectedBy } from './candidates.js'
import { type Completion, completionOf } from './completing.js'
import { currentAge, isClockUsable } from './freshness.js'
import { isInvalidated } from './invalidation.js'
import type { EpochMilliseconds, Request, Seconds } from './messages.js'
import type { RuleOptions } from './options.js'
import { covers } from './ranges.js'
import { type RequestControl, type Unanswered, unanswered } from './request-control.js'
import { mostRecent, precedes, usable } from './selection.js'
import { allows, type StalePermission } from './serving-stale.js'
import { applies, untraced } from './trace.js'

/** What is done with a request given what is stored: Table A, from row 8 on. RFC 9111 §4. */
export type ReuseDecision =
  | { readonly action: 'serve'; readonly selected: Assessed; readonly age: Seconds; readonly stale?: StalePermission }
  | {
      readonly action: 'serve-and-validate'
      readonly selected: Assessed
      readonly age: Seconds
      readonly stale: StalePermission
    }
  | {
      readonly action: 'validate'
      readonly selected: Assessed
      readonly reason: ForwardReason
      readonly mayFallBack: boolean
    }
  | { readonly action: 'complete'; readonly completion: Completion }
  | { readonly action: 'forward'; readonly reason: ForwardReason }
  | Unanswered

/** Whether to serve, to validate or to forward. `isSecure` says that nobody on the way could have cut the response. */
export function decideReuse(
  request: Request,
  control: RequestControl,
  candidates: Candidates,
  now: EpochMilliseconds,
  isSecure: boolean,
  options: RuleOptions
): ReuseDecision {
  const { marks, stored } = candidates
  let selected: Assessed | undefined
  let invalid = false
  let parts: Assessed[] | undefined
  const matching = selectedBy(request, candidates, options)
  for (const candidate of matching) {
    const assessed = usable(candidate, request, marks, now, options)
    if (assessed === undefined || (selected !== undefined && !precedes(assessed, selected))) continue
    if (assessed.stored.part !== undefined && !covers(request, assessed)) {
      parts ??= []
      if (!isInvalidated(candidate, marks)) parts.push(assessed)
      continue
    }
    selected = assessed
    invalid = isInvalidated(candidate, marks)
  }
  if (selected === undefined) {
    if (applies(options, 'RNG-09', parts !== undefined)) {
      return unanswered(control, options) ?? decideCompleting(request, parts ?? [], options)
    }
    const asking = matching.length === 0 ? options : untraced
    const isKnown = stored.some((candidate) => usable(candidate, request, marks, now, asking) !== undefined)
    applies(options, 'VARY-01', isKnown)
    const instead = unanswered(control, options)
    if (instead !== undefined) return instead
    return { action: 'forward', reason: isKnown ? 'vary-miss' : 'uri-miss' }
  }
  const decision = decideSelected(selected, control, invalid, now, isSecure, options)
  if (decision.action === 'serve') return decision
  const instead = unanswered(control, options)
  if (instead === undefined) return decision
  if (decision.action === 'validate') return instead
  return decision.action === 'serve-and-validate' ? { ...decision, action: 'serve' } : decision
}

/** Only parts are stored, none of which has all that is asked for: Table A, row 10. */
function decideCompleting(request: Request, valid: readonly Assessed[], options: RuleOptions): ReuseDecision {
  const newest = mostRecent(valid)
  const completion = newest && completionOf(request, newest, valid, options)
  if (applies(options, 'RNG-10', completion !== undefined) && completion !== undefined) {
    return { action: 'complete', completion }
  }
  return { action: 'forward', reason: 'partial' }
}

/** Table A from row 11 on: one stored response was selected. */
function decideSelected(
  selected: Assessed,
  control: RequestControl,
  invalid: boolean,
  now: EpochMilliseconds,
  isSecure: boolean,
  options: RuleOptions
): ReuseDecision {
  const { lifetime, directives: response, stored } = selected
  const { directives: asked } = control
  if (
    applies(options, 'INV-04', invalid) ||
    applies(options, 'RESP-01', isUnqualified(response.noCache)) ||
    applies(options, 'CLK-02', !isClockUsable(now, stored.responseTime))
  ) {
    return validate(selected, 'stale', false)
  }
  const age = currentAge(selected.initialAge, stored.responseTime, now)
  const isFresh = applies(options, 'FRESH-04', lifetime > age)
  if (applies(options, 'REQ-04', control.noCache)) return validate(selected, isFresh ? 'request' : 'stale', false)
  if (isFresh) {
    const youngEnough = meets(asked.maxAge, age) || isImmutable(selected, isSecure, options)
    const freshEnough = asked.minFresh === undefined || lifetime - age >= (asked.minFresh as Seconds)
    const isRefused = applies(options, 'REQ-01', !youngEnough) || applies(options, 'REQ-03', !freshEnough)
    return isRefused ? validate(selected, 'request', true) : { action: 'serve', selected, age }
  }
  const staleness = age - lifetime
  const barred = selected.staleBar
  const gives = barred === 's-maxage' && options.sMaxAgeAllowsStale
  if (applies(options, 'STALE-02', barred !== 'none' && !gives)) return validate(selected, 'stale', false)
  const { mode } = control
  const allowing = barred === 'none' && (mode === 'force-cache' || mode === 'only-if-cached') ? mode : undefined
  if (applies(options, 'MODE-04', allowing !== undefined)) {
    return { action: 'serve', selected, age, stale: allowing as StalePermission }
  }
  const allowsStale =
    barred === 'none' && allows(asked.maxStale, staleness) && asked.minFresh === undefined && meets(asked.maxAge, age)
  if (applies(options, 'REQ-02', allowsStale)) {
    return { action: 'serve', selected, age, stale: 'max-stale' }
  }
  const unasked = asked.maxAge === undefined && asked.minFresh === undefined
  if (applies(options, 'STALE-03', unasked && allows(response.staleWhileRevalidate, staleness))) {
    return { action: 'serve-and-validate', selected, age, stale: 'stale-while-revalidate' }
  }
  return validate(selected, 'stale', true)
}

/**
 * `immutable` counts where nobody could have cut or changed the response on its way; a body without a length might have
 * ended with its connection only if such bodies are stored at all (RESP-08). RFC 8246 §2.
 */
function isImmutable({ directives, fields }: Assessed, isSecure: boolean, options: RuleOptions): boolean {
  return directives.immutable && isSecure && (fields.has('content-length') || !options.storeCloseDelimited)
}

/** Whether an age meets the `max-age` of a request, which is met if absent (REQ-01). */
function meets(maxAge: DeltaSeconds, age: Seconds): boolean {
  return maxAge === undefined || (typeof maxAge === 'number' && age <= maxAge)
}

function validate(selected: Assessed, reason: ForwardReason, mayFallBack: boolean): ReuseDecision {
  return { action: 'validate', selected, reason, mayFallBack }
}
