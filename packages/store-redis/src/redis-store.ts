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
import { bodyOfChunks, isWholeChunk, wantedOf } from './body-reading.js'
import { KEEP, RETIRE, WRITE_BODY } from './body-scripts.js'
import { letGo, receive, Upload } from './body-writing.js'
import { isCluster, type RedisClient } from './client.js'
import { Connection } from './connection.js'
import { clear, readGeneration } from './generation.js'
import { NOTHING, readIndex } from './index-reading.js'
import { METADATA, OUTLINE, PREPARE, PUT, REMOVE, SHOW, UPDATE, WITHDRAW, WRITE_MARK } from './index-scripts.js'
import { Keys } from './keys.js'
import { Locks } from './lock.js'
import type { NearCache } from './near-cache.js'
import { openNearCache } from './near-cache-opening.js'
import { type RedisStoreOptions, readOptions } from './options.js'
import { createOwnClient } from './own-client.js'
import { APART, decodeResponse, encodeHead, encodeMark, GENERATION_BYTES, INLINE, isId } from './record.js'
import { scan } from './scanning.js'
import { isReply } from './script.js'

/** How long a body that lost its place stays for those who read it, and how much longer than its metadata it is kept. */
const GRACE_MS = 60_000
/** There is no generation in what only replaces metadata. */
const NONE = Buffer.alloc(GENERATION_BYTES)

type LockOptions = Parameters<NonNullable<CacheStore['lock']>>[1]

/** What a script that places a response answers with. */
type Placed = [outcome: 'stored' | 'later' | 'cleared', gone: string[], tooMuch: string[]]

/**
 * Keeps responses in Redis, for any number of processes and machines. A small hit is one command; a long body comes and
 * goes in chunks. Bounded by `maxEntryBytes`, the expiry of each response, and `maxmemory` of the server.
 *
 * @throws TypeError for an option that is not of its kind
 */
export class RedisStore implements CacheStore {
  readonly contract = 1
  readonly maxEntryBytes: number
  /** Set with a near cache, which hands out what it has handed out before. */
  readonly repeatsObjects?: true
  /** Set with `nearCache.shareBodies`. */
  readonly sharesBodies?: true
  readonly #connection: Connection
  readonly #keys: Keys
  readonly #clock: () => EpochMilliseconds
  readonly #locks: Locks
  readonly #near: NearCache | undefined

  constructor(options: RedisStoreOptions = {}) {
    const read = readOptions(options)
    this.maxEntryBytes = read.maxEntryBytes
    this.#clock = read.clock
    this.#keys = new Keys(read.keyPrefix)
    this.#connection = new Connection(read.client ?? (() => createOwnClient(read.url, read.options)))
    this.#locks = new Locks(this.#connection)
    if (read.nearCache === undefined) return
    this.repeatsObjects = true
    if (read.nearCache.shareBodies) this.sharesBodies = true
    this.#near = openNearCache(read.nearCache.maxBytes, this.#connection, this.#keys)
  }

  /** Answers without a promise what is kept near. */
  get(key: string): Awaitable<Found> {
    return this.#near?.get(key) ?? this.#lookUp(key)
  }

  /** Answers without a promise what is kept near. */
  openBody(key: string, id: string, range?: ByteRange): Awaitable<Body | undefined> {
    if (this.#near === undefined) return this.#readBody(key, id, range)
    return this.#near.body(key, id, range) ?? this.#near.readBody(key, id, range, () => this.#readBody(key, id, range))
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
      isKept = await this.#keep(key, response, generation, 'inline' in received ? received.inline : upload)
    } finally {
      if (!isKept) await upload.discard()
    }
  }

  async update(key: string, response: StoredResponse): Promise<boolean> {
    const head = encodeHead(APART, response, NONE)
    if (head === undefined) return false
    const { slot, id, dropAt } = response
    const now = this.#clock()
    const kind = await this.#change(key, (client, index) => UPDATE.run(client, [index], now, slot, id, head))
    if (kind !== APART) return kind === INLINE
    const ttl = ttlMs(dropAt, now) + GRACE_MS
    const isThere = await this.#connection.run((client) => KEEP.run(client, [this.#keys.body(key, id)], ttl))
    return isThere === 1
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
    await this.#retire(key, gone as string[])
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
    const read = () => this.#connection.run((client) => client.hvalsBuffer(index)).then(readIndex, nothingIfForeign)
    return this.#near === undefined ? read() : this.#near.read(key, index, read)
  }

