import { hash, randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'

/** In the path: what another version of the format has written is not even seen. */
const formatFolder = 'v1'
/** So many hexadecimal digits of a name are a folder of their own: 4,096 folders. */
const fanOutDigits = 3
const namePattern = /^([0-9a-f]{64})(?:\.([0-9a-f]{1,64}))?$/
const clearedPattern = /^cleared\.[0-9a-f]{32}$/
const temporaryPattern = /^[0-9a-f]{32}\.(\d{1,10})$/
const idPattern = /^[0-9a-f]{1,64}$/
/** Also one that was moved aside. */
const lockPattern = /^(?:[0-9a-f]{64}\.(?:forward|write)|maintenance)(?:\.[0-9a-f]{32})?$/

/** What a name in one of the fan-out folders stands for. */
export interface EntryName {
  readonly hash: string
  /** Set for a body in a file of its own. */
  readonly id: string | undefined
}

/** Where things lie. All names below the folder of the format are lowercase hexadecimal, or one of a few words. */
export class Layout {
  readonly root: string
  readonly format: string
  /** All that can be cleared, in one folder: moved aside, it is gone at once. */
  readonly entries: string
  readonly entriesTemporary: string
  readonly usage: string
  readonly marks: string
  readonly marksTemporary: string
  readonly locks: string

  constructor(folder: string) {
    this.root = resolve(folder)
    this.format = join(this.root, formatFolder)
    this.entries = join(this.format, 'entries')
    this.entriesTemporary = join(this.entries, 'tmp')
    this.usage = join(this.entries, 'usage')
    this.marks = join(this.format, 'marks')
    this.marksTemporary = join(this.marks, 'tmp')
    this.locks = join(this.format, 'locks')
  }

  /** Where all entries go when they are cleared. */
  cleared(name: string): string {
    return join(this.format, `cleared.${name}`)
  }

  isCleared(name: string): boolean {
    return clearedPattern.test(name)
  }

  /** Who asks the origin. */
  forwardLock(hash: string): string {
    return `${this.locks}/${hash}.forward`
  }

  /** Who stores a long response. */
  writeLock(hash: string): string {
    return `${this.locks}/${hash}.write`
  }

  get maintenanceLock(): string {
    return `${this.locks}/maintenance`
  }

  /** Whether one of the locks may have this name. */
  isLock(name: string): boolean {
    return lockPattern.test(name)
  }

  entriesFolder(hash: string): string {
    return `${this.entries}/${fanOutOf(hash)}`
  }

  marksFolder(hash: string): string {
    return `${this.marks}/${fanOutOf(hash)}`
  }

  /** Metadata of all responses under a key, and their short bodies. */
  keyFile(hash: string): string {
    return `${this.entriesFolder(hash)}/${hash}`
  }

  /** A longer body. */
  bodyFile(hash: string, id: string): string {
    return `${this.entriesFolder(hash)}/${hash}.${id}`
  }

  markFile(hash: string): string {
    return `${this.marksFolder(hash)}/${hash}`
  }

  /** Who has made this file may remove the mark. Its name is that of a file whose maker nobody knows. */
  markClaim(hash: string): string {
    return `${this.marksTemporary}/${hash.slice(0, 32)}.0`
  }
}

/** The name of all that is kept under a key. */
export function hashOf(key: string): string {
  // As UTF-8 all unpaired surrogates would be the same. Every supported Node has `isWellFormed`, the types do not.
  return (key as string & { isWellFormed(): boolean }).isWellFormed()
    ? hash('sha256', key)
    : hash('sha256', Buffer.from(key, 'utf16le'))
}

/** The name of the folder of what is kept under a key. */
export function fanOutOf(hash: string): string {
  return hash.slice(0, fanOutDigits)
}

export function isFanOutFolder(name: string): boolean {
  return name.length === fanOutDigits && idPattern.test(name)
}

/** `undefined` for what is none of ours. */
export function readEntryName(name: string): EntryName | undefined {
  const [, hash, id] = namePattern.exec(name) ?? []
  return hash === undefined ? undefined : { hash, id }
}

/** The name of a file that is being written. Who finds it can tell whether its maker is still there. */
export function temporaryName(): string {
  return `${randomBytes(16).toString('hex')}.${process.pid}`
}

/** The process that made such a file; `undefined` for what is none of ours. */
export function readTemporaryName(name: string): number | undefined {
  const [, pid] = temporaryPattern.exec(name) ?? []
  return pid === undefined ? undefined : Number(pid)
}

/** Whether a name can be made of `id`. */
export function isNameable(id: string): boolean {
  return idPattern.test(id)
}
