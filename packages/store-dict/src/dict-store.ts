import { channel } from 'node:diagnostics_channel'
import type {
  Awaitable,
  Body,
  ByteRange,
  CacheStore,
  EpochMilliseconds,
  EvictEvent,
  Found,
  Mark,
  StoredResponse
} from '@cc/core'
import { LRUCache } from 'lru-cache'
import { JOINED_BYTES, type KeptBody, nextTurn, readBody, sliceBody } from './body.js'
import { Entry, type KeptResponse, keepResponse } from './entry.js'
import { type DictStoreOptions, readOptions } from './options.js'

/** What a store has done since it was made, in responses: `size` = stored - replaced - evicted - deleted. */
export interface DictStoreCounters {
  readonly stored: number
  /** Gave way to another response for the same slot. */
  readonly replaced: number
  /** Gave way to the bounds. */
  readonly evicted: number
  /** Went with `delete` or `clear`. */
  readonly deleted: number
}

/** A longer response may drive out so many others that other work gets its turn meanwhile. */
const LONG_BYTES = 1_048_576
/** So many keys are evicted in one turn. */
const EVICTED_IN_TURN = 2_048
/** `channels.evict` of core, which this store has only the types of. */
const evictChannel = channel('@cc/core:evict')
const NOTHING: Found = Object.freeze({ responses: Object.freeze([]) })

/**
 * Keeps responses in memory, as the objects they are, and answers without a promise. Bounded in bytes; the least
 * recently used go first.
 *
 * @throws TypeError for an option that is not of its kind.
 */
export class DictStore implements CacheStore {
  readonly contract = 1
  readonly keepsObjects = true
  readonly maxEntryBytes: number
  /** Set if `shareBodies` is: its bytes may be handed on without a copy. */
  readonly sharesBodies?: true
  readonly #entries: LRUCache<string, Entry>
  readonly #maxBytes: number
  readonly #maxEntries: number
  readonly #clock: () => EpochMilliseconds
  readonly #counters = { stored: 0, replaced: 0, evicted: 0, deleted: 0 }
  #size = 0
  #clears = 0
  /** When the newest mark was made that had to go before its time. */
  #lostMarkAt = Number.NEGATIVE_INFINITY

