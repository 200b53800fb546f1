import type { Lookup } from '../look-ups.js'
import type { Assessed } from '../rules/assessment.js'
import { groupKeysOf } from '../rules/cache-groups.js'
import { asStored, isForOthers, isStillCurrent } from '../rules/collapsing.js'
import type { EpochMilliseconds } from '../rules/messages.js'
import { decideAnswer } from './answer-decision.js'
import type { Exchange } from './exchange.js'
import type { NetworkResponse } from './network-response.js'

/** What of an answer is for others. */
export interface Sharable {
  readonly selected: Assessed
  readonly contentLength: number | undefined
}

/** What of an answer others can have; `undefined` if it is for nobody else. */
export function sharableOf(exchange: Exchange, response: NetworkResponse): Sharable | undefined {
  const { asked, cache } = exchange
  const decision = decideAnswer(exchange, response)
  const selected = decision.store ? asStored(asked.key, decision.head, cache.settings.rules) : undefined
  if (!isForAnybodyElse(exchange, selected) || !decision.store || selected === undefined) return undefined
  return { selected, contentLength: decision.contentLength }
}

/** Whether others can have an answer; that they cannot is remembered for a while. */
export function isForAnybodyElse({ asked, cache, isSecure }: Exchange, answer: Assessed | undefined): boolean {
  const { settings, collapsed } = cache
  if (answer && isForOthers(asked.request, answer, settings.clock(), isSecure, settings.rules)) return true
  collapsed.remember(asked.key.key, 'never')
  return false
}

/** Whether a group that an answer is in was invalidated since there had been so many invalidations (GRP-02, INV-06). */
export function isOvertaken({ asked, cache }: Exchange, { fields }: Assessed, invalidations: number): boolean {
  const { recent } = cache.responses.invalidations
  if (recent.count === invalidations) return false
  const groups = groupKeysOf(asked.key.target, fields, cache.settings.rules)
  return groups.some((group) => recent.hasSince(group, invalidations))
}

/**
 * Whether this cache has invalidated the target of a request since there had been so many invalidations: a store that is
 * full may have dropped the mark by now (INV-06).
 */
export function isInvalidatedSince({ asked, cache }: Exchange, invalidations: number): boolean {
  const { recent } = cache.responses.invalidations
  return recent.count !== invalidations && recent.hasSince(asked.key.target, invalidations)
}

/** Whether nothing was invalidated between the look-up of a request, sent at `askedAt`, and that of a later one (INV-06). */
export function isSameMark(
  { asked, cache }: Exchange,
  before: Lookup,
  after: Lookup,
  askedAt: EpochMilliseconds
): boolean {
  return isStillCurrent(asked.key, before.marks, after.marks, askedAt, cache.settings.clock())
}
