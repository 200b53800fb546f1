import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { newFolder, openFilesIn, put, removeFolder } from '../test/sample.js'
import { Disk } from './disk.js'
import { FileStore } from './index.js'
import { readOptions } from './options.js'
import { run } from './steps.js'
import { openStoredBody } from './stored-body.js'

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

/** What is read in the background, and fails or has to wait where it is told to. */
class WatchedDisk extends Disk {
  readonly positions: number[] = []
  readonly before = new Map<number, Promise<void>>()

  override async readInBackground(descriptor: number, position: number, length: number): Promise<Buffer> {
    this.positions.push(position)
    await this.before.get(position)
    return super.readInBackground(descriptor, position, length)
  }

  async open(): Promise<AsyncIterator<Uint8Array>> {
    const path = join(folder, 'body')
    writeFileSync(path, bytes)
    const body = (await run(openStoredBody(this, path, bytes.length))) as AsyncIterable<Uint8Array>
    return body[Symbol.asyncIterator]()
  }
}

const watchedDisk = () => new WatchedDisk(readOptions(folder, {}))

it('reads one piece ahead while the last one is used, and no more', async () => {
  const disk = watchedDisk()
  const body = await disk.open()
  expect(disk.positions).toEqual([])
  for (const expected of [[0, 1_048_576], [0, 1_048_576, 2_097_152], undefined, undefined]) {
    await body.next()
    for (let turn = 0; turn < 10; turn++) await setImmediate()
    expect(disk.positions).toEqual(expected ?? [0, 1_048_576, 2_097_152])
  }
  expect(openFilesIn(folder)).toBe(0)
})

it('tells that the next piece cannot be read to who asks for it, and to nobody else', async () => {
  for (const asks of [true, false]) {
    const disk = watchedDisk()
    disk.before.set(1_048_576, Promise.reject(new Error('EIO')))
    const body = await disk.open()
    expect((await body.next()).value?.byteLength).toBe(1_048_576)
    if (asks) await expect(body.next()).rejects.toThrow('EIO')
    else await body.return?.()
    expect(openFilesIn(folder)).toBe(0)
  }
})

it('is not closed under the piece that is read ahead (row L7)', async () => {
  const disk = watchedDisk()
  let goOn = () => {}
  const held = new Promise<void>((resolve) => {
    goOn = resolve
  })
  disk.before.set(1_048_576, held)
  const body = await disk.open()
  await body.next()
  const returned = body.return?.()
  for (let turn = 0; turn < 10; turn++) await setImmediate()
  expect(openFilesIn(folder)).toBe(1)
  goOn()
  await returned
  expect(openFilesIn(folder)).toBe(0)
})
