import { channel } from 'node:diagnostics_channel'
import { channels } from './channels.js'
import type { ForwardReason } from './rules/cache-status.js'
import type { EpochMilliseconds, Seconds } from './rules/messages.js'

/** What all events about one request have in common. */
export interface AboutRequest {
  readonly method: string
  /** The target URI, without userinfo and fragment, the values of `redactQuery` as `***`. */
  readonly url: string
}

/** The store was asked what it has for a request. */
export interface LookupEvent extends AboutRequest {
  /** How many responses are stored under the key, variants included; `undefined` if that could not be known in time. */
  readonly found: number | undefined
  readonly milliseconds: number
}

/** A store has taken a response. */
export interface StoreEvent extends AboutRequest {
  /** Whether it is a new response, or new metadata for one that a 304 or HEAD confirmed. */
  readonly action: 'stored' | 'updated'
  readonly status: number
  readonly bodyBytes: number
  /** From then on the store may drop it. */
  readonly keptUntil: EpochMilliseconds
}

/** A store has dropped responses to stay within its bounds. Published by stores, not by core. */
export interface EvictEvent {
  /** Name of the store's class, such as `DictStore`. */
  readonly store: string
  /** How many responses went. */
  readonly responses: number
  /** How many bytes of the store's bounds they took. */
  readonly bytes: number
}

/** The origin was asked whether a stored response may be used, and this came of it. */
export interface ValidateEvent extends AboutRequest {
  /** Why it was asked. */
  readonly reason: ForwardReason
  /** Whether the request carried a precondition of the cache's own. */
  readonly conditional: boolean
  /**
   * - `confirmed`: a 304, the stored response is served
   * - `replaced`: another answer, which goes to the caller
   * - `served-stale`: a failure, the stored response is served in its place
   * - `relayed`: a 304 that is the caller's own
   * - `sent-again`: the answer was about something else; the request is sent once more, without preconditions
   * - `failed`: no answer came
   */
  readonly outcome: 'confirmed' | 'replaced' | 'served-stale' | 'relayed' | 'sent-again' | 'failed'
  /** Of the answer; unset where none came. */
  readonly status?: number
  /** Age of the stored response when it was asked for, and how long it is fresh. */
  readonly age: Seconds
  readonly lifetime: Seconds
  readonly background: boolean
}

/** A request came while another one like it was under way (COLL-01). */
export interface CollapseEvent extends AboutRequest {
  /**
   * - `waits`: for the head of that answer
   * - `shares`: it gets that answer, or what is stored where that is a failure
   * - `sent-on`: it has waited, and that answer is not for it
   */
  readonly action: 'waits' | 'shares' | 'sent-on'
}

export const lookupChannel = channel(channels.lookup)
export const storeChannel = channel(channels.store)
export const validateChannel = channel(channels.validate)
export const collapseChannel = channel(channels.collapse)
