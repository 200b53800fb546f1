import { readdirSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { newFolder, put, removeFolder } from '../test/sample.js'
import { FileStore } from './index.js'

let folder: string
beforeEach(() => {
  folder = newFolder()
})
afterEach(() => removeFolder(folder))

const bytes = Uint8Array.from({ length: 2_400_000 }, (_, at) => at % 251)

async function opened(): Promise<AsyncIterator<Uint8Array>> {
  const store = new FileStore(folder)
  await put(store, 'a key', bytes.length, { id: 'ab' }, bytes)
  const body = (await store.openBody('a key', 'ab')) as AsyncIterable<Uint8Array>
  return body[Symbol.asyncIterator]()
}

it('gives each piece once to those who ask for several at a time', async () => {
  const body = await opened()
  const pieces = await Promise.all([1, 2, 3, 4].map(() => body.next()))
  expect(pieces.map(({ done }) => done)).toEqual([false, false, false, true])
  expect(Buffer.concat(pieces.flatMap(({ value }) => value ?? [])).equals(bytes)).toBe(true)
})

it('is not closed under a piece that is being read (row L7)', async () => {
  const before = readdirSync('/proc/self/fd').length
  const body = await opened()
  const [piece, end] = await Promise.all([body.next(), body.return?.()])
  expect(Buffer.from(piece.value).equals(bytes.subarray(0, 1_048_576))).toBe(true)
  expect(end?.done).toBe(true)
  expect((await body.next()).done).toBe(true)
  // What else this process does with files comes to an end as well.
  while (readdirSync('/proc/self/fd').length > before) await setImmediate()
})
