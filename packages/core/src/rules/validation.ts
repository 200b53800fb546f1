import type { Assessed } from './assessment.js'
import { combined, type FieldMap, fieldMap } from './fields.js'
import { parseHttpDate } from './http-date.js'
import type { EpochMilliseconds, FieldLine, Request, Response } from './messages.js'
import type { RuleOptions } from './options.js'
import type { RequestControl } from './request-control.js'
import { mostRecent } from './selection.js'
import { mayServeOnError } from './serving-stale.js'
import { isFailure } from './statuses.js'
import { isStrong, isUsable, parseTagList, type Validators, validators, weaklyEqual } from './validators.js'

/** How the caller's request is changed to validate a stored response. RFC 9111 §4.3.1. */
export interface ValidationRequest {
  /** Fields to set, names in lower case; `undefined` removes the field. */
  readonly preconditions: readonly (readonly [name: string, value: string | undefined])[]
  /** Whether a precondition is the cache's own. */
  readonly added: boolean
  /** All entity tags that are sent; `undefined` if they cannot be told. */
  readonly tags: readonly string[] | undefined
  /** The date that is sent. */
  readonly date: string | undefined
}

/** What becomes of a forward for which a stored response had been selected: Table B, rows 1 to 5. */
export type ValidationDecision =
  /** A 304 about these stored responses; the first is the one to serve. */
  | { readonly action: 'freshen'; readonly identified: readonly [Assessed, ...Assessed[]] }
  /** The stored response is served in place of a failure. */
  | { readonly action: 'serve-stale' }
  /** A part of what may be another version goes to the caller; the stored response stays, or is dropped (B5). */
  | { readonly action: 'relay-part'; readonly drops: boolean }
  /** The answer goes to the caller as it is and nothing changes. */
  | { readonly action: 'relay'; readonly marksInvalid: boolean }
  /** The request is sent once more without the cache's preconditions; that answer is final. */
  | { readonly action: 'send-plain' }
  /** The answer goes to the caller and takes the place of what is stored, or removes it. */
  | { readonly action: 'replace' }

/** A request that is sent as the caller made it: nothing is asked about anything stored. */
export function unchanged({ fields }: Request): ValidationRequest {
  return asIs(fields.get('if-none-match'), fields.get('if-modified-since'))
}

/** What is sent to validate a stored response. */
export function validationRequest(request: Request, selected: Assessed): ValidationRequest {
  const ifNoneMatch = request.fields.get('if-none-match')
  const ifModifiedSince = request.fields.get('if-modified-since')
  const { etag, lastModified } = selected.validators
  if (request.method === 'HEAD' || !isUsable(selected.validators)) return asIs(ifNoneMatch, ifModifiedSince)
  if (ifNoneMatch === undefined) {
    // A part is not asked for by a date, which may be that of two versions.
    const date = request.fields.has('range') ? undefined : lastModified
    if (etag === undefined && date === undefined) return asIs(ifNoneMatch, ifModifiedSince)
    return {
      preconditions: [
        ['if-none-match', etag],
        ['if-modified-since', date]
      ],
      added: true,
      tags: etag === undefined ? [] : [etag],
      date
    }
  }
  const tags = parseTagList(ifNoneMatch)
  if (etag === undefined || tags === undefined || tags === '*' || tags.includes(etag)) {
    return asIs(ifNoneMatch, ifModifiedSince)
  }
  return {
    preconditions: [['if-none-match', `${ifNoneMatch}, ${etag}`]],
    added: true,
    tags: [...tags, etag],
    date: ifModifiedSince
  }
}

/**
 * What the answer to a request means for which only a response to another query was stored: that one stands in for a
 * failure, and has no other part in it (NVS-01).
 */
export function decideAfterForward(
  control: RequestControl,
  { status }: Response,
  selected: Assessed,
  mayFallBack: boolean,
  now: EpochMilliseconds,
  options: RuleOptions
): Extract<ValidationDecision, { readonly action: 'serve-stale' | 'replace' }> {
  const standsIn = isFailure(status) && mayFallBack && mayServeOnError(selected, control, now, options)
  return { action: standsIn ? 'serve-stale' : 'replace' }
}

/** What the answer to a validation request means. */
export function decideAfterValidation(
  request: Request,
  control: RequestControl,
  sent: ValidationRequest,
  response: Response,
  selected: Assessed,
  candidates: readonly Assessed[],
  mayFallBack: boolean,
  now: EpochMilliseconds,
  options: RuleOptions
): ValidationDecision {
  const { status } = response
  if (isFailure(status) && mayFallBack && mayServeOnError(selected, control, now, options))
    return { action: 'serve-stale' }
  if (status === 412 && sent.added && !request.fields.has('if-none-match')) return { action: 'send-plain' }
  if (status === 206 && request.fields.has('range'))
    return { action: 'relay-part', drops: isOfAnother(response, selected) }
  if (status !== 304) return { action: 'replace' }
  const fields = fieldMap(response.fields)
  const [first, ...others] = identified(fields, sent, selected, candidates, now)
  if (first !== undefined) return { action: 'freshen', identified: [first, ...others] }
  if (!sent.added) return { action: 'relay', marksInvalid: false }
  return isCallersOwn(request, fields, now) ? { action: 'relay', marksInvalid: true } : { action: 'send-plain' }
}

