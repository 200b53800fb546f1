import type { Awaitable, Body } from '@cc/core'
import { Content } from './content.js'
import type { Disk } from './disk.js'
import type { Folder } from './folder.js'
import { besideBytes } from './key-file.js'
import type { Layout } from './layout.js'
import { type LockFile, takeLock } from './lock-file.js'
import type { NewFile } from './open-files.js'
import { nextTurn } from './resting.js'
import { run, type Steps, wait } from './steps.js'
import { WrittenDigests } from './written-digests.js'

const noBytes = new Uint8Array(0)
/** So much is digested before other work has its turn. */
const turnBytes = 1_048_576
/** Longer bodies are written by one process at a time; others are written before a lock would be taken. */
const lockedBytes = 1_048_576
/** What comes is written so much at a time, */
const batchBytes = 1_048_576
/** or so many pieces, for the memory that each may be a small part of. */
const batchPieces = 64
/**
 * What comes after so much is written in smaller batches, which the system takes at once: on a busy machine each wait for the
 * thread pool takes its time, and past a second of waiting the cache gives a copy up (MSG-03).
 */
const waitedBytes = 67_108_864
const atOnceBytes = 131_072

/** Takes bodies in: short ones into memory, longer ones into a file that nobody sees yet. */
export class IncomingBodies {
  readonly #layout: Layout
  readonly #disk: Disk
  readonly #folder: Folder
  /** Whether bodies of their own are digested while they are written: those who store with digests do so each time. */
  makesDigests = true

  constructor(layout: Layout, disk: Disk, folder: Folder) {
    this.#layout = layout
    this.#disk = disk
    this.#folder = folder
  }

  /**
   * Reads `body` to its end; `undefined` if it is longer than `maxBytes`, or long and somebody else is writing under the
   * same key. Then it is let go of, and what went into files is removed.
   */
  *read(body: Body, hash: string, maxBytes: number): Steps<Content | undefined> {
    if (body instanceof Uint8Array) return yield* this.#readAtHand([body], hash, maxBytes)
    if (Array.isArray(body)) return yield* this.#readAtHand(body, hash, maxBytes)
    return yield* wait(this.#readComing(body, hash, maxBytes))
  }

  *#readAtHand(pieces: readonly Uint8Array[], hash: string, maxBytes: number): Steps<Content | undefined> {
    const length = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0)
    if (length > maxBytes) return undefined
    if (length <= besideBytes) return new Content(joined(pieces), length, undefined)
    const lock = length > lockedBytes ? yield* wait(this.#lock(hash)) : undefined
    if (lock === 'taken') return undefined
    try {
      const file = yield* this.#temporary()
      yield* this.#disk.fill(file, pieces)
      const content = new Content(undefined, length, file.path, lock)
      if (this.makesDigests) content.digests = yield* digestsOf(pieces)
      return content
    } catch (error) {
      if (lock !== undefined) yield* wait(lock.release())
      throw error
    }
  }

  async #readComing(body: Exclude<Body, Uint8Array>, hash: string, maxBytes: number): Promise<Content | undefined> {
    const digests = this.makesDigests ? new WrittenDigests() : undefined
    const gathering = new Gathering(this.#disk, await run(this.#temporary()), maxBytes, () => this.#lock(hash), digests)
    try {
      const content = await gathering.gather(body)
      if (content === undefined) await gathering.giveUp()
      return content
    } catch (error) {
      await gathering.giveUp()
      throw error
    }
  }

  /** `undefined` where there can be no locks: that is no reason not to store. */
  async #lock(hash: string): Promise<LockFile | 'taken' | undefined> {
    try {
      await run(this.#folder.make(this.#layout.locks))
      return await takeLock(this.#layout.writeLock(hash))
    } catch {
      return undefined
    }
  }

  *#temporary(): Steps<NewFile> {
    return yield* this.#folder.temporary(this.#layout.entriesTemporary)
  }
}

