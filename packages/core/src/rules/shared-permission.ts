import { type Directives, isForEverybody } from './cache-control.js'
import type { Request } from './messages.js'
import type { RuleOptions } from './options.js'

/** Shared caches store the answer to an authorised request only with permission. RFC 9111 §3.5. */
export function mayStoreAuthorized(
  request: Request,
  directives: Directives,
  { type }: Pick<RuleOptions, 'type'>
): boolean {
  if (type === 'private' || !request.fields.has('authorization')) return true
  return isForEverybody(directives, type) || directives.mustRevalidate === true
}

/** Whether a stored response may have `Set-Cookie` (AUTH-06). */
export function maySetCookie(
  directives: Directives,
  { type, sharedSetCookie }: Pick<RuleOptions, 'type' | 'sharedSetCookie'>
): boolean {
  if (type === 'private' || sharedSetCookie === 'rfc') return true
  return sharedSetCookie === 'explicit' && isForEverybody(directives, type)
}
