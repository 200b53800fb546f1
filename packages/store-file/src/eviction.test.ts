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

it('comes to an end where nothing can be removed (row D11)', async () => {
  const store = new FileStore(folder)
  for (let n = 0; n < 40; n++) await put(store, `key ${n}`, 100)
  const layout = new Layout(folder)
  let asked = 0
  const refusing = {
    *evict() {
      if (++asked > 10_000) throw new Error('it would go on for ever')
    }
  } as unknown as Tidying
  const settings = readOptions(folder, {})
  const disk = new Disk(settings)
  const survey = new Survey(layout, disk, new Folder(layout, disk, settings))
  const eviction = new Eviction(survey, refusing)
  expect(await eviction.evict({ bytes: 1_000_000, keys: 40, changes: 40 }, 1)).toEqual({ bytes: 0, keys: 0 })
  expect(asked).toBeGreaterThan(0)
})
