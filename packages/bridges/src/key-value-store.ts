import { randomBytes } from 'node:crypto'
import type {
  Body,
  ByteRange,
  CacheStore,
  EpochMilliseconds,
  Found,
  FoundResponse,
  Mark,
  StoredResponse
} from '@cc/core'
import { type Entry, type Kept, markOf, nameOf, openEntry, openMark, seal } from './entry.js'
import { fitting } from './fitting.js'
import { bytesUnder, type KeyValue } from './key-value.js'
import { checkKeyValue, type KeyValueStoreOptions, readOptions } from './options.js'
import { collect } from './pieces.js'
import { StoredBodies } from './stored-bodies.js'
import { Turns } from './turns.js'
import { Usage } from './usage.js'

/** Bodies ride along up to this many bytes together. */
const RIDE_ALONG_BYTES = 65_536
/** How often an entry is written again because another process has marked its key meanwhile. */
const MAX_MARKS_BESIDE = 10

/**
 * Makes a store of anything that keeps bytes by name.
 *
 * A key has an entry (its responses, as JSON behind a digest), a mark, and a body for each response, each in a place of
 * its own. A key-value cannot read, change and write in one step: in this process that is done one after the other for
 * each key; another process that changes the same key in the same moment can undo the change, so a response may be lost,
 * or stay that was deleted. Marks are written without being read before, and are not lost that way.
 *
 * @throws TypeError for what is no key-value, and for wrong options.
 */
export function fromKeyValue(keyValue: KeyValue, options: KeyValueStoreOptions = {}): CacheStore {
  return new KeyValueStore(checkKeyValue(keyValue), readOptions(options))
}

class KeyValueStore implements CacheStore {
  readonly contract = 1
  readonly maxEntryBytes: number
  readonly #keyValue: KeyValue
  readonly #prefix: string
  readonly #maxBytes: number
  readonly #clock: () => EpochMilliseconds
  readonly #bodies: StoredBodies
  readonly #turns = new Turns()
  readonly #usage: Usage
  /** When the latest invalidation was whose mark had to go: what was requested before is not stored any more. */
  #forgottenAt = Number.NEGATIVE_INFINITY

  constructor(keyValue: KeyValue, options: Required<KeyValueStoreOptions>) {
    this.maxEntryBytes = options.maxEntryBytes
    this.#keyValue = keyValue
    this.#prefix = options.prefix
    this.#maxBytes = options.maxBytes
    this.#clock = options.clock
    this.#bodies = new StoredBodies(keyValue, `${options.prefix}b:`, options.clock)
    this.#usage = new Usage(options.maxBytes)
  }

