import type { StoredResponse } from '@cc/core'
import type { Content } from './content.js'
import type { Disk } from './disk.js'
import { isCode, isInTheWay } from './disk-errors.js'
import { fitIntoFile } from './fitting.js'
import type { Folder } from './folder.js'
import { type KeptResponse, readKeyFile } from './key-file.js'
import { hashOf, type Layout } from './layout.js'
import type { Marks } from './marks.js'
import { maxSealedBytes } from './sealed.js'
import { bytesOnDisk } from './size-on-disk.js'
import type { Steps } from './steps.js'
import { TakenPaths } from './taken-paths.js'
import type { Turns } from './turns.js'

/** What lies under a key. */
export interface Entry {
  readonly hash: string
  readonly kept: readonly KeptResponse[]
  /** Of the file of the key; `undefined` if there is none. */
  readonly inode: number | undefined
  readonly modified: number
  /** How much of the disk it takes, bodies included. */
  readonly bytes: number
}

/** What was done under a key. */
export interface Change {
  /** How much more of the disk is taken than before. */
  readonly bytes: number
  /** 1 for a key under which there was nothing, -1 for one under which nothing is left. */
  readonly keys: number
}

interface Wanted {
  readonly kept: readonly KeptResponse[]
  /** What is not to come back if the cache was cleared meanwhile: an empty file to write into, or one with a body. */
  readonly content?: Content
  readonly id?: string
}

/** So often a change is tried again that another process got in the way of. */
const maxAttempts = 8

/**
 * Reads and changes what lies under a key. A change is a new file in the place of the old one: who reads sees one or the
 * other. Two processes that change the same at the same time see each other's change, but for a moment in which one of
 * the two is lost; nothing depends on it, for it is only a cache.
 */
export class Entries {
  readonly #layout: Layout
  readonly #disk: Disk
  readonly #folder: Folder
  readonly #turns: Turns
  readonly #marks: Marks
  readonly #keepsAll: boolean
  readonly #taken = new TakenPaths()

  /** @param keepsAll - whether no response may go to make room for another one */
  constructor(layout: Layout, disk: Disk, folder: Folder, turns: Turns, marks: Marks, keepsAll = false) {
    this.#layout = layout
    this.#disk = disk
    this.#folder = folder
    this.#turns = turns
    this.#marks = marks
    this.#keepsAll = keepsAll
  }

  *read(key: string): Steps<Entry> {
    const hash = hashOf(key)
    const content = yield* this.#disk.read(this.#layout.keyFile(hash), maxSealedBytes)
    if (content === undefined) return { hash, kept: [], inode: undefined, modified: 0, bytes: 0 }
    const { bytes, inode, modified } = content
    const kept = readKeyFile(bytes, key) ?? []
    return { hash, kept, inode, modified, bytes: bytesOnDisk(bytes.byteLength, kept) }
  }

