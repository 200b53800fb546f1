import { createHash } from 'node:crypto'
import { FileStore } from '@cc/store-file'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { filesIn, newFolder, openFilesIn, put, removeFolder } from '../test/sample.js'

let folder: string
beforeEach(() => {
  folder = newFolder()
})
afterEach(() => removeFolder(folder))

const mib = 1_048_576

function digestsOf(bytes: Uint8Array): string[] {
  const digests: string[] = []
  for (let at = 0; at < bytes.byteLength; at += mib) {
    digests.push(
      createHash('sha256')
        .update(bytes.subarray(at, at + mib))
        .digest('hex')
    )
  }
  return digests
}

function changedAt(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes)
  changed[at] = 0
  return changed
}

describe('the digests of a body', () => {
  describe.each(['sync', 'async'] as const)('with reads: %s', (reads) => {
    it.each([70_000, 300_000, mib, 2 * mib + 1])(
      'are compared before it gets its name: %i bytes (row D14)',
      async (length) => {
        const store = new FileStore(folder, { reads })
        const bytes = Buffer.alloc(length, 'some text ')
        const digests = digestsOf(bytes)
        for (const [at, form] of [0, length - 1].flatMap((at) => [0, 1, 2].map((form) => [at, form] as const))) {
          const changed = changedAt(bytes, at)
          const pieces = [changed.subarray(0, 1_000), changed.subarray(1_000)]
          async function* coming() {
            yield* pieces
          }
          const body = [changed, pieces, coming()][form]
          await expect(async () => put(store, 'a key', length, { digests }, body)).rejects.toThrow(
            'others were written'
          )
          expect((await store.get('a key')).responses).toEqual([])
        }
        // From then on none are made while it is written, until they are wanted again.
        await put(store, 'another key', length)
        for (const body of [changedAt(bytes, length - 1), [changedAt(bytes, 0)]]) {
          await expect(async () => put(store, 'a key', length, { digests }, body)).rejects.toThrow(
            'others were written'
          )
          await put(store, 'another key', length)
        }
        await store.delete('another key')
        expect(filesIn(folder).filter((path) => !/CACHEDIR.TAG$|usage$/.test(path))).toEqual([])
        await put(store, 'a key', length, { digests }, bytes)
        expect((await store.get('a key')).responses).toHaveLength(1)
        expect(openFilesIn(folder)).toBe(0)
      }
    )
  })
})
