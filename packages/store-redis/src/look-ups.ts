import type { Body, ByteRange, Found } from '@cc/core'
import { BodiesAhead } from './bodies-ahead.js'
import { bodyOfChunks, isWholeChunk, wantedOf } from './body-reading.js'
import type { Connection } from './connection.js'
import type { Read } from './gathering.js'
import { NOTHING } from './index-reading.js'
import type { Keys } from './keys.js'
import { RecentAnswers } from './recent-answers.js'
import { RecentBodies } from './recent-bodies.js'
import { decodeResponse, INLINE, isId } from './record.js'
import { isReply } from './script.js'

/** Of the latest answers of Redis, what was made of them is remembered; and so are the latest bodies. */
const RECENT_BYTES = 8_388_608

/** Reads what is under a key. */
export class LookUps {
  readonly #connection: Connection
  readonly #keys: Keys
  readonly #answers = new RecentAnswers(RECENT_BYTES)
  readonly #bodies = new RecentBodies(RECENT_BYTES)
  readonly #ahead = new BodiesAhead<(Buffer | null)[]>()

  constructor(connection: Connection, keys: Keys) {
    this.#connection = connection
    this.#keys = keys
  }

  /** All that is in an index. */
  lookUp(index: string): Promise<Found> {
    const bodyKey = this.#ahead.expected(index)
    if (bodyKey === undefined) return this.#found(index, this.#connection.read(valuesOf(index)))
    const known = this.#bodies.get(bodyKey)
    const [values, beginning] = this.#connection.readBoth(valuesOf(index), beginningOf(bodyKey, 0, known))
    const found = this.#found(index, values)
    this.#ahead.keep(index, bodyKey, beginning, found)
    return found
  }

  /** The body of a response, or a range of it; `undefined` if it is gone. */
  async openBody(key: string, id: string, range: ByteRange | undefined): Promise<Body | undefined> {
    if (!isId(id)) return undefined
    const bodyKey = this.#keys.body(key, id)
    const wanted = wantedOf(range)
    const isFirst = wanted.firstChunk === 0
    const known = isFirst ? this.#bodies.get(bodyKey) : undefined
    const ahead = isFirst ? this.#ahead.take(bodyKey) : undefined
    const beginning = ahead ?? this.#connection.read(beginningOf(bodyKey, wanted.firstChunk, known))
    const [length, chunk] = await beginning.catch(noneIfForeign)
    if (length == null) return this.#inlineBody(key, id, range)
    const total = Number(length.toString('latin1'))
    if (wanted.first >= total) return new Uint8Array()
    if (!isWholeChunk(chunk, wanted.firstChunk, total)) {
      // Whoever was given the bytes that are kept here may have taken their memory away.
      return this.#bodies.forget(bodyKey) ? this.openBody(key, id, range) : undefined
    }
    if (range === undefined && total === chunk.byteLength) {
      this.#ahead.led(this.#keys.index(key), bodyKey)
      return this.#bodies.keep(bodyKey, chunk)
    }
    return bodyOfChunks(wanted, total, chunk, (number) =>
      this.#connection.run((client) => client.hgetBuffer(bodyKey, String(number)))
    )
  }

  #found(index: string, values: Promise<Buffer[]>): Promise<Found> {
    return values.then((values) => this.#answers.read(index, values), nothingIfForeign)
  }

  async #inlineBody(key: string, id: string, range: ByteRange | undefined): Promise<Uint8Array | undefined> {
    const values = await this.#connection.read(valuesOf(this.#keys.index(key))).catch(noneIfForeign)
    for (const value of values) {
      const read = value[0] === INLINE ? decodeResponse(value) : undefined
      if (read?.response.id !== id || read.body === undefined) continue
      return range === undefined ? read.body : read.body.subarray(range.first, range.last + 1)
    }
    return undefined
  }
}

/** All that is in an index. */
function valuesOf(index: string): Read<Buffer[]> {
  return {
    alone: (client) => client.hvalsBuffer(index),
    along: (pipeline, answered) => pipeline.hvalsBuffer(index, answered)
  }
}

/** The length of a body, and the first chunk of it that is wanted. One that is `known` is not sent again. */
function beginningOf(bodyKey: string, chunk: number, known: Buffer | undefined): Read<(Buffer | null)[]> {
  if (known === undefined) {
    return {
      alone: (client) => client.hmgetBuffer(bodyKey, 's', String(chunk)),
      along: (pipeline, answered) => pipeline.hmgetBuffer(bodyKey, 's', String(chunk), answered)
    }
  }
  const andKnown = ([length = null]: (Buffer | null)[] = []) => [length, known]
  return {
    alone: (client) => client.hmgetBuffer(bodyKey, 's').then(andKnown),
    along: (pipeline, answered) =>
      pipeline.hmgetBuffer(bodyKey, 's', (error, answer) => answered(error, andKnown(answer)))
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
