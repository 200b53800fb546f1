import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeCases } from '@cc/core/testing'
import { afterAll, describe, it } from '@jest/globals'
import { FileStore, type FileStoreOptions } from './index.js'

const base = mkdtempSync(join(tmpdir(), 'cc-file-store-'))
let made = 0

afterAll(() => rmSync(base, { recursive: true, force: true }))

/** A store in a folder that is not there yet. */
function create(options: FileStoreOptions): FileStore {
  return new FileStore(join(base, String(made++), '.web_cache'), { maxEntryBytes: 4 * 1024 ** 2, ...options })
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length
}

const variants: Record<string, FileStoreOptions> = {
  FileStore: {},
  'FileStore with reads: async': { reads: 'async' },
  'FileStore with durable': { durable: true }
}

for (const [name, options] of Object.entries(variants)) {
  describe(`${name} keeps the promises of CacheStore`, () => {
    const openHandles = process.platform === 'linux' ? openFiles : () => 0
    for (const { name, run } of storeCases(() => create(options), { openHandles })) it(name, run, 60_000)
  })
}
