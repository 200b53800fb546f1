import type { CacheDecision } from '../diagnostics.js'

/**
 * A property of dispatch options: who is told how this one request goes, more than once if more becomes known. Only
 * requests with a `cacheMode` are asked for it. By this symbol all copies of this library know it.
 */
export const toldTo = Symbol.for('@cc/core:told-to')

export type ToldTo = (decision: CacheDecision) => void

/** Who is told of a request with these options. */
export function toldToOf(opts: object): ToldTo | undefined {
  const found: unknown = Reflect.get(opts, toldTo)
  return typeof found === 'function' ? (found as ToldTo) : undefined
}
