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
const pieces = function* (body) {
  for (let at = 0; at < body.byteLength; at += 65_536) yield body.subarray(at, at + 65_536)
}
const hex = (text) => createHash('sha256').update(text).digest('hex').slice(0, 32)

/** As core does it, the digest of each MiB included. */
function storing(name) {
  const store = fileStore(join(folder, name))
  return async () => {
    const body = newBytes()
    const key = `https://example.org/${stored % keys}`
    const now = Date.now()
    const digests = []
    let isStored = false
    await store.set(key, body.byteLength > 65_536 ? pieces(body) : body, () => {
      for (let at = 0; at < body.byteLength; at += 1024 ** 2)
        digests.push(
          createHash('sha256')
            .update(body.subarray(at, at + 1024 ** 2))
            .digest('hex')
        )
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
        digests,
        marks: {}
      }
    })
    if (!isStored) throw new Error(`${name}: not stored`)
  }
}

const contenders = {
  ours: storing('ours'),
  'ours again': storing('again'),
  cacache: () => cacache.put(join(folder, 'cacache'), `https://example.org/${stored % keys}`, newBytes()).then(() => {})
}
for (const once of Object.values(contenders)) await once()

process.send({ primed: true })
await once(process, 'message')
const result = await takeTurns(contenders, roundsFor(size, limits))
await remove()
process.send({ ...result, forwarded: 0 }, () => process.exit())
