import type { RuleOptions } from './options.js'
import { hasNoContent } from './statuses.js'
import type { NotStored, StoringDecision } from './storing.js'
import { applies } from './trace.js'

/** Refuses what is longer than `maxBytes`, where its length is known before it comes (MSG-03). */
export function withinLength(
  decision: StoringDecision,
  maxBytes: number,
  options: Pick<RuleOptions, 'trace'>
): StoringDecision {
  if (!decision.store) return decision
  const { method, status } = decision.head
  const contentLength = hasNoContent(method, status) ? 0 : decision.contentLength
  if (applies(options, 'MSG-03', contentLength !== undefined && contentLength > maxBytes)) return tooLong
  return { ...decision, contentLength }
}

export const tooLong: NotStored = { store: false, requirement: 'MSG-03', reason: 'it is too long' }
