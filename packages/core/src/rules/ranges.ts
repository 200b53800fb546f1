import type { Assessed } from './assessment.js'
import { type FieldMap, single, trimmed } from './fields.js'
import type { Fields, Part, Request, StoredResponse } from './messages.js'
import { isStrong, type Validators } from './validators.js'

/** Byte positions in a body, both inclusive. RFC 9110 §14.1.2. */
export interface Extent {
  readonly first: number
  readonly last: number
}

/**
 * What a request's `Range` asks for. `'whole'`: nothing, or what is ignored because it cannot be read; `'foreign'`: what
 * only the origin can answer, another unit or several ranges; otherwise one range, of which the last position or, for
 * the last bytes of the body, the first one is left open (RNG-05).
 */
export type AskedRange = 'whole' | 'foreign' | OpenRange | SuffixRange

interface OpenRange {
  readonly first: number
  /** `Infinity` for the end of the body. */
  readonly last: number
}

interface SuffixRange {
  /** So many bytes at the end of the body. */
  readonly suffix: number
}

const unit = 'bytes='
const digits = /^\d*$/

/** Reads the `Range` of a request, which counts for GET only. RFC 9110 §14.2. */
export function askedRange({ method, fields }: Request): AskedRange {
  const value = method === 'GET' ? fields.get('range') : undefined
  if (value === undefined) return 'whole'
  if (value.slice(0, unit.length).toLowerCase() !== unit) return 'foreign'
  const ranges = nonEmptyMembers(value.slice(unit.length))
  return ranges.length > 1 ? 'foreign' : parseRange(ranges[0] ?? '')
}

/** The bytes that `asked` means in a body of `total` bytes, which are more than none; `undefined` if there are none such (RNG-03, RNG-04). */
export function extentIn(asked: OpenRange | SuffixRange, total: number): Extent | undefined {
  const end = total - 1
  if ('suffix' in asked) {
    return asked.suffix === 0 ? undefined : { first: Math.max(0, total - asked.suffix), last: end }
  }
  return asked.first > end ? undefined : { first: asked.first, last: Math.min(asked.last, end) }
}

/** Whether `Range` counts at all: without `If-Range`, or if the response is the one that it names (RNG-06). RFC 9110 §13.1.5. */
export function holdsIfRange(request: Request, { validators, date }: Pick<Assessed, 'validators' | 'date'>): boolean {
  const ifRange = request.fields.get('if-range')
  if (ifRange === undefined) return true
  const { etag } = validators
  if (etag === ifRange) return isStrong(etag)
  return ifRange === validators.lastModified && isStrongDate(validators, date)
}

/** Whether `Last-Modified` tells one version from every other: the response was made in a later second. RFC 9110 §8.8.2.2. */
export function isStrongDate({ lastModifiedAt }: Validators, date: number): boolean {
  return lastModifiedAt !== undefined && lastModifiedAt + 1_000 <= date
}

/** Bytes of the whole representation that a stored response is, or is a part of. */
export function totalBytes({ bodyBytes, part }: Pick<StoredResponse, 'bodyBytes' | 'part'>): number {
  return part === undefined ? bodyBytes : part.total
}

/** Which bytes of the whole a stored response has. */
export function extentOf({ bodyBytes, part }: Pick<StoredResponse, 'bodyBytes' | 'part'>): Extent {
  const first = part === undefined ? 0 : part.first
  return { first, last: first + bodyBytes - 1 }
}

/** Whether a stored part has all bytes that the request asks for (RNG-09). */
export function covers(request: Request, selected: Assessed): boolean {
  const asked = askedRange(request)
  if (typeof asked === 'string' || !holdsIfRange(request, selected)) return false
  const { first, last } = extentOf(selected.stored)
  const extent = extentIn(asked, totalBytes(selected.stored))
  return extent !== undefined && extent.first >= first && extent.last <= last
}

const contentRange = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/i

