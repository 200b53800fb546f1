import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { newFolder, put, removeFolder } from '../test/sample.js'
import { FileStore } from './index.js'
import { hashOf, Layout } from './layout.js'

let folder: string
let layout: Layout
beforeEach(() => {
  folder = newFolder()
  layout = new Layout(folder)
})
afterEach(() => removeFolder(folder))

/** Where something can be in the way of a response under a key. */
const places: [string, (hash: string) => string][] = [
  ['the file of the key', (hash) => layout.keyFile(hash)],
  ['the file of the body', (hash) => layout.bodyFile(hash, '0a')],
  ['the folder of both', (hash) => layout.entriesFolder(hash)]
]

describe.each(places)('something in the place of %s that cannot be replaced', (_, placeOf) => {
  it.each(['sync', 'async'] as const)('is told once, and again of another key: reads %s (row D6)', async (reads) => {
    const store = new FileStore(folder, { reads })
    const block = (key: string) => {
      const path = placeOf(hashOf(key))
      mkdirSync(path, { recursive: true, mode: 0o700 })
      if (path !== layout.entriesFolder(hashOf(key))) return path
      rmSync(path, { recursive: true })
      writeFileSync(path, 'not of this cache')
      return path
    }
    const store100k = (key: string) => put(store, key, 100_000, { id: '0a' })
    for (const key of ['a key', 'another key']) {
      const path = block(key)
      await expect(store100k(key)).rejects.toMatchObject({ name: 'PathTakenError', code: 'CC_PATH_TAKEN', path })
      await store100k(key)
      expect((await store.get(key)).responses).toEqual([])
      rmSync(path, { recursive: true })
      await store100k(key)
      expect((await store.get(key)).responses).toHaveLength(1)
    }
  })
})
