/** A request as `enabled` and `partition` see it. */
export interface RequestView {
  /** Case-sensitive, as sent. */
  readonly method: string
  /** The target URI, without userinfo and fragment. */
  readonly url: string
  /** The value of a request field, several lines joined with `, `; `undefined` if there is none. Names compare without case. */
  field(name: string): string | undefined
}

/** Which requests the cache looks at, and which count as asking the same. */
export interface RequestOptions {
  /**
   * Whether the cache looks at a request at all. One that it does not look at invalidates nothing, so mind unsafe
   * requests. A request for which it throws is not looked at.
   * @defaultValue unset: all requests
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: nothing under /live/ is ever asked for twice.
   * export const agent = new Agent().compose(cacheInterceptor({ enabled: (request) => !request.url.includes('/live/') }))
   * ```
   */
  readonly enabled?: (request: RequestView) => boolean
  /**
   * The only origins the cache looks at: text is compared with the whole origin, a pattern is tested against it. To
   * all others requests go untouched, as if there were no cache; they invalidate nothing either.
   * @defaultValue unset: all
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: what is ours is cached, and nothing else.
   * export const agent = new Agent().compose(cacheInterceptor({ origins: ['https://api.example.com', /\.example\.org$/] }))
   * ```
   */
  readonly origins?: readonly (string | RegExp)[]
  /**
   * Where all requests go, whatever origin they name: for a `Client` or `Pool`, which ignore what requests say. With
   * undici 8 there is nothing to set. With undici 7, requests that name no origin go past the cache without it.
   * @defaultValue unset: what undici 8 tells, or what requests name
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Pool } from 'undici'
   *
   * const origin = 'https://api.example.com'
   * // shared: the pool is used with paths alone.
   * export const pool = new Pool(origin).compose(cacheInterceptor({ origin }))
   * ```
   */
  readonly origin?: string
  /**
   * Methods whose responses are stored and served. It can only be narrowed; requests with other methods pass, and
   * unsafe ones still invalidate (METH-01).
   * @defaultValue `['GET', 'HEAD', 'QUERY']`
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: a HEAD always goes to the origin.
   * export const agent = new Agent().compose(cacheInterceptor({ methods: ['GET'] }))
   * ```
   */
  readonly methods?: readonly ('GET' | 'HEAD' | 'QUERY')[]
  /**
   * Longest content of a QUERY that the cache looks at. A longer one goes past the cache, and so does one that is not
   * at hand as a string or as bytes. See docs/methods.md#query. RFC 10008 §2.7 (QRY-02).
   * @unit bytes, 0 or more
   * @defaultValue 65_536 (64 KiB)
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: questions to this API are long, and asked again and again.
   * export const agent = new Agent().compose(cacheInterceptor({ queryBodyLimit: 1_048_576 }))
   * ```
   */
  readonly queryBodyLimit?: number
  /**
   * Request fields whose values are always part of the cache key. Set it for an origin that answers by a field and
   * does not say so in `Vary`. Values of fields that carry credentials are kept as digests (KEY-05).
   * @defaultValue unset: none
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: this origin forgets `Vary: X-Api-Version`.
   * export const agent = new Agent().compose(cacheInterceptor({ keyFields: ['X-Api-Version'] }))
   * ```
   */
  readonly keyFields?: readonly string[]
  /**
   * Makes values of a field named by `Vary` coarser before they are compared, so that requests that differ only in
   * what does not matter share a response. The request is sent as it is. Set it where many spellings get the same
   * answer (VARY-07).
   * @defaultValue unset: none
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: this origin looks at the first language only, so de-AT and de-CH are alike.
   * export const agent = new Agent().compose(
   *   cacheInterceptor({ varyNormalizers: { 'accept-language': (value) => value.slice(0, 2) } })
   * )
   * ```
   */
  readonly varyNormalizers?: Readonly<Record<string, (value: string) => string>>
  /**
   * Most stored responses under one cache key; the least recently stored go first. Raise it for an origin with many
   * variants that are all asked for, lower it where `Vary` names something that hardly ever repeats (VARY-10).
   * @unit responses, 1 or more
   * @defaultValue 32
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: there are eight languages.
   * export const agent = new Agent().compose(cacheInterceptor({ maxVariants: 8 }))
   * ```
   */
  readonly maxVariants?: number
  /**
   * Whether a response with `No-Vary-Search` also answers requests for other queries that, by what it says, make no
   * difference. All caches that share a store have to agree on it. See docs/no-vary-search.md.
   * draft-ietf-httpbis-no-vary-search (NVS-01).
   * @defaultValue false
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: links to this shop end in whatever the campaign was called.
   * export const agent = new Agent().compose(cacheInterceptor({ noVarySearch: true }))
   * ```
   */
  readonly noVarySearch?: boolean
}
