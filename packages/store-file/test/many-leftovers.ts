import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect } from '@jest/globals'
import { Disk } from '../src/disk.js'
import { FileStore } from '../src/index.js'
import { Layout } from '../src/layout.js'
import { readOptions } from '../src/options.js'
import { fillFolder } from './filled-folder.js'
import { temporaryFolder } from './folder.js'
import { maintenanceOn } from './maintenance-on.js'
import { HOUR } from './sample.js'

/** Of a process that there cannot be: numbers end before. */
const dead = 4_194_305
const mostInTurn = 128

/** Asserts that so many files of dead writers are removed a few at a time, and that hits are answered meanwhile. */
export async function sweptBesideHits(count: number): Promise<void> {
  const folder = temporaryFolder()
  const { entriesTemporary } = new Layout(folder)
  const store = new FileStore(folder)
  // A store that had stored it itself would sweep, too.
  await fillFolder(folder, 0, 1)
  mkdirSync(entriesTemporary, { recursive: true, mode: 0o700 })
  const yesterday = new Date(Date.now() - 12 * HOUR)
  const leave = (n: number, pid: number) => {
    const path = `${entriesTemporary}/${n.toString(16).padStart(32, '0')}.${pid}`
    writeFileSync(path, '', { mode: 0o600 })
    utimesSync(path, yesterday, yesterday)
    return path
  }
  for (let n = 0; n < count; n++) leave(n, dead)
  const live = leave(count, process.pid)

  let removed = 0
  class Counting extends Disk {
    override *removeQuietly(path: string, bytes?: number) {
      removed++
      return yield* super.removeQuietly(path, bytes)
    }
  }
  let isOver = false
  const sweeping = maintenanceOn(folder, new Counting(readOptions(folder, {})))
    .sweepLeftovers()
    .finally(() => {
      isOver = true
    })
  let hits = 0
  let most = 0
  for (let before = 0; !isOver; before = removed) {
    await setImmediate()
    most = Math.max(most, removed - before)
    const { responses } = await store.get('https://example.org/0')
    hits += responses.length
  }
  await sweeping
  expect(removed).toBe(count)
  expect(readdirSync(entriesTemporary)).toEqual([basename(live)])
  expect(most).toBeLessThanOrEqual(mostInTurn)
  expect(hits).toBeGreaterThanOrEqual(count / mostInTurn)
}
