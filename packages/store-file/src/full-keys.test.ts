import { existsSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { NOW, newFolder, put, removeFolder } from '../test/sample.js'
import { FileStore } from './index.js'
import { hashOf, Layout } from './layout.js'

let folder: string
beforeEach(() => {
  folder = newFolder()
})
afterEach(() => removeFolder(folder))

const slotsIn = async (store: FileStore) =>
  (await store.get('a key')).responses.map(({ response: { slot } }) => Number(slot)).sort((a, b) => a - b)

/** Metadata of which some twenty have room in the file of a key. */
const long = (n: number) => ({
  slot: String(n),
  id: `0${n}`,
  responseTime: NOW + n,
  fields: [['X', 'x'.repeat(9_000)]] as [string, string][]
})

describe('a key with more metadata than there is room for', () => {
  it('loses the oldest responses', async () => {
    const store = new FileStore(folder)
    for (let n = 10; n < 40; n++) await put(store, 'a key', 10, long(n))
    const slots = await slotsIn(store)
    expect(slots.at(-1)).toBe(39)
    expect(slots).toEqual(slots.map((_, at) => 40 - slots.length + at))
  })

  it('takes no older one, and leaves nothing of its body behind', async () => {
    const store = new FileStore(folder)
    for (let n = 10; n < 40; n++) await put(store, 'a key', 10, long(n))
    await put(store, 'a key', 100_000, long(1))
    expect(await slotsIn(store)).not.toContain(1)
    expect(existsSync(new Layout(folder).bodyFile(hashOf('a key'), '01'))).toBe(false)
  })

  it('loses none with forever: what is new is not stored', async () => {
    const store = new FileStore(folder, { forever: true })
    for (let n = 10; n < 40; n++) await put(store, 'a key', 10, long(n))
    const slots = await slotsIn(store)
    expect(slots).toEqual(slots.map((_, at) => 10 + at))
    expect(slots.length).toBeLessThan(30)
  })
})
