// What a TypeScript project writes, in ESM; typed.cts is the same in CommonJS.
import { type CacheStore, cacheInterceptor } from '@cc/core'
import { storeCases } from '@cc/core/testing'
import { DictStore } from '@cc/store-dict'
import { Agent, type Dispatcher, setGlobalDispatcher } from 'undici'

const store: CacheStore = new DictStore()
const dispatcher: Dispatcher = new Agent().compose(cacheInterceptor({ store }))
setGlobalDispatcher(dispatcher)
export const cases = storeCases
