import type { Seconds } from './messages.js'
import type { StalePermission } from './serving-stale.js'
import { serializeString, serializeTokenOrString } from './structured-fields.js'

/** Why a request was sent on, as RFC 9211 §2.2 spells it. */
export type ForwardReason = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'request' | 'stale' | 'partial'

/** How a cache came to its answer. */
export interface CacheStatus {
  /** Why the request was sent on; unset where it was answered from the cache alone. */
  readonly reason?: ForwardReason | undefined
  /** The status that came back, where the request was sent on and a response came. */
  readonly forwardStatus?: number | undefined
  /** Whether it was decided to store the answer. */
  readonly stored?: boolean | undefined
  /** Whether the answer to another request did for this one; `false` if it was waited for in vain (COLL-01). */
  readonly collapsed?: boolean | undefined
  /** Freshness lifetime and current age of what was served from the cache, or stored. */
  readonly lifetime?: Seconds | undefined
  readonly age?: Seconds | undefined
  /** What permitted a stale answer (CS-04). */
  readonly stale?: StalePermission | undefined
  /** The cache key, where it is to be told. */
  readonly key?: string | undefined
}

/** The name of a cache as its members begin; `undefined` if it cannot be written. RFC 9211 §2. */
export function cacheStatusName(name: string): string | undefined {
  return name === '' ? undefined : serializeTokenOrString(name)
}

/** The member of `Cache-Status` that the cache of this {@link cacheStatusName} adds (CS-01 to CS-04). RFC 9211 §2. */
export function cacheStatusMember(
  name: string,
  { reason, forwardStatus, stored, collapsed, lifetime, age, stale, key }: CacheStatus
): string {
  let member = reason === undefined ? `${name}; hit` : `${name}; fwd=${reason}`
  if (stored) member += '; stored'
  if (collapsed !== undefined) member += collapsed ? '; collapsed' : '; collapsed=?0'
  if (forwardStatus !== undefined) member += `; fwd-status=${forwardStatus}`
  if (lifetime !== undefined && age !== undefined) member += `; ttl=${Math.floor(lifetime - age)}`
  const shownKey = key === undefined ? undefined : serializeString(key)
  if (shownKey !== undefined) member += `; key=${shownKey}`
  return stale === undefined ? member : `${member}; detail=${stale}`
}
