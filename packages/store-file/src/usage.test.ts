import type { Stats } from 'node:fs'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { until } from '../test/folder.js'
import { newFolder, put, removeFolder } from '../test/sample.js'
import { Disk } from './disk.js'
import { Folder } from './folder.js'
import { FileStore } from './index.js'
import { Layout } from './layout.js'
import { readOptions } from './options.js'
import { run } from './steps.js'
import { Usage } from './usage.js'

let folder: string
let layout: Layout
beforeEach(() => {
  folder = newFolder()
  layout = new Layout(folder)
})
afterEach(() => removeFolder(folder))

/** The notes of a cache whose folder of entries was made so long ago. */
function usageAfter(ageMs: number): Usage {
  class Aged extends Disk {
    override *look(path: string) {
      const stats: Stats | undefined = yield* super.look(path)
      if (stats !== undefined && path === layout.entries) stats.birthtimeMs -= ageMs
      return stats
    }
  }
  const settings = readOptions(folder, {})
  const disk = new Aged(settings)
  return new Usage(layout, disk, new Folder(layout, disk, settings))
}

const change = { bytes: 4096, keys: 1, changes: 1 }

describe('what is known of how much is kept', () => {
  it('is known to be too little where the first note comes long after there was something to note (row D2)', async () => {
    await put(new FileStore(folder), 'a key', 100)
    writeFileSync(layout.usage, '')
    const usage = usageAfter(120_000)
    await run(usage.note(change))
    expect([usage.takeDoubt(), usage.takeDoubt()]).toEqual([true, false])
    await run(usage.note(change))
    expect(usage.takeDoubt()).toBe(false)
  })

  it('is trusted in a new cache, and where notes have long been made', async () => {
    await put(new FileStore(folder), 'a key', 100)
    const old = usageAfter(120_000)
    await run(old.note(change))
    expect(old.takeDoubt()).toBe(false)
    writeFileSync(layout.usage, '')
    const fresh = usageAfter(0)
    await run(fresh.note(change))
    expect(fresh.takeDoubt()).toBe(false)
  })

  it.each([true, false])(
    'is counted again where notes are torn; forever: %s (row D2)',
    async (forever) => {
      const before = new FileStore(folder, { forever })
      for (let n = 0; n < 20; n++) await put(before, `key ${n}`, 100)
      writeFileSync(layout.usage, Buffer.alloc(statSync(layout.usage).size))
      const store = new FileStore(folder, { forever })
      await put(store, 'another key', 100)
      await until(() => readFileSync(layout.usage, 'latin1') === `${21 * 4096} 21 0\n`)
    },
    120_000
  )
})