  /** Changes what is under a key. What was there is not kept near any more then, be it that nobody knows whether it is. */
  #change<T>(key: string, change: (client: RedisClient, index: string) => Promise<T>): Promise<T> {
    const index = this.#keys.index(key)
    const run = () => this.#connection.run((client) => change(client, index))
    return this.#near === undefined ? run() : this.#near.changing(index, run)
  }

  /** Makes a response visible whose body is there; false if it is not to be, or cannot be. */
  async #keep(key: string, response: StoredResponse, generation: Buffer, body: Uint8Array | Upload): Promise<boolean> {
    const isInline = body instanceof Uint8Array
    const head = encodeHead(isInline ? INLINE : APART, response, generation)
    if (head === undefined) return false
    if (isInline) return (await this.#put(key, response, generation, Buffer.concat([head, body]))) === 'stored'
    const bodyKey = this.#keys.body(key, response.id)
    const ttl = ttlMs(response.dropAt, this.#clock()) + GRACE_MS
    if (!(await body.complete(bodyKey, response.bodyBytes, ttl))) return false
    const outcome = await this.#put(key, response, generation, head)
    if (outcome !== 'stored') await this.#connection.run((client) => client.unlink(bodyKey))
    return true
  }

  async #put(key: string, { id, slot }: StoredResponse, generation: Buffer, record: Buffer): Promise<Placed[0]> {
    const onCluster = isCluster(await this.#connection.ready())
    const put = () =>
      onCluster
        ? this.#prepareAndShow(key, id, slot, generation, record)
        : this.#putAtOnce(key, slot, generation, record)
    const [outcome, gone, tooMuch] = await (this.#near?.changing(this.#keys.index(key), put) ?? put())
    await this.#retire(key, gone)
    for (const slot of tooMuch) await this.#putApart(key, slot)
    return outcome
  }

  async #putAtOnce(key: string, slot: string, generation: Buffer, record: Buffer): Promise<Placed> {
    const keys = [this.#keys.index(key), this.#keys.generation]
    const placed = this.#connection.runWith(record.byteLength, (client) =>
      PUT.run(client, keys, generation, this.#clock(), slot, record)
    )
    return (await placed) as Placed
  }

  /**
   * On a cluster the generation is on another node. So the response is put where no reader sees it, but `clear` does, and
   * only then it is asked whether there was one.
   */
  async #prepareAndShow(key: string, id: string, slot: string, generation: Buffer, record: Buffer): Promise<Placed> {
    const index = [this.#keys.index(key)]
    await this.#connection.runWith(record.byteLength, (client) => PREPARE.run(client, index, this.#clock(), id, record))
    const now = await readGeneration(this.#connection, this.#keys)
    if (!now.equals(generation)) {
      await this.#connection.run((client) => WITHDRAW.run(client, index, id))
      return ['cleared', [], []]
    }
    return (await this.#connection.run((client) => SHOW.run(client, index, this.#clock(), id, slot))) as Placed
  }

  /** Puts the inline body of a response apart: there is too much under its key to come along with each look-up. */
  async #putApart(key: string, slot: string): Promise<void> {
    const index = this.#keys.index(key)
    const record = await this.#connection.run((client) => client.hgetBuffer(index, slot))
    const read = record === null ? undefined : decodeResponse(record)
    if (read?.body === undefined || record === null || !isId(read.response.id)) return
    const { response, body } = read
    const bodyKey = this.#keys.body(key, response.id)
    const ttl = ttlMs(response.dropAt, this.#clock()) + GRACE_MS
    const generation = record.subarray(57, 57 + GENERATION_BYTES)
    await this.#connection.runWith(body.byteLength, (client) =>
      WRITE_BODY.run(client, [bodyKey], generation, ttl, body.byteLength, body as Buffer)
    )
    const isThere = await this.#connection.run((client) => OUTLINE.run(client, [index], slot, response.id))
    if (isThere !== 1) await this.#connection.run((client) => client.unlink(bodyKey))
  }

  async #readBody(key: string, id: string, range: ByteRange | undefined): Promise<Body | undefined> {
    if (!isId(id)) return undefined
    const bodyKey = this.#keys.body(key, id)
    const wanted = wantedOf(range)
    const [length, chunk] = await this.#connection
      .run((client) => client.hmgetBuffer(bodyKey, 's', String(wanted.firstChunk)))
      .catch(noneIfForeign)
    if (length == null) return this.#inlineBody(key, id, range)
    const total = Number(length.toString('latin1'))
    if (wanted.first >= total) return new Uint8Array()
    if (!isWholeChunk(chunk, wanted.firstChunk, total)) return undefined
    return bodyOfChunks(wanted, total, chunk, (number) =>
      this.#connection.run((client) => client.hgetBuffer(bodyKey, String(number)))
    )
  }

  async #inlineBody(key: string, id: string, range: ByteRange | undefined): Promise<Uint8Array | undefined> {
    const values = await this.#connection
      .run((client) => client.hvalsBuffer(this.#keys.index(key)))
      .catch(noneIfForeign)
    for (const value of values) {
      const read = value[0] === INLINE ? decodeResponse(value) : undefined
      if (read?.response.id !== id || read.body === undefined) continue
      return range === undefined ? read.body : read.body.subarray(range.first, range.last + 1)
    }
    return undefined
  }

  async #retire(key: string, ids: readonly string[]): Promise<void> {
    await Promise.all(
      ids.map((id) => this.#connection.run((client) => RETIRE.run(client, [this.#keys.body(key, id)], GRACE_MS)))
    )
  }
}

function ttlMs(dropAt: EpochMilliseconds, now: EpochMilliseconds): number {
  return Math.ceil(Math.max(0, dropAt - now))
}

/** What somebody else put under one of the names is nothing to us; the next response takes its place. */
function nothingIfForeign(error: unknown): Found {
  if (isReply(error, 'WRONGTYPE')) return NOTHING
  throw error
}

function noneIfForeign(error: unknown): [] {
  if (isReply(error, 'WRONGTYPE')) return []
  throw error
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
