import { randomBytes } from 'node:crypto'
import fs from 'node:fs/promises'
import type { Disk } from './disk.js'
import { isCode } from './disk-errors.js'
import type { Layout } from './layout.js'
import { idleTurn } from './resting.js'
import type { Steps } from './steps.js'

/** Clears a cache by moving all of it aside, and removes later what was moved. */
export class Clearing {
  readonly #layout: Layout
  readonly #disk: Disk
  #removing: Promise<void> | undefined
  #count = 0

  constructor(layout: Layout, disk: Disk) {
    this.#layout = layout
    this.#disk = disk
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
      for (const name of await fs.readdir(this.#layout.format)) {
        if (this.#layout.isCleared(name)) await this.#removeFolder(`${this.#layout.format}/${name}`)
      }
    } catch {
      // It is in nobody's way, and will be found again.
    }
  }

  /** A folder in it at a time. The process may end in between. */
  async #removeFolder(path: string): Promise<void> {
    for (const name of await fs.readdir(path)) {
      await fs.rm(`${path}/${name}`, { recursive: true, force: true })
      await idleTurn()
    }
    await fs.rmdir(path)
  }
}
