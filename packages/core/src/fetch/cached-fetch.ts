import { type Dispatcher, Request, type RequestInfo, type RequestInit, type Response, fetch as send } from 'undici'
import type { CacheMode } from '../index.js'
import { type ToldTo, toldTo } from '../undici/told-to.js'
import { remember, type Told } from './decision-of.js'
import { type ForeignRequest, formOf, isForeign, requestOf } from './foreign.js'

/** `fetch` of undici. */
type UndiciFetch = (input: RequestInfo | ForeignRequest, init?: RequestInit) => Promise<Response>

/** `fetch` as it is declared where this is compiled: by Node, by a browser, or not at all. */
type GlobalFetch = typeof globalThis extends { fetch: infer Declared } ? Declared : unknown

/**
 * As the Fetch standard has it: `cache` is honoured, in `init` and in a `Request`. It can take the place of the global
 * `fetch`.
 */
export type Fetch = UndiciFetch & GlobalFetch

/** What undici keeps to itself of a request made by `fetch`, told to the cache. */
type Options = Dispatcher.DispatchOptions & { [toldTo]?: ToldTo }

/** A `fetch` through dispatchers that have a cache. @param through - which one, given the one that `init` names */
export function cachedFetch(through: (named: Dispatcher | undefined) => Dispatcher): Fetch {
  const fetch: UndiciFetch = async (input, init) => {
    const asked = isForeign(input) ? requestOf(input) : input
    const mode = init?.cache ?? (asked instanceof Request ? asked.cache : 'default')
    let told: Told = {}
    // undici follows redirects by itself, and sends each request on its own: the last one is the one that is answered.
    const dispatcher = through(init?.dispatcher).compose((dispatch) => (opts, handler) => {
      const current: Told = {}
      told = current
      const heard: ToldTo = (decision) => {
        current.decision = decision
      }
      const options: Options = { ...opts, cacheMode: mode as CacheMode, [toldTo]: heard }
      return dispatch(options, handler)
    })
    const body = init?.body == null ? {} : { body: formOf(init.body) as NonNullable<typeof init.body> }
    const response = await send(asked, { ...init, ...body, ...sentMode(mode), dispatcher })
    remember(response, told)
    return response
  }
  return fetch as Fetch
}

/** undici lets `only-if-cached` pass only with `mode: 'same-origin'`, which means nothing outside of a browser. */
function sentMode(mode: string): Pick<RequestInit, 'cache'> {
  return mode === 'only-if-cached' ? { cache: 'force-cache' } : {}
}
