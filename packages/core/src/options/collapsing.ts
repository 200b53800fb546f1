/** Requests that ask the same at the same time. */
export interface CollapsingOptions {
  /**
   * Whether requests that ask the same at the same time share one forward. Each gets what it would get if the answer
   * were stored already, and is sent on by itself where it would get nothing. docs/collapsing.md says how it works.
   * Take `false` where every request is to reach the origin that is not answered by what is stored, for instance to
   * measure it. RFC 9111 §4 (COLL-01).
   * @defaultValue true
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: a load generator with a cache in it; two that ask at once are two.
   * export const agent = new Agent().compose(cacheInterceptor({ collapse: false }))
   * ```
   */
  readonly collapse?: boolean
  /**
   * Whether that is also so for requests of several processes that share a store. One of them asks the origin, the
   * others wait until what it got is stored. It has no effect with `collapse: false`, nor with a store that has no
   * `lock`, as `DictStore`, which serves one process. Each miss and each validation then costs a lock, so take it
   * where the origin is slower than the store (COLL-01).
   * @defaultValue false
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: many workers with one store; reports take the origin a minute.
   * const options = { collapseAcrossProcesses: true, collapseWaitMs: 60_000 }
   * export const agent = new Agent().compose(cacheInterceptor(options))
   * ```
   */
  readonly collapseAcrossProcesses?: boolean
  /**
   * The longest that a request waits for one of another process; then it is sent on. It is what a process that dies,
   * or a lock that hangs, can cost. The wait does not count as waiting for the store (`storeTimeoutMs`), and ends with
   * the request (COLL-01).
   * @unit milliseconds, 1 or more
   * @defaultValue 5_000
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: the origin answers within a second; what takes longer is not worth waiting for.
   * export const agent = new Agent().compose(cacheInterceptor({ collapseAcrossProcesses: true, collapseWaitMs: 1_000 }))
   * ```
   */
  readonly collapseWaitMs?: number
}
