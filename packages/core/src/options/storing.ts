/** What is stored, and what invalidates it. */
export interface StoringOptions {
  /**
   * Longest body that is stored; the smaller of this and the limit of the store counts. A longer one is passed on. Set
   * it to keep a few large files from driving everything else out (MSG-03).
   * @unit bytes, 0 or more
   * @defaultValue unset: the limit of the store
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: answers of an API are kept, its exports are not.
   * export const agent = new Agent().compose(cacheInterceptor({ maxEntryBytes: 262_144 }))
   * ```
   */
  readonly maxEntryBytes?: number
  /**
   * What is done with `Range`. `serve` cuts the bytes asked for from complete stored responses. `store` also stores
   * parts, puts those of one version together, and asks the origin for one that is missing: set it where large files
   * are read piece by piece, or downloads break off. With `off` requests for a range go past the cache. docs/ranges.md
   * says more. RFC 9110 §14, RFC 9111 §3.3, §3.4 (RNG-01).
   * @defaultValue `'serve'`
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: large files on disk that many read piece by piece.
   * export const agent = new Agent().compose(cacheInterceptor({ ranges: 'store' }))
   * ```
   */
  readonly ranges?: 'off' | 'serve' | 'store'
  /**
   * Whether an answer to an unsafe request also invalidates the URIs in its `Location` and `Content-Location`, where
   * these have its origin. RFC 9111 §4.4. `false` is for origins that name there what has not changed (INV-03).
   * @defaultValue true
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: every POST to this origin redirects to the same start page.
   * export const agent = new Agent().compose(cacheInterceptor({ invalidateLocations: false }))
   * ```
   */
  readonly invalidateLocations?: boolean
  /**
   * Whether responses are members of the groups that their `Cache-Groups` names, after RFC 9875; groups are of one
   * origin. A successful unsafe request then invalidates, besides its target, all that shares a group with what is
   * stored for that, and the groups in the `Cache-Group-Invalidation` of its answer. However many members there are,
   * that is one write. A hit on a member looks up the marks of its groups, too, which with a store elsewhere is one
   * more round trip; anything else costs nothing more. `false` ignores both fields (GRP-01).
   * @defaultValue true
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: groups are sent for the caches of others; here each response is looked up on its own.
   * export const agent = new Agent().compose(cacheInterceptor({ cacheGroups: false }))
   * ```
   */
  readonly cacheGroups?: boolean
  /**
   * Whether a 200 to POST that says how long it is fresh, and whose `Content-Location` is the very URI the POST went
   * to, is kept as the answer to a GET of that URI. No POST is ever answered from the cache. See docs/methods.md. RFC
   * 9110 §9.3.3 (METH-05).
   * @defaultValue true
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: only what was answered to a GET answers a GET.
   * export const agent = new Agent().compose(cacheInterceptor({ storePostAsGet: false }))
   * ```
   */
  readonly storePostAsGet?: boolean
  /**
   * Whether HTTP/1 responses are stored whose body ends only with the connection, so that a cut one looks whole. Set
   * it only for an origin that sends no lengths and that you reach over a connection that does not break (MSG-06).
   * @defaultValue false
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: an old server on this machine.
   * export const agent = new Agent().compose(
   *   cacheInterceptor({ storeCloseDelimited: true, origins: ['http://127.0.0.1:8080'] })
   * )
   * ```
   */
  readonly storeCloseDelimited?: boolean
}
