import { stringify } from 'node:querystring'
import type { Dispatcher } from 'undici'
import type { RequestTarget } from '../rules/cache-key.js'
import type { Request, RequestFields } from '../rules/messages.js'
import type { RequestFacts } from '../rules/request-decision.js'
import { arePlain, FieldLines } from '../rules/request-fields.js'
import { targetOf } from './known-targets.js'
import { addField } from './response-fields.js'

/** A request of the caller, read once. */
export interface ReadRequest {
  readonly request: Request
  readonly facts: RequestFacts
  /** In the part of the cache without a name. */
  readonly target: RequestTarget
  /** To be sent on: the caller's own options, with headers in a form that interceptors below know. */
  readonly opts: Dispatcher.DispatchOptions
}

/** A request that the cache leaves alone, to be sent on with these options. */
interface Unread {
  readonly request: undefined
  readonly opts: Dispatcher.DispatchOptions
}

type GivenHeaders = NonNullable<Dispatcher.DispatchOptions['headers']>

const noFields: RequestFields = new Map()
const nothingSpecial: RequestFacts = { hasContent: false, isUpgrade: false }

/**
 * What the caller asks for; nothing, if it has no URL that HTTP knows, or is something that undici will refuse. `bound` is
 * the origin of a dispatcher that has but one: it ignores what the request says.
 */
export function readRequest(opts: Dispatcher.DispatchOptions, bound: string | undefined): ReadRequest | Unread {
  const origin = bound ?? option(opts, 'origin')
  const method = option(opts, 'method')
  const headers = option(opts, 'headers')
  const query = option(opts, 'query')
  const givenPath = option(opts, 'path')
  const path = query ? pathWithQuery(givenPath, query) : givenPath
  if (origin == null || typeof path !== 'string' || typeof method !== 'string') return unread(opts)
  if (headers != null && isIterated(headers)) return readIterated(opts, [...headers], bound)
  const request = headers == null ? { method, fields: noFields, isPlain: true } : withHeaders(method, headers)
  if (request === undefined) return unread(opts)
  const target = targetOf(origin, request.isPlain ? undefined : request.fields.get('host'), path)
  return target === undefined ? unread(opts) : { request, facts: requestFacts(opts), target, opts }
}

/** The request with its fields; `undefined` if undici will refuse them. */
function withHeaders(method: string, headers: GivenHeaders): Request | undefined {
  const fields = linesOf(headers)
  return fields && { method, fields, isPlain: arePlain(fields) }
}

/** Headers that may be iterated but once become an object, which all interceptors know; what undici refuses it gets as it was. */
function readIterated(
  opts: Dispatcher.DispatchOptions,
  pairs: readonly unknown[],
  bound: string | undefined
): ReadRequest | Unread {
  const lines = new LineList()
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2 || !lines.add(pair[0], pair[1])) {
      return unread({ ...opts, headers: { [Symbol.iterator]: () => pairs[Symbol.iterator]() } as GivenHeaders })
    }
  }
  return readRequest({ ...opts, headers: headersOf(lines) }, bound)
}

function unread(opts: Dispatcher.DispatchOptions): Unread {
  return { request: undefined, opts }
}

/** The options with some fields set, and those given as `undefined` removed. */
export function withFields(
  opts: Dispatcher.DispatchOptions,
  changes: readonly (readonly [name: string, value: string | undefined])[]
): Dispatcher.DispatchOptions {
  if (changes.length === 0) return opts
  const lines = new LineList()
  const given = opts.headers == null ? undefined : linesOf(opts.headers)
  for (const [i, name] of (given?.names ?? []).entries()) {
    if (!changes.some(([changed]) => changed === name.toLowerCase())) lines.add(name, given?.values[i])
  }
  for (const [name, value] of changes) lines.add(name, value)
  return { ...opts, headers: headersOf(lines) }
}

/**
 * Names and values as an object, repeated names with a list. Some of undici's interceptors and agents lose repeated names
 * of a flat list, or take its indices for names.
 */