  async get(key: string): Promise<Found> {
    const name = nameOf(key)
    this.#usage.touch(name)
    const [entry, written] = await Promise.all([this.#entry(name), this.#mark(name)])
    const mark = written ?? entry?.mark
    const responses = await this.#withBodies(entry?.kept ?? [])
    return mark === undefined ? { responses } : { responses, mark }
  }

  async openBody(key: string, id: string, range?: ByteRange): Promise<Body | undefined> {
    const entry = await this.#entry(nameOf(key))
    const kept = entry?.kept.find(({ response }) => response.id === id)
    return kept && this.#bodies.open(kept, range)
  }

  async set(key: string, body: Body, complete: () => StoredResponse | undefined): Promise<void> {
    const pieces = await collect(body, this.maxEntryBytes)
    if (pieces === undefined) return
    const response = complete()
    if (response === undefined || response.dropAt <= this.#clock()) return
    const name = nameOf(key)
    await this.#turns.take(name, () => this.#put(key, response, pieces))
    await this.#makeRoom()
  }

  async update(key: string, response: StoredResponse): Promise<boolean> {
    const name = nameOf(key)
    return this.#turns.take(name, async () => {
      const entry = await this.#entry(name)
      const there = entry?.kept.find(({ response: { slot } }) => slot === response.slot)
      if (entry === undefined || there === undefined || there.response.id !== response.id) return false
      const kept = await this.#bodies.keepUntil(there, response)
      if (kept === undefined) return false
      await this.#write({ ...entry, kept: entry.kept.map((other) => (other === there ? kept : other)) })
      return true
    })
  }

  /** The mark itself is written at once; its copy in the entry has to wait for its turn. */
  async mark(key: string, mark: Mark): Promise<void> {
    const name = nameOf(key)
    const write = () => this.#keyValue.set(this.#markKey(name), seal({ key, mark }), this.#span(mark.dropAt))
    await write()
    if (!this.#usage.has(name)) this.#usage.note(name, 0)
    await this.#turns.take(name, async () => {
      // Room may have been made under this key while the mark was written.
      if ((await this.#mark(name)) === undefined) {
        await write()
        if ((await this.#mark(name)) === undefined) throw new Error('the key-value did not keep the mark')
      }
      const entry = await this.#entry(name)
      if (entry !== undefined) await this.#write({ ...entry, mark })
    })
    await this.#makeRoom()
  }

  async delete(key: string, slot?: string): Promise<void> {
    const name = nameOf(key)
    await this.#turns.take(name, async () => {
      const entry = await this.#entry(name)
      const kept = slot === undefined ? [] : (entry?.kept ?? []).filter(({ response }) => response.slot !== slot)
      await this.#write({ ...entry, key, kept })
      await this.#bodies.remove(entry?.kept.filter((one) => !kept.includes(one)) ?? [])
    })
  }

  /** Puts the body in its place first, then makes the response visible, then removes what it replaces. */
  async #put(key: string, response: StoredResponse, pieces: readonly Buffer[]): Promise<void> {
    const entry = await this.#entry(nameOf(key))
    const before = entry?.kept ?? []
    const there = before.find(({ response: { slot } }) => slot === response.slot)
    if (there !== undefined && there.response.requestTime > response.requestTime) return
    if (response.requestTime <= this.#forgottenAt) return
    const mine = await this.#bodies.put(randomBytes(16).toString('hex'), response, pieces)
    const now = this.#clock()
    const others = before.filter((other) => other !== there && other.response.dropAt > now)
    const kept = fitting([mine, ...others], this.#maxBytes)
    try {
      await this.#write({ ...entry, key, kept })
    } catch (error) {
      await this.#bodies.remove([mine])
      throw error
    }
    await this.#bodies.remove([mine, ...before].filter((one) => !kept.includes(one)))
  }

  /** Writes an entry with the mark of its key, also if that comes while it is written. */
  async #write(entry: Entry): Promise<void> {
    const name = nameOf(entry.key)
    const place = this.#entryKey(name)
    if (entry.kept.length === 0) {
      await this.#keyValue.delete(place)
      if (this.#usage.has(name)) this.#usage.note(name, 0)
      return
    }
    const until = Math.max(...entry.kept.map(({ response }) => response.dropAt))
    let mark = (await this.#mark(name)) ?? entry.mark
    for (let n = 0; n < MAX_MARKS_BESIDE; n++) {
      const bytes = seal({ ...entry, ...(mark && { mark }) })
      await this.#keyValue.set(place, bytes, this.#span(until))
      this.#usage.note(name, bytes.byteLength + entry.kept.reduce((sum, { response }) => sum + response.bodyBytes, 0))
      const written = await this.#mark(name)
      if (written === undefined || written.value === mark?.value) return
      mark = written
    }
    throw new Error('the key was marked again and again while it was written')
  }

  /** Removes what was used least recently until the rest is within the bound. */
  async #makeRoom(): Promise<void> {
    for (let excess = this.#usage.takeExcess(); excess !== undefined; excess = this.#usage.takeExcess()) {
      const { name, bytes } = excess
      try {
        await this.#turns.take(name, () => this.#forget(name))
      } catch (error) {
        this.#usage.note(name, bytes)
        throw error
      }
    }
  }

  /** Removes all there is under a key, its mark too. */
  async #forget(name: string): Promise<void> {
    const [entry, written] = await Promise.all([this.#entry(name), this.#mark(name)])
    const mark = written ?? entry?.mark
    if (mark !== undefined) this.#forgottenAt = Math.max(this.#forgottenAt, mark.at)
    await this.#keyValue.delete(this.#entryKey(name))
    await this.#bodies.remove(entry?.kept ?? [])
    await this.#keyValue.delete(this.#markKey(name))
    this.#usage.forget(name)
  }

  async #withBodies(kept: readonly Kept[]): Promise<FoundResponse[]> {
    let room = RIDE_ALONG_BYTES
    const newestFirst = [...kept].sort((a, b) => b.response.responseTime - a.response.responseTime)
    return Promise.all(
      newestFirst.map(async (one) => {
        const { response } = one
        if (response.bodyBytes > room) return { response }
        room -= response.bodyBytes
        const body = await this.#bodies.whole(one)
        return body === undefined ? { response } : { response, body }
      })
    )
  }

  async #entry(name: string): Promise<Entry | undefined> {
    return openEntry(await bytesUnder(this.#keyValue, this.#entryKey(name)), name)
  }

  async #mark(name: string): Promise<Mark | undefined> {
    const bytes = await bytesUnder(this.#keyValue, this.#markKey(name))
    return bytes && (openMark(bytes, name) ?? markOf(bytes, this.#clock()))
  }

  #entryKey(name: string): string {
    return `${this.#prefix}r:${name}`
  }

  #markKey(name: string): string {
    return `${this.#prefix}m:${name}`
  }

  #span(until: EpochMilliseconds): number {
    return Math.max(until - this.#clock(), 1)
  }
}
