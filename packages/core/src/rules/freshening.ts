import { type Assessed, effectiveDirectives } from './assessment.js'
import { type Directives, isForEverybody } from './cache-control.js'
import { connectionOptions, type FieldMap, fieldMap, isStorableField, single } from './fields.js'
import { parseContentLength } from './framing.js'
import { dateOf } from './freshness.js'
import { formatHttpDate } from './http-date.js'
import { fieldsLeftOut, hidesFields } from './left-out-fields.js'
import type { ExchangeTimes, FieldLine, Fields, Request, Response } from './messages.js'
import type { RuleOptions } from './options.js'
import { totalBytes } from './ranges.js'
import { varyNames } from './selecting-fields.js'
import { maySetCookie } from './shared-permission.js'
import type { StorableHead } from './storable-head.js'
import { decideKeeping, type NotStored } from './storing.js'
import { validators, weaklyEqual } from './validators.js'

/** A stored response after a 304, or a HEAD, brought new fields for it. RFC 9111 §3.2, §4.3.4. */
export interface Freshened {
  /** What this caller gets: also the fields that are not kept (UPD-06). */
  readonly forCaller: Fields
  readonly keep:
    | { readonly action: 'update'; readonly head: StorableHead; readonly groups: readonly string[] }
    /** It may no longer be stored (UPD-08). */
    | { readonly action: 'remove'; readonly because: NotStored }
    /** What was there stays: this answer was for one user (AUTH-04), or cannot be dated (CLK-02). */
    | { readonly action: 'leave'; readonly because: NotStored }
}

/** What a HEAD says of a stored response to GET (UPD-09). RFC 9111 §4.3.5. */
export type HeadComparison = 'update' | 'invalidate' | 'leave'

/** Fields that the stored bytes depend on (UPD-06). */
const neverUpdated: ReadonlySet<string> = new Set([
  'content-length',
  'content-encoding',
  'content-range',
  'transfer-encoding'
])
/** What it says in such a field counts (FLD-02), and cannot be kept. */
const hidden: NotStored = {
  store: false,
  requirement: 'FLD-02',
  reason: 'connection names a field the cache depends on'
}

/** What forbids to keep an update but says nothing against what was there. */
const leaving: ReadonlySet<string> = new Set(['AUTH-01', 'CLK-02'])

/** Brings the fields of a 304 into a stored response. RFC 9111 §3.2. */
export function freshen(
  selected: Assessed,
  request: Request,
  response: Response,
  times: ExchangeTimes,
  options: RuleOptions
): Freshened {
  const { stored } = selected
  const fresh = updatingLines(selected, response, times)
  const freshNames = new Set(fresh.map(([name]) => name.toLowerCase()))
  const merged = [...replacedFields(stored.fields, freshNames), ...fresh]
  const mergedMap = fieldMap(merged)
  const directives = effectiveDirectives(mergedMap, options)
  const forThisCallerOnly = new Set(fieldsLeftOut(directives, options))
  if (freshNames.has('set-cookie') && !maySetCookie(directives, options)) forThisCallerOnly.add('set-cookie')
  const isForAll = ([name]: FieldLine) => !forThisCallerOnly.has(name.toLowerCase())
  const kept = [...replacedFields(stored.fields, freshNames).filter(isForAll), ...fresh.filter(isForAll)]
  const forCaller = withDate(
    [...replacedFields(stored.fields, freshNames).filter(isForAll), ...fresh],
    mergedMap,
    times
  )
  const head = {
    status: stored.status,
    statusText: stored.statusText,
    fields: keepRefusedCookies(stored.fields, kept, forThisCallerOnly)
  }
  if (hidesFields(fieldMap(response.fields), options)) return { forCaller, keep: { action: 'remove', because: hidden } }
  const decision = decideKeeping(request, head, times, stored, options)
  if (!decision.store) {
    const action = leaving.has(decision.requirement) ? 'leave' : 'remove'
    return { forCaller, keep: { action, because: decision } }
  }
  const credential = unselectedCredential(selected, request, mergedMap, directives, options)
  if (credential !== undefined) {
    const because: NotStored = {
      store: false,
      requirement: 'AUTH-07',
      reason: `the request had ${credential}`,
      option: 'credentialFields'
    }
    return { forCaller, keep: { action: 'leave', because } }
  }
  return { forCaller, keep: { action: 'update', head: decision.head, groups: decision.groups } }
}

/** Whether the fields of a HEAD 200 agree with a stored response to GET. */
export function compareHead(selected: Assessed, response: Response, times: ExchangeTimes): HeadComparison {
  const fields = fieldMap(response.fields)
  const contentLength = parseContentLength(fields)
  const etag = single(fields, 'etag')
  const lastModified = single(fields, 'last-modified')
  if (contentLength === undefined && etag === undefined && lastModified === undefined) return 'leave'
  if (contentLength !== undefined && contentLength !== totalBytes(selected.stored)) return 'invalidate'
  if (etag !== undefined && (etag === null || etag !== single(selected.fields, 'etag'))) return 'invalidate'
  if (lastModified === undefined) return 'update'
  if (lastModified !== null && lastModified === single(selected.fields, 'last-modified')) return 'update'
  const at = validators(fields, times.responseTime).lastModifiedAt
  return at !== undefined && at === selected.validators.lastModifiedAt ? 'update' : 'invalidate'
}

/** The lines of a response that replace stored ones (UPD-05, UPD-06). */
function updatingLines({ validators: stored }: Assessed, response: Response, times: ExchangeTimes): FieldLine[] {
  const map = fieldMap(response.fields)
  const hopByHop = new Set(connectionOptions(map))
  const received = validators(map, times.responseTime).etag
  const keepsTag = stored.etag !== undefined && received !== undefined && weaklyEqual(stored.etag, received)
  return response.fields.filter(([line]) => {
    const name = line.toLowerCase()
    if (neverUpdated.has(name) || !isStorableField(name) || hopByHop.has(name)) return false
    return name !== 'etag' || !keepsTag
  })
}

/** The stored lines that an update leaves: not those it replaces, and no date or age of the old exchange (UPD-07). */
function replacedFields(stored: Fields, freshNames: ReadonlySet<string>): FieldLine[] {
  return stored.filter(([line]) => {
    const name = line.toLowerCase()
    return name !== 'date' && name !== 'age' && !freshNames.has(name)
  })
}

/** A `Set-Cookie` that is not taken over leaves the stored one as it was. */
function keepRefusedCookies(stored: Fields, kept: FieldLine[], refused: ReadonlySet<string>): FieldLine[] {
  if (!refused.has('set-cookie')) return kept
  return [...kept, ...stored.filter(([name]) => name.toLowerCase() === 'set-cookie')]
}

function withDate(fields: FieldLine[], map: FieldMap, times: ExchangeTimes): Fields {
  if (map.has('date')) return fields
  return [...fields, ['Date', formatHttpDate(dateOf(map, times.responseTime))]]
}

/** A credential of the request that nothing stored is selected by: the answer may be this user's own (AUTH-07). */
function unselectedCredential(
  { stored }: Assessed,
  request: Request,
  merged: FieldMap,
  directives: Directives,
  { type, credentialFields }: RuleOptions
): string | undefined {
  if (isForEverybody(directives, type)) return undefined
  const names = varyNames(merged)
  for (const name of credentialFields) {
    if (!request.fields.has(name) || names.includes(name)) continue
    if (!stored.selecting.some(([selected]) => selected === name)) return name
  }
  return undefined
}
