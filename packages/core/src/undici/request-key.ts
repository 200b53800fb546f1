import { type CacheKey, cacheKey, type RequestTarget } from '../rules/cache-key.js'
import type { Request } from '../rules/messages.js'
import { isSafe } from '../rules/methods.js'
import type { RuleOptions } from '../rules/options.js'
import type { ReadQuery } from './read-query.js'

/** The key of a request, or of the target of an unsafe one; `undefined` if it cannot be told. */
export function requestKey(
  target: RequestTarget,
  request: Request,
  query: ReadQuery | undefined,
  rules: RuleOptions
): CacheKey | undefined {
  if (request.method !== 'QUERY') return isSafe(request.method) ? cacheKey(target, request, rules) : target.key
  return query && cacheKey(target, request, rules, query.content)
}
