import type { Body, ByteRange } from '@cc/core'
import type { Disk } from './disk.js'
import { blockingBytes } from './open-files.js'
import { run, type Steps } from './steps.js'

/** So much of a long body is read at once: what the cache checks in one go, so that it need not be put together. */
const pieceBytes = 1_048_576

/**
 * The body in a file, or `range` of it. `undefined` if it is not there, or not `length` bytes long. A short one is read
 * at once where that may be; of a longer one the file stays open until it was read or let go of.
 */
export function* openStoredBody(disk: Disk, path: string, length: number, range?: ByteRange): Steps<Body | undefined> {
  const opened = yield* disk.openToRead(path)
  if (opened === undefined) return undefined
  const { descriptor, stats } = opened
  const first = range?.first ?? 0
  const end = Math.min((range?.last ?? length - 1) + 1, length)
  let isLeftOpen = false
  try {
    if (stats.size !== length) return undefined
    if (end <= first) return new Uint8Array(0)
    if (end - first <= blockingBytes) return yield* disk.readRange(descriptor, first, end - first)
    isLeftOpen = true
    return new StoredBody(disk, descriptor, first, end)
  } finally {
    if (!isLeftOpen) yield* disk.close(descriptor)
  }
}

/**
 * Bytes of an open file, piece by piece. Nobody can take them away any more: not by replacing, nor by removing the file.
 * While the cache checks a piece and hands it out, the next one is read.
 */
class StoredBody implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly #disk: Disk
  readonly #descriptor: number
  readonly #end: number
  #at: number
  #isOpen = true
  /** What is being done for the last who asked: the file is closed after that, and not under it. */
  #reading: Promise<unknown> | undefined
  /** The piece at `#at`, which nobody has asked for yet. */
  #ahead: Promise<Uint8Array> | undefined

  constructor(disk: Disk, descriptor: number, first: number, end: number) {
    this.#disk = disk
    this.#descriptor = descriptor
    this.#at = first
    this.#end = end
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    // Set at once: who asks again, or returns, without waiting has his turn after this one.
    const reading = this.#readAfter(this.#reading)
    this.#reading = reading.catch(() => {})
    return reading
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#reading
    await this.#close()
    return { done: true, value: undefined }
  }

  async #readAfter(before: Promise<unknown> | undefined): Promise<IteratorResult<Uint8Array>> {
    if (before !== undefined) await before
    return this.#isOpen ? this.#read() : { done: true, value: undefined }
  }

  async #read(): Promise<IteratorResult<Uint8Array>> {
    try {
      if (this.#at < this.#end) {
        const value = await (this.#ahead ?? this.#readPiece())
        this.#at += value.byteLength
        this.#ahead = this.#at < this.#end ? this.#readPiece() : undefined
        // It is heard of when somebody asks for it, if anybody does.
        this.#ahead?.catch(() => {})
        return { done: false, value }
      }
    } catch (error) {
      await this.#close()
      throw error
    }
    await this.#close()
    return { done: true, value: undefined }
  }

  async #readPiece(): Promise<Uint8Array> {
    const length = Math.min(pieceBytes, this.#end - this.#at)
    const bytes = await this.#disk.readInBackground(this.#descriptor, this.#at, length)
    if (bytes.byteLength < length) throw new BodyCutError(this.#at + bytes.byteLength, this.#end)
    return bytes
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    await this.#ahead?.catch(() => {})
    this.#ahead = undefined
    await run(this.#disk.close(this.#descriptor))
  }
}

/** The file of a body became shorter while it was read. */
export class BodyCutError extends Error {
  override readonly name = 'BodyCutError'
  readonly code = 'CC_BODY_CUT'

  constructor(
    readonly bytes: number,
    readonly expectedBytes: number
  ) {
    super(`the file of a body ends after ${bytes} of ${expectedBytes} bytes`)
  }
}
