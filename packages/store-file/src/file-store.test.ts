import { mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { StoredResponse } from '@cc/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { filesIn, NOW, newFolder, put, removeFolder, response } from '../test/sample.js'
import { FileStore, type FileStoreOptions } from './index.js'
import { hashOf, Layout } from './layout.js'
import { PathTakenError } from './taken-paths.js'

let folder: string
let layout: Layout
beforeEach(() => {
  folder = newFolder()
  layout = new Layout(folder)
})
afterEach(() => removeFolder(folder))

async function ids(store: FileStore, key = 'a key'): Promise<string[]> {
  return (await store.get(key)).responses.map(({ response: { id } }) => id)
}

describe('FileStore options', () => {
  it.each([
    ['maxBytes', 0, 'maxBytes must be a positive integer, not 0'],
    ['maxBytes', '1 GiB', "maxBytes must be a positive integer, not '1 GiB'"],
    ['maxEntryBytes', Number.POSITIVE_INFINITY, 'maxEntryBytes must be a positive integer, not Infinity'],
    ['forever', 1, 'forever must be a boolean, not 1'],
    ['durable', 'yes', "durable must be a boolean, not 'yes'"],
    ['reads', 'fast', "reads must be 'sync' or 'async', not 'fast'"],
    ['fileMode', 0o400, 'fileMode must be permissions with 0o600 in them, not 256'],
    ['fileMode', 0o1600, 'fileMode must be permissions with 0o600 in them, not 896'],
    ['dirMode', 0o600, 'dirMode must be permissions with 0o700 in them, not 384'],
    ['trustFolder', null, 'trustFolder must be a boolean, not null'],
    ['clock', 5, 'clock must be a function, not 5']
  ])('refuses %s: %p', (option, value, message) => {
    expect(() => new FileStore(folder, { [option]: value } as FileStoreOptions)).toThrow(new TypeError(message))
  })

  it.each([[''], ['a\0b'], [5], [undefined]])('refuses the folder %p', (path) => {
    expect(() => new FileStore(path as string)).toThrow(TypeError)
  })

  it('keeps no body longer than all that is kept', () => {
    expect(new FileStore(folder, { maxBytes: 1000 }).maxEntryBytes).toBe(1000)
    expect(new FileStore(folder).maxEntryBytes).toBe(256 * 1024 ** 2)
    expect(new FileStore(folder, { forever: true, maxBytes: undefined }).maxEntryBytes).toBe(256 * 1024 ** 2)
  })
})

describe('a FileStore that may block', () => {
  it('answers without a promise for what is short, unless a file is replaced', async () => {
    const store = new FileStore(folder)
    const stored = response({ bodyBytes: 100_000 })
    expect(store.get('a key')).toEqual({ responses: [] })
    expect(store.set('a key', new Uint8Array(100_000), () => stored)).toBeUndefined()
    expect(store.get('a key')).toEqual({ responses: [{ response: stored }] })
    expect(store.openBody('a key', '00')).toBeInstanceOf(Uint8Array)
    expect(store.mark('a key', { value: '0a', at: NOW, dropAt: NOW })).toBeUndefined()
    expect(store.delete('a key')).toBeUndefined()
    const update = store.set('another key', new Uint8Array(5), () => response({ key: 'another key', bodyBytes: 5 }))
    expect(update).toBeUndefined()
    const replacing = store.update('another key', response({ key: 'another key', bodyBytes: 5, status: 203 }))
    expect(replacing).toBeInstanceOf(Promise)
    expect(await replacing).toBe(true)
  })

  it('answers with promises where reads are asynchronous', async () => {
    const store = new FileStore(folder, { reads: 'async' })
    const answers = [store.get('a key'), store.openBody('a key', '00'), store.delete('a key')]
    for (const answer of answers) expect(answer).toBeInstanceOf(Promise)
    await Promise.all(answers)
  })
})

describe('the files of a FileStore', () => {
  it('are named by SHA-256 of the key', async () => {
    expect(hashOf('https://example.org/')).toBe('8198d1bac40a1033653a78e48800cefc9e6b974ff075c66e5548b5c1e145a2b0')
    const store = new FileStore(folder)
    await put(store, 'https://example.org/', 100_000, { id: 'abc' })
    const [body, file] = filesIn(dirname(layout.keyFile(hashOf('https://example.org/')))).sort(
      (a, b) => b.length - a.length
    )
    expect(file).toBe(`${folder}/v1/entries/819/${hashOf('https://example.org/')}`)
    expect(body).toBe(`${file}.abc`)
    expect(statSync(body as string).size).toBe(100_000)
  })

  it('are one for a key with up to 64 KiB of bodies', async () => {
    const store = new FileStore(folder)
    for (let n = 0; n < 32; n++) await put(store, 'a key', 2_000, { slot: `${n}`, id: n.toString(16) })
    expect(readdirSync(layout.entriesFolder(hashOf('a key')))).toEqual([hashOf('a key')])
    expect(await ids(store)).toHaveLength(32)
  })

  it('go when their response is replaced or removed', async () => {
    const store = new FileStore(folder)
    const files = () => readdirSync(layout.entriesFolder(hashOf('a key'))).length
    await put(store, 'a key', 100_000)
    await put(store, 'a key', 200_000, { id: '01' })
    expect(files()).toBe(2)
    await put(store, 'a key', 10, { id: '02' })
    expect(files()).toBe(1)
    await put(store, 'a key', 300_000, { id: '03', slot: '1' })
    await store.delete('a key', '1')
    expect(files()).toBe(1)
    await store.delete('a key')
    expect(files()).toBe(0)
  })

  it('leave nothing behind where nothing is stored', async () => {
    const store = new FileStore(folder)
    async function* cut() {
      yield new Uint8Array(300_000)
      throw new Error('cut')
    }
    await expect(async () => put(store, 'a key', 1, {}, cut())).rejects.toThrow('cut')
    await store.set('a key', new Uint8Array(300_000), () => undefined)
    await put(store, 'a key', 299_999, {}, new Uint8Array(300_000))
    await put(store, 'a key', 9, {}, new Uint8Array(10))
    await expect(async () => put(store, 'a key', 9, { id: '../x' }, new Uint8Array(9))).rejects.toThrow(TypeError)
    const circular = response({ bodyBytes: 9 }) as unknown as Record<string, unknown>
    circular.marks = circular
    const complete = () => circular as unknown as StoredResponse
    await expect(async () => store.set('a key', new Uint8Array(9), complete)).rejects.toThrow(TypeError)
    expect(filesIn(folder).filter((path) => !path.endsWith('CACHEDIR.TAG'))).toEqual([])
  })

  it('of another length than they had are no body', async () => {
    const store = new FileStore(folder)
    await put(store, 'a key', 100_000)
    const path = layout.bodyFile(hashOf('a key'), '00')
    for (const length of [99_999, 100_001, 0]) {
      truncateSync(path, length)
      await store.get('a key')
      expect(await store.openBody('a key', '00')).toBeUndefined()
      expect(await store.openBody('a key', '00', { first: 0, last: 9 })).toBeUndefined()
      expect(await new FileStore(folder).openBody('a key', '00')).toBeUndefined()
    }
    truncateSync(path, 100_000)
    expect(await store.openBody('a key', '00')).toBeDefined()
  })

  it('that become shorter while they are read end in an error', async () => {
    const store = new FileStore(folder)
    await put(store, 'a key', 3_000_000)
    const body = await store.openBody('a key', '00')
    truncateSync(layout.bodyFile(hashOf('a key'), '00'), 1_000_000)
    await expect(async () => {
      for await (const _ of body as AsyncIterable<Uint8Array>);
    }).rejects.toThrow('the file of a body ends after 1000000 of 3000000 bytes')
  })

  it('give way to nothing that is no file, and do without', async () => {
    const store = new FileStore(folder)
    mkdirSync(layout.keyFile(hashOf('a key')), { recursive: true })
    writeFileSync(`${layout.keyFile(hashOf('a key'))}/something`, '')
    await expect(put(store, 'a key', 10)).rejects.toThrow(PathTakenError)
    await put(store, 'a key', 10)
    expect(await ids(store)).toEqual([])
    await store.delete('a key')
    await put(store, 'another key', 10)
    expect(await ids(store, 'another key')).toEqual(['00'])
  })
})

describe('an invalidation', () => {
  it('is whatever lies in its place', async () => {
    const store = new FileStore(folder)
    mkdirSync(layout.marksFolder(hashOf('a key')), { recursive: true })
    writeFileSync(layout.markFile(hashOf('a key')), 'damaged')
    const { mark } = await store.get('a key')
    expect(mark?.value).toMatch(/^[0-9a-f]{32}$/)
    expect((await store.get('a key')).mark).toEqual(mark)
    mkdirSync(layout.markFile(hashOf('another key')), { recursive: true })
    expect((await store.get('another key')).mark?.value).toMatch(/^[0-9a-f]{32}$/)
    await store.mark('a key', { value: '0a', at: NOW, dropAt: NOW })
    expect((await store.get('a key')).mark?.value).toBe('0a')
  })
})

describe('changes in the same moment', () => {
  it.each(['sync', 'async'] as const)('by one process are all there (reads: %s)', async (reads) => {
    const store = new FileStore(folder, { reads })
    const all = Array.from({ length: 20 }, (_, n) => n)
    await Promise.all(all.map((n) => put(store, 'a key', 10, { slot: `${n}`, id: n.toString(16) })))
    expect(await ids(store)).toHaveLength(20)
    await Promise.all(all.map((n) => (n % 2 === 0 ? store.delete('a key', `${n}`) : undefined)))
    expect(await ids(store)).toHaveLength(10)
  })

  it('by two see each other as long as they do not meet within an instant', async () => {
    const [one, two] = [new FileStore(folder), new FileStore(folder, { reads: 'async' })]
    for (let n = 0; n < 10; n++) {
      await put(n % 2 === 0 ? one : two, 'a key', 10, { slot: `${n}`, id: n.toString(16) })
    }
    expect(await ids(one)).toHaveLength(10)
  })
})
