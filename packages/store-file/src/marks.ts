import type { Mark } from '@cc/core'
import type { Disk } from './disk.js'
import type { Folder } from './folder.js'
import type { Layout } from './layout.js'
import { readMarkFile, unreadableMark, writeMarkFile } from './mark-file.js'
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
      yield* this.#disk.rename(file.path, this.#layout.markFile(hash))
    } catch (error) {
      yield* this.#disk.removeQuietly(file.path)
      throw error
    }
  }
}
