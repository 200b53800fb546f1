import type { Assessed } from '../rules/assessment.js'
import type { CacheKey } from '../rules/cache-key.js'
import type { Candidates } from '../rules/candidates.js'
import { asCandidate, asStored } from '../rules/collapsing.js'
import { type Combination, decideSettling } from '../rules/combining.js'
import type { Request } from '../rules/messages.js'
import type { RuleOptions } from '../rules/options.js'
import { extentOf, totalBytes } from '../rules/ranges.js'
import type { StorableHead } from '../rules/storable-head.js'
import type { StoredPart } from './explanation.js'

export const nothingStored: Candidates = { stored: [], marks: new Map() }

/** What is stored under a key once an answer is stored there, too. */
export interface WithAnswer {
  readonly candidates: Candidates
  readonly answer: Assessed
  /** What the answer was put together to with parts that were there. */
  readonly combined: StoredPart | undefined
}

/** What would be stored after an answer to `request` with this head, and what follows from that for what was there. */
export function withAnswer(
  request: Request,
  key: CacheKey,
  before: Candidates,
  head: StorableHead,
  bodyBytes: number,
  maxBytes: number,
  options: RuleOptions
): WithAnswer {
  const answer = found(key, head, bodyBytes, options)
  const isLater = before.stored.some(
    ({ stored }) => stored.slot === head.slot && stored.requestTime > answer.stored.requestTime
  )
  // What was asked for later stays (STORE-09).
  if (isLater) return { candidates: before, answer, combined: undefined }
  const candidates = replaced(before, [answer], [head.slot], options)
  const { outdated, combination } = decideSettling(request, candidates, head, options)
  const slots = outdated.map(({ stored }) => stored.slot)
  const left = replaced(candidates, [], slots, options)
  if (combination === undefined || combination.bodyBytes > maxBytes)
    return { candidates: left, answer, combined: undefined }
  const whole = found(key, combination.head, combination.bodyBytes, options)
  return {
    candidates: replaced(left, [whole], [whole.stored.slot, ...slotsOf(combination)], options),
    answer: whole,
    combined: partOf(whole)
  }
}

/** Which bytes a stored response has. */
export function partOf({ stored }: Pick<Assessed, 'stored'>): StoredPart {
  return { ...extentOf(stored), total: totalBytes(stored) }
}

/** It depends on no mark: nothing was invalidated since. */
function found(key: CacheKey, head: StorableHead, bodyBytes: number, options: RuleOptions): Assessed {
  return { ...asStored(key, head, options, bodyBytes), marks: [] }
}

function replaced(
  { stored, marks }: Candidates,
  come: readonly Assessed[],
  gone: readonly string[],
  options: RuleOptions
): Candidates {
  const left = stored.filter((candidate) => !gone.includes(candidate.stored.slot))
  return { stored: [...left, ...come.map((answer) => asCandidate(answer, options))], marks }
}

function slotsOf({ segments }: Combination): readonly string[] {
  return segments.map(({ from }) => from.stored.slot)
}
