// Asks through a store that never answers, or only fails, prints what came, and has nothing more to do. Arguments: URL, operation.
import { cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { Agent, request } from 'undici'
import { ElsewhereStore } from './stores.mjs'

const [url, operation] = process.argv.slice(2)
const store = operation.endsWith('in memory') ? new DictStore() : new ElsewhereStore({})
const [stuck] = operation.split(' ')
const fails = () => Promise.reject(new Error('the store is broken'))
store[stuck] = operation.endsWith('that fails') ? fails : () => new Promise(() => {})
const dispatcher = new Agent({ keepAliveTimeout: 1 }).compose(cacheInterceptor({ store }))

for (const method of ['GET', 'GET', 'POST']) {
  const { body } = await request(url, { dispatcher, method })
  console.log(await body.text())
}
const done = performance.now()
process.on('exit', () => console.log(Math.round(performance.now() - done)))
