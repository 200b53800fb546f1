// One body size through one API, in a process of its own; redis-hits.mjs starts it.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import { Agent, interceptors } from 'undici'
import { RedisCacheStore } from 'undici-cache-redis'
import { client, loadOurs, readers } from './contenders.mjs'
import { sizes } from './origin.mjs'
import { takeTurns } from './rounds.mjs'

const { origin, size, api, read, only, concurrency, ports, ...limits } = JSON.parse(process.argv[2])
const [{ cacheInterceptor }, { RedisStore }] = await Promise.all([import('@cc/core'), import('@cc/store-redis')])
const ours = await loadOurs()
const url = `${origin}/${size}/hit`
const closing = []

/** Our client of one server, which the yardstick uses as well. */
function connect(port) {
  const redis = new Redis({ port, host: '127.0.0.1', lazyConnect: true })
  closing.push(() => redis.disconnect())
  return redis
}

function withOurs(redis, options = {}) {
  const store = new RedisStore({ client: redis, maxEntryBytes: 6 * 1024 ** 2, ...options })
  closing.push(() => store.close())
  return client(cacheInterceptor({ store }))
}

function withOther(port, tracking) {
  const store = new RedisCacheStore({ clientOpts: { port, host: '127.0.0.1' }, tracking })
  closing.push(() => store.close())
  return new Agent({ connections: 1 }).compose(interceptors.cache({ store }))
}

async function withForeign(port, count) {
  const redis = connect(port)
  const there = await redis.dbsize()
  if (there < count) await redis.call('DEBUG', 'POPULATE', count, 'foreign', 16)
  return withOurs(redis)
}

const dict = client(ours.with({}))
const redis = connect(ports.ours)
await redis.set('bare', Buffer.alloc(sizes[size], 'x'))

const ask = (dispatcher) => async () => {
  const bytes = await readers[api][read](url, dispatcher)
  if (bytes !== sizes[size]) throw new Error(`${bytes} bytes instead of ${sizes[size]}`)
}
/** The least that a hit from Redis can take: its bytes through the same client, and a hit without it. */
const bare = async () => {
  const bytes = await redis.getBuffer('bare')
  // Long bodies are checked: that takes longer than all the rest, and is not what this is about.
  if (size === '5MiB') createHash('sha256').update(bytes).digest()
  await ask(dict)()
}

const single = {
  yardstick: bare,
  'yardstick again': bare,
  ours: ask(withOurs(redis)),
  other: ask(withOther(ports.other, false)),
  'ours, near': ask(withOurs(connect(ports.near), { nearCache: { maxBytes: 64 * 1024 ** 2 } })),
  'other, tracking': ask(withOther(ports.tracking, true)),
  dict: ask(dict)
}
if (size === '1KiB') {
  single['ours, 1,000 foreign'] = ask(await withForeign(ports.few, 1_000))
  single['ours, 1,000,000 foreign'] = ask(await withForeign(ports.many, 1_000_000))
}

const contenders = {}
for (const [name, once] of Object.entries(single)) {
  if (only && name !== only) continue
  contenders[name] = () => Promise.all(Array.from({ length: concurrency }, once)).then(() => {})
  await ask(dict)()
  await once()
  await new Promise((resolve) => setTimeout(resolve, 200)) // a store may still be at work
  await once()
}

process.send({ primed: true })
await once(process, 'message')
const result = await takeTurns(contenders, limits)
for (const rounds of Object.values(result.taken))
  for (const turns of rounds) for (const i in turns) turns[i] /= concurrency
for (const close of closing.reverse()) await close()
// All of it has to be on its way first: a long message is cut by the end of the channel.
process.send({ ...result, forwarded: 0 }, () => process.disconnect())
