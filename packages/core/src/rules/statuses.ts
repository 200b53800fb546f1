/** Statuses whose responses may be given a heuristic freshness. RFC 9110 §15.1, RFC 7725 §3. */
const heuristicallyCacheable: ReadonlySet<number> = new Set([
  200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 451, 501
])
/** Statuses whose rules for caching this cache knows and follows (STORE-02). RFC 9111 §3. */
const understood: ReadonlySet<number> = new Set([
  200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 451, 501
])
/** Statuses of responses that are never stored (STORE-07). RFC 6585 §3 to §6. */
const neverStored: ReadonlySet<number> = new Set([407, 421, 425, 428, 429, 431, 511])
/** Statuses that stale-if-error takes for a failure. RFC 5861 §4. */
const failures: ReadonlySet<number> = new Set([500, 502, 503, 504])

export function isHeuristicallyCacheable(status: number): boolean {
  return heuristicallyCacheable.has(status)
}

export function isUnderstood(status: number): boolean {
  return understood.has(status)
}

export function isNeverStored(status: number): boolean {
  return neverStored.has(status)
}

export function isFailure(status: number): boolean {
  return failures.has(status)
}

/** Whether the status is one of the five classes at all (STORE-11). RFC 9110 §15. */
export function isKnownClass(status: number): boolean {
  return Number.isInteger(status) && status >= 100 && status <= 599
}

export function isSuccessful(status: number): boolean {
  return status >= 200 && status <= 299
}

export function isRedirection(status: number): boolean {
  return status >= 300 && status <= 399
}

/** Whether a response to `method` with this status has no content whatever its fields say. RFC 9110 §6.4.1. */
export function hasNoContent(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304
}
