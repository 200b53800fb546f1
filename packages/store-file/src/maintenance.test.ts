import { existsSync, mkdirSync, readdirSync, utimesSync } from 'node:fs'
import { basename } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { maintenanceOn } from '../test/maintenance-on.js'
import { HOUR, newFolder, put, removeFolder } from '../test/sample.js'
import { Disk } from './disk.js'
import { FileStore } from './index.js'
import { hashOf, Layout } from './layout.js'
import { readOptions } from './options.js'

let path: string
beforeEach(() => {
  path = newFolder()
})
afterEach(() => removeFolder(path))

it('counts in the background also where nobody has taken a lock yet', async () => {
  await put(new FileStore(path), 'a key', 100)
  const maintenance = maintenanceOn(path, new Disk(readOptions(path, {})))
  expect(await maintenance.runInBackground()).toEqual({ bytes: 4096, keys: 1, changes: 0 })
})

it('goes on where a file cannot be read, and counts it (row D11)', async () => {
  const store = new FileStore(path)
  const mark = { value: '0a', at: 1, dropAt: 2 }
  const longAgo = new Date(Date.now() - 48 * HOUR)
  const layout = new Layout(path)
  for (let n = 0; n < 20; n++) {
    await put(store, `key ${n}`, 100, { dropAt: n < 10 ? 1 : Date.now() + HOUR })
    await store.mark(`mark ${n}`, mark)
    utimesSync(layout.markFile(hashOf(`mark ${n}`)), longAgo, longAgo)
  }
  const unreadable = [layout.keyFile(hashOf('key 0')), layout.markFile(hashOf('mark 0'))]
  class Failing extends Disk {
    override *read(path: string, maxBytes: number) {
      if (unreadable.includes(path)) throw Object.assign(new Error('it cannot be read'), { code: 'EIO' })
      return yield* super.read(path, maxBytes)
    }
  }
  const maintenance = maintenanceOn(path, new Failing(readOptions(path, {})))
  expect(await maintenance.run()).toEqual({ bytes: 11 * 4096, keys: 11, changes: 0 })
  const kept = Array.from({ length: 20 }, (_, n) => existsSync(layout.markFile(hashOf(`mark ${n}`))))
  expect(kept).toEqual(kept.map((_, n) => n === 0))
})

it('removes locks that nobody will ask for again, and no folder that is none', async () => {
  const store = new FileStore(path)
  await put(store, 'a key', 100)
  const { locks, forwardLock, writeLock, maintenanceLock } = lockPaths(new Layout(path))
  const old = [forwardLock, writeLock, maintenanceLock, `${forwardLock}.${'0'.repeat(32)}`]
  const others = [`${locks}/of others`, `${forwardLock}.old`, `${locks}/maintenance.1`]
  const live = `${locks}/${'f'.repeat(64)}.write`
  const yesterday = new Date(Date.now() - 25 * 3_600_000)
  for (const one of [...old, ...others, live]) {
    mkdirSync(one, { recursive: true })
    if (one !== live) utimesSync(one, yesterday, yesterday)
  }
  await store.prune()
  expect(readdirSync(locks).sort()).toEqual([...others, live].map((one) => basename(one)).sort())
})

function lockPaths(layout: Layout) {
  const hash = '0'.repeat(64)
  const { locks, maintenanceLock } = layout
  return { locks, maintenanceLock, forwardLock: layout.forwardLock(hash), writeLock: layout.writeLock(hash) }
}

it('is done by several at once', async () => {
  const options = { reads: 'async', clock: () => Date.now() + 2 * HOUR } as const
  const stores = [1, 2, 3].map(() => new FileStore(path, options))
  for (let n = 0; n < 20; n++) await stores[0]?.mark(`key ${n}`, { value: '0a', at: 1, dropAt: 2 })
  await Promise.all(stores.map((store) => store.prune()))
  for (let n = 0; n < 20; n++) expect(await stores[0]?.get(`key ${n}`)).toEqual({ responses: [] })
})
