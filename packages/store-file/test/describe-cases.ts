import { join } from 'node:path'
import { storeCases } from '@cc/core/testing'
import { afterAll, describe, it } from '@jest/globals'
import { FileStore, type FileStoreOptions } from '../src/index.js'
import { newFolder, openFilesIn, removeFolder } from './sample.js'

const base = newFolder()
let made = 0

afterAll(() => removeFolder(base))

const folders = new WeakMap<FileStore, string>()

/** A store in a folder that is not there yet, unless it is told which. */
function create(options: FileStoreOptions, folder = join(base, String(made++), '.web_cache')): FileStore {
  const store = new FileStore(folder, { maxEntryBytes: 4 * 1024 ** 2, ...options })
  folders.set(store, folder)
  return store
}

/** Defines all cases for stores with each of these options. */
export function describeCases(variants: Readonly<Record<string, FileStoreOptions>>): void {
  for (const [name, options] of Object.entries(variants)) {
    describe(`${name} keeps the promises of CacheStore`, () => {
      const openHandles = process.platform === 'linux' ? () => openFilesIn(base) : () => 0
      const reopen = (store: FileStore) => create(options, folders.get(store))
      for (const { name, run } of storeCases(() => create(options), { openHandles, reopen })) it(name, run, 60_000)
    })
  }
}
