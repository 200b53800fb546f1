import type { Assessed } from './assessment.js'
import { contiguousRuns, isSameVersion, isSelectedAlike, mergedFields, type Segment } from './combining.js'
import { fieldMap } from './fields.js'
import { freshen } from './freshening.js'
import type { ExchangeTimes, Fields, Part, Request, Response } from './messages.js'
import type { RuleOptions } from './options.js'
import { type Extent, fieldsOfWhole, isStrongDate, parseContentRange, totalBytes } from './ranges.js'
import { type StorableHead, slotOf } from './storable-head.js'
import { isStrong, validators } from './validators.js'

/** A whole of which one contiguous part is missing, which the origin is asked for. RFC 9111 §3.4. */
export interface Completion {
  /** What is stored, the newest last. */
  readonly parts: readonly Assessed[]
  readonly before: readonly Segment[]
  readonly missing: Extent & Part
  readonly after: readonly Segment[]
  /** Fields to add to the request. */
  readonly fields: readonly (readonly [name: string, value: string])[]
}

/** What an answer to a request for the missing part means (B9). */
export type CompletionDecision =
  /** It is the missing part: the caller gets a whole with these fields; `head` is what the part is stored with, if it is. */
  | { readonly action: 'complete'; readonly fields: Fields; readonly head: StorableHead | undefined }
  /** It is about the range that the caller did not ask for. */
  | { readonly action: 'send-plain' }
  /** It is an answer to what the caller asked for. */
  | { readonly action: 'relay' }

/** Fields by which a request asks for something else than the whole. */
const others = ['range', 'if-range', 'if-none-match', 'if-modified-since']
/** Statuses by which an origin may refuse the range, and not the request. */
const aboutRange: ReadonlySet<number> = new Set([206, 304, 400, 412, 416])

/** How the whole can be had for one range request, given the valid parts that are selected; `undefined` if it cannot (RNG-10). */
export function completionOf(
  request: Request,
  newest: Assessed,
  parts: readonly Assessed[],
  { ranges }: Pick<RuleOptions, 'ranges'>
): Completion | undefined {
  const { method, fields } = request
  if (ranges !== 'store' || method !== 'GET' || others.some((name) => fields.has(name))) return undefined
  // Only a strong validator says that it is of the same version as itself.
  const same = parts.filter((part) => isSameVersion(newest, part) && isSelectedAlike(newest, part))
  const runs = contiguousRuns(same)
  const total = totalBytes(newest.stored)
  const before = runs[0]?.[0]?.extent.first === 0 ? (runs.shift() ?? []) : []
  const after = lastOf(runs[0])?.extent.last === total - 1 ? (runs.shift() ?? []) : []
  const first = (lastOf(before)?.extent.last ?? -1) + 1
  const last = (after[0]?.extent.first ?? total) - 1
  if (runs.length > 0 || first > last || (before.length === 0 && after.length === 0)) return undefined
  const { etag, lastModified } = newest.validators
  return {
    parts: same.sort((one, other) => one.stored.responseTime - other.stored.responseTime),
    before,
    missing: { first, last, total },
    after,
    fields: [
      ['range', `bytes=${first}-${last === total - 1 ? '' : last}`],
      ['if-range', (etag ?? lastModified) as string]
    ]
  }
}

/** What the answer means, and what the whole is then. */
export function decideAfterCompletion(
  request: Request,
  { parts, missing }: Completion,
  response: Response,
  times: ExchangeTimes,
  options: RuleOptions
): CompletionDecision {
  const { status } = response
  if (status !== 206) return { action: aboutRange.has(status) ? 'send-plain' : 'relay' }
  const newest = lastOf(parts) as Assessed
  if (!isMissingPart(response, times, newest, missing)) return { action: 'send-plain' }
  const merged = parts.length === 1 ? newest : mergedFields(request, parts, options)
  if (merged === undefined) return { action: 'send-plain' }
  const { forCaller, keep } = freshen(merged, request, response, times, options)
  const fields = fieldsOfWhole(forCaller, missing.total)
  if (keep.action !== 'update') return { action: 'complete', fields, head: undefined }
  const part = { first: missing.first, total: missing.total }
  const slot = slotOf(keep.head.method, keep.head.selecting, options.digest, part)
  return { action: 'complete', fields, head: { ...keep.head, slot, part } }
}

/** Whether a 206 has exactly the bytes that are missing, of the version that the others are of. */
function isMissingPart(response: Response, times: ExchangeTimes, newest: Assessed, missing: Extent & Part): boolean {
  const fields = fieldMap(response.fields)
  const sent = parseContentRange(fields)
  if (sent?.first !== missing.first || sent.last !== missing.last || sent.total !== missing.total) return false
  const { etag, lastModified, lastModifiedAt } = validators(fields, times.responseTime)
  if (newest.validators.etag !== undefined) return etag === newest.validators.etag && isStrong(etag)
  if (fields.has('etag') || lastModified !== newest.validators.lastModified) return false
  return isStrongDate({ etag, lastModified, lastModifiedAt }, newest.date)
}

function lastOf<T>(list: readonly T[] | undefined): T | undefined {
  return list?.[list.length - 1]
}
