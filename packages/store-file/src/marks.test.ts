import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { HOUR, NOW, newFolder, put, removeFolder } from '../test/sample.js'
import { Disk } from './disk.js'
import { Folder } from './folder.js'
import { FileStore } from './index.js'
import { hashOf, Layout } from './layout.js'
import { Marks } from './marks.js'
import { readOptions } from './options.js'
import { run } from './steps.js'

let folder: string
let layout: Layout
let now: number
let store: FileStore
beforeEach(() => {
  folder = newFolder()
  layout = new Layout(folder)
  now = NOW
  store = new FileStore(folder, { clock: () => now })
})
afterEach(() => removeFolder(folder))

async function mark(key: string, dropAt: number, value = '0a'): Promise<void> {
  await store.mark(key, { value, at: NOW, dropAt })
  utimesSync(layout.markFile(hashOf(key)), NOW / 1000, NOW / 1000)
}

const markOf = async (key: string) => (await store.get(key)).mark?.value

/** The marks as another process has them, which does `first` just before it removes one. */
function marksBeside(first: () => void): Marks {
  class Shared extends Disk {
    override *remove(path: string) {
      if (path.startsWith(layout.marks) && !path.startsWith(layout.marksTemporary)) first()
      return yield* super.remove(path)
    }
  }
  const settings = readOptions(folder, { clock: () => now })
  const disk = new Shared(settings)
  return new Marks(layout, disk, new Folder(layout, disk, settings), settings.clock)
}

describe('a mark', () => {
  it('is removed when it need not be kept, and not before', async () => {
    await mark('short', NOW + HOUR)
    await mark('long', NOW + 9 * HOUR)
    await mark('stored', NOW + HOUR)
    await put(store, 'stored', 100, { dropAt: NOW + 99 * HOUR })
    now = NOW + 2 * HOUR
    await store.prune()
    expect(await markOf('short')).toBeUndefined()
    expect(await markOf('long')).toBe('0a')
    expect(await markOf('stored')).toBe('0a')
    expect(readdirSync(layout.marksTemporary)).toEqual([])
  })

  const removals: [string, () => Promise<void>][] = [
    ['deleted', async () => store.delete('a key')],
    ['expired', () => store.prune()],
    ['evicted', () => new FileStore(folder, { maxBytes: 1, clock: () => now }).prune()]
  ]
  it.each(removals)('stays for an hour after what it makes invalid was %s (row L9)', async (how, remove) => {
    await mark('a key', NOW + HOUR)
    await put(store, 'a key', 100, { dropAt: how === 'expired' ? NOW + 5 * HOUR : NOW + 99 * HOUR })
    now = NOW + 10 * HOUR
    // Somebody who read it before that may bring it back.
    await remove()
    expect((await store.get('a key')).responses).toEqual([])
    now += HOUR
    await store.prune()
    expect(await markOf('a key')).toBe('0a')
    now += 1000
    await store.prune()
    expect(await markOf('a key')).toBeUndefined()
  })

  it('is removed by one process at a time: nobody finds none, and then another one that goes, too (row L9)', async () => {
    await mark('a key', NOW + HOUR)
    now = NOW + 2 * HOUR
    const hash = hashOf('a key')
    const seen: (string | undefined)[] = []
    const slow = marksBeside(() => {
      run(marksBeside(() => {}).drop(hash))
      seen.push(run(marksBeside(() => {}).read('a key', hash)) as undefined)
    })
    await run(slow.drop(hash))
    expect(seen).toMatchObject([{ value: '0a' }])
    expect(await markOf('a key')).toBeUndefined()
  })

  it('is removed a day later if a process died that was about to', async () => {
    await mark('a key', NOW + HOUR)
    now = NOW + 2 * HOUR
    const dies = marksBeside(() => {
      throw new Error('killed')
    })
    await expect(async () => run(dies.drop(hashOf('a key')))).rejects.toThrow('killed')
    const claim = layout.markClaim(hashOf('a key'))
    writeFileSync(claim, '')
    utimesSync(claim, now / 1000, now / 1000)
    now += 24 * HOUR
    await store.prune()
    expect(await markOf('a key')).toBe('0a')
    now += 1000
    await store.prune()
    expect(await markOf('a key')).toBeUndefined()
  })

  it('cannot be where a folder is: nothing stays valid there, for an invalidation would not be seen (rows D6, L9)', async () => {
    const path = layout.markFile(hashOf('a key'))
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    mkdirSync(path)
    await expect(async () => mark('a key', NOW + HOUR)).rejects.toMatchObject({ code: 'EISDIR' })
    expect(await markOf('a key')).toEqual(expect.any(String))
    expect(await markOf('a key')).not.toBe(await markOf('a key'))
  })
})
