import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { NOW, newFolder, put, removeFolder, response } from '../test/sample.js'
import { FileStore, type FileStoreOptions } from './index.js'
import { hashOf, Layout } from './layout.js'

let base: string
let layout: Layout
beforeEach(() => {
  base = newFolder()
  layout = new Layout(join(base, 'cache'))
})
afterEach(() => removeFolder(base))

const key = 'a key'
const hash = hashOf(key)
const longAgo = new Date(NOW - 10 * 86_400_000)
const removed = '0'.repeat(32)

/** All that can be seen of what lies in a folder. */
function picture(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(folder, name)
      const stats = lstatSync(path)
      return [name, stats.mode, stats.mtimeMs, stats.isFile() ? readFileSync(path, 'latin1') : ''].join(' ')
    })
}

/** A cache in which there is something of each kind, all of it old. */
async function filled(): Promise<void> {
  const layout = new Layout(join(base, 'original'))
  const store = new FileStore(layout.root)
  await put(store, key, 10)
  await put(store, key, 100_000, { slot: '1', id: '01', dropAt: NOW })
  await store.mark(key, { value: '0a', at: 1, dropAt: 2 })
  for (const folder of [layout.entriesTemporary, layout.marksTemporary, layout.locks]) {
    mkdirSync(join(folder, `${hash}.forward`), { recursive: true })
    await put(store, key, 10)
  }
  for (const folder of [layout.entriesTemporary, layout.marksTemporary]) {
    renameSync(layout.markFile(hash), join(folder, `${removed}.999999999`))
    await store.mark(key, { value: '0a', at: 1, dropAt: 2 })
  }
  mkdirSync(join(layout.cleared(removed), 'abc'), { recursive: true })
  // A copy: the store that made it may still be sweeping in the background.
  const copy = join(base, 'cache')
  cpSync(layout.root, copy, { recursive: true })
  for (const name of readdirSync(copy, { recursive: true, encoding: 'utf8' })) {
    utimesSync(join(copy, name), longAgo, longAgo)
  }
}

/** Everything that a store does; whether it can be done does not matter. */
async function doAll(options: FileStoreOptions, isCleared = false): Promise<void> {
  const store = new FileStore(layout.root, options)
  const after = { requestTime: NOW, responseTime: NOW }
  const work: (() => unknown)[] = [
    () => store.get(key),
    () => store.openBody(key, '00'),
    () => store.openBody(key, '01'),
    () => store.update(key, response({ bodyBytes: 10, status: 203 })),
    () => put(store, key, 10, { id: '02', ...after }),
    () => put(store, key, 300_000, { id: '03', ...after }),
    () => put(store, key, 2_000_000, { id: '04', ...after }),
    () => store.mark(key, { value: '0b', at: 1, dropAt: 2 }),
    () => store.prune(),
    async () => (await store.lock(key, { leaseMs: 1_000, waitMs: 1 }))?.release(),
    async () => {
      for await (const _ of store.keys());
    },
    () => store.delete(key, '0'),
    () => store.delete(key),
    () => isCleared && store.clear(),
    () => store.close()
  ]
  for (const one of work) {
    try {
      await one()
    } catch {}
  }
}

const places = [
  'format',
  'entries',
  'entriesFolder',
  'entriesTemporary',
  'marks',
  'marksFolder',
  'marksTemporary'
] as const
const pathOf = (place: (typeof places)[number] | 'locks') => {
  const path = layout[place]
  return typeof path === 'string' ? path : path.call(layout, hash)
}

describe('a link in the place of a folder of the cache (row D7)', () => {
  const kinds: [string, FileStoreOptions][] = [
    ['a store', {}],
    ['a store that is asynchronous', { reads: 'async' }],
    ['a store that has too much', { maxBytes: 4_096, maxEntryBytes: 4_096 }],
    ['a store that keeps all', { forever: true, maxBytes: 1_000_000 }]
  ]
  for (const [kind, options] of kinds) {
    it.each([...places, 'locks'] as const)(`leads ${kind} to no change elsewhere: %s`, async (place) => {
      await filled()
      const outside = join(base, 'outside')
      renameSync(pathOf(place), outside)
      symlinkSync(outside, pathOf(place))
      const before = picture(outside)
      for (const isCleared of [false, true]) {
        await doAll(options, isCleared)
        expect(picture(outside)).toEqual(before)
      }
    })
  }

  it('is removed where what was cleared is removed, and not what it leads to', async () => {
    await filled()
    const outside = join(base, 'outside')
    mkdirSync(join(outside, 'of others'), { recursive: true })
    const link = layout.cleared('1'.repeat(32))
    symlinkSync(outside, link)
    await new FileStore(layout.root).prune()
    expect(readdirSync(outside)).toEqual(['of others'])
    expect(readdirSync(dirname(link)).filter((name) => layout.isCleared(name))).toEqual([])
  })

  it.each(['format', 'entries', 'entriesFolder'] as const)('leads to no response elsewhere: %s', async (place) => {
    await filled()
    renameSync(pathOf(place), join(base, 'outside'))
    symlinkSync(join(base, 'outside'), pathOf(place))
    expect(existsSync(layout.keyFile(hash))).toBe(true)
    for (const reads of ['sync', 'async'] as const) {
      const store = new FileStore(layout.root, { reads })
      expect((await store.get(key)).responses).toEqual([])
      expect(await store.openBody(key, '00')).toBeUndefined()
      expect(await store.openBody(key, '01')).toBeUndefined()
    }
  })
})
