import type { CacheDecision } from './diagnostics.js'
import type { Heuristic } from './rules/heuristics.js'
import type { CacheType, EpochMilliseconds, Seconds } from './rules/messages.js'
import type { CacheStore } from './store.js'

/** A request as `enabled` and `partition` see it. */
export interface RequestView {
  /** Case-sensitive, as sent. */
  readonly method: string
  /** The target URI, without userinfo and fragment. */
  readonly url: string
  /** The value of a request field, several lines joined with `, `; `undefined` if there is none. Names compare without case. */
  field(name: string): string | undefined
}

/** Options of {@link cacheInterceptor}. Each is checked when the interceptor is made. */
export interface CacheOptions {
  /** Where responses are kept. Unset: a `DictStore`, if `@cc/store-dict` is installed. */
  readonly store?: CacheStore
  /**
   * Who is served from the cache: everybody alike (`shared`), or one user only (`private`). A process that acts for
   * several users keeps `shared`, or sets {@link partition}. RFC 9111 §1 (GEN-01).
   * @defaultValue `'shared'`
   */
  readonly type?: CacheType
  /**
   * Methods whose responses are stored and served; a subset of the default (METH-01).
   * @defaultValue `['GET', 'HEAD', 'QUERY']`
   */
  readonly methods?: readonly ('GET' | 'HEAD' | 'QUERY')[]
  /**
   * Longest content of a QUERY that the cache looks at, in bytes. A longer one goes past the cache, and so does one that
   * is not at hand as a string or as bytes. RFC 10008 §2.7 (QRY-02).
   * @defaultValue 65_536 (64 KiB)
   */
  readonly queryBodyLimit?: number
  /**
   * Names the isolated part of the cache that a request uses, for instance a user's id. A request for which it throws
   * bypasses the cache (KEY-05). Unset: one part for all.
   */
  readonly partition?: (request: RequestView) => string
  /** Request fields whose values are always part of the cache key (KEY-05). Unset: none. */
  readonly keyFields?: readonly string[]
  /**
   * Makes values of a field named by `Vary` coarser before they are compared, by field name (VARY-07): for instance
   * `{ 'accept-language': (value) => value.slice(0, 2) }`. Unset: none.
   */
  readonly varyNormalizers?: Readonly<Record<string, (value: string) => string>>
  /**
   * Most stored responses under one cache key; the least recently stored go first (VARY-10).
   * @defaultValue 32
   */
  readonly maxVariants?: number
  /**
   * Shared caches only: whether every request with `Authorization` bypasses the cache (AUTH-02).
   * @defaultValue false
   */
  readonly bypassAuthorized?: boolean
  /**
   * Private caches only: whether a response counts as varying by `Authorization`, and one marked `private` by `Cookie`
   * too, unless it is `public` (AUTH-03).
   * @defaultValue true
   */
  readonly implicitCredentialKey?: boolean
  /**
   * Shared caches only: when a response with `Set-Cookie` is stored. `explicit`: with `public` or `s-maxage`; `rfc`: as
   * any other; `never` (AUTH-06).
   * @defaultValue `'explicit'`
   */
  readonly sharedSetCookie?: 'explicit' | 'rfc' | 'never'
  /**
   * Request fields that identify a user: an answer to a request with one is served only to requests with the same value,
   * unless it is `public` or, in a shared cache, has `s-maxage` (AUTH-07). An empty list lifts this.
   * @defaultValue `['Cookie', 'Proxy-Authorization', 'X-Api-Key', 'Api-Key', 'X-Auth-Token']`
   */
  readonly credentialFields?: readonly string[]
  /**
   * Fields for caches of this kind, such as `CDN-Cache-Control`, the one that counts most first. Of a response the first
   * that is valid and not empty takes the place of `Cache-Control` and `Expires`. RFC 9213 (TGT-01).
   * @defaultValue none: a cache beside a client is no CDN
   */
  readonly targetedFields?: readonly string[]
  /**
   * Gives a freshness lifetime to responses that say nothing of theirs; `false` gives none. RFC 9111 §4.2.2 (FRESH-09).
   * @defaultValue `lastModified({ fraction: 0.1, maxSeconds: 86_400 })`
   */
  readonly heuristic?: Heuristic | false
  /**
   * How long, in seconds, a stale response that can be validated is kept for that (STORE-12).
   * @defaultValue 86_400 (a day)
   */
  readonly keepStaleSeconds?: Seconds
  /**
   * Whether an old `Date` makes a response old. `false` is for origins whose clock is wrong (AGE-02).
   * @defaultValue true
   */
  readonly trustDate?: boolean
  /** The time in milliseconds since 1970. @defaultValue `Date.now` (CLK-01) */
  readonly clock?: () => EpochMilliseconds
  /**
   * For how long, in seconds, any stale response that is not barred from it is served when the origin fails. RFC 5861 §4
   * (STALE-07).
   * @defaultValue 0 (only where the response or the request allows it)
   */
  readonly staleIfErrorSeconds?: Seconds
  /**
   * Shared caches only: whether `stale-while-revalidate` and `stale-if-error` of a response count although its `s-maxage`
   * forbids it to be served stale (STALE-02).
   * @defaultValue false
   */
  readonly sMaxAgeAllowsStale?: boolean
  /**
   * What the caller gets if a stored response had to be validated and the origin cannot be reached: the error of the
   * request, or a 504 made by the cache (STALE-08).
   * @defaultValue `'throw'`
   */
  readonly onDisconnect?: 'throw' | '504'
  /**
   * Whether an answer to an unsafe request also invalidates the URIs in its `Location` and `Content-Location`. RFC 9111
   * §4.4 (INV-03).
   * @defaultValue true
   */
  readonly invalidateLocations?: boolean
  /**
   * Whether responses are members of the groups in their `Cache-Groups`: then a change of one makes the others invalid,
   * and so does `Cache-Group-Invalidation` in the answer to an unsafe request. RFC 9875 (GRP-01).
   * @defaultValue true
   */
  readonly cacheGroups?: boolean
  /**
   * Whether HTTP/1 responses are stored whose body ends only with the connection, so that a cut one cannot be told (MSG-06).
   * @defaultValue false
   */
  readonly storeCloseDelimited?: boolean
  /**
   * Whether a 200 to POST that says how long it is fresh, and whose `Content-Location` is the very URI the POST went to,
   * is kept as the answer to a GET of that URI. No POST is ever answered from the cache. RFC 9110 §9.3.3 (METH-05).
   * @defaultValue true
   */
  readonly storePostAsGet?: boolean
  /**
   * Whether a response with `No-Vary-Search` also answers requests for other queries that, by what it says, make no
   * difference. All caches that share a store have to agree on it. draft-ietf-httpbis-no-vary-search (NVS-01).
   * @defaultValue false
   */
  readonly noVarySearch?: boolean
  /**
   * What is done with `Range`: `serve` cuts the bytes asked for from complete stored responses; `store` also stores parts,
   * puts together those of one version, and asks for one that is missing; with `off` such requests go past the cache.
   * RFC 9110 §14, RFC 9111 §3.3, §3.4 (RNG-01).
   * @defaultValue `'serve'`
   */
  readonly ranges?: 'off' | 'serve' | 'store'
  /** Longest body that is stored, in bytes (MSG-03). Unset: the limit of the store. */
  readonly maxEntryBytes?: number
  /**
   * How long one request may wait for the store, all operations together, in milliseconds (ROB-02).
   * @defaultValue 250
   */
  readonly storeTimeoutMs?: number
  /**
   * How many bytes of a body may wait for the store before the caller has to (MSG-03).
   * @defaultValue 1_048_576 (1 MiB)
   */
  readonly copyBufferBytes?: number
  /**
   * Whether requests that ask the same at the same time share one forward, where each could be served from the answer once
   * that is stored. RFC 9111 §4 (COLL-01).
   * @defaultValue true
   */
  readonly collapse?: boolean
  /**
   * Whether that is also so for requests of several processes that share a store. Without effect if `collapse` is `false`,
   * or if the store has no `lock` (COLL-01).
   * @defaultValue false
   */
  readonly collapseAcrossProcesses?: boolean
  /**
   * The longest that a request waits for one of another process, in milliseconds; then it is sent on (COLL-01).
   * @defaultValue 5_000
   */
  readonly collapseWaitMs?: number
  /**
   * How bodies from a store that does not keep objects are checked: by SHA-256, or by length where the medium checks
   * itself (SEC-05).
   * @defaultValue `'digest'`
   */
  readonly verify?: 'digest' | 'length'
  /**
   * A secret that signs what is stored, so that what anybody else wrote into the store is a miss (SEC-05): random, of at
   * least 32 bytes, and the same for all that share the store. Of a list the first signs and all verify, so that it can
   * be changed. Credentials are kept as digests under this key. It goes with `verify: 'digest'` only; in a store in
   * memory nothing is signed. `docs/security.md` says what it protects from. RFC 2104.
   * @defaultValue none: whoever can write into the store can forge responses
   */
  readonly integrityKey?: string | Uint8Array | readonly (string | Uint8Array)[]
  /**
   * Records or replays in place of caching, for tests. `'record'`: every request is sent on, and its answer is stored,
   * whatever it says; `'replay'`: no request is sent on, and one whose answer was not recorded fails with a
   * `TapeMissError`. It needs a `store`. Unset: neither; recordings are no answers then.
   */
  readonly tape?: 'record' | 'replay'
  /**
   * Where all requests go, whatever origin they name: `https://api.example.com` for a `Client` or `Pool` of that origin,
   * which ignore what requests say. Unset: undici 8 tells the cache; with undici 7 requests have to name it, as those
   * of `undici.request()` do, and go past the cache if they do not.
   */
  readonly origin?: string
  /** The only origins the cache looks at: as text (`https://api.example.com`), or as a pattern tested against that form. Unset: all. */
  readonly origins?: readonly (string | RegExp)[]
  /**
   * The name of this cache in `Cache-Status`, of which it then adds a member to every response it relays or serves: how
   * it came to its answer. A token or any text of ASCII. RFC 9211 (CS-01).
   * @defaultValue none: no field is added
   */
  readonly cacheStatus?: string
  /**
   * Whether that member has the cache key, too: the URL with its query, and what `partition` and `keyFields` make of the
   * request (CS-01).
   * @defaultValue false
   */
  readonly cacheStatusKey?: boolean
  /** Whether the cache looks at a request at all, invalidation included. A request for which it throws is not looked at. Unset: all. */
  readonly enabled?: (request: RequestView) => boolean
  /**
   * Names of query parameters whose values are `***` in all that is told: decisions, events and explanations. Names
   * compare without case and percent-encoding. An empty list shows everything (SEC-03).
   * @defaultValue names that carry a secret by custom, such as `token`, `api_key`, `password` and `X-Amz-Signature`
   */
  readonly redactQuery?: readonly string[]
  /** Called once for each exchange with how it went, when it is over: for a miss shortly after the caller has the answer. */
  readonly onDecision?: (decision: CacheDecision) => void
}
