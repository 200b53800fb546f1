import type { Response } from 'undici'
import type { CacheDecision } from '../index.js'

/** What is known of how a response came; more can become known after the response is there. */
export interface Told {
  decision?: CacheDecision
}

const known = new WeakMap<object, Told>()

/** Remembers how a response came, as long as it is there. */
export function remember(response: Response, told: Told): void {
  known.set(response, told)
}

/**
 * How a response of a `fetch` that this library has made came: as far as it is decided. `outcome` and `reason` are there
 * with the response; `stored` and `notStored` of a miss follow once its body has ended. After redirects it is about the
 * last response.
 *
 * @returns `undefined` for other responses, clones among them, and where the cache did not look at the request
 */
export function decisionOf(response: Pick<Response, 'status' | 'url'>): CacheDecision | undefined {
  return known.get(response)?.decision
}
