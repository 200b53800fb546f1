import { type Assessed, assess } from './assessment.js'
import type { Candidates } from './candidates.js'
import { combined } from './fields.js'
import { freshen } from './freshening.js'
import { isInvalidated } from './invalidation.js'
import type { Request } from './messages.js'
import type { RuleOptions } from './options.js'
import { type Extent, extentOf, fieldsOfPart, fieldsOfWhole, isStrongDate, totalBytes } from './ranges.js'
import { selectable } from './selection.js'
import { type StorableHead, slotOf } from './storable-head.js'
import { isStrong } from './validators.js'

/** What one stored response gives to a combination. */
export interface Segment {
  readonly from: Assessed
  /** Positions in the whole. */
  readonly extent: Extent
}

/** Stored parts of one version that follow each other, put together. RFC 9111 §3.4. */
export interface Combination {
  /** In the order of their bytes, each byte once. */
  readonly segments: readonly Segment[]
  readonly bodyBytes: number
  readonly head: StorableHead
}

/**
 * What is stored of a 200 that was cut off after so many bytes: the beginning, if a strong validator tells later what
 * the rest belongs to (RNG-09). RFC 9111 §3.3.
 */
export function headOfBeginning(
  head: StorableHead,
  contentLength: number | undefined,
  receivedBytes: number,
  options: RuleOptions
): StorableHead | undefined {
  const { method, status, selecting } = head
  if (options.ranges !== 'store' || method !== 'GET' || status !== 200 || contentLength === undefined) return undefined
  if (receivedBytes === 0 || receivedBytes >= contentLength) return undefined
  const part = { first: 0, total: contentLength }
  const slot = slotOf(method, selecting, options.digest, part)
  const fields = fieldsOfPart(head.fields)
  const beginning: StorableHead = { ...head, slot, status: 206, statusText: 'Partial Content', fields, part }
  const assessed = assess(
    { formatVersion: 1, key: '', id: '', bodyBytes: receivedBytes, marks: {}, ...beginning },
    options
  )
  return isSameVersion(assessed, assessed) ? beginning : undefined
}

/** What a part that was stored means for what is stored beside it. */
export interface PartDecision {
  /** Of another version, or not known to be of the same. */
  readonly outdated: readonly Assessed[]
  readonly combination: Combination | undefined
}

/** What follows from a response that was stored with this head for what is stored beside it: `candidates`, itself among them. */
export function decideSettling(
  request: Request,
  candidates: Candidates,
  head: Pick<StorableHead, 'slot' | 'part' | 'requestTime'>,
  options: RuleOptions
): PartDecision {
  const known = selectable(request, candidates, options)
  if (head.part === undefined) {
    // A whole response takes the place of its parts.
    const outdated = known.filter(({ stored }) => stored.part !== undefined && stored.requestTime <= head.requestTime)
    return { outdated, combination: undefined }
  }
  const valid = known.filter((one) => !isInvalidated(one, candidates.marks))
  const part = valid.find(({ stored }) => stored.slot === head.slot)
  if (part === undefined) return { outdated: [], combination: undefined }
  const others = valid.filter((one) => one !== part && one.stored.method === 'GET')
  return decideCombining(request, part, others, options)
}

/** What becomes of `others`, which the request selects as it does the part that was just stored (RNG-10, B5). */
function decideCombining(
  request: Request,
  part: Assessed,
  others: readonly Assessed[],
  options: RuleOptions
): PartDecision {
  const earlier = others.filter(({ stored }) => stored.requestTime <= part.stored.requestTime)
  const outdated = earlier.filter((other) =>
    other.stored.part === undefined ? isOfAnother(part, other) : !isSameVersion(part, other)
  )
  const parts = others.filter((other) => {
    return other.stored.part !== undefined && isSameVersion(part, other) && isSelectedAlike(part, other)
  })
  const { first } = extentOf(part.stored)
  const run = contiguousRuns([part, ...parts]).find((run) => run.some(({ extent }) => extent.last >= first)) ?? []
  return { outdated, combination: run.length > 1 ? combine(request, run, options) : undefined }
}

/** Whether both are known to be of the same version: by a strong validator, and their length. RFC 9110 §15.3.7.3. */
export function isSameVersion(one: Assessed, other: Assessed): boolean {
  if (totalBytes(one.stored) !== totalBytes(other.stored)) return false
  const { etag, lastModified } = one.validators
  if (one.fields.has('etag') || other.fields.has('etag')) {
    return etag !== undefined && isStrong(etag) && etag === other.validators.etag
  }
  const areStrong = isStrongDate(one.validators, one.date) && isStrongDate(other.validators, other.date)
  return areStrong && lastModified === other.validators.lastModified
}

/** Whether a part says that it is of another version than a whole response. */
function isOfAnother(part: Assessed, { stored, fields }: Assessed): boolean {
  if (stored.status !== 200 || totalBytes(stored) !== totalBytes(part.stored)) return true
  return ['etag', 'last-modified'].some((name) => {
    return part.fields.has(name) && combined(part.fields, name) !== combined(fields, name)
  })
}

/** Whether the same fields of requests select both. */
export function isSelectedAlike({ stored: one }: Assessed, { stored: other }: Assessed): boolean {
  return JSON.stringify(one.selecting) === JSON.stringify(other.selecting)
}

/** Those that overlap or adjoin, without overlaps: runs without a gap, in the order of their bytes. */
export function contiguousRuns(parts: readonly Assessed[]): Segment[][] {
  const inOrder = [...parts].sort((one, other) => extentOf(one.stored).first - extentOf(other.stored).first)
  const runs: Segment[][] = []
  let next = Number.NaN
  for (const from of inOrder) {
    const { first, last } = extentOf(from.stored)
    if (!(first <= next)) runs.push([{ from, extent: { first, last } }])
    else if (last >= next) runs[runs.length - 1]?.push({ from, extent: { first: next, last } })
    next = first <= next ? Math.max(next, last + 1) : last + 1
  }
  return runs
}

function combine(request: Request, segments: readonly Segment[], options: RuleOptions): Combination | undefined {
  const first = segments[0] as Segment
  const last = segments[segments.length - 1] as Segment
  const bodyBytes = last.extent.last - first.extent.first + 1
  const merged = mergedFields(
    request,
    segments.map(({ from }) => from),
    options
  )
  if (merged === undefined) return undefined
  const total = totalBytes(first.from.stored)
  const part = bodyBytes === total ? undefined : { first: first.extent.first, total }
  const { method, statusText, selecting, requestTime, responseTime, dropAt, fields, status } = merged.stored
  const slot = slotOf(method, selecting, options.digest, part)
  const times = { requestTime, responseTime, dropAt }
  const head =
    part === undefined
      ? { slot, method, selecting, ...times, status: 200, statusText: 'OK', fields: fieldsOfWhole(fields, total) }
      : { slot, method, selecting, ...times, status, statusText, fields, part }
  return { segments, bodyBytes, head }
}

/** The oldest with its fields updated by those of the newer (UPD-05, UPD-06); `undefined` if that may not be stored. */
export function mergedFields(request: Request, parts: readonly Assessed[], options: RuleOptions): Assessed | undefined {
  const [oldest, ...newer] = [...parts].sort((one, other) => one.stored.responseTime - other.stored.responseTime)
  let merged = oldest as Assessed
  for (const { stored } of newer) {
    const { keep } = freshen(merged, request, stored, stored, options)
    if (keep.action !== 'update') return undefined
    merged = assess({ ...merged.stored, ...keep.head }, options)
  }
  return merged
}
