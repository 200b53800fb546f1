import type { Body, ByteRange, Found } from '@cc/core'
import { bodyOfChunks, isWholeChunk, wantedOf } from './body-reading.js'
import type { Connection } from './connection.js'
import { NOTHING } from './index-reading.js'
import type { Keys } from './keys.js'
import type { RecentAnswers } from './recent-answers.js'
import { decodeResponse, INLINE, isId } from './record.js'
import { isReply } from './script.js'

/** Reads what is under a key. */
export class LookUps {
  readonly #connection: Connection
  readonly #keys: Keys
  readonly #recent: RecentAnswers

  constructor(connection: Connection, keys: Keys, recent: RecentAnswers) {
    this.#connection = connection
    this.#keys = keys
    this.#recent = recent
  }

  /** All that is in an index. */
  lookUp(index: string): Promise<Found> {
    return this.#connection
      .run((client) => client.hvalsBuffer(index))
      .then((values) => this.#recent.read(index, values), nothingIfForeign)
  }

  /** The body of a response, or a range of it; `undefined` if it is gone. */
  async openBody(key: string, id: string, range: ByteRange | undefined): Promise<Body | undefined> {
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
}

/** What somebody else put under one of the names is nothing to us; the next response takes its place. */
function nothingIfForeign(error: unknown): Found {
  noneIfForeign(error)
  return NOTHING
}

function noneIfForeign(error: unknown): [] {
  if (isReply(error, 'WRONGTYPE')) return []
  throw error
}
