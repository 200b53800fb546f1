import { copyFileSync, renameSync, rmSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { newFolder, put, removeFolder, response } from '../test/sample.js'
import { Content } from './content.js'
import { Disk } from './disk.js'
import { Entries } from './entries.js'
import { Folder } from './folder.js'
import { FileStore } from './index.js'
import { hashOf, Layout } from './layout.js'
import { Marks } from './marks.js'
import { readOptions } from './options.js'
import { run } from './steps.js'
import { Turns } from './turns.js'

const key = 'a key'

let folder: string
let path: string
beforeEach(async () => {
  folder = newFolder()
  path = new Layout(folder).keyFile(hashOf(key))
  await put(new FileStore(folder), key, 5, { slot: 'old' })
})
afterEach(() => removeFolder(folder))

/** Somebody else does `change` each time just before somebody looks whether the file of the key is still the same. */
function entriesBeside(change: () => void): Entries {
  class Shared extends Disk {
    override *look(looked: string) {
      if (looked === path) change()
      return yield* super.look(looked)
    }
  }
  const settings = readOptions(folder, {})
  const layout = new Layout(folder)
  const disk = new Shared(settings)
  const made = new Folder(layout, disk, settings)
  return new Entries(layout, disk, made, new Turns(), new Marks(layout, disk, made, settings.clock))
}

/** Puts the same file there again. */
function replace(): void {
  copyFileSync(path, `${path}.copy`)
  renameSync(`${path}.copy`, path)
}

const slots = async () => (await new FileStore(folder).get(key)).responses.map(({ response: { slot } }) => slot).sort()

it('changes what lies under a key though others always change it first', async () => {
  const stored = response({ key, slot: 'new', bodyBytes: 5 })
  await run(entriesBeside(replace).put(key, stored, new Content(new Uint8Array(5), 5, undefined)))
  expect(await slots()).toEqual(['new', 'old'])
  await run(entriesBeside(replace).remove(key, 'old'))
  expect(await slots()).toEqual(['new'])
})

it.each([1, 7, 8, 9])('does not bring back what somebody removed before the %s. look', async (last) => {
  let looks = 0
  const change = () => (++looks < last ? replace() : rmSync(path, { force: true }))
  const stored = response({ key, slot: 'new', bodyBytes: 5 })
  await run(entriesBeside(change).put(key, stored, new Content(new Uint8Array(5), 5, undefined)))
  expect(await slots()).toEqual(last > 8 ? ['new', 'old'] : ['new'])
})
