import type {
  Awaitable,
  Body,
  ByteRange,
  CacheStore,
  Found,
  FoundResponse,
  Lease,
  Mark,
  StoredResponse
} from '@cc/core'
import { Clearing } from './clearing.js'
import { Disk } from './disk.js'
import { Entries } from './entries.js'
import { Folder } from './folder.js'
import { IncomingBodies } from './incoming-body.js'
import type { KeptResponse } from './key-file.js'
import { hashOf, isNameable, Layout } from './layout.js'
import { Listing } from './listing.js'
import { type LockOptions, Locks } from './locks.js'
import { Marks } from './marks.js'
import { type FileStoreOptions, readOptions, type Settings } from './options.js'
import { run, type Steps, wait } from './steps.js'
import { openStoredBody } from './stored-body.js'
import { Turns } from './turns.js'

/**
 * Keeps responses in a folder on the disk that any number of processes share. Nothing is read or made before it is first
 * used.
 *
 * @throws TypeError for an option that is not of its kind.
 */
export class FileStore implements CacheStore {
  readonly contract = 1
  readonly maxEntryBytes: number
  readonly #settings: Settings
  readonly #layout: Layout
  readonly #disk: Disk
  readonly #entries: Entries
  readonly #marks: Marks
  readonly #incoming: IncomingBodies
  readonly #turns = new Turns()
  readonly #clearing: Clearing
  readonly #listing: Listing
  readonly #locks: Locks

  /** @param folder - made when something is first stored; relative to the working directory of now */
  constructor(folder: string, options: FileStoreOptions = {}) {
    const settings = readOptions(folder, options)
    const layout = new Layout(folder)
    const disk = new Disk(settings)
    const made = new Folder(layout, disk)
    this.maxEntryBytes = settings.maxEntryBytes
    this.#settings = settings
    this.#layout = layout
    this.#disk = disk
    this.#entries = new Entries(layout, disk, made)
    this.#marks = new Marks(layout, disk, made)
    this.#incoming = new IncomingBodies(layout, disk, made, settings.maxEntryBytes)
    this.#clearing = new Clearing(layout, disk)
    this.#listing = new Listing(layout, disk)
    this.#locks = new Locks(layout, made)
  }

  get(key: string): Awaitable<Found> {
    return run(this.#get(key))
  }

  *#get(key: string): Steps<Found> {
    const { hash, kept } = yield* this.#entries.read(key)
    // After the responses: an invalidation that comes between the two is seen.
    const mark = yield* this.#marks.read(key, hash)
    const responses = kept.map(found)
    return mark === undefined ? { responses } : { responses, mark }
  }

  openBody(key: string, id: string, range?: ByteRange): Awaitable<Body | undefined> {
    return run(this.#openBody(key, id, range))
  }

  *#openBody(key: string, id: string, range?: ByteRange): Steps<Body | undefined> {
    const { hash, kept } = yield* this.#entries.read(key)
    const there = kept.find(({ response }) => response.id === id)
    if (there === undefined) return undefined
    const { body, response } = there
    if (body !== undefined) return range === undefined ? body : body.subarray(range.first, range.last + 1)
    return yield* openStoredBody(this.#disk, this.#layout.bodyFile(hash, id), response.bodyBytes, range)
  }

  set(key: string, body: Body, complete: () => StoredResponse | undefined): Awaitable<void> {
    return run(this.#set(key, body, complete))
  }

  *#set(key: string, body: Body, complete: () => StoredResponse | undefined): Steps<void> {
    const content = yield* this.#incoming.read(body)
    if (content === undefined) return
    try {
      const response = complete()
      if (response === undefined || response.bodyBytes !== content.length) return
      if (!isNameable(response.id)) throw new TypeError('the id of a response must be hexadecimal')
      yield* this.#inTurn(key, this.#entries.put(key, response, content))
    } finally {
      for (const path of content.leftovers) yield* this.#disk.removeQuietly(path)
    }
  }

  update(key: string, response: StoredResponse): Awaitable<boolean> {
    return run(this.#update(key, response))
  }

  *#update(key: string, response: StoredResponse): Steps<boolean> {
    return (yield* this.#inTurn(key, this.#entries.update(key, response))) !== undefined
  }

  mark(key: string, mark: Mark): Awaitable<void> {
    return run(this.#marks.write(key, hashOf(key), mark))
  }

  delete(key: string, slot?: string): Awaitable<void> {
    if (!this.#settings.forever) return run(this.#delete(key, slot))
  }

  *#delete(key: string, slot: string | undefined): Steps<void> {
    yield* this.#inTurn(key, this.#entries.remove(key, slot))
  }

  /**
   * Takes all responses out of sight in one step. What they took of the disk comes free in the background.
   * @throws Error with `forever`
   */
  clear(): Awaitable<void> {
    if (this.#settings.forever) throw new ForeverError()
    return run(this.#clearing.clear())
  }

  keys(): AsyncIterableIterator<string> {
    return this.#listing.keys()
  }

  lock(key: string, options: LockOptions): Promise<Lease | undefined> {
    return this.#locks.lock(hashOf(key), options)
  }

  /** Waits for the end of what is going on in the background. The store can still be used. */
  async close(): Promise<void> {
    await this.#clearing.idle
  }

  *#inTurn<T>(key: string, steps: Steps<T>): Steps<T> {
    const taken = this.#turns.take(hashOf(key), steps)
    return taken instanceof Promise ? yield* wait(taken) : taken
  }
}

function found({ response, body }: KeptResponse): FoundResponse {
  return body === undefined ? { response } : { response, body }
}

/** A store that removes nothing was asked to clear itself. */
export class ForeverError extends Error {
  override readonly name = 'ForeverError'
  readonly code = 'CC_FOREVER'

  constructor() {
    super('the store keeps everything forever: remove its folder to clear it')
  }
}
