import { createHash, randomBytes } from 'node:crypto'
import { fileStore } from './file-stores.mjs'

const kib = randomBytes(1024)

/** Stores so many responses of 1 KiB in a folder, a hundred at a time. */
export async function fillFolder(folder, count) {
  const store = fileStore(folder)
  const now = Date.now()
  const digests = [createHash('sha256').update(kib).digest('hex')]
  const put = async (n) => {
    const key = `https://example.org/${n}`
    const id = n.toString(16).padStart(32, '0')
    await store.set(key, kib, () => ({
      formatVersion: 1,
      key,
      slot: '0'.repeat(32),
      id,
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
    }))
  }
  for (let n = 0; n < count; n += 100) {
    await Promise.all(Array.from({ length: Math.min(100, count - n) }, (_, i) => put(n + i)))
  }
  await store.close?.()
}