/** Whether a response served from `selected` is to be a 304, by the caller's own preconditions (VAL-07). RFC 9110 §13.2. */
export function isNotModified(request: Request, { stored, validators, date }: Assessed): boolean {
  if (request.isPlain) return false
  const { method, fields } = request
  if (method !== 'GET' && method !== 'HEAD') return false
  if (stored.status !== 200 && stored.status !== 203 && stored.status !== 206) return false
  const ifNoneMatch = fields.get('if-none-match')
  if (ifNoneMatch !== undefined) {
    const tags = parseTagList(ifNoneMatch)
    if (tags === '*') return true
    const { etag } = validators
    return tags !== undefined && etag !== undefined && tags.some((tag) => weaklyEqual(tag, etag))
  }
  const ifModifiedSince = fields.get('if-modified-since')
  if (ifModifiedSince === undefined) return false
  const since = parseHttpDate(ifModifiedSince, stored.responseTime)
  return since !== undefined && (validators.lastModifiedAt ?? date) <= since
}

const inNotModified: ReadonlySet<string> = new Set([
  'age',
  'cache-control',
  'content-location',
  'date',
  'etag',
  'expires',
  'vary'
])

/** The fields of a 304 made from a stored response (VAL-08). RFC 9110 §15.4.5. */
export function notModifiedFields(
  fields: readonly FieldLine[],
  { targetedFields }: Pick<RuleOptions, 'targetedFields'>
): FieldLine[] {
  const hasEtag = fields.some(([name]) => name.toLowerCase() === 'etag')
  return fields.filter(([name]) => {
    const lower = name.toLowerCase()
    return inNotModified.has(lower) || targetedFields.includes(lower) || (lower === 'last-modified' && !hasEtag)
  })
}

/** Whether a 206 says that it is a part of another version than the stored one. */
function isOfAnother(part: Response, { fields: stored }: Assessed): boolean {
  const fields = fieldMap(part.fields)
  return ['etag', 'last-modified'].some((name) => fields.has(name) && combined(fields, name) !== combined(stored, name))
}

/** The stored responses a 304 is about, the one to serve first; none if it cannot be told. RFC 9111 §4.3.4. */
function identified(
  fields: FieldMap,
  sent: ValidationRequest,
  selected: Assessed,
  candidates: readonly Assessed[],
  now: EpochMilliseconds
): readonly Assessed[] {
  const received = validators(fields, now)
  if (received.etag !== undefined && isStrong(received.etag)) {
    const same = candidates.filter((candidate) => candidate.validators.etag === received.etag)
    if (same.length > 0) return selectedFirst(same, selected)
    return onlyOwnTagSent(sent, selected) && weaklyEqual(received.etag, sent.tags?.[0] as string) ? [selected] : []
  }
  if (isUsable(received)) {
    const agreeing = candidates.filter((candidate) => agree(received, candidate.validators))
    const found = mostRecent(agreeing.filter((candidate) => !contradicts(fields, received, candidate)))
    return found === undefined ? [] : [found]
  }
  if (contradicts(fields, received, selected)) return []
  return sentOnlyOwn(sent, selected) ? [selected] : []
}

function selectedFirst(same: readonly Assessed[], selected: Assessed): readonly Assessed[] {
  const first = same.includes(selected) ? selected : (mostRecent(same) as Assessed)
  return [first, ...same.filter((candidate) => candidate !== first)]
}

/** UPD-03: equal in every validator both have, and in one at least. */
function agree(received: Validators, stored: Validators): boolean {
  const bothHaveTag = received.etag !== undefined && stored.etag !== undefined
  const bothHaveDate = received.lastModifiedAt !== undefined && stored.lastModifiedAt !== undefined
  if (!bothHaveTag && !bothHaveDate) return false
  if (bothHaveTag && !weaklyEqual(received.etag as string, stored.etag as string)) return false
  return !bothHaveDate || received.lastModifiedAt === stored.lastModifiedAt
}

/** A validator that cannot be read still tells that it is another one (ROB-01). */
function contradicts(fields: FieldMap, received: Validators, candidate: Assessed): boolean {
  const differs = (name: string) => {
    const value = combined(fields, name)
    return value !== undefined && value !== combined(candidate.fields, name)
  }
  return (
    (received.etag === undefined && differs('etag')) ||
    (received.lastModified === undefined && differs('last-modified'))
  )
}

function onlyOwnTagSent({ tags }: ValidationRequest, { validators }: Assessed): boolean {
  return tags?.length === 1 && tags[0] === validators.etag
}

/** UPD-04: every tag and date sent is the stored response's own. */
function sentOnlyOwn({ tags, date }: ValidationRequest, { validators }: Assessed): boolean {
  if (tags === undefined || (tags.length === 0 && date === undefined)) return false
  return tags.every((tag) => tag === validators.etag) && (date === undefined || date === validators.lastModified)
}

function isCallersOwn(request: Request, fields: FieldMap, now: EpochMilliseconds): boolean {
  const { etag } = validators(fields, now)
  const tags = parseTagList(request.fields.get('if-none-match') ?? '')
  return etag !== undefined && typeof tags === 'object' && tags.some((tag) => weaklyEqual(tag, etag))
}

function asIs(ifNoneMatch: string | undefined, ifModifiedSince: string | undefined): ValidationRequest {
  const tags = ifNoneMatch === undefined ? [] : parseTagList(ifNoneMatch)
  return { preconditions: [], added: false, tags: tags === '*' ? undefined : tags, date: ifModifiedSince }
}
