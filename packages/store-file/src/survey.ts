import { opendir } from 'node:fs/promises'
import type { Disk } from './disk.js'
import { isAbsent } from './disk-errors.js'
import type { Folder } from './folder.js'
import { isFanOutFolder, type Layout, readEntryName } from './layout.js'
import { sizeOnDisk } from './size-on-disk.js'
import { run } from './steps.js'

/** The files of one key, as they lie in a folder. */
export interface Surveyed {
  readonly hash: string
  /** When the file of the key was last written or used; `undefined` if there is none. */
  usedAt: number | undefined
  bytes: number
  readonly bodies: SurveyedBody[]
}

export interface SurveyedBody {
  readonly id: string
  readonly bytes: number
  readonly modified: number
}

/** So many names are read at once; in between other work has its turn. */
const namesInTurn = 128

/** Looks at what lies in the folders, one at a time. Of files it opens none. */
export class Survey {
  readonly #layout: Layout
  readonly #disk: Disk
  readonly #folder: Folder

  constructor(layout: Layout, disk: Disk, folder: Folder) {
    this.#layout = layout
    this.#disk = disk
    this.#folder = folder
  }

  /** Those of the fan-out folders that are there. */
  async folders(within = this.#layout.entries): Promise<string[]> {
    const folders: string[] = []
    for await (const name of namesIn(this.#folder, within)) if (isFanOutFolder(name)) folders.push(`${within}/${name}`)
    return folders
  }

  async look(folder: string): Promise<Surveyed[]> {
    const surveyed = new Map<string, Surveyed>()
    for await (const name of namesIn(this.#folder, folder)) {
      const { hash, id } = readEntryName(name) ?? {}
      if (hash === undefined) continue
      const stats = await run(this.#disk.look(`${folder}/${name}`))
      if (!stats?.isFile()) continue
      const there = surveyed.get(hash) ?? { hash, usedAt: undefined, bytes: 0, bodies: [] }
      surveyed.set(hash, there)
      there.bytes += sizeOnDisk(stats.size)
      if (id === undefined) there.usedAt = stats.mtimeMs
      else there.bodies.push({ id, bytes: stats.size, modified: stats.mtimeMs })
    }
    return [...surveyed.values()]
  }
}

/** The names in a folder of the cache, some at a time; none for what is no folder, or somewhere else. */
export async function* namesIn(folder: Folder, path: string): AsyncGenerator<string> {
  if (await run(folder.leadsAway(path))) return
  try {
    for await (const { name } of await opendir(path, { bufferSize: namesInTurn })) yield name
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}
