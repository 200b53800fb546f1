// Times each stretch that core works without letting go of the event loop, in milliseconds. Argument: rounds.

import { createServer } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { Agent, request } from 'undici'
import { ElsewhereStore } from '../soak/stores.mjs'

const rounds = Number(process.argv[2])
const sizes = { '1 KiB': 2 ** 10, '64 KiB': 2 ** 16, '1 MiB': 2 ** 20, '5 MiB': 5 * 2 ** 20 }

let longest = 0
/** Calls `work` and remembers how long it took, if longer than all before. */
function timed(work) {
  const began = performance.now()
  try {
    return work()
  } finally {
    longest = Math.max(longest, performance.now() - began)
  }
}

// What core puts off.
const { setImmediate } = globalThis
globalThis.setImmediate = (work, ...args) => setImmediate((...args) => timed(() => work(...args)), ...args)

/** Below the cache: what undici calls of core. */
const below = (dispatch) => (opts, handler) => {
  const get = (_, name) => {
    const value = handler[name]
    return typeof value === 'function' ? (...args) => timed(() => value.apply(handler, args)) : value
  }
  return dispatch(opts, new Proxy(handler, { get }))
}

/** What core does between two pieces of a stored body, and before the end. */
class WatchedStore extends ElsewhereStore {
  async openBody(...args) {
    const body = await super.openBody(...args)
    return (async function* () {
      for await (const piece of body) {
        // Another turn for each piece, as with a file or a socket.
        await new Promise((resolve) => setImmediate(resolve))
        const began = performance.now()
        yield piece
        longest = Math.max(longest, performance.now() - began)
      }
    })()
  }
}

const server = createServer({ keepAliveTimeout: 0 }, (asked, response) => {
  const size = sizes[decodeURIComponent(asked.url.split('/')[1])]
  response.setHeader('Cache-Control', 'max-age=86400').end(Buffer.alloc(size, 'x'))
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${server.address().port}`
const agent = new Agent()
const stores = { memory: new DictStore(), elsewhere: new WatchedStore({ maxEntryBytes: 16 * 2 ** 20 }) }

/** Reads without undici's consumer, which is not ours. */
function ask(dispatcher, path) {
  return new Promise((resolve, reject) => {
    let bytes = 0
    const handler = {
      onRequestStart() {},
      onResponseStart() {},
      onResponseData(_controller, chunk) {
        bytes += chunk.byteLength
      },
      onResponseEnd: () => resolve(bytes),
      onResponseError: (_controller, error) => reject(error)
    }
    timed(() => dispatcher.dispatch({ origin, path, method: 'GET' }, handler))
  })
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const report = {}
for (const [name, store] of Object.entries(stores)) {
  const outcomes = []
  const dispatcher = agent.compose(
    below,
    // How long a turn takes is measured, not how long a busy machine lets the store wait.
    cacheInterceptor({ store, storeTimeoutMs: 60_000, onDecision: ({ outcome }) => outcomes.push(outcome) })
  )
  for (const [size, bytes] of Object.entries(sizes)) {
    const stretches = { miss: [], 'first hit': [], 'second hit': [] }
    for (let round = 0; round < rounds; round++) {
      for (const step of Object.keys(stretches)) {
        longest = 0
        outcomes.length = 0
        const received = await ask(dispatcher, `/${encodeURIComponent(size)}/${round}`)
        while (outcomes.length === 0) await turn()
        if (received !== bytes || !step.endsWith(outcomes[0])) throw new Error(`${outcomes[0]} of ${received} bytes`)
        stretches[step].push(longest)
      }
    }
    for (const [step, times] of Object.entries(stretches)) report[`${name}, ${size}, ${step}`] = times
  }
}

/** What the loop itself tells while many ask: undici and the origin's connections take their part in it. */
async function delayUnderLoad(dispatcher) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const ends = performance.now() + 4 * rounds
  const work = async (worker) => {
    for (let n = 0; performance.now() < ends; n++) {
      const size = Object.keys(sizes)[(n + worker) % 3]
      const { body } = await request(`${origin}/${encodeURIComponent(size)}/${n % 50}`, { dispatcher })
      await body.arrayBuffer()
      await turn()
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, worker) => work(worker)))
  delay.disable()
  const ms = (nanoseconds) => nanoseconds / 1e6
  return { median: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) }
}

// By turns: whatever else the machine does holds both up.
const loops = []
const cache = agent.compose(cacheInterceptor({ store: new DictStore() }))
for (let round = 0; round < 7; round++) {
  loops.push({ bare: await delayUnderLoad(agent), cached: await delayUnderLoad(cache) })
}
console.log(JSON.stringify({ report, loops }))
await agent.close()
server.close()
