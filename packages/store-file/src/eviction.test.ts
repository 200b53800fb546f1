import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { newFolder, put, removeFolder } from '../test/sample.js'
import { Disk } from './disk.js'
import { Eviction } from './eviction.js'
import { Folder } from './folder.js'
import { FileStore } from './index.js'
import { Layout } from './layout.js'
import { readOptions } from './options.js'
import { Survey } from './survey.js'
import type { Tidying } from './tidying.js'

let folder: string
beforeEach(() => {
  folder = newFolder()
})
afterEach(() => removeFolder(folder))

/** An eviction that has a look at 40 keys, and has them removed like that. */
async function evictionWith(evict: () => { bytes: number; responses: number } | undefined): Promise<Eviction> {
  const store = new FileStore(folder)
  for (let n = 0; n < 40; n++) await put(store, `key ${n}`, 100)
  const layout = new Layout(folder)
  const settings = readOptions(folder, {})
  const disk = new Disk(settings)
  const tidying = {
    *evict() {
      return evict()
    }
  } as unknown as Tidying
  return new Eviction(new Survey(layout, disk, new Folder(layout, disk, settings)), tidying)
}

const totals = { bytes: 1_000_000, keys: 40, changes: 40 }

it('comes to an end where all was used just now (row D11)', async () => {
  let asked = 0
  const eviction = await evictionWith(() => {
    if (++asked > 10_000) throw new Error('it would go on for ever')
    return undefined
  })
  expect(await eviction.evict(totals, 1)).toEqual({ bytes: 0, keys: 0, isStuck: false })
  expect(asked).toBeGreaterThan(0)
})

it('tries a few where none can be removed, for each takes its time (row D11)', async () => {
  let asked = 0
  const eviction = await evictionWith(() => {
    asked++
    throw Object.assign(new Error('it cannot be removed'), { code: 'EPERM' })
  })
  expect(await eviction.evict(totals, 1)).toEqual({ bytes: 0, keys: 0, isStuck: true })
  expect(asked).toBe(8)
})

it('goes on where one cannot be removed (row D11)', async () => {
  let asked = 0
  const eviction = await evictionWith(() => {
    if (++asked === 1) throw Object.assign(new Error('it cannot be removed'), { code: 'EPERM' })
    return { bytes: 4096, responses: 1 }
  })
  expect(await eviction.evict(totals, totals.bytes - 5 * 4096)).toEqual({ bytes: 5 * 4096, keys: 5, isStuck: false })
})
