import type { Disk } from './disk.js'
import type { Change, Entries } from './entries.js'
import type { Folder } from './folder.js'
import { keyOf, readKeyFile } from './key-file.js'
import type { Layout } from './layout.js'
import { isAbandoned } from './leftovers.js'
import type { Marks } from './marks.js'
import { maxSealedBytes } from './sealed.js'
import { sizeOnDisk } from './size-on-disk.js'
import type { Steps } from './steps.js'
import type { Surveyed, SurveyedBody } from './survey.js'
import type { Turns } from './turns.js'

/** Removes what was found by looking into folders. What has changed since then stays. */
export class Tidying {
  readonly #layout: Layout
  readonly #disk: Disk
  readonly #folder: Folder
  readonly #entries: Entries
  readonly #turns: Turns
  readonly #marks: Marks

  constructor(layout: Layout, disk: Disk, folder: Folder, entries: Entries, turns: Turns, marks: Marks) {
    this.#layout = layout
    this.#disk = disk
    this.#folder = folder
    this.#entries = entries
    this.#turns = turns
    this.#marks = marks
  }

  /**
   * Removes all that lies under a key, unless it was used or written since; how many responses that were, if that is of
   * interest. @throws if it cannot be removed
   */
  *evict(seen: Surveyed, isCounting: boolean): Steps<{ bytes: number; responses: number } | undefined> {
    return yield* this.#turns.wait(seen.hash, this.#evict(seen, isCounting))
  }

  *#evict({ hash, usedAt, bytes, bodies }: Surveyed, isCounting: boolean) {
    const path = this.#layout.keyFile(hash)
    if ((yield* this.#disk.look(path))?.mtimeMs !== usedAt) return undefined
    if (!(yield* this.#folder.holds(hash))) return undefined
    const responses = isCounting ? (yield* this.#read(hash)).kept.length : 0
    yield* this.#marks.outlive(hash)
    if (!(yield* this.#disk.remove(path))) return undefined
    for (const { id } of bodies) yield* this.#disk.removeQuietly(this.#layout.bodyFile(hash, id))
    return { bytes, responses }
  }

  /** Removes responses that nobody needs, and bodies that belong to none; what that changes. */
  *tidy({ hash, bodies }: Surveyed, now: number): Steps<Change> {
    const { key, kept } = yield* this.#read(hash)
    const isExpired = key !== undefined && kept.some(({ response: { dropAt } }) => dropAt <= now)
    const { bytes, keys } = (isExpired && (yield* this.#entries.expire(key, now))) || { bytes: 0, keys: 0 }
    const abandoned = bodies.filter(({ modified }) => isAbandoned(now - modified))
    if (abandoned.length === 0) return { bytes, keys }
    const freed = yield* this.#turns.wait(hash, this.#removeOrphans(hash, abandoned))
    return { bytes: bytes - freed, keys }
  }

  *#removeOrphans(hash: string, bodies: readonly SurveyedBody[]): Steps<number> {
    if (!(yield* this.#folder.holds(hash))) return 0
    const isThere = (yield* this.#disk.look(this.#layout.keyFile(hash))) !== undefined
    const { key, kept } = yield* this.#read(hash)
    // Of a file that cannot be read just now nobody knows what belongs to it.
    if (isThere && key === undefined) return 0
    let freed = 0
    for (const { id, bytes } of bodies) {
      if (kept.some(({ response, body }) => response.id === id && body === undefined)) continue
      if (yield* this.#disk.removeQuietly(this.#layout.bodyFile(hash, id))) freed += sizeOnDisk(bytes)
    }
    return freed
  }

  *#read(hash: string) {
    const content = yield* this.#disk.read(this.#layout.keyFile(hash), maxSealedBytes)
    const key = content && keyOf(content.bytes)
    const kept = (content && key !== undefined && readKeyFile(content.bytes, key)) || []
    return { key, kept }
  }
}
