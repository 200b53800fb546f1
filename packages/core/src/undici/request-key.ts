import type { Settings } from '../read-options.js'
import { type CacheKey, cacheKey, type RequestTarget, requestTarget } from '../rules/cache-key.js'
import type { Request } from '../rules/messages.js'
import { isSafe } from '../rules/methods.js'
import type { RuleOptions } from '../rules/options.js'
import type { ReadQuery } from './read-query.js'
import type { ReadRequest } from './read-request.js'
import { partitionOf } from './request-view.js'

/** What a request asks for, in the part of the cache that it uses; `undefined` if that cannot be told (KEY-05). */
export function targetIn(settings: Settings, read: ReadRequest): RequestTarget | undefined {
  const partition = partitionOf(settings, read)
  if (partition === undefined) return undefined
  const { connection, origin, path } = read.target
  return partition === '' ? read.target : requestTarget(connection, origin, path, partition)
}

/** Where answers to a request are stored, or what an unsafe one invalidates; `undefined` if that cannot be told. */
export function requestKey(
  target: RequestTarget,
  request: Request,
  query: ReadQuery | undefined,
  rules: RuleOptions
): CacheKey | undefined {
  if (request.method !== 'QUERY') return isSafe(request.method) ? cacheKey(target, request, rules) : target.key
  return query && cacheKey(target, request, rules, query.content)
}
