import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import type { EvictEvent, StoredResponse } from '@cc/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { filesIn, HOUR, NOW, newFolder, put, removeFolder, response } from '../test/sample.js'
import { FileStore } from './index.js'
import { hashOf, Layout } from './layout.js'

const BLOCK = 4096

let folder: string
beforeEach(() => {
  folder = newFolder()
})
afterEach(() => removeFolder(folder))

/** Makes it look as if a key had been used then. */
function setUsed(key: string, at: number): void {
  utimesSync(new Layout(folder).keyFile(hashOf(key)), at / 1000, at / 1000)
}

async function keysOf(store: FileStore): Promise<string[]> {
  const keys: string[] = []
  for await (const key of store.keys()) keys.push(key)
  return keys.sort()
}

/** What the entries take on the disk, counted file by file. */
function bytesTaken(): number {
  const { entries, usage } = new Layout(folder)
  const files = filesIn(entries).filter((path) => path !== usage)
  return files.reduce((sum, path) => sum + Math.ceil(statSync(path).size / BLOCK) * BLOCK, 0)
}

/** The sums of what was noted: bytes, keys, changes. */
function noted(): number[] {
  const lines = readFileSync(new Layout(folder).usage, 'latin1').trim().split('\n')
  return lines
    .map((line) => line.split(' ').map(Number))
    .reduce((sums, line) => sums.map((sum, n) => sum + (line[n] ?? 0)))
}

describe('maxBytes', () => {
  it('is kept to by dropping what was used least recently', async () => {
    const store = new FileStore(folder, { maxBytes: 20 * BLOCK })
    for (let n = 0; n < 20; n++) {
      await put(store, `key ${n}`, 100)
      setUsed(`key ${n}`, NOW + n * HOUR)
    }
    expect(await keysOf(store)).toHaveLength(20)
    setUsed('key 0', NOW + 99 * HOUR)
    for (let n = 20; n < 25; n++) await put(store, `key ${n}`, 100)
    expect(bytesTaken()).toBeLessThanOrEqual(20 * BLOCK)
    const left = await keysOf(store)
    expect(left).toContain('key 0')
    for (let n = 20; n < 25; n++) expect(left).toContain(`key ${n}`)
    for (let n = 1; n < 6; n++) expect(left).not.toContain(`key ${n}`)
  })

  it('counts bodies in files of their own, and drops them with their key', async () => {
    const store = new FileStore(folder, { maxBytes: 1_000_000 })
    for (let n = 0; n < 6; n++) {
      await put(store, `key ${n}`, 200_000)
      setUsed(`key ${n}`, NOW + n * HOUR)
    }
    expect(bytesTaken()).toBeLessThanOrEqual(1_000_000)
    expect(await keysOf(store)).toEqual(['key 2', 'key 3', 'key 4', 'key 5'])
    expect(filesIn(new Layout(folder).entries)).toHaveLength(2 * 4 + 1)
  })

  it('is one bound for all who use the folder', async () => {
    const stores = [new FileStore(folder, { maxBytes: 30 * BLOCK }), new FileStore(folder, { maxBytes: 30 * BLOCK })]
    for (let n = 0; n < 100; n++) await put(stores[n % 2] as FileStore, `key ${n}`, 100)
    expect(bytesTaken()).toBeLessThanOrEqual(30 * BLOCK)
    expect((await keysOf(stores[0] as FileStore)).length).toBeGreaterThan(25)
  })

  it('is known to a new process without looking at what is stored', async () => {
    const before = new FileStore(folder, { maxBytes: 30 * BLOCK })
    for (let n = 0; n < 30; n++) await put(before, `key ${n}`, 100)
    const after = new FileStore(folder, { maxBytes: 30 * BLOCK })
    await put(after, 'one more', 100)
    expect(bytesTaken()).toBeLessThanOrEqual(30 * BLOCK)
  })

  it('tells the channel of evictions what went', async () => {
    const events: EvictEvent[] = []
    const hear = (event: unknown) => events.push(event as EvictEvent)
    subscribe('@cc/core:evict', hear)
    const store = new FileStore(folder, { maxBytes: 2 * BLOCK })
    for (let n = 0; n < 3; n++) await put(store, `key ${n}`, 100)
    unsubscribe('@cc/core:evict', hear)
    expect(events).toEqual([{ store: 'FileStore', responses: 2, bytes: 2 * BLOCK }])
  })

  it('forgets nothing that is replaced or removed', async () => {
    const store = new FileStore(folder, { maxBytes: 10 * BLOCK })
    await put(store, 'stays', 100)
    for (let n = 0; n < 50; n++) await put(store, 'replaced', 100 * n, { id: n.toString(16) })
    for (let n = 0; n < 50; n++) {
      await put(store, 'removed', 100)
      await store.delete('removed')
    }
    expect(await keysOf(store)).toEqual(['replaced', 'stays'])
  })

  it('keeps notes short: many are summed up in one', async () => {
    const store = new FileStore(folder)
    await put(store, 'a key', 100)
    const { usage } = new Layout(folder)
    appendFileSync(usage, '4096 1 1\n-4096 -1 1\n'.repeat(2_000))
    await put(store, 'another key', 100)
    expect(readFileSync(usage, 'latin1')).toBe(`${2 * BLOCK} 2 4002\n`)
    await put(new FileStore(folder), 'one more', 100)
    await put(store, 'the last', 100)
    expect(noted()).toEqual([4 * BLOCK, 4, 4_004])
  })

  it('survives notes that are none', async () => {
    const store = new FileStore(folder, { maxBytes: 10 * BLOCK })
    await put(store, 'a key', 100)
    const { usage } = new Layout(folder)
    writeFileSync(usage, 'nothing\n99999999999999999999 1 1\n4096 1\n\0\0\0')
    for (let n = 0; n < 10; n++) await put(store, `key ${n}`, 100)
    await store.prune()
    expect(noted().slice(0, 2)).toEqual([bytesTaken(), (await keysOf(store)).length])
  })
})

