import type { StoredResponse } from '../src/rules/messages.js'
import type { Awaitable, Body, ByteRange, CacheStore, Found, Lease, Mark } from '../src/store.js'
import { MapLocks } from './map-locks.js'

export interface MapStoreOptions {
  /** Answers without promises, unless a body is an `AsyncIterable`. */
  sync?: boolean
  /** Returns the objects it was given, and not what came back from JSON. */
  keepsObjects?: boolean
  maxEntryBytes?: number
}

interface Kept {
  /** For `keepsObjects`. */
  readonly response: StoredResponse
  readonly json: string
  readonly bytes: Uint8Array
}

interface Place {
  readonly slots: Map<string, Kept>
  mark?: string
}

const RIDE_ALONG_BYTES = 65_536
const PIECE_BYTES = 65_536

/** What a store keeps, and what another one finds that is opened on the same. */
interface Data {
  readonly places: Map<string, Place>
  clears: number
}

/**
 * The contract in its simplest form, for core's own tests: metadata as JSON, bodies as copies, and a promise for
 * every answer, so that core checks all it gets. Unbounded.
 */
export class MapStore implements CacheStore {
  readonly contract = 1
  readonly maxEntryBytes?: number
  readonly keepsObjects?: true
  readonly #data: Data
  readonly #places: Map<string, Place>
  readonly #locks = new MapLocks()
  readonly #isSync: boolean

  /** With `other`, another store on what that one keeps, as if it were on a disk. */
  constructor({ sync = false, keepsObjects = false, maxEntryBytes }: MapStoreOptions = {}, other?: MapStore) {
    this.#data = other === undefined ? { places: new Map(), clears: 0 } : other.#data
    this.#places = this.#data.places
    this.#isSync = sync
    if (keepsObjects) this.keepsObjects = true
    if (maxEntryBytes !== undefined) this.maxEntryBytes = maxEntryBytes
  }

  get(key: string): Awaitable<Found> {
    return this.#answer(() => {
      const place = this.#places.get(key)
      const responses = [...(place?.slots.values() ?? [])].map((kept) => ({ response: this.#read(kept), kept }))
      responses.sort((a, b) => b.response.responseTime - a.response.responseTime)
      let room = RIDE_ALONG_BYTES
      const found = responses.map(({ response, kept }) => {
        if (kept.bytes.byteLength > room) return { response }
        room -= kept.bytes.byteLength
        return { response, body: kept.bytes.slice() }
      })
      return place?.mark === undefined
        ? { responses: found }
        : { responses: found, mark: JSON.parse(place.mark) as Mark }
    })
  }

  openBody(key: string, id: string, range?: ByteRange): Awaitable<Body | undefined> {
    return this.#answer(() => {
      const kept = [...(this.#places.get(key)?.slots.values() ?? [])].find(({ response }) => response.id === id)
      if (kept === undefined) return undefined
      const bytes = range === undefined ? kept.bytes : kept.bytes.subarray(range.first, range.last + 1)
      return this.#isSync ? bytes.slice() : inPieces(bytes)
    })
  }

  set(key: string, body: Body, complete: () => StoredResponse | undefined): Awaitable<void> {
    const clears = this.#data.clears
    const finish = (bytes: Uint8Array | undefined) => {
      if (bytes === undefined) return
      const response = complete()
      if (response === undefined || clears !== this.#data.clears) return
      const { slots } = this.#at(key)
      const there = slots.get(response.slot)
      if (there !== undefined && there.response.requestTime > response.requestTime) return
      slots.set(response.slot, keep(response, bytes))
    }
    if (this.#isSync && !(Symbol.asyncIterator in body)) return finish(this.#collect(body))
    return this.#collectAsync(body).then(finish)
  }

  update(key: string, response: StoredResponse): Awaitable<boolean> {
    return this.#answer(() => {
      const slots = this.#places.get(key)?.slots
      const there = slots?.get(response.slot)
      if (slots === undefined || there === undefined || there.response.id !== response.id) return false
      slots.set(response.slot, keep(response, there.bytes))
      return true
    })
  }

  mark(key: string, mark: Mark): Awaitable<void> {
    const json = JSON.stringify(mark)
    return this.#answer(() => {
      this.#at(key).mark = json
    })
  }

  delete(key: string, slot?: string): Awaitable<void> {
    return this.#answer(() => {
      if (slot === undefined) this.#places.get(key)?.slots.clear()
      else this.#places.get(key)?.slots.delete(slot)
    })
  }

  clear(): Awaitable<void> {
    this.#data.clears++
    return this.#answer(() => {
      for (const { slots } of this.#places.values()) slots.clear()
    })
  }

  async *keys(): AsyncIterableIterator<string> {
    for (const [key, { slots }] of [...this.#places]) if (slots.size > 0) yield key
  }

  lock(...[key, options]: Parameters<NonNullable<CacheStore['lock']>>): Promise<Lease | undefined> {
    return this.#locks.lock(key, options)
  }

  #answer<T>(action: () => T): Awaitable<T> {
    return this.#isSync ? action() : Promise.resolve().then(action)
  }

  #at(key: string): Place {
    const place = this.#places.get(key) ?? { slots: new Map() }
    this.#places.set(key, place)
    return place
  }

  #read({ response, json }: Kept): StoredResponse {
    return this.keepsObjects ? response : JSON.parse(json)
  }

  /** One copy of the whole body; `undefined` if it is too long. */
  #collect(body: Uint8Array | Iterable<Uint8Array>): Uint8Array | undefined {
    const pieces: Uint8Array[] = []
    let length = 0
    for (const piece of body instanceof Uint8Array ? [body] : body) {
      length += piece.byteLength
      if (length > (this.maxEntryBytes ?? length)) return undefined
      pieces.push(piece.slice())
    }
    return new Uint8Array(Buffer.concat(pieces))
  }

  async #collectAsync(body: Body): Promise<Uint8Array | undefined> {
    const pieces: Uint8Array[] = []
    let length = 0
    for await (const piece of body instanceof Uint8Array ? [body] : body) {
      length += piece.byteLength
      if (length > (this.maxEntryBytes ?? length)) return undefined
      pieces.push(piece.slice())
    }
    return new Uint8Array(Buffer.concat(pieces))
  }
}

function keep(response: StoredResponse, bytes: Uint8Array): Kept {
  return { response, json: JSON.stringify(response), bytes }
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) yield bytes.slice(at, at + PIECE_BYTES)
}
