import { randomBytes } from 'node:crypto'
import type { EpochMilliseconds, Mark } from '@cc/core'
import type { Disk } from './disk.js'
import { isCode } from './disk-errors.js'
import type { Folder } from './folder.js'
import type { Layout } from './layout.js'
import { dropAtOf, readMarkFile, unreadableMark, writeMarkFile } from './mark-file.js'
import { maxSealedBytes } from './sealed.js'
import type { Steps } from './steps.js'

const hourMs = 3_600_000

/** The marks of invalidations, each a small file in a tree of its own: no response, no lock and no `clear` is in their way. */
export class Marks {
  readonly #layout: Layout
  readonly #disk: Disk
  readonly #folder: Folder
  readonly #clock: () => EpochMilliseconds

  constructor(layout: Layout, disk: Disk, folder: Folder, clock: () => EpochMilliseconds) {
    this.#layout = layout
    this.#disk = disk
    this.#folder = folder
    this.#clock = clock
  }

  /** @throws if it cannot be told whether there is one: it might be an invalidation */
  *read(key: string, hash: string): Steps<Mark | undefined> {
    const path = this.#layout.markFile(hash)
    const there = yield* this.#disk.look(path)
    if (there === undefined) return undefined
    const content = yield* this.#disk.read(path, maxSealedBytes)
    if (content !== undefined) return readMarkFile(content.bytes, key, content.modified)
    // No mark can be put in the place of a folder: so nothing stays valid, or the next invalidation would not be seen.
    return unreadableMark(there.isFile() ? Buffer.from(`${there.mode}`) : randomBytes(16), there.mtimeMs)
  }

  *write(key: string, hash: string, mark: Mark): Steps<void> {
    const file = yield* this.#folder.temporary(this.#layout.marksTemporary)
    try {
      yield* this.#disk.fill(file, [writeMarkFile(key, mark)])
      yield* this.#folder.make(this.#layout.marksFolder(hash))
      const path = this.#layout.markFile(hash)
      yield* this.#disk.rename(file.path, path, (yield* this.#disk.look(path)) !== undefined)
    } catch (error) {
      yield* this.#disk.removeQuietly(file.path)
      throw error
    }
  }

  /**
   * Keeps a mark for another hour, before what lies under its key is removed. Another process that is changing the same
   * just now may bring that back.
   */
  *outlive(hash: string): Steps<void> {
    const path = this.#layout.markFile(hash)
    if ((yield* this.#disk.look(path)) !== undefined) yield* this.#disk.touch(path, this.#clock())
  }

  /**
   * Removes a mark that need not be kept any more. Only one process can do so at a time: so from the last look on there was
   * a mark until it is removed, be it another one by then, and nobody has asked for anything without one.
   */
  *drop(hash: string): Steps<void> {
    if (!(yield* this.#isToGo(hash)) || !(yield* this.#folder.holds(hash))) return
    const claim = this.#layout.markClaim(hash)
    if (!(yield* this.#make(claim))) return
    try {
      if (yield* this.#isToGo(hash)) yield* this.#disk.remove(this.#layout.markFile(hash))
    } finally {
      yield* this.#disk.removeQuietly(claim)
    }
  }

  /** Whether its time is over, and nothing has been under its key for an hour. */
  *#isToGo(hash: string): Steps<boolean> {
    if ((yield* this.#disk.look(this.#layout.keyFile(hash))) !== undefined) return false
    const there = yield* this.#disk.read(this.#layout.markFile(hash), maxSealedBytes)
    if (there === undefined) return false
    const now = this.#clock()
    return dropAtOf(there.bytes, there.modified) <= now && now - there.modified > hourMs
  }

  /** Makes an empty file; false if there is one already: somebody is at it, or died at it, and then it is swept a day later. */
  *#make(path: string): Steps<boolean> {
    yield* this.#folder.make(this.#layout.marksTemporary)
    try {
      yield* this.#disk.fill(yield* this.#disk.create(path), [])
      return true
    } catch (error) {
      if (isCode(error, 'EEXIST')) return false
      throw error
    }
  }
}