describe('a key that is used', () => {
  it('is noted to have been, but not again within a minute', async () => {
    let now = Date.now()
    const store = new FileStore(folder, { clock: () => now })
    await put(store, 'a key', 100)
    const path = new Layout(folder).keyFile(hashOf('a key'))
    setUsed('a key', now - 10_000)
    await store.get('a key')
    expect(statSync(path).mtimeMs).toBeLessThan(now - 9_000)
    now += HOUR
    await store.get('a key')
    expect(statSync(path).mtimeMs).toBeGreaterThan(now - 1_000)
  })
})

describe('prune', () => {
  it('removes what may go, and what belongs to nothing', async () => {
    let now = NOW
    const store = new FileStore(folder, { clock: () => now })
    await put(store, 'stays', 100_000, { dropAt: NOW + 9 * HOUR })
    await put(store, 'goes', 100_000, { dropAt: NOW + HOUR })
    await put(store, 'both', 100, { dropAt: NOW + HOUR })
    await put(store, 'both', 100, { slot: '1', id: '1', dropAt: NOW + 9 * HOUR })
    const layout = new Layout(folder)
    const orphan = layout.bodyFile(hashOf('stays'), 'abc')
    const ofNothing = layout.bodyFile('0'.repeat(64), 'abc')
    mkdirSync(layout.entriesFolder('000'), { recursive: true })
    for (const path of [orphan, ofNothing]) {
      writeFileSync(path, 'left over')
      utimesSync(path, NOW / 1000, NOW / 1000)
    }
    await store.prune()
    expect(await keysOf(store)).toEqual(['both', 'goes', 'stays'])
    now = NOW + 2 * HOUR
    await store.prune()
    expect(await keysOf(store)).toEqual(['both', 'stays'])
    expect((await store.get('both')).responses.map(({ response: { slot } }) => slot)).toEqual(['1'])
    expect([orphan, ofNothing].filter(existsSync)).toEqual([])
    expect(noted()).toEqual([bytesTaken(), 2, 0])
  })

  it('removes files that were being written by a process that is gone, an hour later', async () => {
    const store = new FileStore(folder)
    await put(store, 'a key', 100)
    const { entriesTemporary } = new Layout(folder)
    const gone = join(entriesTemporary, `${'a'.repeat(32)}.${2 ** 22 + 1}`)
    const mine = join(entriesTemporary, `${'b'.repeat(32)}.${process.pid}`)
    const fresh = join(entriesTemporary, `${'c'.repeat(32)}.${2 ** 22 + 1}`)
    const foreign = join(entriesTemporary, 'notes.txt')
    for (const path of [gone, mine, fresh, foreign]) writeFileSync(path, 'half of it')
    const before = Date.now() / 1000 - 2 * 3600
    for (const path of [gone, mine, foreign]) utimesSync(path, before, before)
    await store.prune()
    expect(readdirSync(entriesTemporary).sort()).toEqual([
      `${'b'.repeat(32)}.${process.pid}`,
      `${'c'.repeat(32)}.${2 ** 22 + 1}`,
      'notes.txt'
    ])
  })

  it('brings a folder within a bound that was lowered', async () => {
    const large = new FileStore(folder)
    for (let n = 0; n < 400; n++) await put(large, `key ${n}`, 100)
    const small = new FileStore(folder, { maxBytes: 10 * BLOCK })
    await small.prune()
    expect(bytesTaken()).toBeLessThanOrEqual(10 * BLOCK)
  })

  it('does nothing to a folder that is not there', async () => {
    await new FileStore(join(folder, 'absent')).prune()
    expect(existsSync(join(folder, 'absent', 'v1', 'entries', 'aaa'))).toBe(false)
  })
})

describe('forever', () => {
  it('removes nothing', async () => {
    const store = new FileStore(folder, { forever: true, clock: () => NOW + 99 * HOUR })
    await put(store, 'a key', 100_000, { dropAt: NOW + HOUR })
    await store.delete('a key')
    await store.delete('a key', '0')
    await store.prune()
    await expect(store.clear()).rejects.toThrow('the store keeps everything forever')
    expect((await store.get('a key')).responses).toHaveLength(1)
    await store.mark('a key', { value: '0a', at: NOW, dropAt: NOW + HOUR })
    expect((await store.get('a key')).mark?.value).toBe('0a')
  })

  it('replaces all the same', async () => {
    const store = new FileStore(folder, { forever: true })
    await put(store, 'a key', 100)
    await put(store, 'a key', 100, { id: '1' })
    expect((await store.get('a key')).responses.map(({ response: { id } }) => id)).toEqual(['1'])
  })

  it('stores nothing new once maxBytes is reached', async () => {
    const store = new FileStore(folder, { forever: true, maxBytes: 5 * BLOCK })
    for (let n = 0; n < 10; n++) await put(store, `key ${n}`, 100)
    expect(await keysOf(store)).toHaveLength(5)
    let isAsked = false
    await store.set('one more', new Uint8Array(10), (): StoredResponse => {
      isAsked = true
      return response({ key: 'one more', bodyBytes: 10 })
    })
    expect(isAsked).toBe(false)
  })
})
