import type { Body, ByteRange, Found } from '@cc/core'
import { CopyRoom, whenRead } from './near-cache-body.js'
import { bytesOfFound } from './near-cache-bytes.js'

/** Who is told of changes. `head` is the name of what changed. */
export interface ChangeListener {
  drop(head: string): void
  /** Anything may have changed. */
  flush(): void
}

/** Tells of every change, whoever makes it. */
export interface Watch {
  /** May be called again and again. */
  start(listener: ChangeListener): void
  /** Whether what was heard so far is all there was to hear, up to the bound. */
  readonly isTrusted: boolean
  /** The same, with a look at which servers there are: what was just read may come from one that is not listened to. */
  confirms(): boolean
  close(): void
}

/** What is kept of one key. */
interface Near {
  readonly key: string
  readonly head: string
  readonly found: Found
  /** Bodies by the id of their response that do not come along with `found`. */
  readonly bodies: Map<string, Uint8Array>
  bytes: number
  /** Used since it was last looked at for its room. */
  isUsed: boolean
}

/** A look-up on its way; all that ask for one key at a time share it. */
interface Reading {
  readers: number
  /** Something has changed since it began: what it brings may be old. */
  isSpoilt: boolean
}

/** So many are spared in a row when room has to be made, though they were used. */
const maxSpared = 256

/**
 * What was read lately, as the objects it was first answered with, for as long as nobody has changed it. Nothing is kept
 * that was changed between the moment its reading began and its answer, and nothing is handed out that the `Watch` would
 * not have heard of a change of.
 *
 * `head` is the name that the server tells changes of a key by.
 */
export class NearCache implements ChangeListener {
  readonly #maxBytes: number
  readonly #watch: Watch
  /** The one kept or spared least recently comes first. */
  readonly #byKey = new Map<string, Near>()
  readonly #byHead = new Map<string, Near>()
  readonly #readings = new Map<string, Reading>()
  readonly #copyRoom: CopyRoom
  #bytes = 0

  constructor(maxBytes: number, watch: Watch) {
    this.#maxBytes = maxBytes
    this.#copyRoom = new CopyRoom(maxBytes / 4)
    this.#watch = watch
  }

  /** What all that is kept takes, about. */
  get bytes(): number {
    return this.#bytes
  }

  /** How many keys. */
  get size(): number {
    return this.#byKey.size
  }

