import type { Body } from '@cc/core'
import { Content } from './content.js'
import type { Disk, NewFile } from './disk.js'
import type { Folder } from './folder.js'
import { besideBytes } from './key-file.js'
import type { Layout } from './layout.js'
import { run, type Steps, wait } from './steps.js'

const noBytes = new Uint8Array(0)

/** Takes bodies in: short ones into memory, longer ones into a file that nobody sees yet. */
export class IncomingBodies {
  readonly #layout: Layout
  readonly #disk: Disk
  readonly #folder: Folder
  readonly #maxBytes: number

  constructor(layout: Layout, disk: Disk, folder: Folder, maxBytes: number) {
    this.#layout = layout
    this.#disk = disk
    this.#folder = folder
    this.#maxBytes = maxBytes
  }

  /** Reads `body` to its end; `undefined` if it is longer than what is kept. What went into files is removed then. */
  *read(body: Body): Steps<Content | undefined> {
    if (body instanceof Uint8Array) return yield* this.#readAtHand([body])
    if (Array.isArray(body)) return yield* this.#readAtHand(body)
    return yield* wait(this.#readComing(body))
  }

  *#readAtHand(pieces: readonly Uint8Array[]): Steps<Content | undefined> {
    const length = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0)
    if (length > this.#maxBytes) return undefined
    if (length <= besideBytes) return new Content(joined(pieces), length, undefined)
    const file = yield* this.#temporary()
    yield* this.#disk.fill(file, pieces)
    return new Content(undefined, length, file.path)
  }

  async #readComing(body: Exclude<Body, Uint8Array>): Promise<Content | undefined> {
    const file = await run(this.#temporary())
    try {
      const content = await this.#gather(body, file)
      if (content === undefined) await run(this.#disk.removeQuietly(file.path))
      return content
    } catch (error) {
      await run(this.#disk.removeQuietly(file.path))
      throw error
    }
  }

  async #gather(body: Exclude<Body, Uint8Array>, file: NewFile): Promise<Content | undefined> {
    let gathered: Uint8Array[] = []
    let length = 0
    let isClosed = false
    const isShort = () => length <= besideBytes
    try {
      for await (const piece of body) {
        length += piece.byteLength
        if (length > this.#maxBytes) return undefined
        gathered.push(piece)
        if (isShort()) continue
        for (const one of gathered) await run(this.#disk.append(file.descriptor, one))
        gathered = []
      }
      isClosed = true
      await run(this.#disk.finish(file.descriptor, isShort() ? 0 : length))
    } finally {
      if (!isClosed) await run(this.#disk.close(file.descriptor))
    }
    return new Content(isShort() ? joined(gathered) : undefined, length, file.path)
  }

  *#temporary(): Steps<NewFile> {
    return yield* this.#folder.temporary(this.#layout.entriesTemporary)
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? (pieces[0] ?? noBytes) : Buffer.concat(pieces)
}
