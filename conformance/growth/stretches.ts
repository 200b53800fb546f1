/** What `stretches.mjs` prints, in milliseconds. */
export interface Stretches {
  /** The longest stretch of each round, by store, size and step. */
  readonly report: Readonly<Record<string, readonly number[]>>
  /** How late the event loop was under load, all that runs in it taken together. */
  readonly loop: { readonly median: number; readonly p99: number; readonly max: number }
}
