import { type Dispatcher, Request, type RequestInfo, type RequestInit, type Response, fetch as send } from 'undici'
import type { CacheMode } from '../index.js'
import { type ToldTo, toldTo } from '../undici/told-to.js'
import { remember, type Told } from './decision-of.js'

/** A `Request` of another copy of undici, such as the one in Node. */
export interface ForeignRequest {
  readonly url: string
  readonly method: string
  readonly cache: string
}

/** As the Fetch standard has it: `cache` is honoured, in `init` and in a `Request`. */
export type Fetch = (input: RequestInfo | ForeignRequest, init?: RequestInit) => Promise<Response>

/** What undici keeps to itself of a request made by `fetch`, told to the cache. */
type Options = Dispatcher.DispatchOptions & { [toldTo]?: ToldTo }

/** A `fetch` through dispatchers that have a cache. @param through - which one, given the one that `init` names */
export function cachedFetch(through: (named: Dispatcher | undefined) => Dispatcher): Fetch {
  return async (input, init) => {
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
    const response = await send(asked, { ...init, ...sentMode(mode), dispatcher })
    remember(response, told)
    return response
  }
}

/** undici lets `only-if-cached` pass only with `mode: 'same-origin'`, which means nothing outside of a browser. */
function sentMode(mode: string): Pick<RequestInit, 'cache'> {
  return mode === 'only-if-cached' ? { cache: 'force-cache' } : {}
}

function isForeign(input: RequestInfo | ForeignRequest): input is ForeignRequest {
  return typeof input === 'object' && !(input instanceof URL) && !(input instanceof Request)
}

/** The same request, as one of ours. */
function requestOf(foreign: ForeignRequest): Request {
  const init = { ...propertiesOf(foreign), duplex: 'half' } as RequestInit
  return new Request(foreign.url, init)
}

const properties = [
  'body',
  'cache',
  'credentials',
  'headers',
  'integrity',
  'keepalive',
  'method',
  'mode',
  'redirect',
  'referrer',
  'referrerPolicy',
  'signal'
]

/** They are getters of a prototype: no spread finds them. */
function propertiesOf(foreign: ForeignRequest): Record<string, unknown> {
  return Object.fromEntries(properties.map((name) => [name, Reflect.get(foreign, name)]))
}
