import { hash } from 'node:crypto'
import type { StoredResponse } from '../src/rules/messages.js'
import { digestPieceBytes } from '../src/rules/stored-response.js'
import type { Awaitable, Body, ByteRange, Found } from '../src/store.js'
import { MapStore } from './map-store.js'

const chunkBytes = 65_536
/** Each MiB of a huge body; no byte is that of the same place in another chunk. */
const piece = Uint8Array.from({ length: digestPieceBytes }, (_, i) => (i >>> 16) * 7 + i * 13 + (i >>> 8))
const digest = hash('sha256', piece)

/** These bytes of a huge body. */
export function hugeBytes(first: number, last: number): Buffer {
  return Buffer.from(
    Uint8Array.from({ length: last - first + 1 }, (_, i) => piece[(first + i) % digestPieceBytes] as number)
  )
}

/** Pretends that every body it keeps is of `bodyBytes` bytes, makes these when they are read, and counts them. */
export class HugeStore extends MapStore {
  readonly bodyBytes: number
  /** Ranges that were asked for, and how many bytes were made for them. */
  readonly asked: (ByteRange | undefined)[] = []
  bytesRead = 0
  readonly #isSync: boolean
  /** What becomes of each chunk on its way out. */
  spoil: (chunk: Uint8Array, at: number) => Uint8Array = (chunk) => chunk

  constructor(bodyBytes: number, { isSync = false } = {}) {
    super({ sync: isSync, keepsObjects: isSync })
    this.bodyBytes = bodyBytes
    this.#isSync = isSync
  }

  override get(key: string): Awaitable<Found> {
    const found = super.get(key)
    return found instanceof Promise ? found.then((found) => this.#huge(found)) : this.#huge(found)
  }

  override openBody(_key: string, _id: string, range?: ByteRange): Awaitable<Body> {
    this.asked.push(range)
    const chunks = this.#chunks(range ?? { first: 0, last: this.bodyBytes - 1 })
    return this.#isSync ? [...chunks] : Promise.resolve(chunks)
  }

  *#chunks({ first, last }: ByteRange): Generator<Uint8Array> {
    for (let at = first; at <= last; at += chunkBytes) {
      const chunk = hugeBytes(at, Math.min(last, at + chunkBytes - 1))
      this.bytesRead += chunk.byteLength
      yield this.spoil(chunk, at)
    }
  }

  #huge({ responses, ...found }: Found): Found {
    const { bodyBytes } = this
    const digests = Array<string>(Math.ceil(bodyBytes / digestPieceBytes)).fill(digest)
    const change = (response: StoredResponse) => ({ ...response, bodyBytes, ...(!this.keepsObjects && { digests }) })
    return { ...found, responses: responses.map(({ response }) => ({ response: change(response) })) }
  }
}
