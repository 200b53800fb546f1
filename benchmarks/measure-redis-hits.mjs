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
/** What each cache has stored, as caches in use have more than one response: the first is hit, or all of them in turn. */
const urls = Array.from({ length: size === '5MiB' ? 20 : 100 }, (_, n) => `${origin}/${size}/hit/${n}`)
const closing = []
/** What responses vary by: without it, the other cache finds nothing in its own tracking mode. */
const headers = { 'accept-encoding': 'gzip, deflate' }
/** With 64 bodies of 5 MiB at a time the last one takes longer than a store may, and a hit would be a miss. */
const patient = { storeTimeoutMs: 60_000 }

/** Our client of one server, which the yardstick uses as well. */
function connect(port) {
  const redis = new Redis({ port, host: '127.0.0.1', lazyConnect: true })
  closing.push(() => redis.disconnect())
  return redis
}

function withOurs(redis, options = {}) {
  const store = new RedisStore({ client: redis, maxEntryBytes: 6 * 1024 ** 2, ...options })
  closing.push(() => store.close())
  return client(cacheInterceptor({ store, ...patient }))
}

function withOther(port, tracking) {
  const store = new RedisCacheStore({ clientOpts: { port, host: '127.0.0.1' }, tracking })
  closing.push(() => store.close())
  return new Agent({ connections: 1 }).compose(interceptors.cache({ store }))
}

/** A client of a server with so many keys that somebody else has put there. */
async function withForeign(port, count) {
  const redis = connect(port)
  const there = await redis.dbsize()
  if (there < count) await redis.call('DEBUG', 'POPULATE', count, 'foreign', 16)
  return redis
}

const dict = client(ours.with({}))
const redis = connect(ports.ours)
await redis.set('bare', Buffer.alloc(sizes[size], 'x'))

async function get(url, dispatcher) {
  const bytes = await readers[api][read](url, dispatcher, headers)
  if (bytes !== sizes[size]) throw new Error(`${bytes} bytes instead of ${sizes[size]}`)
}

/** Hits one response, which is the only one that is stored unless the database has been filled. */
const ask = (dispatcher) => () => get(urls[0], dispatcher)

/** Hits all in turn. */
function askAll(dispatcher) {
  let n = 0
  return () => get(urls[n++ % urls.length], dispatcher)
}

/** Has a cache store all of them. */
async function fill(dispatcher) {
  for (const url of urls) await get(url, dispatcher)
}

/** The least that a hit from Redis can take: its bytes through the same client, and a hit without it. */
const bare = async () => {
  const bytes = await redis.getBuffer('bare')
  // Long bodies are checked: that takes longer than all the rest, and is not what this is about.
  if (size === '5MiB') createHash('sha256').update(bytes).digest()
  await ask(dict)()
}

await fill(withOurs(redis))
await fill(withOther(ports.other, false))
const nearCache = { maxBytes: 64 * 1024 ** 2 }
const single = {
  yardstick: bare,
  'yardstick again': bare,
  ours: ask(withOurs(redis)),
  'ours, spread': askAll(withOurs(connect(ports.ours))),
  'ours, alone': ask(withOurs(connect(ports['ours, alone']))),
  other: ask(withOther(ports.other, false)),
  'other, spread': askAll(withOther(ports.other, false)),
  'other, alone': ask(withOther(ports['other, alone'], false)),
  'ours, near': ask(withOurs(connect(ports.near), { nearCache })),
  'ours, near, share': ask(withOurs(connect(ports.near), { nearCache: { ...nearCache, shareBodies: true } })),
  'other, tracking': ask(withOther(ports.tracking, true)),
  dict: ask(dict)
}
if (size === '1KiB') {
  // Where there are as many, the other cache takes too long to be measured beside the rest.
  single['ours, 1,000 foreign'] = ask(withOurs(await withForeign(ports['1,000'], 1_000)))
  single['ours, 1,000,000 foreign'] = ask(withOurs(await withForeign(ports['1,000,000'], 1_000_000)))
}

const contenders = {}
for (const [name, once] of Object.entries(single)) {
  if (only && name !== only) continue
  contenders[name] = () => Promise.all(Array.from({ length: concurrency }, once)).then(() => {})
  await ask(dict)()
  const isSpread = name.endsWith('spread')
  for (let n = 0; n < (isSpread ? urls.length : 1); n++) await once()
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
