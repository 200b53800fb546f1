import { type Assessed, assess } from './assessment.js'
import { groupKeysOf } from './cache-groups.js'
import type { CacheKey } from './cache-key.js'
import type { Candidate } from './candidates.js'
import { fieldMap } from './fields.js'
import { isForThisCache } from './foreign-responses.js'
import type { Marks } from './invalidation.js'
import type { EpochMilliseconds, Request, Seconds, StoredResponse } from './messages.js'
import type { RuleOptions } from './options.js'
import { noControl, type RequestControl } from './request-control.js'
import { decideReuse } from './reuse.js'
import type { StalePermission } from './serving-stale.js'
import type { StorableHead } from './storable-head.js'

/** What becomes of a request that came while another like it was under way, once the head of that answer is known. */
export type JoiningDecision =
  /** It gets the same answer, as if that were stored already. */
  | { readonly action: 'join'; readonly selected: Assessed; readonly age: Seconds; readonly stale?: StalePermission }
  /** It is sent on by itself. `isOfAnother` says that the answer is for requests with other selecting fields. */
  | { readonly action: 'forward'; readonly isOfAnother: boolean }

/** Fields that ask for a part, or for nothing unless the state is right: the answer may do for nobody else. */
const ownFields = ['range', 'if-range', 'if-match', 'if-unmodified-since']
const preconditions = ['if-none-match', 'if-modified-since']
const noMarks: Marks = new Map()
/** A mark may be dropped after an hour, and then what the request was invalidated by cannot be told (INV-06). */
const longestMs = 3_600_000

/** Whether others may wait for the answer to this request. */
export function mayLead({ fields, isPlain }: Request): boolean {
  return isPlain || !(hasAny(fields, ownFields) || hasAny(fields, preconditions))
}

/** Whether a request may wait for the answer to another one. One that wants the origin's own word would wait in vain. */
export function mayFollow({ fields, isPlain }: Request, { noCache, directives }: RequestControl): boolean {
  return isPlain || !(noCache || directives.maxAge === 0 || hasAny(fields, ownFields))
}

/** An answer that is to be stored, as it would be found. */
export function asStored(key: CacheKey, head: StorableHead, options: RuleOptions, bodyBytes = 0): Assessed {
  const marks = marksToBe(key, head, options)
  return assess({ formatVersion: 1, key: key.key, id: '', bodyBytes, marks, ...head }, options)
}

/** The same as it would be found by a look-up; nothing that it depends on was invalidated since. */
export function asCandidate(answer: Assessed, options: RuleOptions): Candidate {
  return {
    stored: answer.stored,
    marks: [],
    assessed: () => (isForThisCache(answer, options) ? answer : undefined)
  }
}

/** A stored response as it would be found with this head, which the origin has just confirmed it to have. */
export function asConfirmed({ stored }: Assessed, key: CacheKey, head: StorableHead, options: RuleOptions): Assessed {
  const { invalid, ...confirmed } = stored
  return assess({ ...confirmed, ...head, marks: marksToBe(key, head, options) }, options)
}

/** The marks of groups that a response will depend on; which values they will have is not known yet. */
function marksToBe({ target }: CacheKey, { fields }: StorableHead, options: RuleOptions): StoredResponse['marks'] {
  const groups = groupKeysOf(target, fieldMap(fields), options)
  return Object.fromEntries(groups.map((group) => [group, '']))
}

/** Whether a request is answered by what another one got: only if it would be once that is stored (COLL-01). */
export function decideJoining(
  request: Request,
  control: RequestControl,
  answer: Assessed,
  now: EpochMilliseconds,
  isSecure: boolean,
  options: RuleOptions
): JoiningDecision {
  const candidates = { stored: [asCandidate(answer, options)], marks: noMarks }
  const decision = decideReuse(request, control, candidates, now, isSecure, options)
  if (decision.action === 'serve') return { ...decision, action: 'join' }
  return { action: 'forward', isOfAnother: decision.action === 'forward' && decision.reason === 'vary-miss' }
}

/** Whether an answer does for others than the one who asked, be it only for those who send the same. */
export function isForOthers(
  { method, fields }: Request,
  answer: Assessed,
  now: EpochMilliseconds,
  isSecure: boolean,
  options: RuleOptions
): boolean {
  return decideJoining({ method, fields }, noControl, answer, now, isSecure, options).action === 'join'
}

/**
 * Whether nothing was invalidated between two look-ups, so that what was asked for after the first may answer what was
 * asked after the second (INV-06).
 */
export function isStillCurrent(
  key: CacheKey,
  before: Marks,
  after: Marks,
  askedAt: EpochMilliseconds,
  now: EpochMilliseconds
): boolean {
  return before.get(key.target) === after.get(key.target) && now - askedAt < longestMs
}

function hasAny(fields: Request['fields'], names: readonly string[]): boolean {
  return names.some((name) => fields.has(name))
}