  get(key: string): Found | undefined {
    const near = this.#byKey.get(key)
    if (near === undefined || !this.#watch.isTrusted) return undefined
    near.isUsed = true
    return near.found
  }

  /** The body of a response whose body does not come along, or a range of it. */
  body(key: string, id: string, range?: ByteRange): Uint8Array | undefined {
    const body = this.#byKey.get(key)?.bodies.get(id)
    if (body === undefined || !this.#watch.isTrusted) return undefined
    return range === undefined ? body : body.subarray(range.first, range.last + 1)
  }

  /** Has `read` look up a key, and keeps what it brings if it is still so; answers with what is kept. */
  async read(key: string, head: string, read: () => Promise<Found>): Promise<Found> {
    if (!this.#watch.isTrusted) {
      this.#watch.start(this)
      return read()
    }
    const reading = this.#begin(head)
    try {
      const found = await read()
      return !reading.isSpoilt && this.#watch.confirms() ? this.#keep(key, head, found) : found
    } finally {
      this.#end(head, reading)
    }
  }

  /** Has `read` open a body, and keeps it once all of it was read, if its response is still kept then. */
  async readBody(
    key: string,
    id: string,
    range: ByteRange | undefined,
    read: () => Promise<Body | undefined>
  ): Promise<Body | undefined> {
    const body = await read()
    const bytes = this.#bytesToKeep(key, id)
    if (body === undefined || range !== undefined || bytes === undefined) return body
    if (!(body instanceof Uint8Array))
      return whenRead(body, bytes, this.#copyRoom, (whole) => this.#keepBody(key, id, whole))
    if (body.byteLength !== bytes) return body
    const own = new Uint8Array(body)
    this.#keepBody(key, id, own)
    return own
  }

  /** The key has changed, or is about to. */
  drop(head: string): void {
    const reading = this.#readings.get(head)
    if (reading !== undefined) {
      reading.isSpoilt = true
      this.#readings.delete(head)
    }
    const near = this.#byHead.get(head)
    if (near !== undefined) this.#remove(near)
  }

  /** Makes a change, after which nothing from before it is handed out, whatever becomes of it. */
  async changing<T>(head: string, change: () => Promise<T>): Promise<T> {
    this.drop(head)
    try {
      return await change()
    } finally {
      this.drop(head)
    }
  }

  /** Anything may have changed. */
  flush(): void {
    for (const reading of this.#readings.values()) reading.isSpoilt = true
    this.#readings.clear()
    this.#byKey.clear()
    this.#byHead.clear()
    this.#bytes = 0
  }

  close(): void {
    this.#watch.close()
    this.flush()
  }

  #begin(head: string): Reading {
    const shared = this.#readings.get(head)
    if (shared !== undefined) {
      shared.readers++
      return shared
    }
    const reading = { readers: 1, isSpoilt: false }
    this.#readings.set(head, reading)
    return reading
  }

  #end(head: string, reading: Reading): void {
    if (--reading.readers === 0 && this.#readings.get(head) === reading) this.#readings.delete(head)
  }

  #keep(key: string, head: string, found: Found): Found {
    if (found.responses.length === 0 && found.mark === undefined) return found
    // Who looked it up at the same time may have kept it already: there is to be one object.
    const there = this.#byHead.get(head)
    if (there !== undefined) return there.found
    const kept = ownFound(found)
    const near: Near = { key, head, found: kept, bodies: new Map(), bytes: bytesOfFound(key, kept), isUsed: false }
    if (near.bytes > this.#maxBytes) return found
    this.#byKey.set(key, near)
    this.#byHead.set(head, near)
    this.#bytes += near.bytes
    this.#makeRoom(near)
    return kept
  }

  /** How long a body is that may be kept; `undefined` if it may not. */
  #bytesToKeep(key: string, id: string): number | undefined {
    const responses = this.#byKey.get(key)?.found.responses ?? []
    const found = responses.find(({ response }) => response.id === id)
    if (found === undefined || found.body !== undefined) return undefined
    // Nobody has checked it yet.
    const { bodyBytes } = found.response
    return Number.isSafeInteger(bodyBytes) && bodyBytes >= 0 && bodyBytes <= this.#maxBytes / 4 ? bodyBytes : undefined
  }

  #keepBody(key: string, id: string, body: Uint8Array): void {
    const near = this.#byKey.get(key)
    if (near === undefined || near.bodies.has(id) || this.#bytesToKeep(key, id) !== body.byteLength) return
    if (near.bytes + body.byteLength > this.#maxBytes) return
    near.bodies.set(id, body)
    near.bytes += body.byteLength
    this.#bytes += body.byteLength
    this.#makeRoom(near)
  }

  #makeRoom(kept: Near): void {
    let spared = 0
    for (const near of this.#byKey.values()) {
      if (this.#bytes <= this.#maxBytes) return
      if (near === kept || (near.isUsed && spared++ < maxSpared)) {
        near.isUsed = false
        this.#byKey.delete(near.key)
        this.#byKey.set(near.key, near)
      } else this.#remove(near)
    }
  }

  #remove(near: Near): void {
    this.#byKey.delete(near.key)
    this.#byHead.delete(near.head)
    this.#bytes -= near.bytes
  }
}

/** The same with bytes of its own: a small body must not hold the large buffer that it was received in. */
function ownFound({ responses, mark }: Found): Found {
  const own = responses.map(({ response, body }) =>
    Object.freeze(body === undefined ? { response } : { response, body: new Uint8Array(body) })
  )
  Object.freeze(own)
  return Object.freeze(mark === undefined ? { responses: own } : { responses: own, mark: Object.freeze(mark) })
}
