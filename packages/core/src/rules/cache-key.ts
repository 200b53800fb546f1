import { breaksLines } from './fields.js'
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
  /** Path and query as sent. */
  readonly path: string
  /** What `partition` said, `''` without. */
  readonly partition: string
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
  const absolute = absolutePath.exec(path)
  if (absolute !== null) return namedOrigin((absolute[1] as string).toLowerCase(), absolute[2] as string)
  return host === undefined || host === connection.authority ? connection : namedOrigin(connection.scheme, host)
}

/** Path and query without fragment; an empty path is `/` (KEY-02). */
export function normalPath(path: string): string {
  const rest = path.charCodeAt(0) === 0x2f ? path : (absolutePath.exec(path)?.[3] ?? path)
  const hash = rest.indexOf('#')
  const withoutFragment = hash === -1 ? rest : rest.slice(0, hash)
  return withoutFragment.charCodeAt(0) === 0x2f ? withoutFragment : `/${withoutFragment}`
}

/**
 * The cache key of a GET or HEAD. Each part is told from the next by a length in front, by a character it cannot
 * contain, or by being JSON, so that different requests never have equal keys (KEY-04). `undefined` if a part holds
 * what no request can send.
 */
export function cacheKey(target: RequestTarget, request: Request, options: RuleOptions): CacheKey | undefined {
  const targetKey = invalidationKey(target)
  if (targetKey === undefined) return undefined
  const overridden = target.connection.text !== target.origin.text
  if (!overridden && options.keyFields.length === 0) return { key: targetKey, target: targetKey }
  const values = options.keyFields.map((name) => [name, selectingValue(name, request, options)])
  if (values.some(([, value]) => value === undefined)) return undefined
  return { key: `+${JSON.stringify([targetKey, target.connection.text, values])}`, target: targetKey }
}

/** The key of the target itself: all that an unsafe request needs. */
export function targetKey(target: RequestTarget): CacheKey | undefined {
  const key = invalidationKey(target)
  return key === undefined ? undefined : { key, target: key }
}

/** The key under which invalidations of a target URI are marked; `undefined` if its path is none (INV-01). */
export function invalidationKey({
  origin,
  path,
  partition
}: Pick<RequestTarget, 'origin' | 'path' | 'partition'>): string | undefined {
  if (breaksLines(path)) return undefined
  const url = origin.text + path
  return partition === '' ? url : `${partition.length}:${partition}${url}`
}

function namedOrigin(scheme: string, host: string): Origin | undefined {
  if (!hostPattern.test(host)) return undefined
  const origin = parseOrigin(`${scheme}://${host}`)
  if (origin === undefined) return undefined
  const withoutDefaultPort = host.toLowerCase().replace(scheme === 'http' ? /:80$/ : /:443$/, '')
  return origin.authority === withoutDefaultPort ? origin : undefined
}
