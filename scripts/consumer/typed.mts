// What a TypeScript project writes, in ESM; typed.cts is the same in CommonJS.
import { fromKeyValue } from '@cc/bridges'
import { type CacheMode, type CacheStore, cacheInterceptor } from '@cc/core'
import { CacheControl, createFetch, decisionOf, type Fetch } from '@cc/core/fetch'
import { storeCases } from '@cc/core/testing'
import { DictStore } from '@cc/store-dict'
import { FileStore } from '@cc/store-file'
import { RedisStore } from '@cc/store-redis'
import { Cluster, Redis } from 'ioredis'
import { Agent, type Dispatcher, request, setGlobalDispatcher } from 'undici'

const store: CacheStore = new DictStore()
const dispatcher: Dispatcher = new Agent().compose(cacheInterceptor({ store }))
setGlobalDispatcher(dispatcher)
export const stores: CacheStore[] = [
  new FileStore('.web_cache', { forever: true }),
  fromKeyValue(new Map<string, Uint8Array>()),
  new RedisStore({ client: new Redis() }),
  new RedisStore({ client: new Cluster([]) }),
  new RedisStore({ url: 'redis://127.0.0.1:6379' })
]
export const cases = storeCases
const cacheMode: CacheMode = 'force-cache'
export const asked = request('http://127.0.0.1:9/', { cacheMode, dispatcher })
const cached: CacheControl = CacheControl(dispatcher, { store })
export const fetches: Fetch[] = [createFetch({ dispatcher, store }), cached.fetch]
// In place of the global one, be that declared by Node or, with tsconfig.dom.json, by a browser.
const fetch: typeof globalThis.fetch = createFetch({ dispatcher })
export const fetched = fetch('http://127.0.0.1:9/', { headers: new Headers(), signal: AbortSignal.abort() })
export const told = fetched.then((response) => decisionOf(response)?.outcome)
export const decided = cached.fetch('http://127.0.0.1:9/', { cache: 'reload' }).then(decisionOf)
export const closed = cached.request('http://127.0.0.1:9/', { cacheMode }).finally(() => cached.close({ waitMs: 0 }))
