import type { Dispatcher } from 'undici'
import type { FieldLine, Fields } from '../rules/messages.js'

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]
type RawHeaders = Dispatcher.DispatchController['rawHeaders']

/** The field lines of a network response: from the raw ones where these tell the same as `headers`, else from `headers`. */
export function responseFields(headers: Headers, raw: RawHeaders): { lines: Fields; isRawFaithful: boolean } {
  const fromRaw = Array.isArray(raw) ? rawLines(raw, headers) : undefined
  return fromRaw === undefined
    ? { lines: objectLines(headers), isRawFaithful: false }
    : { lines: fromRaw, isRawFaithful: true }
}

/** The field lines in a flat list of names and values; a value may be a list of lines. */
export function rawFields(raw: readonly unknown[]): Fields {
  const lines: FieldLine[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = text(raw[i]) ?? ''
    const value = raw[i + 1]
    if (!Array.isArray(value)) lines.push([name, text(value) ?? ''])
    else for (const member of value) lines.push([name, text(member) ?? ''])
  }
  return lines
}

/** Field lines as undici's new handlers get them: names in lower case, repeated ones as lists. A new object each time. */
export function toHeaders(fields: Fields): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of fields) addField(headers, name.toLowerCase(), value)
  return headers
}

/** Adds a field line to an object of fields, to a list if there is one of that name already. */
export function addField(headers: Record<string, string | string[]>, name: string, value: string): void {
  const before = Object.hasOwn(headers, name) ? headers[name] : undefined
  if (before === undefined) define(headers, name, value)
  else if (typeof before === 'string') define(headers, name, [before, value])
  else before.push(value)
}

/** Field lines as they come from the wire: a flat list of names and values. */
export function toRawHeaders(fields: Fields): Buffer[] {
  const raw: Buffer[] = []
  for (const [name, value] of fields) raw.push(Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1'))
  return raw
}

function define(headers: Record<string, string | string[]>, name: string, value: string | string[]): void {
  if (name !== '__proto__') headers[name] = value
  else Object.defineProperty(headers, name, { value, enumerable: true, configurable: true, writable: true })
}

/** The raw lines; `undefined` if an interceptor below has changed `headers` without them, for then `headers` counts. */
function rawLines(raw: readonly unknown[], headers: Headers): Fields | undefined {
  const lines: FieldLine[] = []
  let repeated: Map<string, number> | undefined
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = text(raw[i])
    if (name === undefined) return undefined
    const lower = name.toLowerCase()
    const given = Object.hasOwn(headers, lower) ? headers[lower] : undefined
    if (given === undefined) return undefined
    if (typeof given !== 'string') repeated ??= new Map()
    const value = raw[i + 1]
    if (!Array.isArray(value)) {
      const line = text(value)
      if (line === undefined || line !== nextLine(lower, given, repeated)) return undefined
      lines.push([name, line])
      continue
    }
    for (const member of value) {
      const line = text(member)
      if (line === undefined || line !== nextLine(lower, given, repeated)) return undefined
      lines.push([name, line])
    }
  }
  return lines.length === linesIn(headers) ? lines : undefined
}

/** The line of a field that comes next; `repeated` counts those that were. */
function nextLine(
  name: string,
  given: string | string[],
  repeated: Map<string, number> | undefined
): string | undefined {
  if (typeof given === 'string') return given
  if (repeated === undefined) return undefined
  const before = repeated.get(name) ?? 0
  repeated.set(name, before + 1)
  return given[before]
}

function linesIn(headers: Headers): number {
  let lines = 0
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    lines += Array.isArray(value) ? value.length : 1
  }
  return lines
}

function objectLines(headers: Headers): Fields {
  const lines: FieldLine[] = []
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (Array.isArray(value)) for (const line of value) lines.push([name, String(line)])
    else if (value !== undefined) lines.push([name, String(value)])
  }
  return lines
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (Buffer.isBuffer(value)) return value.toString('latin1')
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : undefined
}
