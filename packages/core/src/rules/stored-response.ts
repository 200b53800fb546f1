import { isFieldValue, isSafeLine } from './fields.js'
import type { EpochMilliseconds, ExchangeTimes, Fields, Recording, Response, StoredResponse } from './messages.js'

const hex = /^[0-9a-f]+$/
const slotPattern = /^[0-9a-z]{1,64}$/
/** Most field lines that are kept of a response: more than any HTTP client accepts (SEC-04). */
export const maxFieldLines = 10_000
/** A response that came without `Date` is given one (FLD-06). */
export const maxStoredLines = maxFieldLines + 1
/** The last moment that there is a date for. */
export const maxTime: EpochMilliseconds = 8.64e15
/** Bytes of the body that each digest covers. */
export const digestPieceBytes = 1_048_576

/**
 * Whether what a store handed back under `key` can be a stored response, its field lines apart: all else it holds is of
 * the right type and within sane limits, and it is the one that was stored under this very key (KEY-04, SEC-05).
 */
export function isStoredResponse(value: unknown, key: string): value is Omit<StoredResponse, 'fields'> {
  if (!isObject(value) || value.formatVersion !== 1 || value.key !== key) return false
  const { method, selecting, marks } = value
  return (
    isKept(value) &&
    value.tape === undefined &&
    (method === 'GET' || method === 'HEAD' || method === 'QUERY') &&
    isListOf(selecting, isSelecting) &&
    isMarks(marks) &&
    (value.invalid === undefined || value.invalid === true) &&
    (value.storedTime === undefined || isTime(value.storedTime))
  )
}

/**
 * Whether what a store handed back under `key` can be a recording, its field lines apart: what a cache has stored under
 * its own keys is none (SEC-05).
 */
export function isRecording(value: unknown, key: string): value is Omit<Recording, 'fields'> {
  if (!isObject(value) || value.formatVersion !== 1 || value.key !== key) return false
  return isKept(value) && isLength(value.tape)
}

/** Whether a response with this head could be told from damage when it is read again. */
export function isKeepable(
  { status, statusText, fields }: Response,
  { requestTime, responseTime }: ExchangeTimes
): boolean {
  return (
    isStatus(status) && isFieldValue(statusText) && areFields(fields) && isTime(requestTime) && isTime(responseTime)
  )
}

/** What a stored response and a recording have in common. */
function isKept(value: Record<string, unknown>): boolean {
  const { slot, id, statusText } = value
  return (
    typeof slot === 'string' &&
    slotPattern.test(slot) &&
    typeof id === 'string' &&
    id.length === 32 &&
    hex.test(id) &&
    isStatus(value.status) &&
    typeof statusText === 'string' &&
    isFieldValue(statusText) &&
    isTime(value.requestTime) &&
    isTime(value.responseTime) &&
    isTime(value.dropAt) &&
    isLength(value.bodyBytes) &&
    hasDigests(value.digests, value.bodyBytes) &&
    (value.part === undefined || isPart(value.part))
  )
}

function isStatus(status: unknown): boolean {
  return Number.isInteger(status) && (status as number) >= 200 && (status as number) <= 599
}

/** Whether these can be the field lines of a stored response; long lists take a while (SEC-05). */
export function areFields(value: unknown): value is Fields {
  return isListOf(value, isFieldLine)
}

function hasDigests(digests: unknown, bodyBytes: number): boolean {
  if (digests === undefined) return true
  if (!Array.isArray(digests) || digests.length !== Math.ceil(bodyBytes / digestPieceBytes)) return false
  for (const digest of digests)
    if (typeof digest !== 'string' || digest.length !== 64 || !hex.test(digest)) return false
  return true
}

function isPart(part: unknown): boolean {
  return isObject(part) && isLength(part.first) && isLength(part.total)
}

function isFieldLine(line: unknown): boolean {
  if (!Array.isArray(line) || line.length !== 2) return false
  const [name, value] = line
  return typeof name === 'string' && typeof value === 'string' && isSafeLine(name, value)
}

function isSelecting(pair: unknown): boolean {
  if (!Array.isArray(pair) || pair.length !== 2) return false
  return typeof pair[0] === 'string' && (pair[1] === null || typeof pair[1] === 'string')
}

function isMarks(marks: unknown): boolean {
  if (!isObject(marks)) return false
  const values = Object.values(marks)
  return values.length > 0 && values.length <= maxStoredLines && values.every((mark) => typeof mark === 'string')
}

function isListOf(value: unknown, isMember: (member: unknown) => boolean): value is readonly unknown[] {
  if (!Array.isArray(value) || value.length > maxStoredLines) return false
  // A gap in a list is no member, but `every` would skip it.
  for (const member of value) if (!isMember(member)) return false
  return true
}

/** Whether `value` is a time that can be stored. */
export function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= maxTime
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
