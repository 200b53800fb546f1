import type { Heuristic } from './heuristics.js'
import type { CacheType, Seconds } from './messages.js'
import type { Trace } from './trace.js'

/** What the rules may be told. Every name is lower case; every value was checked before. */
export interface RuleOptions {
  readonly type: CacheType
  readonly targetedFields: readonly string[]
  readonly methods: ReadonlySet<string>
  readonly keyFields: readonly string[]
  readonly varyNormalizers: ReadonlyMap<string, (value: string) => string>
  readonly maxVariants: number
  readonly bypassAuthorized: boolean
  readonly implicitCredentialKey: boolean
  readonly credentialFields: ReadonlySet<string>
  readonly sharedSetCookie: 'explicit' | 'rfc' | 'never'
  readonly heuristic: Heuristic | false
  readonly keepStaleSeconds: Seconds
  readonly trustDate: boolean
  readonly staleIfErrorSeconds: Seconds
  readonly sMaxAgeAllowsStale: boolean
  readonly invalidateLocations: boolean
  readonly cacheGroups: boolean
  readonly storeCloseDelimited: boolean
  readonly storePostAsGet: boolean
  readonly noVarySearch: boolean
  /** Set where a decision is explained: gets each rule that is asked. */
  readonly trace?: Trace | undefined
  readonly ranges: 'off' | 'serve' | 'store'
  /** SHA-256 of bytes, or of a text as UTF-8, in lowercase hex. */
  readonly digest: (content: string | Uint8Array) => string
  /** The same of a credential: keyed, if there is a key, so that nobody else can try guesses on it. */
  readonly credentialDigest: (credential: string) => string
}