  /** Puts a response in the place of the one in its slot, unless that one was requested later. */
  *put(key: string, response: StoredResponse, content: Content): Steps<Change | undefined> {
    return yield* this.#change(key, ({ kept }) => {
      const there = kept.find(({ response: { slot } }) => slot === response.slot)
      if (there !== undefined && there.response.requestTime > response.requestTime) return undefined
      const others = kept.filter((one) => one !== there)
      return { kept: [{ response, body: content.bytes }, ...others], content, id: response.id }
    })
  }

  /** Puts other metadata to the body of a response; `undefined` if that is not in its slot. */
  *update(key: string, response: StoredResponse): Steps<Change | undefined> {
    return yield* this.#change(key, ({ kept }) => {
      const { slot, id, bodyBytes } = response
      const there = kept.find(({ response }) => response.slot === slot)
      if (there?.response.id !== id || there.response.bodyBytes !== bodyBytes) return undefined
      return { kept: kept.map((one) => (one === there ? { response, body: there.body } : one)) }
    })
  }

  /** Removes a response, or all under a key. */
  *remove(key: string, slot: string | undefined): Steps<Change | undefined> {
    return yield* this.#change(key, ({ kept, inode }) => {
      if (slot === undefined) return inode === undefined ? undefined : { kept: [] }
      const others = kept.filter(({ response }) => response.slot !== slot)
      return others.length === kept.length ? undefined : { kept: others }
    })
  }

  /** Removes what may go since `now`. */
  *expire(key: string, now: number): Steps<Change | undefined> {
    return yield* this.#change(key, ({ kept }) => {
      const others = kept.filter(({ response }) => response.dropAt > now)
      return others.length === kept.length ? undefined : { kept: others }
    })
  }

  *#change(key: string, decide: (entry: Entry) => Wanted | undefined): Steps<Change | undefined> {
    return yield* this.#turns.wait(hashOf(key), this.#tryToChange(key, decide))
  }

  *#tryToChange(key: string, decide: (entry: Entry) => Wanted | undefined): Steps<Change | undefined> {
    for (let attempt = 1; ; attempt++) {
      const entry = yield* this.read(key)
      const wanted = decide(entry)
      if (wanted === undefined) return undefined
      const isLast = attempt >= maxAttempts
      const kept = wanted.kept.length === 0 ? yield* this.#empty(entry) : yield* this.#place(key, entry, wanted, isLast)
      if (kept === 'changed') continue
      if (kept === undefined) return undefined
      yield* this.#removeBodies(entry.hash, entry.kept, kept.kept)
      return { bytes: kept.bytes - entry.bytes, keys: kept.kept.length > 0 ? Number(entry.inode === undefined) : -1 }
    }
  }

  *#empty({ hash }: Entry): Steps<Pick<Entry, 'kept' | 'bytes'> | undefined> {
    if (!(yield* this.#folder.holds(hash))) return undefined
    yield* this.#marks.outlive(hash)
    try {
      yield* this.#disk.remove(this.#layout.keyFile(hash))
    } catch (error) {
      // What is no file is none of ours, and nobody finds anything in it.
      if (!isInTheWay(error)) throw error
    }
    return { kept: [], bytes: 0 }
  }

  /** `undefined` if it cannot be placed, which is nobody's fault; `'changed'` if something else lies there by now. */
  *#place(
    key: string,
    { hash, inode }: Entry,
    { kept, content, id }: Wanted,
    isLast: boolean
  ): Steps<Pick<Entry, 'kept' | 'bytes'> | 'changed' | undefined> {
    const fitted = fitIntoFile(key, kept)
    if (fitted === undefined || (this.#keepsAll && fitted.kept.length < kept.length)) return undefined
    // Those that are there are newer, and fill all the room there is.
    if (id !== undefined && !fitted.kept.some(({ response }) => response.id === id)) return undefined
    const keyFile = this.#layout.keyFile(hash)
    const given = content?.bytes === undefined ? undefined : content.temporary
    const folder = this.#layout.entriesFolder(hash)
    let temporary: string | undefined
    try {
      temporary = yield* this.#write(fitted.file, given, folder)
      if (given !== undefined) yield* this.#folder.make(folder)
      for (const { id, body } of fitted.leaving) yield* this.#writeBody(this.#layout.bodyFile(hash, id), body)
      if (content !== undefined && id !== undefined) yield* this.#moveBody(content, this.#layout.bodyFile(hash, id))
      const there = yield* this.#disk.look(keyFile)
      // What was removed is not to come back, however often others were faster.
      if (there?.ino !== inode && (!isLast || there === undefined)) return 'changed'
      if (content !== undefined && (yield* content.isTooLate())) return undefined
      yield* this.#disk.rename(temporary, keyFile, inode !== undefined)
      temporary = undefined
      content?.arrived()
      return { kept: fitted.kept, bytes: bytesOnDisk(fitted.file.byteLength, fitted.kept) }
    } catch (error) {
      // All of it was moved away. What began before that stays away.
      if (isCode(error, 'ENOENT')) return content !== undefined || isLast ? undefined : 'changed'
      this.#taken.tell(error)
      return undefined
    } finally {
      if (temporary !== undefined && temporary !== given) yield* this.#disk.removeQuietly(temporary)
    }
  }

  /** Where `bytes` now lie: in `given`, which is there for them, or else in a new file; `folder` is made with that. */
  *#write(bytes: Uint8Array, given?: string, folder?: string): Steps<string> {
    if (given !== undefined) {
      yield* this.#disk.overwrite(given, [bytes])
      return given
    }
    const file = yield* this.#folder.temporary(this.#layout.entriesTemporary, folder)
    yield* this.#disk.fill(file, [bytes])
    return file.path
  }

  *#writeBody(path: string, body: Uint8Array): Steps<void> {
    yield* this.#disk.rename(yield* this.#write(body), path, false)
  }

  /** Puts the body where it is looked for, unless it lies beside its metadata. */
  *#moveBody(content: Content, place: string): Steps<void> {
    if (content.bytes !== undefined) return
    if (content.temporary !== undefined) {
      yield* this.#disk.rename(content.temporary, place, false)
      content.temporary = undefined
      content.place = place
    } else if ((yield* this.#disk.look(place)) === undefined) {
      throw Object.assign(new Error('the body was moved away'), { code: 'ENOENT' })
    }
  }

  *#removeBodies(hash: string, before: readonly KeptResponse[], after: readonly KeptResponse[]): Steps<void> {
    for (const { response, body } of before) {
      if (body !== undefined) continue
      const stays = after.some((one) => one.response.id === response.id && one.body === undefined)
      if (!stays) yield* this.#disk.removeQuietly(this.#layout.bodyFile(hash, response.id), response.bodyBytes)
    }
  }
}
