import { stringify } from 'node:querystring'
import type { Dispatcher } from 'undici'
import { normalPath, type Origin, parseOrigin, type RequestTarget, targetOrigin } from '../rules/cache-key.js'
import type { Request } from '../rules/messages.js'
import { LinedRequest, RequestLines } from '../rules/request-lines.js'
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

/** A request that the cache leaves alone, to be sent on with these options. */
interface Unread {
  readonly request: undefined
  readonly opts: Dispatcher.DispatchOptions
}

type GivenHeaders = NonNullable<Dispatcher.DispatchOptions['headers']>
type Take = (name: string, value: string) => void

const noFields: ReadonlyMap<string, string> = new Map()
const nothingSpecial: RequestFacts = { hasContent: false, isUpgrade: false }

const maxKnownOrigins = 1_000
const knownOrigins = new Map<string, Origin | undefined>()

/** What the caller asks for; nothing, if it has no URL that HTTP knows, or is something that undici will refuse. */
export function readRequest(opts: Dispatcher.DispatchOptions): ReadRequest | Unread {
  const { method, headers, query } = opts
  const path = query ? pathWithQuery(opts.path, query) : opts.path
  const connection = connectionOrigin(opts.origin)
  if (connection === undefined || typeof path !== 'string' || typeof method !== 'string') return unread(opts)
  if (headers != null && isIterated(headers)) return readIterated(opts, [...headers])
  const request = headers == null ? { method, fields: noFields, isPlain: true } : withHeaders(method, headers)
  if (request === undefined) return unread(opts)
  const isHere = request.isPlain && path.charCodeAt(0) === 0x2f
  const origin = isHere ? connection : targetOrigin(connection, request.fields.get('host'), path)
  if (origin === undefined) return unread(opts)
  return {
    request,
    facts: requestFacts(opts),
    target: { connection, origin, path: normalPath(path), partition: '' },
    opts
  }
}

/** The request with its fields; `undefined` if undici will refuse them. */
function withHeaders(method: string, headers: GivenHeaders): Request | undefined {
  const lines = new RequestLines()
  return takeFields(headers, (name, value) => lines.add(name, value)) ? new LinedRequest(method, lines) : undefined
}

/** Headers that may be iterated but once become a list, which interceptors below know; what undici refuses it gets as it was. */
function readIterated(opts: Dispatcher.DispatchOptions, pairs: readonly unknown[]): ReadRequest | Unread {
  const headers: string[] = []
  for (const pair of pairs) {
    const isPair = Array.isArray(pair) && pair.length === 2
    if (!isPair || !takeField(pair[0], pair[1], (name, value) => headers.push(name, value))) {
      return unread({ ...opts, headers: { [Symbol.iterator]: () => pairs[Symbol.iterator]() } as GivenHeaders })
    }
  }
  return readRequest({ ...opts, headers })
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
  const headers: string[] = []
  if (opts.headers != null) {
    takeFields(opts.headers, (name, value) => {
      if (!changes.some(([changed]) => changed === name.toLowerCase())) headers.push(name, value)
    })
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
  const known = knownOrigins.get(text)
  if (known !== undefined || knownOrigins.has(text)) return known
  if (knownOrigins.size >= maxKnownOrigins) knownOrigins.clear()
  const parsed = parseOrigin(text)
  knownOrigins.set(text, parsed)
  return parsed
}

/** Goes through the field lines in any of the shapes undici takes but iterated ones; `false` for what it refuses. */
function takeFields(headers: GivenHeaders, take: Take): boolean {
  if (typeof headers !== 'object') return false
  if (Array.isArray(headers)) {
    if (headers.length % 2 !== 0) return false
    for (let i = 0; i < headers.length; i += 2) if (!takeField(headers[i], headers[i + 1], take)) return false
    return true
  }
  for (const name of Object.keys(headers)) {
    if (!takeField(name, (headers as Record<string, unknown>)[name], take)) return false
  }
  return true
}

function takeField(name: unknown, value: unknown, take: Take): boolean {
  if (typeof name !== 'string') return false
  if (typeof value === 'string') take(name, value)
  else if (Array.isArray(value)) return value.every((member) => takeLine(name, member, take))
  else if (value !== undefined) return takeLine(name, value, take)
  return true
}

function takeLine(name: string, value: unknown, take: Take): boolean {
  if (value === null) take(name, '')
  else if (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol') return false
  else take(name, String(value))
  return true
}

/** Whether undici would iterate these headers: by an iterator of their own, never one of a polluted `Object.prototype`. */
function isIterated(headers: GivenHeaders): headers is Iterable<[string, string]> {
  if (typeof headers !== 'object' || Array.isArray(headers) || !(Symbol.iterator in headers)) return false
  return (
    (Object.prototype as Partial<Iterable<unknown>>)[Symbol.iterator] === undefined ||
    Object.hasOwn(headers, Symbol.iterator)
  )
}
