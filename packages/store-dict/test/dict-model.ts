import type { Mark, StoredResponse } from '@cc/core'
import { SMALL_BYTES } from '../src/body.js'
import { ENTRY_BYTES, metadataBytes, PIECE_BYTES, plainBytes, RESPONSE_BYTES, stringBytes } from '../src/byte-count.js'
import type { DictStoreCounters } from '../src/index.js'

export interface Limits {
  readonly maxBytes: number
  readonly maxEntryBytes: number
  readonly maxEntries: number
}

export interface ModelledResponse {
  readonly response: StoredResponse
  readonly content: Buffer
  readonly heldBytes: number
  /** Whether its body lies in one piece. */
  readonly isJoined: boolean
}

interface ModelledEntry {
  readonly key: string
  mark?: Mark
  /** The one stored least recently first. */
  responses: ModelledResponse[]
}

/** A body as it is given to `set`: its pieces may be parts of larger buffers, or of one. */
export function modelledBody(pieces: readonly Uint8Array[]): Omit<ModelledResponse, 'response'> {
  const full = pieces.filter(({ byteLength }) => byteLength > 0)
  const content = Buffer.concat(full)
  const buffers = [...new Set(full.map(({ buffer }) => buffer))]
  const held = full.length * PIECE_BYTES + buffers.reduce((sum, { byteLength }) => sum + byteLength, 0)
  if (content.length === 0) return { content, heldBytes: 0, isJoined: true }
  const isKept = content.length > SMALL_BYTES && held <= 2 * content.length
  return { content, heldBytes: isKept ? held : content.length + PIECE_BYTES, isJoined: !isKept }
}

/** What a `DictStore` should hold, in lists that are searched from end to end. */
export class DictModel {
  /** The one used least recently first. */
  entries: ModelledEntry[] = []
  clears = 0
  now: number
  readonly counters: { -readonly [name in keyof DictStoreCounters]: number } = {
    stored: 0,
    replaced: 0,
    evicted: 0,
    deleted: 0
  }
  #lostMarkAt = Number.NEGATIVE_INFINITY

  constructor(
    readonly limits: Limits,
    now: number
  ) {
    this.now = now
  }

  get size(): number {
    return this.entries.reduce((sum, { responses }) => sum + responses.length, 0)
  }

  get bytes(): number {
    return this.entries.reduce((sum, entry) => sum + bytesOf(entry), 0)
  }

  get keys(): string[] {
    return this.entries.filter(({ responses }) => responses.length > 0).map(({ key }) => key)
  }

  find(key: string, slot: string): ModelledResponse | undefined {
    return this.entries.find((entry) => entry.key === key)?.responses.find(({ response }) => response.slot === slot)
  }

  get(key: string): ModelledEntry | undefined {
    const entry = this.entries.find((entry) => entry.key === key)
    if (entry !== undefined) this.#putBack(this.#take(key))
    return entry
  }

  /** A body in pieces is joined when it is opened, which counts as a use. */
  open(key: string, { response }: ModelledResponse): void {
    const there = this.find(key, response.slot)
    if (there?.response.id !== response.id || there.isJoined) return
    const joined = { ...there, isJoined: true, heldBytes: there.content.length + PIECE_BYTES }
    const entry = this.#take(key)
    entry.responses = entry.responses.map((other) => (other === there ? joined : other))
    this.#putBack(entry)
  }

  store(key: string, stored: ModelledResponse): void {
    const { response } = stored
    const there = this.find(key, response.slot)
    const mark = this.entries.find((entry) => entry.key === key)?.mark
    if (there !== undefined && there.response.requestTime > response.requestTime) return
    if (mark === undefined && response.requestTime <= this.#lostMarkAt) return
    if (bytesOf({ key, responses: [stored], ...(mark && { mark }) }) > this.limits.maxBytes) return
    const entry = this.#take(key)
    entry.responses = [...without(entry.responses, response.slot), stored]
    this.counters.stored++
    if (there !== undefined) this.counters.replaced++
    this.#putBack(entry)
  }

  update(key: string, response: StoredResponse): void {
    const entry = this.#take(key)
    const there = entry.responses.find(({ response: { slot } }) => slot === response.slot) as ModelledResponse
    entry.responses = [...without(entry.responses, response.slot), { ...there, response }]
    this.#putBack(entry)
  }

  mark(key: string, mark: Mark): void {
    const entry = this.#take(key)
    entry.mark = mark
    this.#putBack(entry)
  }

  delete(key: string, slot?: string): void {
    const entry = this.#take(key)
    const left = slot === undefined ? [] : without(entry.responses, slot)
    this.counters.deleted += entry.responses.length - left.length
    entry.responses = left
    this.#putBack(entry)
  }

  clear(): void {
    this.clears++
    this.counters.deleted += this.size
    this.entries = this.entries.filter(({ mark }) => this.#isToKeep(mark))
    for (const entry of this.entries) entry.responses = []
  }

  #take(key: string): ModelledEntry {
    const entry = this.entries.find((entry) => entry.key === key) ?? { key, responses: [] }
    this.entries = this.entries.filter((other) => other !== entry)
    return entry
  }

  #putBack(entry: ModelledEntry): void {
    const { maxBytes, maxEntries } = this.limits
    while (entry.responses.length > 0 && (entry.responses.length > maxEntries || bytesOf(entry) > maxBytes)) {
      entry.responses.shift()
      this.counters.evicted++
    }
    if (entry.responses.length === 0 && entry.mark === undefined) return
    if (bytesOf(entry) > maxBytes) return this.#lose(entry)
    this.entries.push(entry)
    while (this.bytes > maxBytes || this.size > maxEntries) this.#lose(this.entries.shift() as ModelledEntry)
  }

  #lose({ responses, mark }: ModelledEntry): void {
    this.counters.evicted += responses.length
    if (this.#isToKeep(mark)) this.#lostMarkAt = Math.max(this.#lostMarkAt, mark.at)
  }

  #isToKeep(mark: Mark | undefined): mark is Mark {
    return mark !== undefined && mark.dropAt > this.now
  }
}

function without(responses: readonly ModelledResponse[], slot: string): ModelledResponse[] {
  return responses.filter(({ response }) => response.slot !== slot)
}

function bytesOf({ key, mark, responses }: ModelledEntry): number {
  let bytes = ENTRY_BYTES + stringBytes(key) + (mark === undefined ? 0 : plainBytes(mark))
  for (const { response, heldBytes } of responses) bytes += RESPONSE_BYTES + metadataBytes(response) + heldBytes
  return bytes
}
