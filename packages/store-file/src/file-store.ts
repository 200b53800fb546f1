import type { Awaitable, Body, ByteRange, CacheStore, Found, Lease, Mark, StoredResponse } from '@cc/core'
import { Bounds } from './bounds.js'
import { Clearing } from './clearing.js'
import { Disk } from './disk.js'
import { type Change, Entries } from './entries.js'
import { ForeverError } from './errors.js'
import { Eviction } from './eviction.js'
import { Folder } from './folder.js'
import { IncomingBodies } from './incoming-body.js'
import { hashOf, isNameable, Layout } from './layout.js'
import { listKeys } from './listing.js'
import { type LockOptions, Locks } from './locks.js'
import { Maintenance } from './maintenance.js'
import { Marks } from './marks.js'
import { type FileStoreOptions, readOptions, type Settings } from './options.js'
import { RecentEntries } from './recent-entries.js'
import { RecentLengths } from './recent-lengths.js'
import { awaited } from './resting.js'
import { maxSealedBytes } from './sealed.js'
import { sizeToBe } from './size-on-disk.js'
import { run, type Steps, wait } from './steps.js'
import { openStoredBody } from './stored-body.js'
import { Survey } from './survey.js'
import { Tidying } from './tidying.js'
import { Turns } from './turns.js'
import { Usage } from './usage.js'
import { checkDigests } from './written-digests.js'

/** That something was used is noted no more often than that. */
const touchAfterMs = 60_000
const closeLimitMs = 1_000
/** What was made of the files that were read last takes no more of the memory. */
const maxRecentBytes = 16_777_216

/**
 * Keeps responses in a folder on the disk that any number of processes share. Nothing is read or made before it is first
 * used.
 *
 * @throws TypeError for an option that is not of its kind.
 */
export class FileStore implements CacheStore {
  readonly contract = 1
  /** What a file holds is read and checked once, as long as it is the same. Bodies in files of their own are always new. */
  readonly repeatsObjects = 'found'
  readonly maxEntryBytes: number
  readonly #settings: Settings
  readonly #layout: Layout
  readonly #disk: Disk
  readonly #folder: Folder
  readonly #entries: Entries
  readonly #marks: Marks
  readonly #incoming: IncomingBodies
  readonly #survey: Survey
  readonly #bounds: Bounds
  readonly #clearing: Clearing
  readonly #locks: Locks
  readonly #recent = new RecentEntries(maxRecentBytes)
  /** Of bodies that have just been found: who opens one need not look it up again. A body with the same id is the same. */
  readonly #lengths = new RecentLengths()

