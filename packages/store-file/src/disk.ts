import fs, { constants, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { isAbsent, isBusy, isCode } from './disk-errors.js'
import { type Steps, wait } from './steps.js'

const open = promisify(fs.open)
const close = promisify(fs.close)
const fstat = promisify(fs.fstat)
const fchmod = promisify(fs.fchmod)
const fsync = promisify(fs.fsync)

// Links are never followed, and a FIFO never waits for whoever is at its other end. Windows has neither flag.
const careful = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
export const readFlags = constants.O_RDONLY | careful
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | careful
const logFlags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | careful
const overwriteFlags = constants.O_WRONLY | constants.O_TRUNC | careful

/** What is not longer may block: it takes less time than a way through the thread pool. */
export const blockingBytes = 262_144
/** Pauses before what is busy is tried again. */
const pausesMs = [2, 10, 50]

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

/** The few things that are done with files, each at once or in the thread pool. */
export class Disk {
  readonly mayBlock: boolean
  readonly #options: DiskOptions

  constructor(options: DiskOptions) {
    this.mayBlock = options.mayBlock
    this.#options = options
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
    return yield* this.#open(path, logFlags)
  }

  *#open(path: string, flags: number): Steps<OpenFile | undefined> {
    const { fileMode } = this.#options
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
    if (!this.#isBlocking(length)) return yield* wait(this.readInBackground(descriptor, position, length))
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
    const { fileMode } = this.#options
    if (this.mayBlock) return { path, descriptor: fs.openSync(path, createFlags, fileMode) }
    return { path, descriptor: yield* wait(open(path, createFlags, fileMode)) }
  }

  /** Writes all of `bytes` where the last write ended. */
  *append(descriptor: number, bytes: Uint8Array, isBlocking = this.#isBlocking(bytes.byteLength)): Steps<void> {
    let at = 0
    while (at < bytes.byteLength) {
      at += isBlocking
        ? fs.writeSync(descriptor, bytes, at, bytes.byteLength - at, null)
        : yield* wait(writeAsync(descriptor, bytes, at, bytes.byteLength - at))
    }
  }

  /** Ends a file that was written: it has the right mode, is on the disk if it is to be, and must be `length` bytes long. */
  *finish(descriptor: number, length: number): Steps<void> {
    const { durable, fileMode } = this.#options
    try {
      const stats = yield* this.stats(descriptor)
      if (stats.size !== length) throw new ShortWriteError(stats.size, length)
      if ((stats.mode & 0o777) !== fileMode && process.platform !== 'win32') {
        if (this.mayBlock) fs.fchmodSync(descriptor, fileMode)
        else yield* wait(fchmod(descriptor, fileMode))
      }
      if (durable) yield* wait(fsync(descriptor))
    } finally {
      yield* this.close(descriptor)
    }
  }

  /** Writes `parts` into a file that was made for them, and ends it. If that fails the file is removed. */
  *fill({ path, descriptor }: NewFile, parts: readonly Uint8Array[]): Steps<void> {
    const length = parts.reduce((sum, { byteLength }) => sum + byteLength, 0)
    try {
      let isWritten = false
      try {
        for (const part of parts) yield* this.append(descriptor, part, this.#isBlocking(length))
        isWritten = true
      } finally {
        if (!isWritten) yield* this.close(descriptor)
      }
      yield* this.finish(descriptor, length)
    } catch (error) {
      yield* this.removeQuietly(path)
      throw error
    }
  }

  /** The same with a file that is there already; what was in it is lost. */
  *overwrite(path: string, parts: readonly Uint8Array[]): Steps<void> {
    const descriptor = this.mayBlock ? fs.openSync(path, overwriteFlags) : yield* wait(open(path, overwriteFlags))
    yield* this.fill({ path, descriptor }, parts)
  }

  /** Puts a file in the place of another one. */
  *rename(from: string, to: string): Steps<void> {
    yield* retrying(() => (this.mayBlock ? fs.renameSync(from, to) : fs.promises.rename(from, to)))
    if (this.#options.durable) yield* this.#syncFolder(dirname(to))
  }

  *#syncFolder(path: string): Steps<void> {
    if (process.platform === 'win32') return
    const descriptor = yield* wait(open(path, constants.O_RDONLY))
    try {
      yield* wait(fsync(descriptor))
    } finally {
      yield* this.close(descriptor)
    }
  }

  /** Gives a file a second name, unless that is taken. */
  *putBack(from: string, to: string): Steps<void> {
    try {
      if (this.mayBlock) fs.linkSync(from, to)
      else yield* wait(fs.promises.link(from, to))
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error
    }
  }

  /** Whether there was such a file. */
  *remove(path: string): Steps<boolean> {
    try {
      yield* retrying(() => (this.mayBlock ? fs.unlinkSync(path) : fs.promises.unlink(path)))
      return true
    } catch (error) {
      if (isCode(error, 'ENOENT', 'ENOTDIR')) return false
      throw error
    }
  }

  /** Removes what is in nobody's way if it stays. */
  *removeQuietly(path: string): Steps<boolean> {
    try {
      return yield* this.remove(path)
    } catch {
      return false
    }
  }

  /** What lies at a path, a link as such; `undefined` if nothing does. */
  *look(path: string): Steps<Stats | undefined> {
    try {
      // An error that says so would take several times as long.
      if (this.mayBlock) return fs.lstatSync(path, { throwIfNoEntry: false })
      return yield* wait(fs.promises.lstat(path))
    } catch (error) {
      if (isCode(error, 'ENOENT', 'ENOTDIR')) return undefined
      throw error
    }
  }

  /** Makes sure that a folder is there, in one that is; it is a folder, and no link to one. */
  *makeFolder(path: string): Steps<void> {
    const there = yield* this.look(path)
    if (there?.isDirectory()) return
    if (there !== undefined) throw new NotAFolderError(path)
    const { dirMode } = this.#options
    try {
      if (this.mayBlock) fs.mkdirSync(path, dirMode)
      else yield* wait(fs.promises.mkdir(path, dirMode))
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error
    }
    const made = yield* this.look(path)
    if (!made?.isDirectory()) throw new NotAFolderError(path)
    yield* this.#setMode(path, made.mode)
  }

  /** Makes a folder and those above it; whether it was not there. */
  *makeFolders(path: string): Steps<boolean> {
    const options = { mode: this.#options.dirMode, recursive: true } as const
    const made = this.mayBlock ? fs.mkdirSync(path, options) : yield* wait(fs.promises.mkdir(path, options))
    if (made === undefined) return false
    const stats = yield* this.look(path)
    if (stats !== undefined) yield* this.#setMode(path, stats.mode)
    return true
  }

  /** Of what was just made the umask may have taken something away. */
  *#setMode(path: string, mode: number): Steps<void> {
    const { dirMode } = this.#options
    if ((mode & 0o777) === dirMode || process.platform === 'win32') return
    if (this.mayBlock) fs.chmodSync(path, dirMode)
    else yield* wait(fs.promises.chmod(path, dirMode))
  }

  /** Notes that a file was used. Nothing comes of it if that fails. */
  *touch(path: string, now: number): Steps<void> {
    try {
      if (this.mayBlock) fs.lutimesSync(path, now / 1000, now / 1000)
      else yield* wait(fs.promises.lutimes(path, now / 1000, now / 1000))
    } catch {
      // It counts as used less recently than it was.
    }
  }

  #isBlocking(length: number): boolean {
    return this.mayBlock && length <= blockingBytes
  }
}

/** On Windows somebody who has just looked at a file, such as a virus scanner, keeps others from moving it. */
function* retrying(attempt: () => void | Promise<void>): Steps<void> {
  for (const pauseMs of pausesMs) {
    try {
      const going = attempt()
      if (going !== undefined) yield* wait(going)
      return
    } catch (error) {
      if (!isBusy(error)) throw error
    }
    yield* wait(pause(pauseMs))
  }
  const going = attempt()
  if (going !== undefined) yield* wait(going)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function readAsync(descriptor: number, bytes: Buffer, at: number, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) =>
    fs.read(descriptor, bytes, at, length, position, (error, read) => (error ? reject(error) : resolve(read)))
  )
}

function writeAsync(descriptor: number, bytes: Uint8Array, at: number, length: number): Promise<number> {
  return new Promise((resolve, reject) =>
    fs.write(descriptor, bytes, at, length, null, (error, written) => (error ? reject(error) : resolve(written)))
  )
}

/** A file is not as long as what was written into it. */
export class ShortWriteError extends Error {
  override readonly name = 'ShortWriteError'
  readonly code = 'CC_SHORT_WRITE'

  constructor(
    readonly bytes: number,
    readonly expectedBytes: number
  ) {
    super(`the file has ${bytes} bytes instead of ${expectedBytes}`)
  }
}

/** Something else lies where a folder of the cache should be. */
export class NotAFolderError extends Error {
  override readonly name = 'NotAFolderError'
  readonly code = 'CC_NOT_A_FOLDER'

  constructor(readonly path: string) {
    super(`${path} is no folder`)
  }
}
