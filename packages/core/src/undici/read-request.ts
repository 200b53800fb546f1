import { stringify } from 'node:querystring'
import type { Dispatcher } from 'undici'
import { normalPath, type Origin, parseOrigin, type RequestTarget, targetOrigin } from '../rules/cache-key.js'
import { trimmed } from '../rules/fields.js'
import type { Request } from '../rules/messages.js'
import type { RequestFacts } from '../rules/reuse.js'

/** A request of the caller, read once. */
export interface ReadRequest {
  readonly request: Request
  readonly facts: RequestFacts
  /** In the part of the cache without a name. */
  readonly target: RequestTarget
  /** To be sent on: the caller's own options, with headers in a form that interceptors below know. */
  readonly opts: Dispatcher.DispatchOptions
}

interface ReadHeaders {
  readonly fields: ReadonlyMap<string, string>
  /** A flat list of names and values in place of headers that are iterated. */
  readonly rewritten?: string[]
}

const noFields: ReadonlyMap<string, string> = new Map()
const noHeaders: ReadHeaders = { fields: noFields }
const nothingSpecial: RequestFacts = { hasContent: false, isUpgrade: false }

const maxKnownOrigins = 1_000
const knownOrigins = new Map<string, Origin | undefined>()

/** Pairs of name and value that can be read again and again. */
class Pairs implements Iterable<unknown> {
  readonly #pairs: readonly unknown[]

  constructor(pairs: Iterable<unknown>) {
    this.#pairs = [...pairs]
  }

  [Symbol.iterator](): Iterator<unknown> {
    return this.#pairs[Symbol.iterator]()
  }
}

/** The options with headers that undici can still read after the cache has, which a generator would not be. */
export function readableAgain(opts: Dispatcher.DispatchOptions): Dispatcher.DispatchOptions {
  const { headers } = opts
  if (headers == null || typeof headers !== 'object' || Array.isArray(headers) || !isIterable(headers)) return opts
  return { ...opts, headers: new Pairs(headers) as Iterable<[string, string]> }
}

/** What the caller asks for; `undefined` if it has no URL that HTTP knows, or is one that undici will refuse. */
export function readRequest(opts: Dispatcher.DispatchOptions): ReadRequest | undefined {
  const { method, headers, query } = opts
  const path = query ? pathWithQuery(opts.path, query) : opts.path
  const connection = connectionOrigin(opts.origin)
  if (connection === undefined || typeof path !== 'string' || typeof method !== 'string') return undefined
  const read = headers == null ? noHeaders : readHeaders(headers)
  if (read === undefined) return undefined
  const { fields, rewritten } = read
  const origin =
    fields.size === 0 && path.charCodeAt(0) === 0x2f ? connection : targetOrigin(connection, fields.get('host'), path)
  if (origin === undefined) return undefined
  return {
    request: { method, fields },
    facts: requestFacts(opts),
    target: { connection, origin, path: normalPath(path), partition: '' },
    opts: rewritten === undefined ? opts : { ...opts, headers: rewritten }
  }
}

/** The options with some fields set, and those given as `undefined` removed. */
export function withFields(
  opts: Dispatcher.DispatchOptions,
  changes: readonly (readonly [name: string, value: string | undefined])[]
): Dispatcher.DispatchOptions {
  if (changes.length === 0) return opts
  const headers: string[] = []
  for (const [name, value] of linesOf(opts.headers) ?? []) {
    if (!changes.some(([changed]) => changed === name.toLowerCase())) headers.push(name, value)
  }
  for (const [name, value] of changes) if (value !== undefined) headers.push(name, value)
  return { ...opts, headers }
}

function requestFacts({ body, upgrade }: Dispatcher.DispatchOptions): RequestFacts {
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

function connectionOrigin(origin: string | URL | undefined): Origin | undefined {
  if (origin == null) return undefined
  const text = typeof origin === 'string' ? origin : origin.origin
  if (knownOrigins.has(text)) return knownOrigins.get(text)
  if (knownOrigins.size >= maxKnownOrigins) knownOrigins.clear()
  const parsed = parseOrigin(text)
  knownOrigins.set(text, parsed)
  return parsed
}

function readHeaders(headers: NonNullable<Dispatcher.DispatchOptions['headers']>): ReadHeaders | undefined {
  const lines = linesOf(headers)
  if (lines === undefined) return undefined
  if (lines.length === 0) return noHeaders
  const fields = new Map<string, string>()
  for (const [given, value] of lines) {
    const name = given.toLowerCase()
    const before = fields.get(name)
    fields.set(name, before === undefined ? trimmed(value) : `${before}, ${trimmed(value)}`)
  }
  const isIterated = !Array.isArray(headers) && Symbol.iterator in headers
  return isIterated ? { fields, rewritten: lines.flat() } : { fields }
}

/** The field lines in any of the shapes undici takes; `undefined` for what it refuses. */
function linesOf(headers: Dispatcher.DispatchOptions['headers']): [name: string, value: string][] | undefined {
  if (headers == null) return []
  if (typeof headers !== 'object') return undefined
  const lines: [string, string][] = []
  if (Array.isArray(headers)) {
    if (headers.length % 2 !== 0) return undefined
    for (let i = 0; i < headers.length; i += 2) if (!addLines(lines, headers[i], headers[i + 1])) return undefined
    return lines
  }
  if (isIterable(headers)) {
    for (const pair of headers) {
      if (!Array.isArray(pair) || pair.length !== 2 || !addLines(lines, pair[0], pair[1])) return undefined
    }
    return lines
  }
  for (const name of Object.keys(headers)) {
    if (!addLines(lines, name, (headers as Record<string, unknown>)[name])) return undefined
  }
  return lines
}

/** Own or of a class, never what a polluted `Object.prototype` brings. */
function isIterable(headers: object): headers is Iterable<unknown> {
  if (!(Symbol.iterator in headers)) return false
  return (
    (Object.prototype as Partial<Iterable<unknown>>)[Symbol.iterator] === undefined ||
    Object.hasOwn(headers, Symbol.iterator)
  )
}

function addLines(lines: [string, string][], name: unknown, value: unknown): boolean {
  if (typeof name !== 'string') return false
  if (value === undefined) return true
  if (!Array.isArray(value)) return addLine(lines, name, value)
  return value.every((member) => addLine(lines, name, member))
}

function addLine(lines: [string, string][], name: string, value: unknown): boolean {
  if (value === null) lines.push([name, ''])
  else if (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol') return false
  else lines.push([name, String(value)])
  return true
}
