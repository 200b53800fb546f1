// What caches take in memory, measured from outside. Argument: what to fill them with.
import { createServer } from 'node:http'
import { cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { Agent, request } from 'undici'

const KIB = 1_024
const MIB = 1_024 * KIB

/** What the origin answers, and how often it is asked for something else. */
const fillings = {
  /** 600 MB of fields go by. */
  'long fields': { count: 20_000, maxBytes: 32 * MIB, fields: 30 * KIB, pieces: ['x'] },
  'short bodies': { count: 30_000, maxBytes: 96 * MIB, fields: 100, pieces: ['x'.repeat(20)] },
  'small chunks': { count: 3_000, maxBytes: 32 * MIB, fields: 100, pieces: Array(20).fill('0123456789') },
  'long bodies in small chunks': {
    count: 200,
    maxBytes: 32 * MIB,
    fields: 100,
    pieces: Array(900).fill('0123456789'.repeat(10))
  },
  'long bodies': { count: 100, maxBytes: 32 * MIB, fields: 100, pieces: ['x'.repeat(MIB)] }
}

const { count, maxBytes, fields, pieces } = fillings[process.argv[2]]
const server = createServer({ keepAliveTimeout: 0 }, async (asked, response) => {
  response.setHeader('Cache-Control', 'max-age=86400').setHeader('X-Long', asked.url.padEnd(fields, 'x'))
  if (pieces.length === 1) return response.end(pieces[0])
  for (const piece of pieces) {
    response.write(piece)
    // A chunk of its own on the wire, not one of many in a packet.
    if (pieces.length < 100) await new Promise((resolve) => setImmediate(resolve))
  }
  response.end()
})
server.maxHeadersCount = 0
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${server.address().port}`
const agent = new Agent({ maxHeaderSize: 64 * KIB, connections: 8 })
const store = new DictStore({ maxBytes })
const dispatcher = agent.compose(cacheInterceptor({ store }))

async function ask(path) {
  const { body } = await request(origin + path, { dispatcher })
  return (await body.arrayBuffer()).byteLength
}

async function taken() {
  for (let i = 0; i < 8; i++) {
    gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function askEach() {
  let next = 0
  const one = async () => {
    while (next < count) await ask(`/${next++}`)
  }
  await Promise.all(Array.from({ length: 8 }, one))
}

// Connections and code are there before it is measured.
for (let i = 0; i < 500; i++) await ask(`/warm/${i % 50}`)
store.clear()
const before = await taken()
await askEach()
const filled = { taken: (await taken()) - before, bytes: store.bytes }
// Hits as well, of what is still stored: the most recent first, so that none of it is evicted.
const kept = store.size
for (let n = count - 1; n >= count - kept + 10; n--) await ask(`/${n}`)
const hit = { taken: (await taken()) - before, bytes: store.bytes }
console.log(JSON.stringify({ maxBytes, filled, hit, kept, counters: store.counters }))
await agent.close()
server.close()
