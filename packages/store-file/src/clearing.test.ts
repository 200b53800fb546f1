import { existsSync, readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { NOW, newFolder, put, removeFolder } from '../test/sample.js'
import { FileStore } from './index.js'
import { Layout } from './layout.js'

let folder: string
let layout: Layout
beforeEach(() => {
  folder = newFolder()
  layout = new Layout(folder)
})
afterEach(() => removeFolder(folder))

const cleared = () => readdirSync(layout.format).filter((name) => layout.isCleared(name))

describe('clear', () => {
  it('leaves marks, locks and what is none of ours, and frees the disk in the background', async () => {
    const store = new FileStore(folder)
    for (let n = 0; n < 30; n++) await put(store, `key ${n}`, 100)
    await store.mark('key 1', { value: '0a', at: NOW, dropAt: NOW })
    const lease = await store.lock('key 1', { leaseMs: 600_000, waitMs: 1 })
    await store.clear()
    expect((await store.get('key 1')).responses).toEqual([])
    expect((await store.get('key 1')).mark?.value).toBe('0a')
    expect(existsSync(layout.entries)).toBe(false)
    await store.prune()
    expect(cleared()).toEqual([])
    expect(readdirSync(layout.locks)).toHaveLength(1)
    await lease?.release()
  })

  it('takes away what another process has begun to store, and nothing it begins afterwards', async () => {
    const [one, two] = [new FileStore(folder), new FileStore(folder)]
    for (const length of [10, 200_000]) {
      async function* body() {
        yield new Uint8Array(length - 1)
        await two.clear()
        await put(two, 'later', 10)
        yield new Uint8Array(1)
      }
      await put(one, 'a key', length, {}, body())
      expect((await one.get('a key')).responses).toEqual([])
      expect(await one.openBody('a key', '00')).toBeUndefined()
      expect((await one.get('later')).responses).toHaveLength(1)
    }
    await Promise.all([one.close(), two.close()])
  })

  it.each(['sync', 'async'] as const)('takes away short bodies that were begun before, too (%s)', async (reads) => {
    const store = new FileStore(folder, { reads })
    await put(store, 'a key', 10)
    const storing = put(store, 'a key', 10, { id: '1' })
    await store.clear()
    await storing
    expect((await store.get('a key')).responses).toEqual([])
    await put(store, 'a key', 10, { id: '2' })
    expect((await store.get('a key')).responses).toHaveLength(1)
    await store.close()
  })

  it('takes away short bodies that wait for their turn while another process clears', async () => {
    const [one, two] = [new FileStore(folder), new FileStore(folder)]
    await put(one, 'a key', 10)
    // Replacing a file is not done at once, so the second one waits.
    const replacing = put(one, 'a key', 10, { id: '1' })
    const waiting = put(one, 'a key', 10, { id: '2', slot: '1' })
    await two.clear()
    await Promise.all([replacing, waiting])
    expect((await one.get('a key')).responses).toEqual([])
    await put(one, 'a key', 10, { id: '3' })
    expect((await one.get('a key')).responses).toHaveLength(1)
    await Promise.all([one.close(), two.close()])
  })

  it('is finished by somebody else if its process ends in the middle', async () => {
    const one = new FileStore(folder)
    await put(one, 'a key', 10)
    // What a process does that is killed right after the first step.
    const { renameSync } = await import('node:fs')
    renameSync(layout.entries, layout.cleared('0'.repeat(32)))
    const two = new FileStore(folder)
    expect((await two.get('a key')).responses).toEqual([])
    await two.prune()
    expect(cleared()).toEqual([])
  })

  it('forgets what was kept when it comes to the bounds', async () => {
    const store = new FileStore(folder, { maxBytes: 20 * 4096 })
    for (let n = 0; n < 20; n++) await put(store, `key ${n}`, 100)
    await store.clear()
    for (let n = 0; n < 20; n++) await put(store, `key ${n}`, 100)
    let count = 0
    for await (const _ of store.keys()) count++
    expect(count).toBe(20)
    await store.close()
  })
})
