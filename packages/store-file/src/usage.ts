import type { Disk } from './disk.js'
import type { Folder } from './folder.js'
import type { Layout } from './layout.js'
import type { Steps } from './steps.js'

/** How much is kept, as far as is known: who is killed between a change and its note leaves it a little wrong. */
export interface Totals {
  /** Of the disk. */
  readonly bytes: number
  /** Keys that something is kept under. */
  readonly keys: number
  /** Changes since all of it was last counted. */
  readonly changes: number
}

const nothing: Totals = { bytes: 0, keys: 0, changes: 0 }
/** Longer notes are summed up in one line. */
const longBytes = 32_768
/** Nothing of ours is that long. */
const foreignBytes = 1_048_576
/** Whoever makes the folder of the entries notes something soon after that. */
const soonMs = 60_000
const linePattern = /^(-?\d{1,15}) (-?\d{1,15}) (-?\d{1,15})$/

/**
 * Keeps count without ever counting: each change is a line at the end of one file, and each process reads the lines that
 * are new to it. Lines of several processes do not get in each other's way.
 */
export class Usage {
  readonly #layout: Layout
  readonly #disk: Disk
  readonly #folder: Folder
  #totals = nothing
  /** The file that was read, and how far. */
  #inode: number | undefined
  #readBytes = 0
  #isDoubtful = false

  constructor(layout: Layout, disk: Disk, folder: Folder) {
    this.#layout = layout
    this.#disk = disk
    this.#folder = folder
  }

  /** What was known when this process last looked. */
  get known(): Totals {
    return this.#totals
  }

  /** Whether notes have been lost since this was last asked, in a loss of power for one. */
  takeDoubt(): boolean {
    const isDoubtful = this.#isDoubtful
    this.#isDoubtful = false
    return isDoubtful
  }

  /** Notes a change; what is kept then, the changes of others included. Takes turns with itself. */
  *note(change: Totals): Steps<Totals> {
    try {
      yield* this.#read(change)
      if (this.#readBytes > longBytes) yield* this.write(this.#totals)
    } catch {
      // It cannot be noted; this process at least knows.
      this.#totals = sum(this.#totals, change)
    }
    return this.#totals
  }

  /** Replaces all notes: somebody has counted, or they have become long. A note that comes just now may be lost. */
  *write(totals: Totals): Steps<void> {
    const line = Buffer.from(lineOf(totals))
    const file = yield* this.#folder.temporary(this.#layout.entriesTemporary)
    try {
      yield* this.#disk.fill(file, [line])
      yield* this.#disk.rename(file.path, this.#layout.usage, true)
    } catch (error) {
      yield* this.#disk.removeQuietly(file.path)
      throw error
    }
    this.#inode = undefined
    this.#totals = totals
  }

  *#read(change: Totals): Steps<void> {
    const note = Buffer.from(lineOf(change))
    const opened = yield* this.#disk.openLog(this.#layout.usage)
    if (opened === undefined) throw new Error('there is nowhere to note it')
    const { descriptor } = opened
    try {
      yield* this.#disk.append(descriptor, [note])
      const { ino, size, mtimeMs } = yield* this.#disk.stats(descriptor)
      // What is told so often costs nothing more while nobody else tells anything.
      if (ino === this.#inode && size === this.#readBytes + note.byteLength) {
        this.#readBytes = size
        this.#totals = sum(this.#totals, change)
        return
      }
      if (size === note.byteLength) this.#isDoubtful ||= yield* this.#isLate(mtimeMs)
      if (ino !== this.#inode || size < this.#readBytes) {
        this.#inode = ino
        this.#readBytes = 0
        this.#totals = nothing
      }
      if (size - this.#readBytes > foreignBytes) this.#readBytes = size - foreignBytes
      const lines = yield* this.#disk.readRange(descriptor, this.#readBytes, size - this.#readBytes)
      this.#readBytes += lines.byteLength
      for (const line of lines.toString('latin1').split('\n')) {
        const change = readLine(line)
        if (change === undefined) this.#isDoubtful ||= line !== ''
        else this.#totals = sum(this.#totals, change)
      }
    } finally {
      yield* this.#disk.close(descriptor)
    }
  }

  /** Whether something else must have been noted before this. */
  *#isLate(now: number): Steps<boolean> {
    const folder = yield* this.#disk.look(this.#layout.entries)
    return folder !== undefined && now - folder.birthtimeMs > soonMs
  }
}

function lineOf({ bytes, keys, changes }: Totals): string {
  return `${bytes} ${keys} ${changes}\n`
}

/** `undefined` for what is damaged. */
function readLine(line: string): Totals | undefined {
  const [, bytes, keys, changes] = linePattern.exec(line) ?? []
  return bytes === undefined ? undefined : { bytes: Number(bytes), keys: Number(keys), changes: Number(changes) }
}

function sum(a: Totals, b: Totals): Totals {
  return { bytes: a.bytes + b.bytes, keys: a.keys + b.keys, changes: a.changes + b.changes }
}
