// What a TypeScript project writes, in CommonJS; typed.mts is the same in ESM.
import bridges = require('@cc/bridges')
import core = require('@cc/core')
import fetching = require('@cc/core/fetch')
import testing = require('@cc/core/testing')
import dict = require('@cc/store-dict')
import file = require('@cc/store-file')
import redis = require('@cc/store-redis')
import undici = require('undici')

const store: core.CacheStore = new dict.DictStore()
const dispatcher: undici.Dispatcher = new undici.Agent().compose(core.cacheInterceptor({ store }))
undici.setGlobalDispatcher(dispatcher)
export const stores: core.CacheStore[] = [
  new file.FileStore('.web_cache'),
  new redis.RedisStore(),
  bridges.fromKeyValue(new Map())
]
export const cases = testing.storeCases
export const asked = undici.request('http://127.0.0.1:9/', { cacheMode: 'reload', dispatcher })
const cached: fetching.CacheControl = fetching.CacheControl(dispatcher, { store })
const fetch: typeof globalThis.fetch = fetching.createFetch({ dispatcher })
export const fetched = fetch(new Request('http://127.0.0.1:9/')).then(fetching.decisionOf)
export const fetches: fetching.Fetch[] = [fetching.createFetch({ dispatcher, store }), cached.fetch]
