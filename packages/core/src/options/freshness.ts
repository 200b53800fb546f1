import type { Heuristic } from '../rules/heuristics.js'
import type { EpochMilliseconds, Seconds } from '../rules/messages.js'

/** How long responses are fresh, and what is done with those that are not. */
export interface FreshnessOptions {
  /**
   * Gives a freshness lifetime, in seconds, to responses that say nothing of theirs; `false` gives none, so that they
   * are validated each time. `lastModified()`, `expiresAfter()` and `oneDay()` are ready made. It never lifts
   * `no-store`, `private` or a rule about credentials. RFC 9111 §4.2.2 (FRESH-09).
   * @defaultValue `lastModified({ fraction: 0.1, maxSeconds: 86_400 })`
   * @example
   * ```js
   * import { cacheInterceptor, expiresAfter } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: documentation that is the same for everybody, and never says how long it is good.
   * export const agent = new Agent().compose(cacheInterceptor({ heuristic: expiresAfter({ hours: 1 }) }))
   * // shared: nothing counts as fresh that does not say so.
   * export const strict = new Agent().compose(cacheInterceptor({ heuristic: false }))
   * ```
   */
  readonly heuristic?: Heuristic | false
  /**
   * Fields for caches of this kind, after RFC 9213. Of each response, the first of them that is valid and not empty
   * takes the place of `Cache-Control` and `Expires`, in every respect; all are stored and passed on. They are
   * structured fields: names in lower case, no spaces around `=`, numbers without quotes. A field with an error, or
   * with a directive of the wrong type, counts as absent. Set it where this cache is part of a CDN or a gateway; a
   * cache beside a client is none (TGT-01).
   * @defaultValue none
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: a gateway. `CDN-Cache-Control: max-age=600` keeps a response here that browsers are told not to store.
   * export const agent = new Agent().compose(
   *   cacheInterceptor({ targetedFields: ['Example-Gateway-Cache-Control', 'CDN-Cache-Control'] })
   * )
   * ```
   */
  readonly targetedFields?: readonly string[]
  /**
   * How long a stale response that can be validated is kept for that. Raise it where bodies are large and a 304 saves
   * much, lower it where the store is short of room (STORE-12).
   * @unit seconds, 0 or more
   * @defaultValue 86_400 (a day)
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: large files that change once a week.
   * export const agent = new Agent().compose(cacheInterceptor({ keepStaleSeconds: 7 * 86_400 }))
   * ```
   */
  readonly keepStaleSeconds?: Seconds
  /**
   * For how long any stale response that is not barred from it is served when the origin cannot be reached, or answers
   * 500, 502, 503 or 504. RFC 5861 §4. Set it where an old answer is better than none (STALE-07).
   * @unit seconds, 0 or more
   * @defaultValue 0 (only where the response or the request allows it)
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: prices an hour old are better than an error page.
   * export const agent = new Agent().compose(cacheInterceptor({ staleIfErrorSeconds: 3_600 }))
   * ```
   */
  readonly staleIfErrorSeconds?: Seconds
  /**
   * Shared caches only: whether `stale-while-revalidate` and `stale-if-error` of a response count although its
   * `s-maxage` forbids it to be served stale. Set it for origins that send the three together and mean it (STALE-02).
   * @defaultValue false
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: the origin sends `s-maxage=60, stale-while-revalidate=600`.
   * export const agent = new Agent().compose(cacheInterceptor({ sMaxAgeAllowsStale: true }))
   * ```
   */
  readonly sMaxAgeAllowsStale?: boolean
  /**
   * What the caller gets if a stored response had to be validated and the origin cannot be reached: the error of the
   * request, or a 504 made by the cache. Take `'504'` where callers look at statuses and do not catch errors
   * (STALE-08).
   * @defaultValue `'throw'`
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: the callers are a gateway, which hands statuses on.
   * export const agent = new Agent().compose(cacheInterceptor({ onDisconnect: '504' }))
   * ```
   */
  readonly onDisconnect?: 'throw' | '504'
  /**
   * Whether an old `Date` makes a response old. `false` counts `Age` alone, for origins whose clock is wrong (AGE-02).
   * @defaultValue true
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: the clock of this origin is hours behind.
   * export const agent = new Agent().compose(cacheInterceptor({ trustDate: false }))
   * ```
   */
  readonly trustDate?: boolean
  /**
   * The time. It is for tests, and for a host whose clock you correct yourself. While it returns no finite number, or
   * throws, nothing counts as fresh (CLK-01).
   * @unit milliseconds since 1970
   * @defaultValue `Date.now`
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * let now = Date.now()
   * // shared: a test that wants to see what is stale tomorrow.
   * export const agent = new Agent().compose(cacheInterceptor({ clock: () => now }))
   * now += 86_400_000
   * ```
   */
  readonly clock?: () => EpochMilliseconds
}
