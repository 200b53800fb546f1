import fs, { constants, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { GoneError, isCode, NotAFolderError } from './disk-errors.js'
import { careful, lengthOf, type NewFile, OpenFiles } from './open-files.js'
import { retrying } from './retrying.js'
import { type Steps, wait } from './steps.js'

const open = promisify(fs.open)
const fsync = promisify(fs.fsync)
// These are faster than their namesakes of `fs.promises`.
const rename = promisify(fs.rename)
const unlink = promisify(fs.unlink)
const overwriteFlags = constants.O_WRONLY | constants.O_TRUNC | careful

/** The few things that are done with the disk, each at once or in the thread pool. */
export class Disk extends OpenFiles {
  /** Writes `parts` into a file that was made for them, and ends it. If that fails the file is removed. */
  *fill({ path, descriptor }: NewFile, parts: readonly Uint8Array[]): Steps<void> {
    try {
      let isWritten = false
      try {
        yield* this.append(descriptor, parts)
        isWritten = true
      } finally {
        if (!isWritten) yield* this.close(descriptor)
      }
      yield* this.finish(descriptor, lengthOf(parts))
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

  /**
   * Gives a file its name. If another one has that name it is replaced, and that is not done at once: ext4 for one then
   * begins to write the new file to the disk, which takes milliseconds.
   */
  *rename(from: string, to: string, isReplacing: boolean): Steps<void> {
    const isAtOnce = this.mayBlock && !isReplacing
    yield* retrying(() => (isAtOnce ? fs.renameSync(from, to) : rename(from, to)))
    if (this.options.durable) yield* this.#syncFolder(dirname(to))
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

  /** Whether there was such a file. The longer it is, the longer that takes. */
  *remove(path: string, bytes = 0): Steps<boolean> {
    const isAtOnce = this.isBlocking(bytes)
    try {
      yield* retrying(() => (isAtOnce ? fs.unlinkSync(path) : unlink(path)))
      return true
    } catch (error) {
      if (isCode(error, 'ENOENT', 'ENOTDIR')) return false
      throw error
    }
  }

  /** Removes what is in nobody's way if it stays. */
  *removeQuietly(path: string, bytes?: number): Steps<boolean> {
    try {
      return yield* this.remove(path, bytes)
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

  /** What lies at a path, or where a link there leads. */
  *follow(path: string): Steps<Stats | undefined> {
    try {
      if (this.mayBlock) return fs.statSync(path, { throwIfNoEntry: false })
      return yield* wait(fs.promises.stat(path))
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
    if ((yield* this.#makeOne(path)) === undefined) throw new GoneError(path)
    const made = yield* this.look(path)
    if (made === undefined) throw new GoneError(path)
    if (!made.isDirectory()) throw new NotAFolderError(path)
    yield* this.#settleFolder(path, made.mode)
  }

  /**
   * Makes a folder and those above it; whether it was not there. One by one: told to make them all, Node tries for ever
   * where one cannot be made because the system says that it is absent, as in /proc.
   */
  *makeFolders(path: string): Steps<boolean> {
    let isNew = yield* this.#makeOne(path)
    if (isNew === undefined && dirname(path) !== path) {
      yield* this.makeFolders(dirname(path))
      isNew = yield* this.#makeOne(path)
    }
    if (isNew === undefined) throw new GoneError(path)
    if (!isNew) return false
    const stats = yield* this.look(path)
    if (stats !== undefined) yield* this.#settleFolder(path, stats.mode)
    return true
  }

  /** Whether it was not there; `undefined` if that above it is absent. */
  *#makeOne(path: string): Steps<boolean | undefined> {
    const { dirMode } = this.options
    try {
      if (this.mayBlock) fs.mkdirSync(path, dirMode)
      else yield* wait(fs.promises.mkdir(path, dirMode))
      return true
    } catch (error) {
      if (isCode(error, 'ENOENT')) return undefined
      if (isCode(error, 'EEXIST')) return false
      throw error
    }
  }

  /** Of a folder that was just made: the umask may have taken permissions away, and the disk does not have its name yet. */
  *#settleFolder(path: string, mode: number): Steps<void> {
    const { dirMode, durable } = this.options
    if ((mode & 0o777) !== dirMode && process.platform !== 'win32') {
      if (this.mayBlock) fs.chmodSync(path, dirMode)
      else yield* wait(fs.promises.chmod(path, dirMode))
    }
    if (durable) yield* this.#syncFolder(dirname(path))
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
}
