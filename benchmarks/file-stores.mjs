import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { FileStore } from '@cc/store-file'

import makeFetchHappen from 'make-fetch-happen'
import { cacheStores } from 'undici'
import { client } from './contenders.mjs'
import { fileSizes as sizes } from './origin.mjs'

/** Up to here a file is read without the thread pool, by ours and by the yardstick. */
const synchronousBytes = 256 * 1024
const gib = 1024 ** 3

/** A folder for what is stored, on the disk that temporary files are on; `remove` takes it away. */
export async function folderForStores() {
  const folder = await mkdtemp(join(tmpdir(), 'cc-bench-'))
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** A file store with room for everything. */
export const fileStore = (folder, options) =>
  new FileStore(folder, { maxBytes: 64 * gib, maxEntryBytes: 4 * gib, ...options })

/** A client whose cache keeps what it stores in a folder. */
export function withFileStore(folder, options = {}) {
  return client(cacheInterceptor({ store: fileStore(folder), maxEntryBytes: 4 * gib, ...options }))
}

/**
 * What answering from a file cannot take less than: reading the bytes the same way, their SHA-256, and a hit of the same
 * length from memory, one after another.
 */
export async function fileYardstick(folder, url, size, read) {
  const path = join(folder, 'yardstick')
  const dispatcher = client(
    cacheInterceptor({ store: new DictStore({ maxBytes: gib, maxEntryBytes: gib }), maxEntryBytes: gib })
  )
  await writeFile(path, Buffer.alloc(sizes[size], 'x'))
  return async () => {
    const bytes = sizes[size] <= synchronousBytes ? readFileSync(path) : await readFile(path)
    createHash('sha256').update(bytes).digest('hex')
    return read(url, dispatcher)
  }
}

/** A `fetch` with the cache of npm, whose store is cacache. */
export function withMakeFetchHappen(folder) {
  const fetch = makeFetchHappen.defaults({ cachePath: folder, retry: false })
  return async (url) => (await (await fetch(url)).buffer()).byteLength
}

/** undici's own store in a file; `undefined` where Node has no SQLite. */
export async function withSqlite(folder, read) {
  const { SqliteCacheStore } = cacheStores
  if (SqliteCacheStore === undefined || !(await hasSqlite())) return undefined
  const { interceptors } = await import('undici')
  const store = new SqliteCacheStore({ location: join(folder, 'undici.db'), maxEntrySize: 1_999_999_999 })
  const dispatcher = client(interceptors.cache({ store }))
  return (url) => read(url, dispatcher)
}

async function hasSqlite() {
  try {
    await import('node:sqlite')
    return true
  } catch {
    return false
  }
}
