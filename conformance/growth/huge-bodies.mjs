// Passes a body through a cache that is far longer than the memory it may take. Arguments: kind of store, bytes, framing.
import { createServer } from 'node:http'
import { cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { Agent, request } from 'undici'

const MIB = 2 ** 20
const [kind, length, framing] = [process.argv[2], Number(process.argv[3]), process.argv[4]]
const period = Buffer.from(Uint8Array.from({ length: MIB }, (_, at) => (at * 31 + (at >> 8)) % 251))
const twice = Buffer.concat([period, period])

/** Looks at bytes as they pass: all of them must be those of their place. */
class Checked {
  bytes = 0
  isRight = true

  add(chunk) {
    for (let at = 0; at < chunk.byteLength; at += MIB) {
      const part = chunk.subarray(at, at + MIB)
      const place = (this.bytes + at) % MIB
      if (twice.compare(part, 0, part.byteLength, place, place + part.byteLength) !== 0) this.isRight = false
    }
    this.bytes += chunk.byteLength
  }
}

function* pieces() {
  for (let at = 0; at < length; at += MIB) yield length - at < MIB ? period.subarray(0, length - at) : period
}

/** Keeps of a body no more than that it was whole. */
class SparseStore {
  contract = 1
  #response
  written = new Checked()

  async get() {
    return { responses: this.#response === undefined ? [] : [{ response: this.#response }] }
  }

  async openBody() {
    return pieces()
  }

  async set(_key, body, complete) {
    for await (const chunk of body) this.written.add(chunk)
    this.#response = JSON.parse(JSON.stringify(complete()))
  }

  async update() {
    return false
  }

  async mark() {}
  async delete() {}
}

const server = createServer(async (_asked, response) => {
  response.setHeader('Cache-Control', 'max-age=86400')
  if (framing === 'announced') response.setHeader('Content-Length', length)
  for (const piece of pieces()) {
    if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve))
  }
  response.end()
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const agent = new Agent()
const store = kind === 'elsewhere' ? new SparseStore() : new DictStore()
const decisions = []
const dispatcher = agent.compose(
  cacheInterceptor({ store, storeTimeoutMs: 60_000, onDecision: (decision) => decisions.push(decision) })
)
let mostBytes = 0
const watch = setInterval(() => {
  mostBytes = Math.max(mostBytes, process.memoryUsage.rss())
}, 50)

async function ask() {
  const { body } = await request(`http://127.0.0.1:${server.address().port}/`, { dispatcher })
  const got = new Checked()
  for await (const chunk of body) got.add(chunk)
  return { bytes: got.bytes, isRight: got.isRight }
}

const asked = [await ask(), await ask()]
while (decisions.length < asked.length) await new Promise((resolve) => setImmediate(resolve))
clearInterval(watch)
const { written } = store
console.log(
  JSON.stringify({
    asked,
    mostBytes,
    ...(written && { written: { bytes: written.bytes, isRight: written.isRight } }),
    decisions: decisions.map(({ outcome, stored, notStored }) => ({ outcome, stored, notStored }))
  })
)
await agent.close()
server.close()
