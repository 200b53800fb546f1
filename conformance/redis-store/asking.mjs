// Asks for a URL through a cache in Redis whenever it is told a line, and ends by itself once there are no more.
import { createInterface } from 'node:readline'
import { CacheControl } from '@cc/core/fetch'
import { RedisStore } from '@cc/store-redis'

const [redis, url] = process.argv.slice(2)
const store = new RedisStore({ url: redis })
const cache = CacheControl(undefined, { store, storeTimeoutMs: 100 })

for await (const _ of createInterface({ input: process.stdin })) console.log(await (await cache.fetch(url)).text())
await cache.close()
await store.close()
// Counted, and not measured: a machine that is busy lets it have few turns, however long they take.
let ticks = 0
setInterval(() => ticks++, 50).unref()
process.once('exit', () => console.log(`left after ${ticks} ticks`))
