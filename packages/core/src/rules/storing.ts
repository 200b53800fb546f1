import { effectiveDirectives, isUnqualified } from './assessment.js'
import type { Directives } from './cache-control.js'
import { groupsOf, maxGroups } from './cache-groups.js'
import {
  combined,
  type FieldMap,
  fieldMap,
  isFieldValue,
  isSafeLine,
  maxFieldValueLength,
  storedFields
} from './fields.js'
import { type Framing, isFramed, parseContentLength } from './framing.js'
import { freshnessLifetime, hasExplicitFreshness } from './freshness.js'
import { fieldsLeftOut, hidesFields } from './left-out-fields.js'
import type { ExchangeTimes, Part, Request, Response, StoredResponse } from './messages.js'
import { isCacheable } from './methods.js'
import type { RuleOptions } from './options.js'
import { fieldsOfPart, fieldsOfWhole, partialExtent } from './ranges.js'
import { selectingFields, varyNames } from './selecting-fields.js'
import { maySetCookie, mayStoreAuthorized } from './shared-permission.js'
import {
  isHeuristicallyCacheable,
  isKnownClass,
  isNeverStored,
  isRedirection,
  isSuccessful,
  isUnderstood
} from './statuses.js'
import { type StorableHead, slotOf, withDate } from './storable-head.js'
import { isTime, maxFieldLines } from './stored-response.js'
import { applies } from './trace.js'
import { dropAt, isUseful } from './usefulness.js'
import { isUsable, validators } from './validators.js'

const noGroups: readonly string[] = []

/** Why a response is not stored. */
export interface NotStored {
  readonly store: false
  /** The requirement that forbids it, as numbered in `docs/requirements.md`. */
  readonly requirement: string
  /** What it means here, in a few words. */
  readonly reason: string
  /** The option that would allow it, where one does. */
  readonly option?: string
}

export type StoringDecision =
  | NotStored
  | {
      readonly store: true
      readonly head: StorableHead
      readonly contentLength: number | undefined
      /** The cache groups it is in, as this cache takes part in them (GRP-01). */
      readonly groups: readonly string[]
    }

/** May this response be stored, and as what? RFC 9111 §3. */
export function decideStoring(
  request: Request,
  response: Response,
  times: ExchangeTimes,
  framing: Framing,
  options: RuleOptions
): StoringDecision {
  const { method } = request
  const { status } = response
  const isOther = !isCacheable(method) || !options.methods.has(method)
  if (applies(options, 'METH-01', isOther)) return no('METH-01', `responses to ${method} are not stored`)
  if (applies(options, 'GEN-03', framing.redirected)) return no('GEN-03', 'redirects were followed below the cache')
  if (applies(options, 'STORE-11', !isKnownClass(status)))
    return no('STORE-11', `status ${status} is of no known class`)
  const isRefused = status === 206 && options.ranges !== 'store'
  if (applies(options, 'STORE-02', isRefused)) return no('STORE-02', 'partial content is not stored', "ranges: 'store'")
  if (applies(options, 'STORE-02', status === 304)) return no('STORE-02', 'a 304 is not stored')
  if (applies(options, 'STORE-07', isNeverStored(status))) return no('STORE-07', `status ${status} is never stored`)
  const isAboutRange = status !== 200 && status !== 206 && method === 'GET' && request.fields.has('range')
  if (applies(options, 'RNG-08', isAboutRange)) return no('RNG-08', 'it may be about the range that was asked for')
  const fields = fieldMap(response.fields)
  const contentLength = parseContentLength(fields)
  const isUnreadable = applies(options, 'MSG-02', contentLength === null)
  if (isUnreadable || contentLength === null) return no('MSG-02', 'content-length cannot be read')
  if (status === 206) {
    const extent = partialExtent(request, fields, contentLength)
    if (applies(options, 'RNG-09', extent === undefined) || extent === undefined)
      return no('RNG-09', 'it is not one part of a whole of known length')
    const bytes = extent.last - extent.first + 1
    if (bytes < extent.total) return decideByDirectives(request, response, fields, times, bytes, options, extent)
    const whole = { status: 200, statusText: 'OK', fields: fieldsOfWhole(response.fields, bytes) }
    return decideByDirectives(request, whole, fieldMap(whole.fields), times, bytes, options)
  }
  if (applies(options, 'MSG-06', !isFramed(method, status, fields, framing, options))) {
    return no('MSG-06', 'only the end of the connection ends the body', 'storeCloseDelimited: true')
  }
  return decideByDirectives(request, response, fields, times, contentLength, options)
}

