import type { CacheDecision } from '../diagnostics.js'

/** What is told of each exchange. */
export interface ObservingOptions {
  /**
   * Called once for each exchange with how it went, when it is over: for a miss shortly after the caller has the
   * answer. The same decisions go to the diagnostics channel `channels.decision`. What it throws is an uncaught
   * exception: it never fails the request.
   * @defaultValue unset: nobody is told
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * const counts = { hit: 0, miss: 0 }
   * // shared: a service that watches how many requests its cache answers.
   * export const agent = new Agent().compose(
   *   cacheInterceptor({
   *     onDecision({ outcome }) {
   *       if (outcome === 'hit') counts.hit += 1
   *       if (outcome === 'miss') counts.miss += 1
   *     }
   *   })
   * )
   * ```
   */
  readonly onDecision?: (decision: CacheDecision) => void
  /**
   * The parameters whose values are `***` in all that is told: decisions, events and explanations. The list takes the
   * place of the default, and an empty one shows everything. Requests, keys and what is stored stay as they are. See
   * docs/observing.md (SEC-03).
   * @defaultValue names that carry a secret by custom, such as `token`, `api_key`, `password` and `X-Amz-Signature`
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: a service; links of its clients have their session in the query.
   * export const agent = new Agent().compose(cacheInterceptor({ redactQuery: ['session', 'token'] }))
   * ```
   */
  readonly redactQuery?: readonly string[]
  /**
   * Adds a member with this name to the `Cache-Status` of every response that is relayed or served, after those of
   * caches nearer to the origin: whether it was a hit, or why the request was sent on, and for how long it is fresh.
   * The member is not stored. Answers to misses are then decided on before the caller has them. A 504 made by the
   * cache gets none. {@link ObservingOptions.onDecision} tells the same without the field. RFC 9211 (CS-01).
   * @defaultValue none
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: `Cache-Status: ExampleGateway; hit; ttl=42`
   * export const agent = new Agent().compose(cacheInterceptor({ cacheStatus: 'ExampleGateway' }))
   * ```
   */
  readonly cacheStatus?: string
  /**
   * Whether the member of {@link ObservingOptions.cacheStatus} has the cache key, too: the URL with its query, and what `partition` and
   * `keyFields` make of the request. Set it while you look for the reason of a miss, and not where answers go to
   * people who are not to see that (CS-01).
   * @defaultValue false
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: `Cache-Status: debug; hit; ttl=42; key="https://api.example.com/"`
   * export const agent = new Agent().compose(cacheInterceptor({ cacheStatus: 'debug', cacheStatusKey: true }))
   * ```
   */
  readonly cacheStatusKey?: boolean
}
