import fs, { constants, type Stats } from 'node:fs'
import { promisify } from 'node:util'
import { isAbsent, ShortWriteError } from './disk-errors.js'
import { type Steps, wait } from './steps.js'

const open = promisify(fs.open)
const close = promisify(fs.close)
const fstat = promisify(fs.fstat)
const fchmod = promisify(fs.fchmod)
const fsync = promisify(fs.fsync)

// Links are never followed, and a FIFO never waits for whoever is at its other end. Windows has neither flag.
export const careful = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
const readFlags = constants.O_RDONLY | careful
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | careful
const logFlags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | careful

/** What is not longer may block: it takes less time than a way through the thread pool. */
export const blockingBytes = 262_144

export interface DiskOptions {
  /** Whether short work is done at once, while everything else waits. */
  readonly mayBlock: boolean
  readonly durable: boolean
  readonly fileMode: number
  readonly dirMode: number
}

export interface FileContent {
  readonly bytes: Buffer
  readonly inode: number
  readonly modified: number
}

export interface OpenFile {
  readonly descriptor: number
  readonly stats: Stats
}

/** A file that was made, and is open for writing. */
export interface NewFile {
  readonly path: string
  readonly descriptor: number
}

/** What is done with files that are open, each at once or in the thread pool. */
export class OpenFiles {
  readonly mayBlock: boolean
  protected readonly options: DiskOptions

  constructor(options: DiskOptions) {
    this.mayBlock = options.mayBlock
    this.options = options
  }

  /** All of a file of up to `maxBytes`. `undefined` for what is absent, longer, or no regular file. */
  *read(path: string, maxBytes: number): Steps<FileContent | undefined> {
    const opened = yield* this.openToRead(path)
    if (opened === undefined) return undefined
    const { descriptor, stats } = opened
    try {
      if (stats.size > maxBytes) return undefined
      const bytes = yield* this.readRange(descriptor, 0, stats.size)
      return { bytes, inode: stats.ino, modified: stats.mtimeMs }
    } finally {
      yield* this.close(descriptor)
    }
  }

  /** `undefined` for what is absent or no regular file. */
  *openToRead(path: string): Steps<OpenFile | undefined> {
    return yield* this.#open(path, readFlags)
  }

  /** The same of a file that lines are added to; it is made if it is absent. */
  *openLog(path: string): Steps<OpenFile | undefined> {
    const opened = yield* this.#open(path, logFlags)
    if (opened?.stats.size === 0) yield* this.#setFileMode(opened.descriptor, opened.stats.mode)
    return opened
  }

  *#open(path: string, flags: number): Steps<OpenFile | undefined> {
    const { fileMode } = this.options
    let descriptor: number
    try {
      descriptor = this.mayBlock ? fs.openSync(path, flags, fileMode) : yield* wait(open(path, flags, fileMode))
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw error
    }
    let stats: Stats | undefined
    try {
      stats = yield* this.stats(descriptor)
      if (stats.isFile()) return { descriptor, stats }
      stats = undefined
      return undefined
    } finally {
      if (stats === undefined) yield* this.close(descriptor)
    }
  }

  *stats(descriptor: number): Steps<Stats> {
    return this.mayBlock ? fs.fstatSync(descriptor) : yield* wait(fstat(descriptor))
  }

  /** What there is of `length` bytes from `position` on. */
  *readRange(descriptor: number, position: number, length: number): Steps<Buffer> {
    if (!this.isBlocking(length)) return yield* wait(this.readInBackground(descriptor, position, length))
    const bytes = Buffer.allocUnsafeSlow(length)
    let at = 0
    while (at < length) {
      const read = fs.readSync(descriptor, bytes, at, length - at, position + at)
      if (read === 0) return bytes.subarray(0, at)
      at += read
    }
    return bytes
  }

  /** The same without holding anything up. */
  async readInBackground(descriptor: number, position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length)
    let at = 0
    while (at < length) {
      const read = await readAsync(descriptor, bytes, at, length - at, position + at)
      if (read === 0) return bytes.subarray(0, at)
      at += read
    }
    return bytes
  }

  *close(descriptor: number): Steps<void> {
    if (this.mayBlock) fs.closeSync(descriptor)
    else yield* wait(close(descriptor))
  }

  /** A new file, open for writing. */
  *create(path: string): Steps<NewFile> {
    const { fileMode } = this.options
    if (this.mayBlock) return { path, descriptor: fs.openSync(path, createFlags, fileMode) }
    return { path, descriptor: yield* wait(open(path, createFlags, fileMode)) }
  }

  /** Writes all of `parts` where the last write ended, at once if the system takes them at once. */
  *append(descriptor: number, parts: readonly Uint8Array[]): Steps<void> {
    const length = lengthOf(parts)
    const isBlocking = this.isBlocking(length)
    let left = parts
    for (let at = 0; at < length; ) {
      const written = isBlocking ? write(descriptor, left) : yield* wait(writeAsync(descriptor, left))
      // It would be tried for ever.
      if (written === 0) throw new ShortWriteError(at, length)
      at += written
      if (at < length) left = without(left, written)
    }
  }

  /** Ends a file that was written: it has the right mode, is on the disk if it is to be, and must be `length` bytes long. */
  *finish(descriptor: number, length: number): Steps<void> {
    const { durable } = this.options
    try {
      const stats = yield* this.stats(descriptor)
      if (stats.size !== length) throw new ShortWriteError(stats.size, length)
      yield* this.#setFileMode(descriptor, stats.mode)
      if (durable) yield* wait(fsync(descriptor))
    } finally {
      yield* this.close(descriptor)
    }
  }

  /** Of what was just made the umask may have taken something away. */
  *#setFileMode(descriptor: number, mode: number): Steps<void> {
    const { fileMode } = this.options
    if ((mode & 0o777) === fileMode || process.platform === 'win32') return
    if (this.mayBlock) fs.fchmodSync(descriptor, fileMode)
    else yield* wait(fchmod(descriptor, fileMode))
  }

  protected isBlocking(length: number): boolean {
    return this.mayBlock && length <= blockingBytes
  }
}

function readAsync(descriptor: number, bytes: Buffer, at: number, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) =>
    fs.read(descriptor, bytes, at, length, position, (error, read) => (error ? reject(error) : resolve(read)))
  )
}

function write(descriptor: number, parts: readonly Uint8Array[]): number {
  const [first] = parts
  return first !== undefined && parts.length === 1 ? fs.writeSync(descriptor, first) : fs.writevSync(descriptor, parts)
}

function writeAsync(descriptor: number, parts: readonly Uint8Array[]): Promise<number> {
  const [first] = parts
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, written: number) => (error ? reject(error) : resolve(written))
    if (first !== undefined && parts.length === 1) fs.write(descriptor, first, done)
    else fs.writev(descriptor, parts, done)
  })
}

export function lengthOf(parts: readonly Uint8Array[]): number {
  let length = 0
  for (const { byteLength } of parts) length += byteLength
  return length
}

/** What is left of `parts` without the first `bytes` bytes of them. */
function without(parts: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let at = 0
  for (const [n, part] of parts.entries()) {
    if (at + part.byteLength > bytes) return [part.subarray(bytes - at), ...parts.slice(n + 1)]
    at += part.byteLength
  }
  return []
}
