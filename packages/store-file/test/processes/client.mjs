// A process with a cache on a folder. It does what its parent sends, and answers.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import fs, { readdirSync, readlinkSync, statSync, truncateSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { createCache } from '@cc/core'
import { FileStore } from '@cc/store-file'
import { Agent, request } from 'undici'
import { contentOf } from './content.mjs'
import { mixture, read, write } from './work.mjs'

let store
let cache
let agent
let dispatcher
let now
const leases = []
const bodies = []
/** Who waits for the next decision: how many there were matters, not which. */
const waiting = []

/** How many timers of a millisecond are running: what is done in the background rests that long. */
let shortTimers = 0
const { setTimeout: setTimer } = globalThis
globalThis.setTimeout = Object.assign((run, ms, ...args) => {
  if (ms !== 1) return setTimer(run, ms, ...args)
  shortTimers++
  return setTimer(() => {
    shortTimers--
    run(...args)
  }, ms)
}, setTimer)

/** A cache of nothing, to draw random values with. */
const idle = createCache({
  store: {
    contract: 1,
    get: () => ({ responses: [] }),
    openBody() {},
    set() {},
    update: () => false,
    mark() {},
    delete() {}
  }
})

const calls = {
  /** Opens the folder, with a cache in front of it that knows nothing of what came before. */
  async open({ folder, storeOptions = {}, cacheOptions = {}, connections, clock }) {
    // What the one before still had to write is not to come into a folder that is another's by now.
    if (store !== undefined) store.mark = () => Promise.reject(new Error('over'))
    now = clock
    const ticking = clock === undefined ? {} : { clock: () => now }
    store = new FileStore(folder, storeOptions)
    // A machine that is busy is not what is tested: no operation is given up because it takes long.
    const patient = { storeTimeoutMs: 60_000, onDecision: (decision) => waiting.shift()(decision) }
    cache = createCache({ store, ...patient, ...ticking, ...cacheOptions })
    agent ??= new Agent(connections === undefined ? {} : { connections })
    dispatcher = agent.compose(cache.interceptor)
  },
  setClock: (clock) => {
    now = clock
  },
  /** Asks for a URL through the cache, reads the answer to its end, and waits until the cache has done with it. */
  ask: (url, options = {}) => ask(url, options),
  /** The same of an answer that is too long to be kept, and how much more memory the process takes meanwhile. */
  pass,
  /** Asks for them at the same time. */
  askAll: (urls) => Promise.all(urls.map((url) => ask(url, {}))),
  stats: () => cache.stats(),
  write: (key, id) => write(store, key, id),
  async writeAll(keys) {
    for (const key of keys) await write(store, key)
  },
  /** Stores short responses, one for each number. */
  async fill(from, to) {
    for (let n = from; n < to; n++) {
      await write(store, `https://example.org/${n}`, `01${n.toString(16).padStart(30, '0')}`)
      if (n % 64 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  },
  /** Writes until it is killed. */
  async writeForEver(keys) {
    for (let i = 0; process.connected; i++) {
      await write(store, keys[i % keys.length])
      if (i % 8 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  },
  read: (key) => read(store, key),
  readAll: async (keys) => {
    const seen = []
    for (const key of keys) seen.push(await read(store, key))
    return seen
  },
  mixture: (keys, operations) => mixture(store, keys, operations),
  async call(method, ...args) {
    return (await store[method](...args)) ?? null
  },
  /** Begins to read the body of the response under the key: its first piece; `readOn` reads the rest. */
  async beginReading(key) {
    const { responses } = await store.get(key)
    const { id } = responses[0].response
    const body = await store.openBody(key, id)
    const pieces = body[Symbol.asyncIterator]?.() ?? body[Symbol.iterator]()
    const { value } = await pieces.next()
    bodies.push({ pieces, first: Buffer.from(value) })
    return { id, bytes: value.byteLength }
  },
  async readOn() {
    const { pieces, first } = bodies.shift()
    const all = [first]
    for (let piece = await pieces.next(); !piece.done; piece = await pieces.next()) all.push(Buffer.from(piece.value))
    return digestOf(Buffer.concat(all))
  },
  digestOfContent: (id) => digestOf(contentOf(id)),
  /** Cuts every longer file of a folder, in place. */
  truncateFiles(folder, length) {
    for (const name of readdirSync(folder, { recursive: true })) {
      const path = join(folder, name)
      const stats = statSync(path)
      if (stats.isFile() && stats.size > length) truncateSync(path, length)
    }
  },
  /** Does a mixture in so many threads, every other one with a copy of the package. */
  threads: (folder, keys, count, operations) =>
    Promise.all(
      Array.from({ length: count }, async (_, n) => {
        const workerData = { folder, keys, operations, copy: n % 2 === 1 }
        const [counts] = await once(new Worker(new URL('thread.mjs', import.meta.url), { workerData }), 'message')
        return counts
      })
    ),
  async lock(key, leaseMs, waitMs) {
    const lease = await store.lock(key, { leaseMs, waitMs })
    if (lease === undefined) return false
    leases.push(lease)
    return true
  },
  release: () => leases.shift().release(),
  readFile: async (path) => (await readFile(path)).byteLength,
  /** What a library may have changed in the process: who listens for signals and for its end, and how it ends. */
  changeable: () => ({
    listeners: process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`),
    functions: [process.emit, process.reallyExit, fs.close, fs.closeSync].map(String)
  }),
  /** What it has open. */
  openPaths: () =>
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`)
      } catch {
        // The one of the listing itself.
        return []
      }
    }),
  keys: async () => {
    const keys = []
    for await (const key of store.keys()) keys.push(key)
    return keys
  },
  /** Asks, and gives the answer up at its first byte. */
  async abandon(url) {
    const decided = new Promise((resolve) => waiting.push(resolve))
    const { body } = await request(url, { dispatcher })
    await once(body, 'readable')
    body.destroy()
    body.on('error', () => {})
    await decided
  },
  /** Until what nobody waits for is over: for some turns nothing has been under way. */
  async settle() {
    for (let quiet = 0; quiet < 20; quiet = isAtWork() ? 0 : quiet + 1) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  },
  async startOver(from = 0) {
    globalThis.startOver(from)
    // The core draws many values at a time, and uses them up before it draws again.
    while (globalThis.drawn() === from) await idle.invalidate('https://example.org/')
  }
}

/** Whether files are read or written, or that only lets others go first. */
function isAtWork() {
  return shortTimers > 0 || process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'))
}

async function ask(url, { method = 'GET', headers: sent = {} }) {
  const decided = new Promise((resolve) => waiting.push(resolve))
  try {
    const { statusCode, headers, body } = await request(url, { method, headers: sent, dispatcher })
    const bytes = Buffer.from(await body.arrayBuffer())
    const { outcome, stored } = await decided
    return { status: statusCode, generation: Number(headers['x-generation']), outcome, stored, ...digestOf(bytes) }
  } catch (error) {
    return { error: String(error?.stack ?? error) }
  }
}

async function pass(url) {
  const decided = new Promise((resolve) => waiting.push(resolve))
  const before = process.memoryUsage.rss()
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 20)
  const { body } = await request(url, { dispatcher })
  const sha256 = createHash('sha256')
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    sha256.update(chunk)
  }
  const { outcome, stored } = await decided
  clearInterval(watch)
  return { bytes, sha256: sha256.digest('hex'), outcome, stored, grownBytes: most - before }
}

function digestOf(bytes) {
  return { bytes: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') }
}

process.on('message', async ({ id, name, args }) => {
  try {
    const answer = await calls[name](...args)
    if (process.connected) process.send({ id, answer })
  } catch (error) {
    if (process.connected) process.send({ id, error: String(error?.stack ?? error) })
  }
})
// From then on nothing that is its own keeps it alive.
process.on('disconnect', () => agent?.destroy())
process.send({ ready: true })
