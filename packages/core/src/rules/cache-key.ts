import { breaksLines, hasLoneSurrogate } from './fields.js'
import type { Request } from './messages.js'
import type { RuleOptions } from './options.js'
import { selectingValue } from './selecting-fields.js'

/** Scheme and authority in their normal form: lower case, without default port and userinfo. RFC 9110 §4.2.3. */
export interface Origin {
  readonly scheme: 'http' | 'https'
  readonly authority: string
  /** `scheme://authority` */
  readonly text: string
  /** Whether it is reached without leaving this host (RESP-08). */
  readonly isLoopback: boolean
}

/** What a request asks for, and over which connection. */
export interface RequestTarget {
  /** The origin that the connection goes to. */
  readonly connection: Origin
  /** The origin of the target URI: another one if `Host` says so, or an absolute path (KEY-03). */
  readonly origin: Origin
  /** Path and query as sent, without fragment. */
  readonly path: string
  /** What `partition` said, `''` without. */
  readonly partition: string
  /** The key of the target itself; `undefined` if the path holds what no request can send. */
  readonly key: CacheKey | undefined
}

/** Where responses to a request are stored. */
export interface CacheKey {
  readonly key: string
  /** The key under which invalidations of the target URI are marked; `key` itself for most requests (KEY-01). */
  readonly target: string
}

const hostPattern = /^[A-Za-z0-9._-]+(?::\d+)?$|^\[[0-9A-Fa-f:.]+\](?::\d+)?$/
const absolutePath = /^(https?):\/\/([^/?#]*)(.*)$/is
const loopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$|\.localhost(?::\d+)?$/

/** The origin of a URL, `undefined` if it has none that HTTP knows. */
export function parseOrigin(url: string): Origin | undefined {
  if (!URL.canParse(url)) return undefined
  const { protocol, host } = new URL(url)
  if ((protocol !== 'http:' && protocol !== 'https:') || host === '') return undefined
  const scheme = protocol === 'http:' ? 'http' : 'https'
  return { scheme, authority: host, text: `${scheme}://${host}`, isLoopback: loopback.test(host) }
}

/**
 * The origin of the URI that a request asks for: `Host` may name another one than the connection's, and so may a path
 * in absolute form. `undefined` if it is malformed, or written so that it could be read as another. RFC 9110 §7.1, §7.2.
 */
export function targetOrigin(connection: Origin, host: string | undefined, path: string): Origin | undefined {
  const absolute = path.charCodeAt(0) === 0x2f ? null : absolutePath.exec(path)
  if (absolute !== null) return namedOrigin((absolute[1] as string).toLowerCase(), absolute[2] as string)
  return host === undefined || host === connection.authority ? connection : namedOrigin(connection.scheme, host)
}

/** What is asked of `origin` over `connection`, with the path as given (KEY-01, KEY-02). */
export function requestTarget(connection: Origin, origin: Origin, path: string, partition: string): RequestTarget {
  const normal = normalPath(path)
  const key = invalidationKey({ origin, path: normal, partition })
  return { connection, origin, path: normal, partition, key: key === undefined ? undefined : { key, target: key } }
}

/** Whether nobody on the way could have cut or changed a response: it came over TLS, or from this machine. */
export function isSecure({ origin }: RequestTarget): boolean {
  return origin.scheme === 'https' || origin.isLoopback
}

/** Path and query without fragment; an empty path is `/` (KEY-02). */
export function normalPath(path: string): string {
  const rest = path.charCodeAt(0) === 0x2f ? path : (absolutePath.exec(path)?.[3] ?? path)
  const hash = rest.indexOf('#')
  const withoutFragment = hash === -1 ? rest : rest.slice(0, hash)
  return withoutFragment.charCodeAt(0) === 0x2f ? withoutFragment : `/${withoutFragment}`
}

/** What describes the content of a QUERY, and is part of its key (QRY-01). RFC 10008 §2.7. */
const contentFields = ['content-type', 'content-encoding', 'content-language']

/**
 * The cache key of a GET or HEAD, or of a QUERY with its `content`. Each part is told from the next by a length in front, by a character it cannot
 * contain, or by being JSON, so that different requests never have equal keys (KEY-04). `undefined` if a part holds
 * what no request can send.
 */
export function cacheKey(
  target: RequestTarget,
  request: Request,
  options: RuleOptions,
  content?: string | Uint8Array
): CacheKey | undefined {
  const { connection, origin, key: own } = target
  if (own === undefined) return undefined
  if (content === undefined && connection.text === origin.text && options.keyFields.length === 0) return own
  const values = options.keyFields.map((name) => [name, selectingValue(name, request, options)])
  if (values.some(([, value]) => value === undefined)) return undefined
  const parts: unknown[] = [own.key, connection.text, values]
  if (content !== undefined) {
    parts.push([options.digest(content), ...contentFields.map((name) => request.fields.get(name) ?? null)])
  }
  return { key: `+${JSON.stringify(parts)}`, target: own.target }
}

/** The key under which invalidations of a target URI are marked; `undefined` if its path or partition is none (INV-01). */
export function invalidationKey({
  origin,
  path,
  partition
}: Pick<RequestTarget, 'origin' | 'path' | 'partition'>): string | undefined {
  if (breaksLines(path)) return undefined
  const url = origin.text + path
  if (partition === '') return url
  return hasLoneSurrogate(partition) ? undefined : `${partition.length}:${partition}${url}`
}

/** What can be told of a cache key that this file has made. */
export interface KeyParts {
  /** The key of the target URI. */
  readonly target: string
  readonly partition: string
  /** Scheme and authority of the target URI. */
  readonly origin: string
  /** Its path and query. */
  readonly path: string
}

const targetPattern = /^(https?:\/\/[^/?#]+)(\/.*)$/s
const partitionPattern = /^(\d{1,10}):/

/** The parts of a cache key; `undefined` for what is none. */
export function keyParts(key: string): KeyParts | undefined {
  const target = key.startsWith('+') ? targetOfDerived(key) : key
  if (target === undefined) return undefined
  const [prefix, length] = partitionPattern.exec(target) ?? ['', 0]
  const partition = target.slice(prefix.length, prefix.length + Number(length))
  const [, origin, path] = targetPattern.exec(target.slice(prefix.length + partition.length)) ?? []
  return origin === undefined || path === undefined ? undefined : { target, partition, origin, path }
}

function targetOfDerived(key: string): string | undefined {
  try {
    const parts: unknown = JSON.parse(key.slice(1))
    const target: unknown = Array.isArray(parts) ? parts[0] : undefined
    return typeof target === 'string' && !target.startsWith('+') ? target : undefined
  } catch {
    return undefined
  }
}

/** The part of the key of a target that is the same for all of its partition and origin. */
export function originPrefix(target: string): string {
  const colon = target.indexOf(':')
  const partitionLength = Number(target.slice(0, colon))
  const start = Number.isNaN(partitionLength) ? 0 : colon + 1 + partitionLength
  return target.slice(0, target.indexOf('/', target.indexOf('://', start) + 3))
}

function namedOrigin(scheme: string, host: string): Origin | undefined {
  if (!hostPattern.test(host)) return undefined
  const origin = parseOrigin(`${scheme}://${host}`)
  if (origin === undefined) return undefined
  const withoutDefaultPort = host.toLowerCase().replace(scheme === 'http' ? /:80$/ : /:443$/, '')
  return origin.authority === withoutDefaultPort ? origin : undefined
}
