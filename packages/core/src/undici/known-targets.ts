import { type Origin, parseOrigin, type RequestTarget, requestTarget, targetOrigin } from '../rules/cache-key.js'

const maxKnownOrigins = 1_000
const knownOrigins = new Map<string, Origin | undefined>()

const maxKnownTargets = 4_096
const maxKnownPathLength = 1_024

/** Targets met before, by path as given: working one out costs as much as all else of a hit. */
type TargetsOfOrigin = Map<string, RequestTarget>

/** By origin as given. */
const knownTargets = new Map<string, TargetsOfOrigin>()
let knownTargetCount = 0
/** The origin that was asked for last, and often is next: to compare it costs less than to look it up. */
let lastOrigin = ''
let targetsOfLast: TargetsOfOrigin = new Map()

/**
 * What a request asks for; `undefined` if undici will refuse it or the cache cannot tell. `host` is its own `Host`
 * field.
 */
export function targetOf(given: string | URL, host: string | undefined, path: string): RequestTarget | undefined {
  const origin = typeof given === 'string' ? given : given.origin
  if (host !== undefined) return workOut(origin, host, path)
  if (origin !== lastOrigin) {
    targetsOfLast = knownTargets.get(origin) ?? new Map()
    lastOrigin = origin
  }
  const known = targetsOfLast.get(path)
  if (known !== undefined) return known
  const target = workOut(origin, undefined, path)
  if (target !== undefined && target.path === path && path.length <= maxKnownPathLength) remember(path, target)
  return target
}

/** Remembers a target of the last origin. */
function remember(path: string, target: RequestTarget): void {
  if (knownTargetCount >= maxKnownTargets) {
    knownTargets.clear()
    targetsOfLast = new Map()
    knownTargetCount = 0
  }
  if (targetsOfLast.size === 0) knownTargets.set(lastOrigin, targetsOfLast)
  targetsOfLast.set(path, target)
  knownTargetCount++
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
