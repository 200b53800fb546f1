import type { Stats } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Disk } from './disk.js'
import { isCode, NotAFolderError } from './disk-errors.js'
import { UntrustedFolderError } from './errors.js'
import { fanOutOf, type Layout, temporaryName } from './layout.js'
import type { NewFile } from './open-files.js'
import type { Settings } from './options.js'
import type { Steps } from './steps.js'

const tagText = `Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache made by @cc/store-file. All of it can be deleted at any time.
# About this file: https://bford.info/cachedir/
`

const othersWrite = 0o022
const sticky = 0o1000

const maxAttempts = 4

/** The folders of a cache, which are made when something is to be written, and again when somebody has removed them. */
export class Folder {
  readonly #layout: Layout
  readonly #disk: Disk
  readonly #settings: Pick<Settings, 'dirMode' | 'trustFolder'>
  #isTrusted: boolean
  /** Of the folders that keys are spread over, those that were seen to be folders. */
  readonly #seen = new Set<string>()

  constructor(layout: Layout, disk: Disk, settings: Pick<Settings, 'dirMode' | 'trustFolder'>) {
    this.#layout = layout
    this.#disk = disk
    this.#settings = settings
    this.#isTrusted = settings.trustFolder
  }

  /** Looks once whose folder it is. @throws UntrustedFolderError if others can write into it */
  *check(): Steps<void> {
    if (this.#isTrusted) return
    const stats = yield* this.#disk.follow(this.#layout.root)
    if (stats === undefined) return
    const user = process.geteuid?.()
    const isOthers = user !== undefined && stats.uid !== user && stats.uid !== 0
    const letsOthersWrite = (stats.mode & othersWrite & ~this.#settings.dirMode) !== 0 && (stats.mode & sticky) === 0
    if (isOthers || (user !== undefined && letsOthersWrite)) throw new UntrustedFolderError(this.#layout.root)
    this.#isTrusted = true
  }

  /**
   * Whether something that is no folder lies where `path`, below the folder of the format, or a folder above it should be.
   * If that is a link, all behind it is somebody else's.
   */
  *leadsAway(path: string): Steps<boolean> {
    for (let one = path; one !== this.#layout.root; one = dirname(one)) {
      const there = yield* this.#disk.look(one)
      if (there !== undefined && !there.isDirectory()) return true
    }
    return false
  }

  /** Whether what is found under a key lies in this cache, as far as this process has seen before. */
  hasSeen(hash: string): boolean {
    return this.#seen.has(fanOutOf(hash))
  }

  /** The same, by looking. */
  *holds(hash: string): Steps<boolean> {
    for (const path of [this.#layout.entriesFolder(hash), this.#layout.marksFolder(hash)]) {
      if (yield* this.leadsAway(path)) return false
    }
    this.#seen.add(fanOutOf(hash))
    return true
  }

  /** The folder that has the entries: another one as soon as they were cleared, by whichever process. It is made if there is none. */
  *generation(): Steps<Stats> {
    const { format, entries } = this.#layout
    for (let attempt = 1; ; attempt++) {
      if (yield* this.leadsAway(format)) throw new NotAFolderError(format)
      const there = yield* this.#disk.look(entries)
      if (there?.isDirectory() === false) throw new NotAFolderError(entries)
      if (there !== undefined) return there
      try {
        yield* this.make(entries)
      } catch (error) {
        // Somebody has just moved or removed it.
        if (!isCode(error, 'ENOENT') || attempt === maxAttempts) throw error
      }
    }
  }

  /** Whether it still is that one. */
  *isGeneration({ ino, birthtimeMs }: Stats): Steps<boolean> {
    const there = yield* this.#disk.look(this.#layout.entries)
    if (there?.ino !== ino) return false
    // The inode of a folder that was removed may be that of the next one. Where the system does not tell when a folder was
    // made, Node gives the time of its last change.
    return there.birthtimeMs === birthtimeMs || there.birthtimeMs === there.ctimeMs
  }

  /**
   * Makes sure that `path`, below the folder of the format, is there, and that no link leads out of the cache; the same of
   * `beside`, which lies in the same folder.
   */
  *make(path: string, beside?: string): Steps<void> {
    const { root, format } = this.#layout
    const disk = this.#disk
    const there = yield* disk.look(format)
    if (there === undefined && (yield* disk.makeFolders(root))) yield* this.#tag()
    if (!there?.isDirectory()) yield* disk.makeFolder(format)
    if (dirname(path) !== format) yield* disk.makeFolder(dirname(path))
    yield* disk.makeFolder(path)
    if (beside !== undefined) yield* disk.makeFolder(beside)
  }

  /** A new file in `folder` that nobody else knows of. No link has led it elsewhere. `beside` is made with the folder. */
  *temporary(folder: string, beside?: string): Steps<NewFile> {
    for (let attempt = 1; ; attempt++) {
      try {
        yield* this.make(folder, beside)
        return yield* this.#disk.create(`${folder}/${temporaryName()}`)
      } catch (error) {
        // Somebody has just moved or removed it.
        if (!isCode(error, 'ENOENT') || attempt === maxAttempts) throw error
      }
    }
  }

  /** Says to programs that make backups that they need not save this. */
  *#tag(): Steps<void> {
    try {
      const file = yield* this.#disk.create(join(this.#layout.root, 'CACHEDIR.TAG'))
      yield* this.#disk.fill(file, [Buffer.from(tagText)])
    } catch {
      // It is there, or it cannot be: the cache works without.
    }
  }
}