  /** @param folder - made when something is first stored; relative to the working directory of now */
  constructor(folder: string, options: FileStoreOptions = {}) {
    const settings = readOptions(folder, options)
    const layout = new Layout(folder)
    const disk = new Disk(settings)
    const made = new Folder(layout, disk, settings)
    const turns = new Turns()
    const marks = new Marks(layout, disk, made, settings.clock)
    const entries = new Entries(layout, disk, made, turns, marks, settings.forever)
    const tidying = new Tidying(layout, disk, made, entries, turns, marks)
    const survey = new Survey(layout, disk, made)
    const clearing = new Clearing(layout, disk, made)
    const maintenance = new Maintenance({ layout, disk, folder: made, survey, tidying, marks, clearing }, settings)
    this.maxEntryBytes = settings.maxEntryBytes
    this.#settings = settings
    this.#layout = layout
    this.#disk = disk
    this.#folder = made
    this.#entries = entries
    this.#marks = marks
    this.#incoming = new IncomingBodies(layout, disk, made)
    this.#survey = survey
    this.#bounds = new Bounds(
      settings,
      new Usage(layout, disk, made),
      turns,
      new Eviction(survey, tidying),
      maintenance
    )
    this.#clearing = clearing
    this.#locks = new Locks(layout, made)
  }

  get(key: string): Awaitable<Found> {
    return run(this.#get(key))
  }

  *#get(key: string): Steps<Found> {
    yield* this.#folder.check()
    const hash = this.#recent.hashOf(key)
    const path = this.#layout.keyFile(hash)
    const file = yield* this.#disk.read(path, maxSealedBytes)
    // After the responses: an invalidation that comes between the two is seen.
    const mark = yield* this.#marks.read(key, hash)
    const now = this.#settings.clock()
    const found = file && this.#recent.read(key, file.bytes, mark, now)
    if (file === undefined || found === undefined || found.responses.length === 0) return nothing(mark)
    const isToBeTouched = now - file.modified > touchAfterMs
    const isOurs = (!isToBeTouched && this.#folder.hasSeen(hash)) || (yield* this.#folder.holds(hash))
    if (!isOurs) return nothing(mark)
    if (isToBeTouched) yield* this.#disk.touch(path, now)
    for (const { response, body } of found.responses) {
      if (body === undefined) this.#lengths.set(response.id, response.bodyBytes)
    }
    return found
  }

  openBody(key: string, id: string, range?: ByteRange): Awaitable<Body | undefined> {
    return run(this.#openBody(key, id, range))
  }

  *#openBody(key: string, id: string, range?: ByteRange): Steps<Body | undefined> {
    const length = this.#lengths.get(id)
    if (length !== undefined) {
      return yield* openStoredBody(this.#disk, this.#layout.bodyFile(this.#recent.hashOf(key), id), length, range)
    }
    yield* this.#folder.check()
    const { hash, kept } = yield* this.#entries.read(key)
    const there = kept.find(({ response }) => response.id === id)
    if (there === undefined) return undefined
    if (!this.#folder.hasSeen(hash) && !(yield* this.#folder.holds(hash))) return undefined
    const { body, response } = there
    if (body !== undefined) return range === undefined ? body : body.subarray(range.first, range.last + 1)
    return yield* openStoredBody(this.#disk, this.#layout.bodyFile(hash, id), response.bodyBytes, range)
  }

  set(key: string, body: Body, complete: () => StoredResponse | undefined): Awaitable<void> {
    return run(this.#set(key, body, complete))
  }

  *#set(key: string, body: Body, complete: () => StoredResponse | undefined): Steps<void> {
    const { count } = this.#clearing
    yield* this.#folder.check()
    const generation = yield* this.#folder.generation()
    const room = yield* this.#bounds.room()
    const content = yield* this.#incoming.read(body, hashOf(key), Math.min(this.maxEntryBytes, room))
    if (content === undefined) return
    const clearing = this.#clearing
    const folder = this.#folder
    content.isTooLate = function* () {
      return clearing.count !== count || !(yield* folder.isGeneration(generation))
    }
    try {
      if (sizeToBe(content) > room) return
      const response = complete()
      if (response === undefined || response.bodyBytes !== content.length) return
      if (!isNameable(response.id)) throw new TypeError('the id of a response must be hexadecimal')
      if (content.bytes === undefined) {
        this.#incoming.makesDigests = response.digests !== undefined
        if (response.digests !== undefined) yield* checkDigests(this.#disk, content, response.digests)
      }
      // Who took the lock over is writing, or has written, something newer.
      if (content.lock !== undefined && !(yield* wait(content.lock.isHeld()))) return
      yield* this.#note(yield* this.#entries.put(key, response, content))
    } finally {
      for (const path of content.leftovers) yield* this.#disk.removeQuietly(path)
      if (content.lock !== undefined) yield* wait(content.lock.release())
    }
  }

  update(key: string, response: StoredResponse): Awaitable<boolean> {
    return run(this.#update(key, response))
  }

  *#update(key: string, response: StoredResponse): Steps<boolean> {
    yield* this.#folder.check()
    return yield* this.#note(yield* this.#entries.update(key, response))
  }

  mark(key: string, mark: Mark): Awaitable<void> {
    return run(this.#mark(key, mark))
  }

  *#mark(key: string, mark: Mark): Steps<void> {
    yield* this.#folder.check()
    yield* this.#marks.write(key, hashOf(key), mark)
  }

  /** Removes nothing with `forever`. */
  delete(key: string, slot?: string): Awaitable<void> {
    if (!this.#settings.forever) return run(this.#delete(key, slot))
  }

  *#delete(key: string, slot: string | undefined): Steps<void> {
    yield* this.#folder.check()
    yield* this.#note(yield* this.#entries.remove(key, slot))
  }

  /**
   * Takes all responses out of sight in one step. What they took of the disk comes free in the background.
   * @throws ForeverError with `forever`
   */
  async clear(): Promise<void> {
    if (this.#settings.forever) throw new ForeverError()
    await run(this.#folder.check())
    await run(this.#clearing.clear())
  }

  /** Goes through the whole folder: removes what nobody needs any more, counts the rest, and brings it within the bounds. */
  prune(): Promise<void> {
    return awaited(this.#bounds.prune())
  }

  async *keys(): AsyncIterableIterator<string> {
    await run(this.#folder.check())
    yield* listKeys(this.#layout, this.#disk, this.#survey)
  }

  /** @throws if the folder takes no locks */
  lock(key: string, options: LockOptions): Promise<Lease | undefined> {
    return this.#locks.lock(hashOf(key), options)
  }

  /** Waits a second at most for what is being removed in the background. The store can still be used. */
  close(): Promise<void> {
    return awaited(this.#clearing.idle, closeLimitMs)
  }

  /** Whether anything was changed. */
  *#note(change: Change | undefined): Steps<boolean> {
    if (change === undefined) return false
    yield* this.#bounds.changed(change)
    return true
  }
}

function nothing(mark: Mark | undefined): Found {
  return mark === undefined ? { responses: [] } : { responses: [], mark }
}
