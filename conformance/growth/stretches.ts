/** The longest stretch of each round, by what was done, in milliseconds: what `turns.mjs` and `stretches.mjs` print. */
export interface Stretches {
  readonly report: Readonly<Record<string, readonly number[]>>
}

/** How late the event loop was under load, in milliseconds. */
interface Delay {
  readonly median: number
  readonly p99: number
  readonly max: number
}

/** The same load without a cache and with one, by turns. */
export interface LoopDelay {
  readonly loops: readonly { readonly bare: Delay; readonly cached: Delay }[]
}
