import { mkdirSync, writeFileSync } from 'node:fs'
import { sampleResponse } from '@cc/core/testing'
import { FileStore } from '@cc/store-file'
import { writeKeyFile } from '../src/key-file.js'
import { hashOf, Layout } from '../src/layout.js'
import { sizeOnDisk } from '../src/size-on-disk.js'

const body = Buffer.alloc(1_000, 'x')
const keyOf = (n: number) => `https://example.org/${n}`

/**
 * Puts responses from `from` to `to` into the folder of a cache as the store would, file by file, but each in a fraction of
 * the time: nobody reads the folder meanwhile.
 */
export async function fillFolder(folder: string, from: number, to: number): Promise<void> {
  const layout = new Layout(folder)
  const made = new Set<string>()
  let bytes = 0
  for (let n = from; n < to; n++) {
    const key = keyOf(n)
    const hash = hashOf(key)
    const within = layout.entriesFolder(hash)
    if (!made.has(within)) mkdirSync(within, { recursive: true, mode: 0o700 })
    made.add(within)
    const response = sampleResponse({ key, id: n.toString(16).padStart(32, '0'), bodyBytes: body.byteLength })
    const file = writeKeyFile(key, [{ response, body }]) as Buffer
    writeFileSync(layout.keyFile(hash), file, { mode: 0o600 })
    bytes += sizeOnDisk(file.byteLength)
  }
  writeFileSync(layout.usage, `${bytes} ${to - from} ${to - from}\n`, { flag: 'a', mode: 0o600 })
  const { responses } = await new FileStore(folder).get(keyOf(to - 1))
  if (responses.length !== 1) throw new Error('the store does not find what was put there')
}