/** What `Content-Range` says of one part of a whole of known length; `undefined` if it does not, or cannot be. RFC 9110 §14.4. */
export function parseContentRange(fields: FieldMap): (Extent & Part) | undefined {
  const [, ...numbers] = contentRange.exec(single(fields, 'content-range') ?? '') ?? []
  const [first, last, total] = numbers.map(Number)
  if (first === undefined || last === undefined || total === undefined) return undefined
  return first <= last && last < total ? { first, last, total } : undefined
}

/**
 * The bytes that a 206 has, if it can be stored: one part of a whole, with all its fields, which an answer to
 * `If-Range` may be without (RNG-09). RFC 9110 §15.3.7.
 */
export function partialExtent(
  { method, fields: asked }: Request,
  fields: FieldMap,
  contentLength: number | undefined
): (Extent & Part) | undefined {
  if (method !== 'GET' || !asked.has('range') || asked.has('if-range')) return undefined
  const part = parseContentRange(fields)
  if (part === undefined) return undefined
  return contentLength === undefined || contentLength === part.last - part.first + 1 ? part : undefined
}

/** The fields of a 206 as they are stored: without those that are about the part, which are made anew (RNG-09). */
export function fieldsOfPart<Line extends Fields[number]>(fields: readonly Line[]): Line[] {
  return fields.filter(([name]) => !aboutTheWhole.has(name.toLowerCase()))
}

/** The fields of parts that make up a whole of `total` bytes (RNG-10). */
export function fieldsOfWhole(fields: Fields, total: number): Fields {
  return [...fieldsOfPart(fields), ['Content-Length', String(total)]]
}

/** What in a 206 would be about other bytes than those of the whole body. */
const aboutTheWhole: ReadonlySet<string> = new Set(['content-length', 'content-range', 'content-digest', 'content-md5'])
/** What a 416 takes from a stored response: it is about no representation, and not to be stored by anybody. */
const inUnsatisfiable: ReadonlySet<string> = new Set(['date', 'vary'])

/** The fields of a 206 made from a stored response of `total` bytes (RNG-02). RFC 9110 §15.3.7. */
export function partFields(fields: Fields, { first, last }: Extent, total: number): Fields {
  return [
    ...fieldsOfPart(fields),
    ['Content-Range', `bytes ${first}-${last}/${total}`],
    ['Content-Length', String(last - first + 1)]
  ]
}

/** The fields of a 416 made from a stored response of `total` bytes (RNG-04). RFC 9110 §15.5.17. */
export function unsatisfiableFields(fields: Fields, total: number): Fields {
  return [
    ...fields.filter(([name]) => inUnsatisfiable.has(name.toLowerCase())),
    ['Content-Range', `bytes */${total}`],
    ['Content-Length', '0']
  ]
}

/** The first two members of a list that are not empty: more are never of interest. */
function nonEmptyMembers(list: string): string[] {
  const found: string[] = []
  for (let start = 0; start <= list.length && found.length < 2; ) {
    const comma = list.indexOf(',', start)
    const end = comma === -1 ? list.length : comma
    const member = trimmed(list.slice(start, end))
    if (member !== '') found.push(member)
    start = end + 1
  }
  return found
}

/** Numbers may have any count of digits: the largest are taken for what no body reaches (RNG-03). */
function parseRange(range: string): AskedRange {
  const dash = range.indexOf('-')
  const first = range.slice(0, dash)
  const last = range.slice(dash + 1)
  if (dash === -1 || !digits.test(first) || !digits.test(last)) return 'whole'
  if (first === '') return last === '' ? 'whole' : { suffix: Number(last) }
  if (last === '') return { first: Number(first), last: Number.POSITIVE_INFINITY }
  return isAfter(first, last) ? 'whole' : { first: Number(first), last: Number(last) }
}

/** Whether one number is larger than another, both in digits of any count. */
function isAfter(one: string, other: string): boolean {
  const [a, b] = [withoutZeros(one), withoutZeros(other)]
  return a.length === b.length ? a > b : a.length > b.length
}

function withoutZeros(number: string): string {
  let start = 0
  while (start < number.length - 1 && number.charCodeAt(start) === 0x30) start++
  return number.slice(start)
}
