// Storing bodies of one size in a folder, in a process of its own; file-writes.mjs starts it.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import cacache from 'cacache'
import { fileStore, folderForStores } from './file-stores.mjs'
import { fileSizes as sizes } from './origin.mjs'
import { roundsFor, takeTurns } from './rounds.mjs'

const { size, ...limits } = JSON.parse(process.argv[2])
const { folder, remove } = await folderForStores()
// Others each time, as bodies are: cacache stores the same bytes once.
const bytes = randomBytes(sizes[size])
const keys = Math.max(2, Math.min(1_000, Math.floor((256 * 1024 ** 2) / sizes[size])))
let stored = 0

const newBytes = () => {
  bytes.writeUInt32BE(++stored)
  return bytes
}
const pieces = (body) =>
  Array.from({ length: Math.ceil(body.byteLength / 65_536) }, (_, n) => body.subarray(n * 65_536, (n + 1) * 65_536))
const hex = (text) => createHash('sha256').update(text).digest('hex').slice(0, 32)

/** The digest of each MiB of what was added, as core makes them while a body comes. */
class Digests {
  list = []
  #hash
  #bytes = 0

  add(piece) {
    this.#hash ??= createHash('sha256')
    this.#hash.update(piece)
    this.#bytes += piece.byteLength
    if (this.#bytes % 1024 ** 2 === 0) this.end()
  }

  end() {
    if (this.#hash !== undefined) this.list.push(this.#hash.digest('hex'))
    this.#hash = undefined
  }
}

/** As core hands bodies over: those of up to a MiB when all of them is there, longer ones while they come. */
function bodyAsItComes(body, digests) {
  const digested = function* () {
    for (const piece of pieces(body)) {
      digests.add(piece)
      yield piece
    }
    digests.end()
  }
  if (body.byteLength > 1024 ** 2)
    return (async function* () {
      yield* digested()
    })()
  const all = [...digested()]
  return all.length === 1 ? all[0] : all
}

/** With `isNew` each time under a key that nothing is stored under; else in the place of what was stored before. */
function storing(name, isNew = false) {
  const store = fileStore(join(folder, name))
  return async () => {
    const body = newBytes()
    const key = keyFor(isNew)
    const now = Date.now()
    const digests = new Digests()
    let isStored = false
    await store.set(key, bodyAsItComes(body, digests), () => {
      isStored = true
      return {
        formatVersion: 1,
        key,
        slot: hex('slot'),
        id: hex(`${stored}`),
        method: 'GET',
        status: 200,
        statusText: 'OK',
        fields: [
          ['Content-Type', 'application/octet-stream'],
          ['Cache-Control', 'public, max-age=3600']
        ],
        selecting: [],
        requestTime: now,
        responseTime: now,
        dropAt: now + 86_400_000,
        bodyBytes: body.byteLength,
        digests: digests.list,
        marks: {}
      }
    })
    if (!isStored) throw new Error(`${name}: not stored`)
  }
}

const keyFor = (isNew) => `https://example.org/${isNew ? `new/${stored}` : stored % keys}`
const puttingInto = (name, isNew) => async () => {
  const body = newBytes()
  await cacache.put(join(folder, name), keyFor(isNew), body)
}

const contenders = {
  ours: storing('ours'),
  'ours again': storing('again'),
  cacache: puttingInto('cacache', false),
  // Where the file system has little to do for the bytes, it matters whether a name is new.
  ...(sizes[size] <= 100 * 1024 && {
    'ours, new': storing('ours-new', true),
    'cacache, new': puttingInto('cacache-new', true)
  })
}
for (const once of Object.values(contenders)) await once()

process.send({ primed: true })
await once(process, 'message')
const result = await takeTurns(contenders, roundsFor(size, limits))
await remove()
process.send({ ...result, forwarded: 0 }, () => process.exit())
