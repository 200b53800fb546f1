// What processes do to a folder while others do the same.
import { randomBytes, randomInt } from 'node:crypto'
import { collected, contentOf, inPieces, responseOf } from './content.mjs'

const slot = '0'.repeat(32)
const newId = () => randomBytes(16).toString('hex')

/** Stores a response of its own under the key; whether `complete` was called. */
export async function write(store, key, id = newId()) {
  const bytes = contentOf(id)
  let asked = false
  await store.set(key, bytes.byteLength > 16_384 ? inPieces(bytes) : bytes, () => {
    asked = true
    return responseOf(key, slot, id, Date.now())
  })
  return asked
}

/** Reads what is under the key: `absent`, `whole`, or what is wrong with it. */
export async function read(store, key) {
  const { responses } = await store.get(key)
  for (const { response, body } of responses) {
    const wanted = contentOf(response.id)
    if (response.key !== key || response.bodyBytes !== wanted.byteLength) return `metadata of another: ${response.id}`
    const opened = body ?? (await store.openBody(key, response.id))
    if (opened === undefined) return 'absent'
    const bytes = await collected(opened)
    if (!bytes.equals(wanted)) return `${bytes.byteLength} of ${wanted.byteLength} bytes, not those of ${response.id}`
  }
  return responses.length === 0 ? 'absent' : 'whole'
}

/** Does a random mixture of everything; how often it did and saw what. */
export async function mixture(store, keys, operations) {
  const counts = {}
  const count = (what) => {
    counts[what] = (counts[what] ?? 0) + 1
  }
  for (let i = 0; i < operations; i++) {
    const key = keys[randomInt(keys.length)]
    const chance = randomInt(100)
    try {
      if (chance < 60) count(`read: ${await read(store, key)}`)
      else if (chance < 90) count((await write(store, key)) ? 'write' : 'write given up')
      else if (chance < 95) count(await freshen(store, key))
      else if (chance < 98) count(await remove(store, key))
      else count(await mark(store, key))
    } catch (error) {
      count(`error: ${error?.stack ?? error}`)
    }
    // An answer without a promise would keep everything else of the process waiting.
    if (i % 64 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return counts
}

async function freshen(store, key) {
  const { responses } = await store.get(key)
  if (responses.length > 0) await store.update(key, { ...responses[0].response, responseTime: Date.now() })
  return 'update'
}

async function remove(store, key) {
  await store.delete(key)
  return 'delete'
}

async function mark(store, key) {
  const at = Date.now()
  await store.mark(key, { value: newId(), at, dropAt: at + 3_600_000 })
  return 'mark'
}
