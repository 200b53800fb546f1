// Times hits in caches that hold more and fewer responses, by turns. Argument: how many the largest one holds.
import { createServer } from 'node:http'
import { cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { Agent, request } from 'undici'
import { processorMs } from './processor-time.mjs'

const counts = { few: 10, some: 1_000, many: Number(process.argv[2]), others: 100_000 }
const variants = 32
const rounds = 50
const hitsARound = counts.others / rounds
const warmUp = 10

const server = createServer((asked, response) => {
  response.setHeader('Cache-Control', 'max-age=86400')
  if (asked.url.startsWith('/vary')) response.setHeader('Vary', 'Accept-Language')
  response.end('a body of some forty characters or so, more')
})
server.keepAliveTimeout = 0
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${server.address().port}`
const agent = new Agent()

function newCache() {
  const store = new DictStore({ maxBytes: 16 * 2 ** 30 })
  return { store, dispatcher: agent.compose(cacheInterceptor({ store })) }
}

async function ask({ dispatcher }, path, headers = {}) {
  const { body } = await request(origin + path, { dispatcher, headers })
  return await body.text()
}

/** Stores what core made of one response again under other keys: a million exchanges would only take longer. */
async function fill(cache, count) {
  await ask(cache, '/r/0')
  await ask(cache, '/r/0')
  const key = (n) => `${origin}/r/${n}`
  const [{ response, body }] = cache.store.get(key(0)).responses
  for (let n = 1; n < count; n++) {
    const id = n.toString(16).padStart(response.id.length, '0')
    const copy = Object.freeze({
      ...response,
      key: key(n),
      id,
      fields: response.fields.map(([name, value]) => [name, value])
    })
    cache.store.set(key(n), body, () => copy)
  }
  if (cache.store.size !== count) throw new Error(`${cache.store.size} stored instead of ${count}`)
}

let hits = 0
const handler = {
  onRequestStart() {},
  onResponseStart(_controller, status) {
    if (status === 200) hits++
  },
  onResponseData() {},
  onResponseEnd() {},
  onResponseError(_controller, error) {
    throw error
  }
}

const by = {
  async dispatch(cache, path, headers) {
    cache.dispatcher.dispatch({ origin, path, method: 'GET', headers }, handler)
  },
  async request(cache, path, headers) {
    await ask(cache, path, headers)
    hits++
  }
}

/** Microseconds of the processor for one hit, of each contender in each round; who begins changes. */
async function takeTurns(api, contenders) {
  const hit = by[api]
  const names = Object.keys(contenders)
  const times = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round) % names.length]
      const { cache, pathOf, headersOf } = contenders[name]
      const before = hits
      const began = processorMs()
      for (let i = round * hitsARound; i < (round + 1) * hitsARound; i++) await hit(cache, pathOf(i), headersOf?.(i))
      times[name].push(((processorMs() - began) * 1_000) / hitsARound)
      if (hits - before !== hitsARound) throw new Error('not every request was a hit')
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return Object.fromEntries(names.map((name) => [name, times[name].slice(warmUp)]))
}

const few = newCache()
const some = newCache()
const many = newCache()
const others = newCache()
await fill(few, counts.few)
await fill(some, counts.some)
await fill(many, counts.many)
await fill(others, counts.others)
const single = newCache()
const several = newCache()
const varied = newCache()
const language = (n) => ({ 'accept-language': `l-${n}` })
// What is asked for again is stored by then.
for (let n = 0; n < 2; n++) await ask(single, '/vary', language(0))
for (let n = 0; n < 2 * 8; n++) await ask(several, '/vary', language(n >> 1))
for (let n = 0; n < 2 * variants; n++) await ask(varied, '/vary', language(n >> 1))
const stored = [few, many, others, single, several, varied].map(({ store }) => store.size)
let forwarded = 0
server.on('request', () => forwarded++)

/** The same ten, and as many spread over a cache of any size. */
const tenOf = (count) => (i) => `/r/${(i % counts.few) * Math.floor(count / counts.few)}`
/** One after the other that was not asked for before. */
const each = (count) => (i) => `/r/${(i * 7_919) % count}`
const times = {}
for (const api of Object.keys(by)) {
  times[api] = await takeTurns(api, {
    'ten of few': { cache: few, pathOf: tenOf(counts.few) },
    'ten of some': { cache: some, pathOf: tenOf(counts.some) },
    'ten of others': { cache: others, pathOf: tenOf(counts.others) },
    'ten of many': { cache: many, pathOf: tenOf(counts.many) },
    'one variant': { cache: single, pathOf: () => '/vary', headersOf: () => language(0) },
    'eight variants': { cache: several, pathOf: () => '/vary', headersOf: (i) => language(i % 8) },
    'all variants': { cache: varied, pathOf: () => '/vary', headersOf: (i) => language(i % variants) }
  })
}
times.first = await takeTurns('dispatch', {
  'each of others': { cache: others, pathOf: each(counts.others) },
  'each of many': { cache: many, pathOf: each(counts.many) }
})
console.log(JSON.stringify({ forwarded, stored, times }))
await agent.close()
server.close()
