import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { fileStore } from './file-stores.mjs'

const kib = randomBytes(1024)
const digests = [sha256(kib)]
/** What such a response takes on the disk. */
const bytesEach = 4096
/** So many are stored by the store itself. */
const storedByStore = 100

/**
 * Has so many responses of 1 KiB in a folder. All but a few are written as docs/file-store.md says that they lie there, which
 * takes a fraction of the time that it takes to store them while others may be reading.
 */
export async function fillFolder(folder, count) {
  const store = fileStore(folder)
  const now = Date.now()
  for (let n = 0; n < Math.min(count, storedByStore); n++) {
    await store.set(keyOf(n), kib, () => responseOf(n, now))
  }
  const made = new Set()
  for (let n = storedByStore; n < count; n++) {
    const name = sha256(keyOf(n))
    const within = `${folder}/v1/entries/${name.slice(0, 3)}`
    if (!made.has(within)) mkdirSync(within, { recursive: true, mode: 0o700 })
    made.add(within)
    const responses = [{ beside: true, response: responseOf(n, now) }]
    const metadata = Buffer.from(`${JSON.stringify({ key: keyOf(n), responses })}\n`)
    const header = `cc-store-file 1 ${sha256(metadata)} ${String(metadata.byteLength).padStart(8, '0')}\n`
    writeFileSync(`${within}/${name}`, Buffer.concat([Buffer.from(header), metadata, kib]), { mode: 0o600 })
  }
  const others = Math.max(count - storedByStore, 0)
  appendFileSync(`${folder}/v1/entries/usage`, `${others * bytesEach} ${others} ${others}\n`)
  const { responses } = await store.get(keyOf(count - 1))
  if (responses.length !== 1) throw new Error('the store does not find what was put there')
  await store.close?.()
}

function responseOf(n, now) {
  return {
    formatVersion: 1,
    key: keyOf(n),
    slot: '0'.repeat(32),
    id: n.toString(16).padStart(32, '0'),
    method: 'GET',
    status: 200,
    statusText: 'OK',
    fields: [['Cache-Control', 'public, max-age=86400']],
    selecting: [],
    requestTime: now,
    responseTime: now,
    dropAt: now + 86_400_000,
    bodyBytes: kib.byteLength,
    digests,
    marks: {}
  }
}

function keyOf(n) {
  return `https://example.org/${n}`
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}