function headersOf({ names, values }: LineList): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (const [i, name] of names.entries()) addField(headers, name, values[i] as string)
  return headers
}

/**
 * `opts[name]`. The functions of undici's API spread their options into new ones, and each object that is made so has a
 * hidden class of its own: to read it by name costs ten times as much, for no inline cache ever fits.
 */
export function option<Name extends keyof Dispatcher.DispatchOptions>(
  opts: Dispatcher.DispatchOptions,
  name: Name
): Dispatcher.DispatchOptions[Name] {
  return Reflect.get(opts, name)
}

function requestFacts(opts: Dispatcher.DispatchOptions): RequestFacts {
  const body = option(opts, 'body')
  const upgrade = option(opts, 'upgrade')
  if (body == null && !upgrade) return nothingSpecial
  return { hasContent: body != null && !isEmpty(body), isUpgrade: Boolean(upgrade) }
}

function isEmpty(body: NonNullable<Dispatcher.DispatchOptions['body']>): boolean {
  if (typeof body === 'string') return body === ''
  return ArrayBuffer.isView(body) && body.byteLength === 0
}

/** As undici does it; it refuses a path that has a query already. */
function pathWithQuery(path: string, query: Record<string, unknown>): string | undefined {
  if (typeof path !== 'string' || path.includes('?') || path.includes('#')) return undefined
  const text = stringify(query as Parameters<typeof stringify>[0])
  return text === '' ? path : `${path}?${text}`
}

/** Names and values in any of the shapes undici takes but iterated ones; `undefined` for what it refuses. */
function linesOf(headers: GivenHeaders): FieldLines | undefined {
  if (typeof headers !== 'object') return undefined
  if (!Array.isArray(headers)) return propertyLines(headers as Record<string, unknown>)
  if (headers.length % 2 !== 0) return undefined
  const lines = new LineList()
  for (let i = 0; i < headers.length; i += 2) if (!lines.add(headers[i], headers[i + 1])) return undefined
  return lines.fields
}

function propertyLines(headers: Record<string, unknown>): FieldLines | undefined {
  const names = Object.keys(headers)
  const values = new Array<string>(names.length)
  for (let i = 0; i < names.length; i++) {
    const value = headers[names[i] as string]
    if (typeof value !== 'string') return propertyLinesOneByOne(headers)
    values[i] = value
  }
  return new FieldLines(names, values)
}

function propertyLinesOneByOne(headers: Record<string, unknown>): FieldLines | undefined {
  const lines = new LineList()
  for (const name of Object.keys(headers)) if (!lines.add(name, headers[name])) return undefined
  return lines.fields
}

/** Field lines while they are gathered, from values of any kind. */
class LineList {
  readonly names: string[] = []
  readonly values: string[] = []

  get fields(): FieldLines {
    return new FieldLines(this.names, this.values)
  }

  /** Adds a field, with as many lines as it has values; false if undici will refuse it. */
  add(name: unknown, value: unknown): boolean {
    if (typeof name !== 'string') return false
    if (value === undefined) return true
    return Array.isArray(value) ? value.every((member) => this.#addLine(name, member)) : this.#addLine(name, value)
  }

  #addLine(name: string, value: unknown): boolean {
    if (value !== null && (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol')) {
      return false
    }
    this.names.push(name)
    this.values.push(value === null ? '' : String(value))
    return true
  }
}

/** Whether undici would iterate these headers: by an iterator of their own, never one of a polluted `Object.prototype`. */
function isIterated(headers: GivenHeaders): headers is Iterable<[string, string]> {
  if (typeof headers !== 'object' || Array.isArray(headers) || !(Symbol.iterator in headers)) return false
  return (
    (Object.prototype as Partial<Iterable<unknown>>)[Symbol.iterator] === undefined ||
    Object.hasOwn(headers, Symbol.iterator)
  )
}
