import { dirname, join } from 'node:path'
import type { Disk, NewFile } from './disk.js'
import { isCode } from './disk-errors.js'
import { type Layout, temporaryName } from './layout.js'
import type { Steps } from './steps.js'

const tagText = `Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache made by @cc/store-file. All of it can be deleted at any time.
# About this file: https://bford.info/cachedir/
`

/** The folders of a cache, which are made when something is to be written, and again when somebody has removed them. */
export class Folder {
  readonly #layout: Layout
  readonly #disk: Disk

  constructor(layout: Layout, disk: Disk) {
    this.#layout = layout
    this.#disk = disk
  }

  /** Makes sure that `path`, below the folder of the format, is there, and that no link leads out of the cache. */
  *make(path: string): Steps<void> {
    const { root, format } = this.#layout
    const disk = this.#disk
    if ((yield* disk.look(format)) === undefined && (yield* disk.makeFolders(root))) yield* this.#tag()
    yield* disk.makeFolder(format)
    if (dirname(path) !== format) yield* disk.makeFolder(dirname(path))
    yield* disk.makeFolder(path)
  }

  /** A new file in `folder` that nobody else knows of. */
  *temporary(folder: string): Steps<NewFile> {
    const path = `${folder}/${temporaryName()}`
    try {
      return yield* this.#disk.create(path)
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error
    }
    yield* this.make(folder)
    return yield* this.#disk.create(path)
  }

  /** Says to programs that make backups that they need not save this. */
  *#tag(): Steps<void> {
    try {
      const file = yield* this.#disk.create(join(this.#layout.root, 'CACHEDIR.TAG'))
      yield* this.#disk.fill(file, [Buffer.from(tagText)])
    } catch {
      // It is there, or it cannot be: the cache works without.
    }
  }
}
