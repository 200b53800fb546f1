import type { FieldLine, Fields } from './messages.js'

/** Field values by name in lower case; each line apart, in the order received. RFC 9110 §5.3. */
export type FieldMap = ReadonlyMap<string, readonly string[]>

/** Longest combined value of a field that decides about storing or reuse, in characters (SEC-04). */
export const maxFieldValueLength = 16_384

const lineBreak = /[\r\n\0]/
const notInValues = /[^\t -~\u0080-\u00ff]/
const loneSurrogate = /\p{Surrogate}/u
/** Up to that a look at each character takes less than to begin with a pattern. */
const shortLength = 64
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Fields that only concern one connection or one proxy hop. RFC 9110 §7.6.1, RFC 9111 §3.1. */
const neverStored: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization'
])

/** Fields without which a stored response would be another one, or would be judged otherwise (RESP-02). */
const essential: ReadonlySet<string> = new Set([
  'cache-control',
  'cache-groups',
  'expires',
  'date',
  'age',
  'vary',
  'etag',
  'last-modified',
  'content-length',
  'content-encoding',
  'content-range',
  'content-type',
  'location'
])

export function isToken(text: string): boolean {
  return token.test(text)
}

/** Whether a stored copy may do without the field `name`, given in lower case (RESP-02, FLD-02). */
export function isEssential(name: string): boolean {
  return essential.has(name)
}

export function fieldMap(fields: Fields): FieldMap {
  const map = new Map<string, string[]>()
  for (const [name, value] of fields) {
    const lower = name.toLowerCase()
    const lines = map.get(lower)
    if (lines === undefined) map.set(lower, [value])
    else lines.push(value)
  }
  return map
}

/** All lines of a field as one value; `undefined` if there is none. RFC 9110 §5.3. */
export function combined(fields: FieldMap, name: string): string | undefined {
  const lines = fields.get(name)
  if (lines === undefined) return undefined
  return lines.length === 1 ? lines[0] : lines.join(', ')
}

/**
 * The value of a field that has just one: identical lines count once. `undefined` if there is none, `null` if lines
 * differ, which makes the field invalid (FLD-05).
 */
export function single(fields: FieldMap, name: string): string | null | undefined {
  const lines = fields.get(name)
  if (lines === undefined) return undefined
  const first = lines[0] as string
  for (let i = 1; i < lines.length; i++) if (lines[i] !== first) return null
  return first
}

/** The members of a list, trimmed, without empty ones; a comma inside a quoted string separates nothing. RFC 9110 §5.6.1. */
export function members(value: string): string[] {
  const found: string[] = []
  const hasQuotes = value.includes('"')
  for (let start = memberStart(value, 0); start < value.length; ) {
    const end = memberEnd(value, start, hasQuotes)
    const stop = end === -1 ? value.length : end
    found.push(trimmed(value.slice(start, stop)))
    start = memberStart(value, stop)
  }
  return found
}

/** Where the first member at or after `from` begins: past blanks and commas. */
export function memberStart(value: string, from: number): number {
  let start = from
  while (start < value.length && (isBlank(value.charCodeAt(start)) || value.charCodeAt(start) === 0x2c)) start++
  return start
}

/** Where the member that begins at `start` ends; -1 if a quoted string in it has no end. */
export function memberEnd(value: string, start: number, hasQuotes: boolean): number {
  if (!hasQuotes) {
    const comma = value.indexOf(',', start)
    return comma === -1 ? value.length : comma
  }
  let quoted = false
  for (let i = start; i < value.length; i++) {
    const char = value.charCodeAt(i)
    if (quoted) {
      if (char === 0x5c) i++
      else if (char === 0x22) quoted = false
    } else if (char === 0x22) quoted = true
    else if (char === 0x2c) return i
  }
  return quoted ? -1 : value.length
}

/** `text` without the spaces and tabs around it. RFC 9110 §5.6.3. */
export function trimmed(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

export function isBlank(char: number): boolean {
  return char === 0x20 || char === 0x09
}

/** Whether a line is one that may be kept: a name, and a value that the line beside it can be told from (SEC-01). RFC 9110 §5.5. */
export function isSafeLine(name: string, value: string): boolean {
  return isToken(name) && isFieldValue(value)
}

/** Whether `text` is made of bytes, none of them a control character but the tab: what a field value may hold. RFC 9110 §5.5. */
export function isFieldValue(text: string): boolean {
  if (text.length > shortLength) return !notInValues.test(text)
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (char < 0x20 ? char !== 0x09 : char >= 0x7f && (char === 0x7f || char > 0xff)) return false
  }
  return true
}

/** Whether `text` holds half a character, which not every store could give back. */
export function hasLoneSurrogate(text: string): boolean {
  return loneSurrogate.test(text)
}

/** Whether `text` holds CR, LF or NUL. */
export function breaksLines(text: string): boolean {
  if (text.length > shortLength) return lineBreak.test(text)
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (char <= 0x0d && (char === 0x0d || char === 0x0a || char === 0)) return true
  }
  return false
}

/** The names in `Connection`, in lower case (FLD-02). */
export function connectionOptions(fields: FieldMap): string[] {
  const value = combined(fields, 'connection')
  return value === undefined ? [] : members(value).map((name) => name.toLowerCase())
}

/**
 * The lines that are kept of a response: without those that concern the connection or a proxy (FLD-02 to FLD-04), and
 * without the fields named in `leftOut`, in lower case.
 */
export function storedFields(fields: Fields, map: FieldMap, leftOut: readonly string[]): FieldLine[] {
  const left = new Set([...connectionOptions(map), ...leftOut])
  const kept: FieldLine[] = []
  for (const line of fields) {
    const name = line[0].toLowerCase()
    if (neverStored.has(name) || left.has(name)) continue
    kept.push(line)
  }
  return kept
}

/** Whether a field of this name, in lower case, may ever be part of a stored response. */
export function isStorableField(name: string): boolean {
  return !neverStored.has(name)
}
