import type { AboutRequest } from '../events.js'
import type { CacheMode } from '../rules/cache-mode.js'
import type { ForwardReason } from '../rules/cache-status.js'
import type { EpochMilliseconds, Seconds } from '../rules/messages.js'
import type { ReuseDecision } from '../rules/reuse.js'
import type { StalePermission } from '../rules/serving-stale.js'
import type { NotStored } from '../rules/storing.js'
import type { ConsultableRule } from '../rules/trace.js'
import type { AskedFor } from './operation-target.js'

/** A request that is to be explained. */
export interface ExplainedRequest extends AskedFor {
  readonly cacheMode?: CacheMode
  /** Its content. Unset: none. */
  readonly body?: string | Uint8Array
}

/** A response that is to be explained: its head, as it came from the network. */
export interface ExplainedResponse {
  readonly status: number
  readonly statusText?: string
  /** By name, repeated ones as lists; or anything that gives pairs, such as `Headers`; or a flat list of names and values. */
  readonly headers:
    | Readonly<Record<string, string | readonly string[] | undefined>>
    | Iterable<readonly [name: string, value: string]>
    | readonly string[]
  /** When the request was sent, and when the head of the response came. @defaultValue now */
  readonly requestTime?: EpochMilliseconds
  readonly responseTime?: EpochMilliseconds
  /** Length of the body that came, where it is known. Unset: what was announced. */
  readonly bodyBytes?: number
  /** Whether the body broke off after `bodyBytes` (MSG-02). @defaultValue false */
  readonly isCut?: boolean
  /** Whether redirects were followed below the cache, so that it is about another URI (GEN-03). @defaultValue false */
  readonly redirected?: boolean
  /** Whether a body that was cut would have been noticed without a length, as over HTTP/2 (MSG-06). @defaultValue false */
  readonly isHttp2?: boolean
  /** The request it answered. @defaultValue the one that is explained */
  readonly answerTo?: ExplainedRequest
}

/** A rule that was asked on the way to a decision. */
export interface ConsultedRule {
  readonly step: 'request' | 'storing' | 'reuse'
  /** As numbered in `docs/requirements.md`. */
  readonly requirement: ConsultableRule
  /** Such as `RFC 9111 §4.2`. */
  readonly section: string
  /** What it means where it applies. */
  readonly meaning: string
  readonly applies: boolean
}

/** Bytes of a whole of `total` bytes; `first` and `last` are positions, both inclusive. */
export interface StoredPart {
  readonly first: number
  readonly last: number
  readonly total: number
}

/** Why a request is answered as it is, and its response stored or not. */
export interface Explanation extends AboutRequest {
  /**
   * What is done with the request whatever is stored; `pass-by` if the cache does not look at it at all, `record` or
   * `replay` with a `tape`, where no other rule has a say.
   */
  readonly request: {
    readonly action:
      | 'look-up'
      | 'forward'
      | 'forward-unsafe'
      | 'bypass'
      | 'gateway-timeout'
      | 'network-error'
      | 'pass-by'
      | 'record'
      | 'replay'
    readonly reason?: ForwardReason
    readonly requirement?: string
  }
  /** Whether the response is stored, and if not, why. Unset without a response, or where none of its kind is looked at. */
  readonly storing?:
    | {
        readonly store: true
        readonly selectedBy: readonly string[]
        /** Set for a part of a representation (RNG-09). */
        readonly part?: StoredPart
        /** What it is put together to with what is stored already (RNG-10). */
        readonly combined?: StoredPart
      }
    | NotStored
  /** What is done with the request now, with the response stored. Unset where nothing stored would be looked at. */
  readonly reuse?: {
    /** `tape-miss`: nothing is recorded for it, which is an error. */
    readonly action: ReuseDecision['action'] | 'replay' | 'tape-miss'
    readonly reason?: ForwardReason
    readonly stale?: StalePermission
    /** What the caller gets where it is served: 304, 206 or 416 if its preconditions or its range say so. */
    readonly status?: number
    /** Whether the response may stand in if the origin fails, where it is to be validated (STALE-05). */
    readonly mayFallBack?: boolean
    /** Whether what is meant was stored for another query (NVS-01). */
    readonly elsewhere?: true
    /** Which bytes the origin is asked for, where they are all that is missing (RNG-10). */
    readonly missing?: StoredPart
  }
  /** Of what is stored: current age, and freshness lifetime. */
  readonly age?: Seconds
  readonly lifetime?: Seconds
  /** Whether a heuristic gave that lifetime. */
  readonly heuristic?: boolean
  readonly freshUntil?: EpochMilliseconds
  /** From then on a store may drop it. */
  readonly keptUntil?: EpochMilliseconds
  /** The rules in the order in which they were asked. */
  readonly consulted: readonly ConsultedRule[]
}
