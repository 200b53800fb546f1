import fs from 'node:fs/promises'
import type { Disk } from './disk.js'
import { isAbsent } from './disk-errors.js'
import { keyOf } from './key-file.js'
import { isFanOutFolder, type Layout, readEntryName } from './layout.js'
import { maxSealedBytes } from './sealed.js'
import { run } from './steps.js'

/** Goes through all that is kept, a folder at a time. */
export class Listing {
  readonly #layout: Layout
  readonly #disk: Disk

  constructor(layout: Layout, disk: Disk) {
    this.#layout = layout
    this.#disk = disk
  }

  /** Every key that has a file. */
  async *keys(): AsyncGenerator<string> {
    for (const folder of await namesIn(this.#layout.entries)) {
      if (!isFanOutFolder(folder)) continue
      for (const name of await namesIn(`${this.#layout.entries}/${folder}`)) {
        if (readEntryName(name)?.id !== undefined || readEntryName(name) === undefined) continue
        const content = await run(this.#disk.read(`${this.#layout.entries}/${folder}/${name}`, maxSealedBytes))
        const key = content && keyOf(content.bytes)
        if (key !== undefined) yield key
      }
    }
  }
}

/** Empty for what is no folder. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await fs.readdir(folder)
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}
