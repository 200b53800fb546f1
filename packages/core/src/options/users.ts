import type { CacheType } from '../rules/messages.js'
import type { RequestView } from './requests.js'

/** Whose responses they are, and who is served with them. */
export interface UserOptions {
  /**
   * Who is served from the cache: everybody alike, or one user only. A shared cache does not keep what is `private`,
   * nor most answers to requests with `Authorization`. Take `'private'` where one process acts for one person: a
   * command, a desktop application, a crawler. A server that acts for many keeps `'shared'`, or tells them apart with
   * {@link UserOptions.partition}. RFC 9111 §1 (GEN-01).
   * @defaultValue `'shared'`
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // private: a command-line tool; all requests are those of the person who started it.
   * export const agent = new Agent().compose(cacheInterceptor({ type: 'private' }))
   * ```
   */
  readonly type?: CacheType
  /**
   * Names the isolated part of the cache that a request uses: nothing stored in one part is served in another, and an
   * invalidation reaches its own part only. Set it where users, tenants or sites must not see each other's responses.
   * If it throws, or does not return a string, the request bypasses the cache (KEY-05).
   * @defaultValue unset: one part for all
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: many tenants, each with a part of its own. Without the field the request bypasses the cache.
   * export const agent = new Agent().compose(
   *   cacheInterceptor({
   *     partition(request) {
   *       const tenant = request.field('x-tenant')
   *       if (tenant === undefined) throw new Error('no tenant')
   *       return tenant
   *     }
   *   })
   * )
   * ```
   */
  readonly partition?: (request: RequestView) => string
  /**
   * Request fields that identify a user. An answer to a request with one is served only to requests with the same
   * value, unless it is `public` or, in a shared cache, has `s-maxage`. A list of yours replaces the default; an empty
   * one lifts the rule. `Authorization` has rules of its own. The values are kept as digests, never as they are
   * (AUTH-07).
   * @defaultValue `['Cookie', 'Proxy-Authorization', 'X-Api-Key', 'Api-Key', 'X-Auth-Token']`
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * const credentialFields = ['Cookie', 'Proxy-Authorization', 'X-Api-Key', 'Api-Key', 'X-Auth-Token', 'X-Session']
   * // shared: sessions of this service travel in a field of its own.
   * export const agent = new Agent().compose(cacheInterceptor({ credentialFields }))
   * ```
   */
  readonly credentialFields?: readonly string[]
  /**
   * Shared caches only: when a response with `Set-Cookie` is stored. `'explicit'`: with `public` or `s-maxage`;
   * `'rfc'`: as any other; `'never'`. A stored `Set-Cookie` is served to everybody, so take `'rfc'` only where cookies
   * mean nothing, and `'never'` where you do not trust what origins call `public` (AUTH-06).
   * @defaultValue `'explicit'`
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: no cookie of one caller ever reaches another.
   * export const agent = new Agent().compose(cacheInterceptor({ sharedSetCookie: 'never' }))
   * ```
   */
  readonly sharedSetCookie?: 'explicit' | 'rfc' | 'never'
  /**
   * Private caches only: whether a response counts as varying by `Authorization`, and one marked `private` by `Cookie`
   * too, unless it is `public`. `false` is for programs whose tokens change all the time while the user stays the same
   * (AUTH-03).
   * @defaultValue true
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // private: one user, whose token is new every few minutes.
   * export const agent = new Agent().compose(cacheInterceptor({ type: 'private', implicitCredentialKey: false }))
   * ```
   */
  readonly implicitCredentialKey?: boolean
  /**
   * Shared caches only: whether every request with `Authorization` bypasses the cache. Unset, such a request may be
   * answered with what a request without the field had stored. Set it for an origin that answers differently to whom
   * it knows, and says so nowhere (AUTH-02).
   * @defaultValue false
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: whoever signs in gets his answers from the origin.
   * export const agent = new Agent().compose(cacheInterceptor({ bypassAuthorized: true }))
   * ```
   */
  readonly bypassAuthorized?: boolean
}
