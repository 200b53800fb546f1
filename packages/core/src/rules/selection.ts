import type { Assessed } from './assessment.js'
import { type Candidate, type Candidates, selectedBy } from './candidates.js'
import { isInvalidated, type Marks } from './invalidation.js'
import type { EpochMilliseconds, Request } from './messages.js'
import type { RuleOptions } from './options.js'
import { applies } from './trace.js'
import { isUsable } from './validators.js'

/** The stored responses that could answer the request, fresh or not. RFC 9111 §4. */
export function selectable(request: Request, candidates: Candidates, options: RuleOptions): readonly Assessed[] {
  return selectedBy(request, candidates, options).flatMap((candidate) => {
    return answers(candidate, request) ? (candidate.assessed() ?? []) : []
  })
}

/** The one to be used of several selectable responses (VARY-08, VARY-09). RFC 9111 §4.1. */
export function mostRecent(candidates: readonly Assessed[]): Assessed | undefined {
  let best: Assessed | undefined
  for (const candidate of candidates) if (best === undefined || precedes(candidate, best)) best = candidate
  return best
}

/** What is known of a candidate that could be served, perhaps once it is validated, if its selecting fields match. */
export function usable(
  candidate: Candidate,
  request: Request,
  marks: Marks,
  now: EpochMilliseconds,
  options: Pick<RuleOptions, 'trace'>
): Assessed | undefined {
  if (applies(options, 'METH-04', !answers(candidate, request))) return undefined
  if (applies(options, 'STORE-12', isPastItsTime(candidate, now))) return undefined
  const assessed = candidate.assessed()
  if (assessed === undefined || (isInvalidated(candidate, marks) && !isUsable(assessed.validators))) {
    applies(options, 'INV-04', assessed !== undefined)
    return undefined
  }
  return assessed
}

/** Whether a stored response that was invalidated can never be served again since it cannot be validated (INV-04). */
export function isLost(candidate: Candidate): boolean {
  const assessed = candidate.assessed()
  return assessed !== undefined && !isUsable(assessed.validators)
}

/** Whether a stored response was only kept until now. */
export function isPastItsTime({ stored }: Pick<Candidate, 'stored'>, now: EpochMilliseconds): boolean {
  return stored.dropAt <= now && Number.isFinite(now)
}

/** Whether responses to its method answer the request (METH-04). */
export function answers({ stored }: Candidate, request: Request): boolean {
  return stored.method === request.method || (stored.method === 'GET' && request.method === 'HEAD')
}

/** Whether one of two selectable responses is used rather than the other (VARY-08, VARY-09). */
export function precedes(one: Assessed, other: Assessed): boolean {
  const varies = one.stored.selecting.length > 0
  if (varies !== other.stored.selecting.length > 0) return varies
  if (one.date !== other.date) return one.date > other.date
  return one.stored.responseTime > other.stored.responseTime
}