/** The part of {@link decideStoring} that also judges a stored response after an update (UPD-08). */
function decideByDirectives(
  request: Request,
  response: Response,
  fields: FieldMap,
  times: ExchangeTimes,
  contentLength: number | undefined,
  options: RuleOptions,
  part?: Part
): StoringDecision {
  const { method } = request
  const { status, statusText } = response
  const hasManyLines = response.fields.length > maxFieldLines
  if (applies(options, 'SEC-04', hasManyLines)) return no('SEC-04', `it has more than ${maxFieldLines} field lines`)
  const isSafe = response.fields.every(([name, value]) => isSafeLine(name, value))
  if (applies(options, 'SEC-01', !isSafe)) return no('SEC-01', 'a field line is malformed')
  const isText = typeof statusText === 'string' && isFieldValue(statusText)
  if (applies(options, 'SEC-01', !isText)) return no('SEC-01', 'the status text is malformed')
  const others = options.noVarySearch ? ['no-vary-search'] : []
  for (const name of ['cache-control', 'cache-groups', 'vary', 'connection', ...options.targetedFields, ...others]) {
    const isTooLong = (combined(fields, name)?.length ?? 0) > maxFieldValueLength
    if (applies(options, 'SEC-04', isTooLong)) return no('SEC-04', `${name} is too long`)
  }
  if (applies(options, 'CLK-02', !isTime(times.requestTime) || !isTime(times.responseTime))) {
    return no('CLK-02', 'the clock does not tell the time')
  }
  const directives = effectiveDirectives(fields, options)
  const isHiding = hidesFields(fields, options)
  if (applies(options, 'FLD-02', isHiding)) return no('FLD-02', 'connection names a field the cache depends on')
  const refusal = refusalByDirectives(status, fields, directives, options)
  if (refusal !== undefined) return refusal
  const names = varyNames(fields)
  if (applies(options, 'VARY-02', names === '*') || names === '*')
    return no('VARY-02', 'vary matches no second request')
  const selecting = selectingFields(names, request, directives, options)
  const hasFailed = applies(options, 'VARY-07', selecting === undefined)
  if (hasFailed || selecting === undefined) return no('VARY-07', 'a vary normalizer failed')
  const { requestTime, responseTime } = times
  const exchanged = { method, status, fields, directives, requestTime, responseTime }
  const lifetime = freshnessLifetime(exchanged, options).seconds
  const canBeValidated = isUsable(validators(fields, times.responseTime))
  const needsMore = !canBeValidated && !hasExplicitFreshness(fields, directives, options)
  if (method === 'QUERY' && applies(options, 'QRY-03', needsMore))
    return no('QRY-03', 'an answer to QUERY needs explicit freshness or a validator')
  if (applies(options, 'STORE-08', !isUseful(canBeValidated, directives, lifetime, options)))
    return no('STORE-08', 'it is neither fresh for any time nor can it be validated')
  if (applies(options, 'AUTH-01', !mayStoreAuthorized(request, directives, options))) {
    return no('AUTH-01', 'the request had authorization', "type: 'private'")
  }
  const groups = options.cacheGroups ? groupsOf(fields) : noGroups
  if (applies(options, 'GRP-01', groups.length > maxGroups))
    return no('GRP-01', `it is in more than ${maxGroups} groups`)
  const kept = storedFields(response.fields, fields, fieldsLeftOut(directives, options))
  const head: StorableHead = {
    slot: slotOf(method, selecting, options.digest, part),
    method: method as StoredResponse['method'],
    status,
    statusText,
    fields: withDate(part === undefined ? kept : fieldsOfPart(kept), fields, times.responseTime),
    selecting,
    requestTime: times.requestTime,
    responseTime: times.responseTime,
    dropAt: dropAt(fields, directives, lifetime, canBeValidated, times, options),
    ...(part !== undefined && { part: { first: part.first, total: part.total } })
  }
  return { store: true, head, contentLength, groups }
}

/** What a stored response whose fields were updated is kept as, if it may be kept (UPD-08). */
export function decideKeeping(
  request: Request,
  updated: Response,
  times: ExchangeTimes,
  { method, part }: Pick<StoredResponse, 'method' | 'part'>,
  options: RuleOptions
): StoringDecision {
  return decideByDirectives(
    { method, fields: request.fields },
    updated,
    fieldMap(updated.fields),
    times,
    undefined,
    options,
    part
  )
}

/** Whether a complete answer that was not stored shows that what is stored for the request is outdated (STORE-10). */
export function outdatesStored(method: string, status: number, refusal: NotStored): boolean {
  if ((method !== 'GET' && method !== 'QUERY') || refusal.requirement === 'AUTH-01') return false
  if (status === 206 || status === 304) return false
  return isSuccessful(status) || isRedirection(status) || status === 404 || status === 410
}

function refusalByDirectives(
  status: number,
  fields: FieldMap,
  directives: Directives,
  options: RuleOptions
): NotStored | undefined {
  const isForeign =
    directives.mustUnderstand && !isUnderstood(status) && !(status === 206 && options.ranges === 'store')
  if (applies(options, 'STORE-04', isForeign)) return no('STORE-04', `status ${status} is not understood`)
  const isBarred = directives.noStore && !directives.mustUnderstand
  if (applies(options, 'STORE-03', isBarred)) return no('STORE-03', 'the response says no-store')
  const isShared = options.type === 'shared'
  if (applies(options, 'STORE-01', isShared && isUnqualified(directives.private))) {
    return no('STORE-01', 'the response says private', "type: 'private'")
  }
  const hasSetCookie = fields.has('set-cookie') && !fieldsLeftOut(directives, options).includes('set-cookie')
  if (applies(options, 'AUTH-06', hasSetCookie && !maySetCookie(directives, options))) {
    return no('AUTH-06', 'the response sets a cookie', "sharedSetCookie: 'rfc'")
  }
  const permitted =
    directives.public ||
    (!isShared && directives.private === true) ||
    hasExplicitFreshness(fields, directives, options) ||
    isHeuristicallyCacheable(status)
  if (applies(options, 'STORE-01', !permitted))
    return no('STORE-01', `status ${status} needs explicit freshness or public`)
  return undefined
}

function no(requirement: string, reason: string, option?: string): NotStored {
  return { store: false, requirement, reason, ...(option !== undefined && { option }) }
}
