// What the process holds while long bodies go by that are not stored: with a cache, and without one. In bytes.

import { createServer } from 'node:http'
import { cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { Agent } from 'undici'
import { ElsewhereStore } from '../soak/stores.mjs'

const MIB = 2 ** 20
const bodyBytes = 32 * MIB
const sampleEvery = 8 * MIB

const server = createServer({ keepAliveTimeout: 0 }, async ({ url }, response) => {
  const path = new URL(url, 'http://origin.test').pathname
  response.setHeader('Cache-Control', path === '/no-store' ? 'no-store' : 'max-age=86400')
  if (path === '/announced') response.setHeader('Content-Length', bodyBytes)
  for (let sent = 0; sent < bodyBytes; sent += 65_536) {
    if (!response.write(Buffer.alloc(65_536, 'x'))) await new Promise((resolve) => response.once('drain', resolve))
  }
  response.end()
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${server.address().port}`
const agent = new Agent()

async function held() {
  for (let i = 0; i < 4; i++) {
    gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Reads a body to its end, and looks now and then what is held; resolves to the samples. */
async function read(dispatcher, path, headers) {
  const samples = []
  let received = 0
  let looking = Promise.resolve()
  await new Promise((resolve, reject) => {
    const handler = {
      onRequestStart() {},
      onResponseStart() {},
      onResponseData(controller, chunk) {
        received += chunk.byteLength
        if (received < sampleEvery * (samples.length + 1)) return
        samples.push(undefined)
        const at = samples.length - 1
        controller.pause()
        looking = held().then((bytes) => {
          samples[at] = bytes
          controller.resume()
        })
      },
      onResponseEnd: () => resolve(),
      onResponseError: (_controller, error) => reject(error)
    }
    dispatcher.dispatch({ origin, path, method: 'GET', headers }, handler)
  })
  await looking
  if (received !== bodyBytes) throw new Error(`${received} bytes`)
  return samples
}

/** Path, request fields and store of what is not stored. */
const cases = {
  'no-store': ['/no-store', {}, new DictStore()],
  'no-store in the request': ['/chunked', { 'cache-control': 'no-store' }, new DictStore()],
  'a Content-Length above the limit': ['/announced', {}, new DictStore()],
  'more than the limit, in memory': ['/chunked', {}, new DictStore()],
  'more than the limit, elsewhere': ['/chunked', {}, limited(new ElsewhereStore({}))],
  'a store that left off': ['/chunked', {}, leavingOff(new ElsewhereStore({}))]
}

function limited(store) {
  store.maxEntryBytes = 5 * MIB
  return store
}

/** Takes a little of a body and then no more. */
function leavingOff(store) {
  store.set = async (_key, body) => {
    if (body instanceof Uint8Array) return
    for await (const _ of body) return
  }
  return store
}

const report = {}
await read(agent, '/no-store', {})
for (const [what, [path, headers, store]] of Object.entries(cases)) {
  const decisions = []
  const cache = agent.compose(cacheInterceptor({ store, onDecision: (decision) => decisions.push(decision) }))
  const before = await held()
  const bare = await read(agent, `${path}?bare`, headers)
  const cached = await read(cache, path, headers)
  const after = await held()
  if (decisions.some(({ stored }) => stored)) throw new Error(`${what}: stored`)
  const [{ outcome, notStored }] = decisions
  report[what] = {
    bare: bare.map((bytes) => bytes - before),
    cached: cached.map((bytes) => bytes - before),
    after: after - before,
    why: notStored?.reason ?? outcome
  }
}
console.log(JSON.stringify(report))
await agent.close()
server.close()
