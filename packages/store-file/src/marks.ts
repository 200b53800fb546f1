import type { Mark } from '@cc/core'
import type { Disk } from './disk.js'
import { isCode } from './disk-errors.js'
import type { Folder } from './folder.js'
import { type Layout, temporaryName } from './layout.js'
import { dropAtOf, readMarkFile, unreadableMark, writeMarkFile } from './mark-file.js'
import { maxSealedBytes } from './sealed.js'
import type { Steps } from './steps.js'

/** The marks of invalidations, each a small file in a tree of its own: no response, no lock and no `clear` is in their way. */
export class Marks {
  readonly #layout: Layout
  readonly #disk: Disk
  readonly #folder: Folder

  constructor(layout: Layout, disk: Disk, folder: Folder) {
    this.#layout = layout
    this.#disk = disk
    this.#folder = folder
  }

  /** @throws if it cannot be told whether there is one: it might be an invalidation */
  *read(key: string, hash: string): Steps<Mark | undefined> {
    const path = this.#layout.markFile(hash)
    const there = yield* this.#disk.look(path)
    if (there === undefined) return undefined
    const content = yield* this.#disk.read(path, maxSealedBytes)
    return content === undefined
      ? unreadableMark(Buffer.from(`${there.mode}`), there.mtimeMs)
      : readMarkFile(content.bytes, key, content.modified)
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
   * Removes a mark that need not be kept any more, if nothing is stored under its key. Somebody may be writing another one
   * in that moment: so it is moved aside first and looked at there, and what is not the one that was meant is put back,
   * unless there is a newer one by then.
   */
  *drop(hash: string, now: number): Steps<void> {
    if ((yield* this.#disk.look(this.#layout.keyFile(hash))) !== undefined) return
    if (!(yield* this.#folder.holds(hash))) return
    const path = this.#layout.markFile(hash)
    const meant = yield* this.#disk.read(path, maxSealedBytes)
    if (meant === undefined || dropAtOf(meant.bytes, meant.modified) > now) return
    const aside = `${this.#layout.marksTemporary}/${temporaryName()}`
    try {
      yield* this.#disk.rename(path, aside, false)
    } catch (error) {
      // Somebody else was faster.
      if (isCode(error, 'ENOENT')) return
      throw error
    }
    const moved = yield* this.#disk.read(aside, maxSealedBytes)
    if (moved?.inode !== meant.inode || !moved.bytes.equals(meant.bytes)) yield* this.#disk.putBack(aside, path)
    yield* this.#disk.remove(aside)
  }
}
