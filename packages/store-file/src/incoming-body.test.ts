import { createHash, pbkdf2 } from 'node:crypto'
import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FileStore } from '@cc/store-file'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { filesIn, newFolder, openFilesIn, put, removeFolder, response } from '../test/sample.js'

const mib = 1_048_576

let folder: string
beforeEach(() => {
  folder = newFolder()
})
afterEach(() => removeFolder(folder))

const temporaryFiles = () => filesIn(folder).filter((path) => path.includes('/entries/tmp/'))

/** `count` pieces of 64 KiB, each filled with its number. */
const numbered = (count: number) => Array.from({ length: count }, (_, n) => new Uint8Array(65_536).fill(n))

function digestsOf(bytes: Uint8Array): string[] {
  const digests: string[] = []
  for (let at = 0; at < bytes.byteLength; at += mib) {
    const piece = bytes.subarray(at, at + mib)
    digests.push(createHash('sha256').update(piece).digest('hex'))
  }
  return digests
}

describe.each(['sync', 'async'] as const)('a body that comes by and by, with reads: %s', (reads) => {
  it.each([1, 16, 17, 40])('is stored as it came, in %i pieces', async (count) => {
    const store = new FileStore(folder, { reads })
    const pieces = numbered(count)
    const bytes = Buffer.concat(pieces)
    async function* coming() {
      yield* pieces
    }
    const digests = digestsOf(bytes)
    await put(store, 'a key', bytes.byteLength, { digests }, coming())
    const [found] = (await store.get('a key')).responses
    const body = found?.body ?? (await store.openBody('a key', '00'))
    const read: Uint8Array[] = []
    if (body instanceof Uint8Array) read.push(body)
    else for await (const piece of body ?? []) read.push(piece)
    expect(Buffer.concat(read).equals(bytes)).toBe(true)
    expect(temporaryFiles()).toEqual([])
    expect(openFilesIn(folder)).toBe(0)
  })

  it.each([1, 8, 15, 16, 17, 39])(
    'is given up if somebody writes into piece %i after it was handed over',
    async (changed) => {
      const store = new FileStore(folder, { reads })
      const pieces = numbered(40)
      const length = 40 * 65_536
      const digests = digestsOf(Buffer.concat(pieces))
      async function* coming() {
        for (const [n, piece] of pieces.entries()) {
          yield piece
          if (n === changed) piece[0] = 255
        }
      }
      await expect(put(store, 'a key', length, { digests }, coming())).rejects.toThrow('others were written')
      expect((await store.get('a key')).responses).toEqual([])
      expect(temporaryFiles()).toEqual([])
      expect(openFilesIn(folder)).toBe(0)
    }
  )

  it.each([15, 16, 17, 32])('leaves nothing open and nothing behind if it fails after %i pieces', async (count) => {
    const store = new FileStore(folder, { reads })
    async function* coming() {
      yield* numbered(count)
      throw new Error('the connection broke')
    }
    const setting = store.set('a key', coming(), () => response({ bodyBytes: count * 65_536 }))
    await expect(setting).rejects.toThrow('the connection broke')
    expect(temporaryFiles()).toEqual([])
    expect(openFilesIn(folder)).toBe(0)
  })

  it('does not end up in a file that is opened after it failed', async () => {
    const store = new FileStore(folder, { reads })
    const busy: Promise<unknown>[] = []
    async function* coming() {
      yield* numbered(15)
      // What is written next waits for these.
      const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4)
      for (let n = 0; n < threads; n++) busy.push(promisify(pbkdf2)('', '', 100_000, 64, 'sha512'))
      yield* numbered(1)
      throw new Error('the connection broke')
    }
    const setting = store.set('a key', coming(), () => response({ bodyBytes: mib }))
    await expect(setting).rejects.toThrow('the connection broke')
    const descriptor = openSync(join(folder, 'somebody else’s'), 'w')
    await Promise.all(busy)
    await put(new FileStore(folder, { reads: 'async' }), 'another key', 5)
    expect(fstatSync(descriptor).size).toBe(0)
    closeSync(descriptor)
  })

  it('is not held in memory for long if it comes in small pieces', async () => {
    const store = new FileStore(folder, { reads })
    let held = 0
    async function* coming() {
      yield new Uint8Array(70_000)
      for (let n = 0; n < 1_000; n++) {
        yield new Uint8Array(100)
        const [file = ''] = temporaryFiles()
        held = Math.max(held, 70_000 + 100 * n - statSync(file).size)
      }
    }
    await put(store, 'a key', 170_000, {}, coming())
    // The first of them waits for as many others as make a batch, and for the batch before.
    expect(held).toBeLessThan(70_000 + 2 * 64 * 100)
  })
})
