import type { Candidate, Candidates } from './candidates.js'
import type { EpochMilliseconds, Request } from './messages.js'
import { noVarySearch } from './no-vary-search.js'
import type { RuleOptions } from './options.js'
import type { RequestControl } from './request-control.js'
import { decideReuse, type ReuseDecision } from './reuse.js'

/**
 * What is done with a request for which a response is stored that answers another query (NVS-01). To `validate` means no
 * more than that it may stand in for a failure: its validators are of another URI.
 */
export type ElsewhereDecision = Extract<ReuseDecision, { readonly action: 'serve' | 'serve-and-validate' | 'validate' }>

/** Whether nothing that is stored for the very URI is of use, so that what answers another query may be. */
export function leavesOpen({ action }: ReuseDecision): boolean {
  return action === 'forward' || action === 'gateway-timeout' || action === 'network-error'
}

/**
 * What is done given what is stored for another query, as far as it says by itself that the two are the same: by the rules
 * with this text. `undefined` if none of it is of any use.
 */
export function decideElsewhere(
  request: Request,
  control: RequestControl,
  candidates: Candidates,
  rulesText: string,
  now: EpochMilliseconds,
  isSecure: boolean,
  options: RuleOptions
): ElsewhereDecision | undefined {
  const saysSo = (candidate: Candidate) => {
    const fields = candidate.assessed()?.fields
    return fields !== undefined && noVarySearch(fields)?.text === rulesText
  }
  const equivalent = { ...candidates, stored: candidates.stored.filter(saysSo) }
  const decision = decideReuse(request, control, equivalent, now, isSecure, options)
  switch (decision.action) {
    case 'serve':
    case 'serve-and-validate':
    case 'validate':
      return decision
    default:
      return undefined
  }
}

/** Whether the first of two is carried out. */
export function isBetter(one: ElsewhereDecision, other: ElsewhereDecision): boolean {
  return effort(one) < effort(other)
}

/** What is served at once comes first, what may at least stand in for a failure before what may not. */
function effort(decision: ElsewhereDecision): number {
  switch (decision.action) {
    case 'serve':
      return 0
    case 'serve-and-validate':
      return 1
    case 'validate':
      return decision.mayFallBack ? 2 : 3
    default:
      return decision satisfies never
  }
}
