/** A span of time in seconds; fractions are allowed unless a rule says otherwise. */
export type Seconds = number

/** A point in time in milliseconds since 1970-01-01T00:00:00Z, as `Date.now()` gives it. */
export type EpochMilliseconds = number

/** One field line as it was received: the name in its original case, the value without outer whitespace. */
export type FieldLine = readonly [name: string, value: string]

/** Field lines in the order of the message; repeated names are separate lines. RFC 9110 §5.3. */
export type Fields = readonly FieldLine[]

/** What a cache is for: one user (`private`), or everybody who shares it (`shared`). RFC 9111 §1. */
export type CacheType = 'shared' | 'private'

/** Request fields by name in lower case; several lines of one name joined with `, `. RFC 9110 §5.3. */
export type RequestFields = Pick<ReadonlyMap<string, string>, 'get' | 'has' | typeof Symbol.iterator>

/** A request as the rules see it. */
export interface Request {
  /** Case-sensitive, as sent. */
  readonly method: string
  readonly fields: RequestFields
  /** Set if no field asks anything of a cache, or is unsafe: the fields matter only if a response was selected by some. */
  readonly isPlain?: boolean
}

/** The head of a response as it came from the network. */
export interface Response {
  readonly status: number
  readonly statusText: string
  readonly fields: Fields
}

/** When a request was sent on, and when the final header section of its response arrived. RFC 9111 §4.2.3. */
export interface ExchangeTimes {
  readonly requestTime: EpochMilliseconds
  readonly responseTime: EpochMilliseconds
}

/** Which part of a representation a body is, its length apart. RFC 9110 §14.4. */
export interface Part {
  /** Position of its first byte. */
  readonly first: number
  /** Bytes of the whole representation. */
  readonly total: number
}

/**
 * A stored response without its body: plain data that survives `JSON.stringify`. A store keeps it as it is;
 * the only properties a store reads are `slot`, `id`, `requestTime`, `dropAt` and `bodyBytes`.
 */
export interface StoredResponse {
  /** The version of this shape. Another one is a miss. */
  readonly formatVersion: 1
  /** The cache key it is stored under, in full. */
  readonly key: string
  /** The place under the key: a hash of method, selecting fields and part. A response with the same slot replaces this one. */
  readonly slot: string
  /** 128 random bits in lowercase hex, new for each body. */
  readonly id: string
  readonly method: 'GET' | 'HEAD' | 'QUERY'
  readonly status: number
  readonly statusText: string
  /** As received, less the fields that are not stored (RFC 9111 §3.1), with a valid `Date`. */
  readonly fields: Fields
  /** Selecting header fields of the request, names in lower case; `null` for an absent field, credentials as digests. RFC 9111 §4.1. */
  readonly selecting: readonly (readonly [name: string, value: string | null])[]
  readonly requestTime: EpochMilliseconds
  readonly responseTime: EpochMilliseconds
  /** When its body came; set once the origin has confirmed it, for the two times before are those of that exchange then. */
  readonly storedTime?: EpochMilliseconds
  /** From then on the response is of no use and a store may drop it. */
  readonly dropAt: EpochMilliseconds
  /** Length of the body. */
  readonly bodyBytes: number
  /** SHA-256, in lowercase hex, of each piece of 1 MiB of the body; absent where the store keeps objects. */
  readonly digests?: readonly string[]
  /** Where the body begins in the whole, and how long that is; set for a part of a representation only (RNG-09). */
  readonly part?: Part
  /** Mark key → value of the mark when the request was sent, `''` if there was none. Another value now means: invalidated since. */
  readonly marks: Readonly<Record<string, string>>
  /** Must be validated before any use. */
  readonly invalid?: true
  /** HMAC-SHA-256 of all the others, in lowercase hex; present where an `integrityKey` is set. */
  readonly hmac?: string
}

/**
 * A response that was recorded, without its body; never the answer of a cache. It has all properties of a stored response
 * that a store reads. `fields` are all that were received.
 */
export interface Recording extends Omit<StoredResponse, 'method' | 'invalid' | 'storedTime'> {
  /** Its place, from 0, among the answers to requests with the same key. */
  readonly tape: number
}
