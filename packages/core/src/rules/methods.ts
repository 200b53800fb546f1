const safe: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND', 'REPORT', 'SEARCH'])

/** Whether a request changes nothing at the origin. Unknown and differently cased names count as unsafe. RFC 9110 §9.2.1. */
export function isSafe(method: string): boolean {
  return method === 'GET' || safe.has(method)
}

/** Whether responses to `method` can be stored at all. RFC 9110 §9.2.3. */
export function isCacheable(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'QUERY'
}
