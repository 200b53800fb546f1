// A body of 1 GiB, bare and through a cache with a folder, in a process of its own; file-growth.mjs starts it.
import { request } from 'undici'
import { client } from './contenders.mjs'
import { folderForStores, withFileStore } from './file-stores.mjs'

const [origin, rounds] = process.argv.slice(2)
const gib = 1024 ** 3
const { folder, remove } = await folderForStores()
let decided = () => {}
const cached = withFileStore(folder, { onDecision: () => decided() })
const [bare, bareAgain] = [client(), client()]
const url = (n) => `${origin}/1GiB/${n}`

/** Reads one body to its end; the nanoseconds to its first byte, and the most memory the process had meanwhile. */
async function pass(dispatcher, url) {
  let first
  let most = 0
  let bytes = 0
  const start = process.hrtime.bigint()
  const { body } = await request(url, { dispatcher })
  for await (const piece of body) {
    first ??= Number(process.hrtime.bigint() - start)
    bytes += piece.byteLength
    if (bytes % (16 * 1024 ** 2) < piece.byteLength) most = Math.max(most, process.memoryUsage.rss())
  }
  if (bytes !== gib) throw new Error(`${bytes} bytes instead of ${gib}`)
  return { first, most }
}

// What undici itself needs for such a body, and code that has been compiled, is not counted.
await pass(bare, url('bare'))
await pass(bareAgain, url('bare'))
const small = await request(`${origin}/5MiB/warm`, { dispatcher: cached })
await small.body.dump({ limit: gib })
globalThis.gc()
const before = process.memoryUsage.rss()
// The store is still at work when the caller has it all.
const stored = new Promise((resolve) => {
  decided = resolve
})
const { most: whileStored } = await pass(cached, url('hit'))
await stored
const { most: whileReplayed } = await pass(cached, url('hit'))

const times = { bare: [], bareAgain: [], ours: [] }
for (let round = 0; round < Number(rounds); round += 1) {
  const turns = [
    ['bare', bare],
    ['bareAgain', bareAgain],
    ['ours', cached]
  ].sort(() => Math.random() - 0.5)
  for (const [name, dispatcher] of turns) {
    // One that has been stored already is replaced by none: each is new.
    const { first } = await pass(dispatcher, url(`${name}-${round % 2}-${Date.now()}`))
    times[name].push(first)
  }
}
await remove()
process.send({ stored: whileStored - before, replayed: whileReplayed - before, ...times }, () => process.exit())