/** One body that comes by and by. */
class Gathering {
  readonly #disk: Disk
  readonly #file: NewFile
  readonly #maxBytes: number
  readonly #takeLock: () => Promise<LockFile | 'taken' | undefined>
  readonly #digests: WrittenDigests | undefined
  #lock: LockFile | 'taken' | undefined
  #hasAskedForLock = false
  /** What came since the last batch. */
  #pieces: Uint8Array[] = []
  #pieceBytes = 0
  #length = 0
  /** The last batch. */
  #batch: readonly Uint8Array[] = []
  #writing: Awaitable<void> = undefined

  constructor(
    disk: Disk,
    file: NewFile,
    maxBytes: number,
    lock: () => Promise<LockFile | 'taken' | undefined>,
    digests: WrittenDigests | undefined
  ) {
    this.#disk = disk
    this.#file = file
    this.#maxBytes = maxBytes
    this.#takeLock = lock
    this.#digests = digests
  }

  async gather(body: Exclude<Body, Uint8Array>): Promise<Content | undefined> {
    let isClosed = false
    try {
      for await (const piece of body) if (!(await this.#add(piece))) return undefined
      if (!this.#isShort) await this.#writeBatch()
      await this.#writing
      isClosed = true
      await run(this.#disk.finish(this.#file.descriptor, this.#isShort ? 0 : this.#length))
    } finally {
      if (!isClosed) await this.#close()
    }
    this.#digestBatch()
    const bytes = this.#isShort ? joined(this.#pieces) : undefined
    const lock = this.#lock === 'taken' ? undefined : this.#lock
    const content = new Content(bytes, this.#length, this.#file.path, lock)
    content.digests = this.#digests?.end()
    return content
  }

  async giveUp(): Promise<void> {
    await run(this.#disk.removeQuietly(this.#file.path))
    if (this.#lock !== 'taken') await this.#lock?.release()
  }

  /** Its descriptor is that of another file soon after. */
  async #close(): Promise<void> {
    await Promise.resolve(this.#writing).catch(() => {})
    await run(this.#disk.close(this.#file.descriptor))
  }

  get #isShort(): boolean {
    return this.#length <= besideBytes
  }

  get #batchBytes(): number {
    return this.#length > waitedBytes && this.#disk.mayBlock ? atOnceBytes : batchBytes
  }

  /** False if the body is not to be stored. */
  async #add(piece: Uint8Array): Promise<boolean> {
    this.#length += piece.byteLength
    if (this.#length > this.#maxBytes) return false
    this.#pieces.push(piece)
    this.#pieceBytes += piece.byteLength
    if (this.#isShort) return true
    if (this.#length > lockedBytes && !this.#hasAskedForLock) {
      this.#hasAskedForLock = true
      this.#lock = await this.#takeLock()
      if (this.#lock === 'taken') return false
    }
    if (this.#pieceBytes >= this.#batchBytes || this.#pieces.length >= batchPieces) await this.#writeBatch()
    return true
  }

  /** Begins to write what came, when the batch before is written; that one is digested meanwhile. */
  async #writeBatch(): Promise<void> {
    await this.#writing
    const pieces = this.#pieces
    this.#pieces = []
    this.#pieceBytes = 0
    this.#writing = run(this.#disk.append(this.#file.descriptor, pieces))
    // It is heard of when somebody waits for it.
    Promise.resolve(this.#writing).catch(() => {})
    this.#digestBatch()
    this.#batch = pieces
  }

  /** Of bytes that are in the file: whoever changed them before that is found out. */
  #digestBatch(): void {
    for (const piece of this.#batch) this.#digests?.add(piece)
    this.#batch = []
  }
}

/** A MiB at a time: other work has its turn in between. */
function* digestsOf(pieces: readonly Uint8Array[]): Steps<readonly string[]> {
  const digests = new WrittenDigests()
  let bytes = 0
  for (const piece of pieces) {
    for (let at = 0; at < piece.byteLength; at += turnBytes) {
      const part = piece.subarray(at, at + turnBytes)
      if (bytes + part.byteLength > turnBytes) {
        yield* wait(nextTurn())
        bytes = 0
      }
      digests.add(part)
      bytes += part.byteLength
    }
  }
  return digests.end()
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? (pieces[0] ?? noBytes) : Buffer.concat(pieces)
}