  constructor(options: DictStoreOptions = {}) {
    const { maxBytes, maxEntryBytes, maxEntries, shareBodies, clock } = readOptions(options)
    this.maxEntryBytes = maxEntryBytes
    if (shareBodies) this.sharesBodies = true
    this.#maxBytes = maxBytes
    this.#maxEntries = maxEntries
    this.#clock = clock
    this.#entries = new LRUCache({
      maxSize: maxBytes,
      dispose: (entry, _key, reason) => {
        this.#size -= entry.size
        if (reason === 'evict') this.#lose(entry)
      }
    })
  }

  /** How many responses are kept. */
  get size(): number {
    return this.#size
  }

  /** How many bytes all that is kept takes. */
  get bytes(): number {
    return this.#entries.calculatedSize
  }

  get counters(): DictStoreCounters {
    return { ...this.#counters }
  }

  get(key: string): Found {
    return this.#entries.get(key)?.found ?? NOTHING
  }

  openBody(key: string, id: string, range?: ByteRange): Uint8Array | readonly Uint8Array[] | undefined {
    const entry = this.#entries.peek(key)
    const kept = entry?.withId(id)
    if (entry === undefined || kept === undefined) return undefined
    if (range !== undefined) return sliceBody(kept.body, range)
    const { content, length } = kept.body
    if (content instanceof Uint8Array || length > JOINED_BYTES) return content
    this.#take(key)
    const whole = entry.joinBody(kept)
    this.#putBack(entry)
    return whole
  }

  /**
   * Answers without a promise unless `body` is an `AsyncIterable`, or so long that others have to be copied or evicted
   * in several turns of the event loop.
   */
  set(key: string, body: Body, complete: () => StoredResponse | undefined): Awaitable<void> {
    const clears = this.#clears
    const finish = (read: KeptBody | undefined) => {
      if (read === undefined) return
      const response = complete()
      if (response !== undefined && clears === this.#clears) return this.#store(key, keepResponse(response, read))
    }
    const read = readBody(body, this.maxEntryBytes)
    return read instanceof Promise ? read.then(finish) : finish(read)
  }

  update(key: string, response: StoredResponse): boolean {
    const kept = this.#entries.peek(key)?.inSlot(response.slot)
    if (kept === undefined || kept.response.id !== response.id) return false
    const updated = keepResponse(response, kept.body)
    const entry = this.#take(key)
    entry.put(updated)
    this.#putBack(entry)
    return true
  }

  mark(key: string, mark: Mark): void {
    const entry = this.#take(key)
    entry.mark = mark
    this.#putBack(entry)
  }

  delete(key: string, slot?: string): void {
    const entry = this.#take(key)
    const before = entry.size
    if (slot === undefined) entry.removeAll()
    else entry.remove(slot)
    this.#counters.deleted += before - entry.size
    this.#putBack(entry)
  }

  clear(): void {
    this.#clears++
    this.#counters.deleted += this.#size
    // The one used least recently first, so that they keep their order.
    const entries = [...this.#entries.values()].reverse()
    this.#entries.clear()
    for (const entry of entries) {
      if (!this.#isToKeep(entry.mark)) continue
      entry.removeAll()
      this.#putBack(entry)
    }
  }

  async *keys(): AsyncIterableIterator<string> {
    for (const entry of [...this.#entries.values()]) if (entry.size > 0) yield entry.key
  }

  #store(key: string, kept: KeptResponse): Awaitable<void> {
    if (!this.#takes(key, kept)) return
    if (kept.bytes > LONG_BYTES && !this.#hasMadeRoom(key, kept)) {
      const clears = this.#clears
      return nextTurn().then(() => (clears === this.#clears ? this.#store(key, kept) : undefined))
    }
    const entry = this.#take(key)
    this.#counters.stored++
    if (entry.inSlot(kept.response.slot) !== undefined) this.#counters.replaced++
    entry.put(kept)
    this.#putBack(entry)
  }

  /** Whether this response is to be kept. */
  #takes(key: string, kept: KeptResponse): boolean {
    const { slot, requestTime } = kept.response
    const entry = this.#entries.peek(key) ?? new Entry(key)
    const there = entry.inSlot(slot)
    if (there !== undefined && there.response.requestTime > requestTime) return false
    // The mark that was lost may be of this key, and this response older than it.
    if (entry.mark === undefined && requestTime <= this.#lostMarkAt) return false
    return entry.hasRoomFor(kept, this.#maxBytes)
  }

  /** Evicts what has to go for `kept`, but no more than other work can wait for; false if that was not all. */
  #hasMadeRoom(key: string, kept: KeptResponse): boolean {
    // Used now, it goes last.
    const there = this.#entries.get(key)
    const entry = there ?? new Entry(key)
    const more = entry.bytesWith(kept, this.#maxBytes, this.#maxEntries) - (there?.bytes ?? 0)
    let evicted = 0
    while (this.bytes + more > this.#maxBytes && evicted++ < EVICTED_IN_TURN) this.#entries.pop()
    return this.bytes + more <= this.#maxBytes
  }

  /** Takes an entry out to change it, so that `#putBack` counts it anew. */
  #take(key: string): Entry {
    const entry = this.#entries.peek(key) ?? new Entry(key)
    this.#entries.delete(key)
    return entry
  }

  #putBack(entry: Entry): void {
    while (entry.size > 0 && (entry.size > this.#maxEntries || entry.bytes > this.#maxBytes)) {
      const before = entry.bytes
      entry.removeOldest()
      this.#counters.evicted++
      if (evictChannel.hasSubscribers) tellEvicted(1, before - entry.bytes)
    }
    if (entry.isEmpty) return
    if (entry.bytes > this.#maxBytes) {
      this.#lose(entry)
      return
    }
    this.#size += entry.size
    this.#entries.set(entry.key, entry, { size: entry.bytes })
    while (this.#size > this.#maxEntries) this.#entries.pop()
  }

  #lose(entry: Entry): void {
    this.#counters.evicted += entry.size
    if (evictChannel.hasSubscribers && entry.size > 0) tellEvicted(entry.size, entry.bytes)
    if (this.#isToKeep(entry.mark)) this.#lostMarkAt = Math.max(this.#lostMarkAt, entry.mark.at)
  }

  #isToKeep(mark: Mark | undefined): mark is Mark {
    return mark !== undefined && mark.dropAt > this.#clock()
  }
}

function tellEvicted(responses: number, bytes: number): void {
  const event: EvictEvent = { store: 'DictStore', responses, bytes }
  evictChannel.publish(event)
}
