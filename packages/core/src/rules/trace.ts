/** Where each rule that can be consulted comes from, and what it means where it applies. By requirement id. */
export const consultableRules = {
  'METH-01': ['RFC 9110 §9.2.3', 'responses to this method are not stored'],
  'METH-02': ['RFC 9111 §4', 'CONNECT, upgrades and unsafe requests go past the cache'],
  'METH-06': ['RFC 9110 §9.3.1', 'content, or a field that overrides the method, is not in the key'],
  'KEY-05': ['RFC 9111 §7.2', 'no cache key can be told for the request'],
  'REQ-05': ['RFC 9111 §5.2.1.5', 'the request says no-store'],
  'REQ-06': ['RFC 9111 §5.2.1.7', 'the request says only-if-cached: nothing may be sent'],
  'MODE-01': ['Fetch §4.6', 'the mode of the request says not to look, or not to store'],
  'MODE-02': ['Fetch §4.6', 'mode default, and the request has a precondition of its own'],
  'MODE-04': ['RFC 9111 §4.2.4', 'the mode of the request permits it stale'],
  'MODE-05': ['Fetch §4.6', 'mode only-if-cached: nothing may be sent'],
  'NVS-01': ['RFC 9111 §4', 'by No-Vary-Search, what is stored for another query answers this one'],
  'SEC-01': ['RFC 9110 §5.5', 'a field or the status text is malformed'],
  'SEC-04': ['RFC 9110 §17.5', 'fields are too long or too many'],
  'AUTH-02': ['RFC 9111 §3.5', 'bypassAuthorized: requests with Authorization bypass the cache'],
  'STORE-02': ['RFC 9111 §3', 'it is about a part of a representation, or a 304'],
  'SEC-05': ['RFC 9111 §7', 'it is not as long as it says'],
  'RNG-02': ['RFC 9110 §15.3.7', 'it gives the part that was asked for: a 206'],
  'RNG-03': ['RFC 9110 §14.1.2', 'it has no bytes, of which there are no parts'],
  'RNG-04': ['RFC 9110 §15.5.17', 'there are no such bytes: a 416'],
  'RNG-05': ['RFC 9110 §14.2', 'it asks for ranges that only the origin can answer'],
  'RNG-06': ['RFC 9110 §13.1.5', 'If-Range names another response'],
  'RNG-07': ['RFC 9110 §14.2', 'parts are cut from a 200 only'],
  'RNG-08': ['RFC 9111 §3.3', 'it may be about the range that was asked for'],
  'RNG-09': ['RFC 9111 §3.3', 'it is a part that cannot be stored, or does not have all that is asked for'],
  'RNG-10': ['RFC 9111 §3.4', 'one part of it is missing, which the origin is asked for'],
  'VAL-12': ['RFC 9110 §13.1.1', 'If-Match and If-Unmodified-Since are for the origin'],
  'GEN-03': ['RFC 9111 §7.1', 'redirects were followed below the cache'],
  'STORE-11': ['RFC 9110 §15', 'the status is of no known class'],
  'STORE-07': ['RFC 6585 §3 to §6', 'responses with this status are never stored'],
  'MSG-02': ['RFC 9110 §8.6', 'Content-Length cannot be read'],
  'MSG-03': ['RFC 9111 §3.3', 'the body is longer than is stored'],
  'MSG-06': ['RFC 9112 §8', 'only the end of the connection ends the body'],
  'CLK-02': ['RFC 9111 §4', 'the clock does not tell the time'],
  'FLD-02': ['RFC 9110 §7.6.1', 'Connection names a field that the cache depends on'],
  'STORE-04': ['RFC 9111 §5.2.2.3', 'must-understand, and the status is not understood'],
  'STORE-03': ['RFC 9111 §5.2.2.5', 'the response says no-store'],
  'STORE-01': ['RFC 9111 §3', 'nothing permits to store it, or private forbids it'],
  'AUTH-06': ['RFC 9111 §7.3', 'it sets a cookie and is not said to be for everybody'],
  'VARY-01': ['RFC 9111 §4.1', 'the selecting fields of the request are others than those stored'],
  'VARY-02': ['RFC 9111 §4.1', 'Vary matches no second request'],
  'VARY-07': ['RFC 9110 §12.5.3', 'a normalizer failed'],
  'QRY-02': ['RFC 10008 §2.7', 'the content cannot be part of a key: it is not at hand as bytes, or too long'],
  'QRY-03': ['RFC 10008 §2.7', 'a QUERY has no ranges, and needs explicit freshness or a validator'],
  'GRP-01': ['RFC 9875 §2', 'it is in more groups than can be kept track of'],
  'STORE-08': ['RFC 9111 §3', 'it is neither fresh for any time nor can it be validated'],
  'AUTH-01': ['RFC 9111 §3.5', 'the request had Authorization, and nothing permits to share the response'],
  'RESP-06': ['RFC 9111 §5.2.2.10', 's-maxage says how long it is fresh'],
  'FRESH-02': ['RFC 9111 §5.2.2.1', 'max-age says how long it is fresh'],
  'FRESH-03': ['RFC 9111 §5.3', 'Expires says how long it is fresh'],
  'FRESH-06': ['RFC 9111 §4.2.2', 'the heuristic says how long it is fresh'],
  'METH-04': ['RFC 9110 §9.3.2', 'it was stored for another method'],
  'STORE-12': ['RFC 9111 §4.2.4', 'it was kept until now only'],
  'INV-04': ['RFC 9111 §4.4', 'it was invalidated'],
  'RESP-01': ['RFC 9111 §5.2.2.4', 'the response says no-cache'],
  'REQ-04': ['RFC 9111 §5.2.1.4', 'the request says no-cache'],
  'FRESH-04': ['RFC 9111 §4.2', 'it is fresh: its age is less than its freshness lifetime'],
  'REQ-01': ['RFC 9111 §5.2.1.1', 'it is older than the max-age of the request'],
  'REQ-03': ['RFC 9111 §5.2.1.3', 'it is not fresh for as long as min-fresh of the request'],
  'STALE-02': ['RFC 9111 §4.2.4', 'it may not be served stale, whatever permits it'],
  'REQ-02': ['RFC 9111 §5.2.1.2', 'max-stale of the request permits it stale'],
  'STALE-03': ['RFC 5861 §3', 'stale-while-revalidate permits it stale'],
  'VAL-07': ['RFC 9110 §13.2', 'the caller has it already: a 304']
} as const satisfies Readonly<Record<string, readonly [section: string, meaning: string]>>

export type ConsultableRule = keyof typeof consultableRules

/** A rule that was asked, and whether it applies. */
export interface Asked {
  readonly requirement: ConsultableRule
  readonly applies: boolean
}

/** The rules that were asked, in order. */
export type Trace = Asked[]

/** Options, as far as a trace is among them. */
export interface Traced {
  readonly trace?: Trace | undefined
}

export const untraced: Traced = {}

/** Whether a rule applies, as given; who explains a decision has it written down. */
export function applies({ trace }: Traced, requirement: ConsultableRule, does: boolean): boolean {
  if (trace !== undefined) trace.push({ requirement, applies: does })
  return does
}
