// A process with a cache whose store is in Redis. It asks for each URL that it is sent, and tells what came of it.
// Arguments: the port of Redis, and how long to wait for another process, in milliseconds.
import { cacheInterceptor } from '@cc/core'
import { RedisStore } from '@cc/store-redis'
import { Redis } from 'ioredis'
import { Agent, request } from 'undici'

const client = new Redis(Number(process.argv[2]))
const store = new RedisStore({ client, nearCache: { maxBytes: 1_048_576 } })
const options = {
  store,
  collapseAcrossProcesses: true,
  collapseWaitMs: Number(process.argv[3]),
  storeTimeoutMs: 60_000
}
const dispatcher = new Agent().compose(cacheInterceptor(options))

process.on('message', async (url) => {
  const { body } = await request(url, { dispatcher })
  process.send(await body.text())
})
await store.get('connected')
process.send('ready')
