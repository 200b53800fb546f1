// As asking.mjs, with a near cache and locks. In the end it ends its client, and does not close its store.
import { createInterface } from 'node:readline'
import { CacheControl } from '@cc/core/fetch'
import { RedisStore } from '@cc/store-redis'
import { Redis } from 'ioredis'

const [redis, url] = process.argv.slice(2)
const client = new Redis(redis)
const store = new RedisStore({ client, nearCache: { maxBytes: 1_048_576 } })
const cache = CacheControl(undefined, { store, storeTimeoutMs: 60_000 })
const patient = { leaseMs: 600_000, waitMs: 600_000 }

/** Resolves when somebody has listened for the release of a lock, and changes are listened for. */
async function listens() {
  await store.get('connected')
  const lease = await store.lock('a', patient)
  const waiting = store.lock('a', patient)
  while ((await client.pubsub('CHANNELS', 'cc:*')).length === 0);
  await lease.release()
  await waiting
  const at = Date.now()
  await store.mark('kept near', { value: '00', at, dropAt: at + 600_000 })
  for (let found = store.get('kept near'); found instanceof Promise; found = store.get('kept near')) await found
}

await listens()
for await (const _ of createInterface({ input: process.stdin })) console.log(await (await cache.fetch(url)).text())
await cache.close()
client.disconnect()
// Counted, and not measured: a machine that is busy lets it have few turns, however long they take.
let ticks = 0
setInterval(() => ticks++, 50).unref()
process.once('exit', () => console.log(`left after ${ticks} ticks`))
