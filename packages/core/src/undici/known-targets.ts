import { type Origin, parseOrigin, type RequestTarget, requestTarget, targetOrigin } from '../rules/cache-key.js'

const maxKnownOrigins = 1_000
const knownOrigins = new Map<string, Origin | undefined>()

const maxKnownTargets = 4_096
const maxKnownUrlLength = 1_024
/** Targets met before, by origin and path as given: working one out costs as much as all else of a hit. */
const knownTargets = new Map<string, RequestTarget>()

/**
 * What a request asks for; `undefined` if undici will refuse it or the cache cannot tell. `host` is its own `Host`
 * field.
 */
export function targetOf(given: string | URL, host: string | undefined, path: string): RequestTarget | undefined {
  const origin = typeof given === 'string' ? given : given.origin
  if (host !== undefined) return workOut(origin, host, path)
  const url = origin + path
  const known = knownTargets.get(url)
  // Two origins with two paths may read the same when put together, but not with paths of the same length.
  if (known !== undefined && known.path.length === path.length) return known
  const target = workOut(origin, undefined, path)
  if (target === undefined || target.path !== path || url.length > maxKnownUrlLength) return target
  if (knownTargets.size >= maxKnownTargets) knownTargets.clear()
  knownTargets.set(url, target)
  return target
}

function workOut(given: string, host: string | undefined, path: string): RequestTarget | undefined {
  const connection = connectionOrigin(given)
  if (connection === undefined) return undefined
  const origin = targetOrigin(connection, host, path)
  return origin && requestTarget(connection, origin, path, '')
}

function connectionOrigin(text: string): Origin | undefined {
  const known = knownOrigins.get(text)
  if (known !== undefined || knownOrigins.has(text)) return known
  if (knownOrigins.size >= maxKnownOrigins) knownOrigins.clear()
  const parsed = isOriginAlone(text) ? parseOrigin(text) : undefined
  knownOrigins.set(text, parsed)
  return parsed
}

/** undici refuses an origin with anything after it. */
function isOriginAlone(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { pathname, search, hash } = new URL(text)
  return pathname === '/' && search === '' && hash === ''
}
