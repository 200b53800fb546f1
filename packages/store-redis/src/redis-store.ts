import type {
  Awaitable,
  Body,
  ByteRange,
  CacheStore,
  EpochMilliseconds,
  Found,
  Lease,
  Mark,
  StoredResponse
} from '@cc/core'
import { letGo, receive, Upload } from './body-writing.js'
import type { RedisClient } from './client.js'
import { Connection } from './connection.js'
import { clear, readGeneration } from './generation.js'
import { METADATA, REMOVE, UPDATE, WRITE_MARK } from './index-scripts.js'
import { Keys } from './keys.js'
import { Locks } from './lock.js'
import { LookUps } from './look-ups.js'
import type { NearCache } from './near-cache.js'
import { openNearCache } from './near-cache-opening.js'
import { type RedisStoreOptions, readOptions } from './options.js'
import { createOwnClient } from './own-client.js'
import { Places } from './placing.js'
import { APART, encodeHead, encodeMark, GENERATION_BYTES, INLINE } from './record.js'
import { scan } from './scanning.js'

/** There is no generation in what only replaces metadata. */
const NONE = Buffer.alloc(GENERATION_BYTES)

type LockOptions = Parameters<NonNullable<CacheStore['lock']>>[1]

/**
 * Keeps responses in Redis, for any number of processes and machines. A small hit is one command; a long body comes and
 * goes in chunks. Bounded by `maxEntryBytes`, the expiry of each response, and `maxmemory` of the server.
 *
 * @throws TypeError for an option that is not of its kind
 */
export class RedisStore implements CacheStore {
  readonly contract = 1
  readonly maxEntryBytes: number
  /** Where Redis gives the same answer again, so does the store. */
  readonly repeatsObjects = true
  /** Set with `nearCache.shareBodies`. */
  readonly sharesBodies?: true
  readonly #connection: Connection
  readonly #keys: Keys
  readonly #clock: () => EpochMilliseconds
  readonly #lookUps: LookUps
  readonly #places: Places
  readonly #locks: Locks
  readonly #near: NearCache | undefined

  constructor(options: RedisStoreOptions = {}) {
    const read = readOptions(options)
    this.maxEntryBytes = read.maxEntryBytes
    this.#clock = read.clock
    this.#keys = new Keys(read.keyPrefix)
    this.#connection = new Connection(read.client ?? (() => createOwnClient(read.url, read.options)))
    this.#lookUps = new LookUps(this.#connection, this.#keys)
    this.#places = new Places(this.#connection, this.#keys, this.#clock)
    this.#locks = new Locks(this.#connection)
    if (read.nearCache === undefined) return
    if (read.nearCache.shareBodies) this.sharesBodies = true
    this.#near = openNearCache(read.nearCache.maxBytes, this.#connection, this.#keys)
  }

  /** Answers without a promise what is kept near. */
  get(key: string): Awaitable<Found> {
    return this.#near?.get(key) ?? this.#lookUp(key)
  }

  /** Answers without a promise what is kept near. */
  openBody(key: string, id: string, range?: ByteRange): Awaitable<Body | undefined> {
    const open = () => this.#lookUps.openBody(key, id, range)
    if (this.#near === undefined) return open()
    return this.#near.body(key, id, range) ?? this.#near.readBody(key, id, range, open)
  }

  async set(key: string, body: Body, complete: () => StoredResponse | undefined): Promise<void> {
    if (body instanceof Uint8Array && body.byteLength > this.maxEntryBytes) return
    const generation = await readGeneration(this.#connection, this.#keys).catch(async (error: unknown) => {
      await letGo(body)
      throw error
    })
    const upload = new Upload(this.#connection, this.#keys, key, generation)
    let isKept = false
    try {
      const received = await receive(body, this.maxEntryBytes, upload)
      const response = received && complete()
      if (received === undefined || response === undefined) return
      const content = 'inline' in received ? received.inline : upload
      const put = () => this.#places.put(key, response, generation, content)
      isKept = await (this.#near?.changing(this.#keys.index(key), put) ?? put())
    } finally {
      if (!isKept) await upload.discard()
    }
  }

  async update(key: string, response: StoredResponse): Promise<boolean> {
    const head = encodeHead(APART, response, NONE)
    if (head === undefined) return false
    const { slot, id } = response
    const kind = await this.#change(key, (client, index) =>
      UPDATE.runForNumber(client, [index], this.#clock(), slot, id, head)
    )
    return kind === APART ? this.#places.keepBody(key, response) : kind === INLINE
  }

  async mark(key: string, mark: Mark): Promise<void> {
    const record = encodeMark(mark)
    // Its own times tell how long: the clocks of the cache and of Redis may differ.
    const ttl = Math.ceil(Math.max(0, mark.dropAt - mark.at))
    await this.#change(key, (client, index) => WRITE_MARK.run(client, [index], record, ttl))
  }

  async delete(key: string, slot?: string): Promise<void> {
    const args = slot === undefined ? [] : [slot]
    const gone = await this.#change(key, (client, index) => REMOVE.run(client, [index], ...args))
    await this.#places.retire(key, gone as string[])
  }

  async clear(): Promise<void> {
    this.#near?.flush()
    try {
      await clear(this.#connection, this.#keys, this.#clock)
    } finally {
      this.#near?.flush()
    }
  }

  lock(key: string, options: LockOptions): Promise<Lease | undefined> {
    return this.#locks.lock(this.#keys.lock(key), options)
  }

  async *keys(): AsyncIterableIterator<string> {
    const seen = new Set<string>()
    for await (const batch of scan(this.#connection, this.#keys)) {
      const indexes = batch.filter(({ name, kind }) => kind === 'index' && !seen.has(name))
      const found = await Promise.all(
        indexes.map(async ({ name }) => ({
          name,
          metadata: await this.#connection.run((client) => METADATA.run(client, [name]))
        }))
      )
      for (const { name, metadata } of found) {
        const key = keyIn(metadata)
        if (key === undefined || this.#keys.index(key) !== name || seen.has(name)) continue
        seen.add(name)
        yield key
      }
    }
  }

  close(): Promise<void> {
    this.#near?.close()
    this.#locks.close()
    return this.#connection.close()
  }

  #lookUp(key: string): Promise<Found> {
    const index = this.#keys.index(key)
    if (this.#near === undefined) return this.#lookUps.lookUp(index)
    return this.#near.read(key, index, () => this.#lookUps.lookUp(index))
  }

  /** Changes what is under a key. What was there is not kept near any more then, be it that nobody knows whether it is. */
  #change<T>(key: string, change: (client: RedisClient, index: string) => Promise<T>): Promise<T> {
    const index = this.#keys.index(key)
    const run = () => this.#connection.run((client) => change(client, index))
    return this.#near === undefined ? run() : this.#near.changing(index, run)
  }
}

function keyIn(metadata: unknown): string | undefined {
  if (typeof metadata !== 'string') return undefined
  try {
    const { key } = JSON.parse(metadata)
    return typeof key === 'string' ? key : undefined
  } catch {
    return undefined
  }
}
