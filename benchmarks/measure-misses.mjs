// Misses of one body size through one API, in a process of its own; misses.mjs starts it.
import { once } from 'node:events'
import { fetch, request } from 'undici'
import { client, loadOurs } from './contenders.mjs'
import { keepsChunks } from './keeps-chunks.mjs'
import { sizes } from './origin.mjs'
import { takeTurns } from './rounds.mjs'

const { origin, size, api, only, ...limits } = JSON.parse(process.argv[2])
const ours = await loadOurs()

// Full before the first turn, so that each stored response costs the removal of another. Small bodies get a small
// store: 100 MiB of them would be a heap of 100,000 responses, whose collection every contender would pay for.
const maxBytes = size === '1KiB' ? 8 * 1024 ** 2 : 100 * 1024 ** 2

let dispatchers = {
  bare: client(),
  'bare again': client(),
  'empty interceptor': client((dispatch) => (options, handler) => dispatch(options, handler)),
  'keeps chunks': client(keepsChunks(maxBytes))
}
if (!ours.missing) {
  dispatchers.ours = client(ours.with({ maxBytes }))
  dispatchers['ours, not collapsed'] = client(ours.with({ maxBytes }, { collapse: false }))
  dispatchers['ours, not kept'] = client(ours.with({ maxBytes, maxEntryBytes: sizes[size] - 1 }))
}
if (only) dispatchers = { [only]: dispatchers[only] }

let requests = 0
let asked = '1KiB'
const newUrl = () => `${origin}/${asked}/${1e9 + ++requests}`

/** Each reads one response to its end and returns the nanoseconds until the first byte of its body. */
const readers = {
  request: async (dispatcher) => {
    const start = process.hrtime.bigint()
    const { body } = await request(newUrl(), { dispatcher })
    return drained(body, start)
  },
  fetch: async (dispatcher) => {
    const start = process.hrtime.bigint()
    const reader = (await fetch(newUrl(), { dispatcher })).body.getReader()
    let first
    let bytes = 0
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      first ??= process.hrtime.bigint()
      bytes += piece.value.length
    }
    return confirmed(bytes, first - start)
  }
}

function drained(body, start) {
  return new Promise((resolve, reject) => {
    let first
    let bytes = 0
    body.on('data', (chunk) => {
      first ??= process.hrtime.bigint()
      bytes += chunk.length
    })
    body.on('end', () => resolve(confirmed(bytes, first - start)))
    body.on('error', reject)
  })
}

function confirmed(bytes, nanoseconds) {
  if (bytes !== sizes[asked]) throw new Error(`${bytes} bytes instead of ${sizes[asked]}`)
  return Number(nanoseconds)
}

const contenders = Object.fromEntries(
  Object.entries(dispatchers).map(([name, dispatcher]) => [name, () => readers[api](dispatcher)])
)

// A process that has run for a while: long bodies alone would be over before the code was compiled.
for (const once of Object.values(contenders)) for (let i = 0; i < 5_000; i += 1) await once()
asked = size
for (const name of ['ours', 'ours, not collapsed', 'keeps chunks']) {
  const once = contenders[name]
  if (once) for (let bytes = 0; bytes <= maxBytes; bytes += sizes[size]) await once()
}

process.send({ primed: true })
await once(process, 'message')
const before = requests
const result = await takeTurns(contenders, limits)
if (dispatchers.ours) await storedLast()
// All of it has to be on its way first: a long message is cut by the end of the channel.
process.send({ ...result, missing: ours.missing, forwarded: requests - before }, () => process.disconnect())

/** One more miss and a hit on it: the origin would see two requests if nothing had been stored. */
async function storedLast() {
  const url = newUrl()
  for (let i = 0; i < 2; i += 1) {
    const { body } = await request(url, { dispatcher: dispatchers.ours })
    await body.arrayBuffer()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
