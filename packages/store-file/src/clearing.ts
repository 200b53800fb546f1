import { randomBytes } from 'node:crypto'
import fs from 'node:fs/promises'
import type { Disk } from './disk.js'
import { isCode, NotAFolderError } from './disk-errors.js'
import type { Folder } from './folder.js'
import type { Layout } from './layout.js'
import { idleTurn } from './resting.js'
import { run, type Steps } from './steps.js'

/** Clears a cache by moving all of it aside, and removes later what was moved. */
export class Clearing {
  readonly #layout: Layout
  readonly #disk: Disk
  readonly #folder: Folder
  #removing: Promise<void> | undefined
  #count = 0

  constructor(layout: Layout, disk: Disk, folder: Folder) {
    this.#layout = layout
    this.#disk = disk
    this.#folder = folder
  }

  /** When nothing of what was moved aside is being removed any more. */
  get idle(): Promise<void> | undefined {
    return this.#removing
  }

  /** How often this process began to clear. What it began to store before that is not to be seen any more. */
  get count(): number {
    return this.#count
  }

  *clear(): Steps<void> {
    this.#count++
    const { format } = this.#layout
    if (yield* this.#folder.leadsAway(format)) throw new NotAFolderError(format)
    try {
      const aside = this.#layout.cleared(randomBytes(16).toString('hex'))
      yield* this.#disk.rename(this.#layout.entries, aside, false)
    } catch (error) {
      if (isCode(error, 'ENOENT', 'ENOTDIR')) return
      throw error
    }
    this.removeCleared()
  }

  /** Removes what was moved aside, by whichever process. */
  removeCleared(): Promise<void> {
    const before = this.#removing
    const removing = (async () => {
      await before
      await this.#removeAll()
    })()
    this.#removing = removing
    return removing
  }

  async #removeAll(): Promise<void> {
    try {
      if (await run(this.#folder.leadsAway(this.#layout.format))) return
      for (const name of await fs.readdir(this.#layout.format)) {
        if (this.#layout.isCleared(name)) await this.#removeFolder(`${this.#layout.format}/${name}`)
      }
    } catch {
      // It is in nobody's way, and will be found again.
    }
  }

  /** A folder in it at a time. The process may end in between. */
  async #removeFolder(path: string): Promise<void> {
    if ((await run(this.#disk.look(path)))?.isSymbolicLink()) {
      await run(this.#disk.remove(path))
      return
    }
    for (const name of await fs.readdir(path)) {
      await fs.rm(`${path}/${name}`, { recursive: true, force: true })
      await idleTurn()
    }
    await fs.rmdir(path)
  }
}
