import { randomBytes } from 'node:crypto'
import type { Body } from '@cc/core'
import { CHUNK_BYTES } from './body-reading.js'
import { ADD_CHUNK, COMPLETE } from './body-scripts.js'
import type { Connection } from './connection.js'
import type { Keys } from './keys.js'
import { INLINE_BYTES } from './record.js'

/** How long a body on its way may wait for its next chunk, in milliseconds. */
const UPLOAD_MS = 300_000
/** So many chunks may be on their way: the body is read no faster than Redis takes it. */
const UNDER_WAY = 2

/** A body that was read to its end. */
export type Received = { readonly inline: Uint8Array; readonly bytes: number } | { readonly bytes: number }

/** A body too long to lie beside its metadata, on its way to Redis in chunks. Nobody sees it before it is complete. */
export class Upload {
  readonly #connection: Connection
  readonly #generation: Buffer
  readonly #key: string
  readonly #underWay: Promise<unknown>[] = []
  #chunks = 0

  constructor(connection: Connection, keys: Keys, cacheKey: string, generation: Buffer) {
    this.#connection = connection
    this.#generation = generation
    this.#key = keys.upload(cacheKey, randomBytes(16).toString('hex'))
  }

  /** Sends a chunk, and waits while too many are on their way. */
  async add(chunk: Buffer): Promise<void> {
    const number = this.#chunks++
    const adding = this.#connection.runWith(chunk.byteLength, (client) =>
      ADD_CHUNK.run(client, [this.#key], this.#generation, UPLOAD_MS, number, chunk)
    )
    // It is heard of when it is waited for.
    adding.catch(() => {})
    this.#underWay.push(adding)
    if (this.#underWay.length > UNDER_WAY) await this.#underWay.shift()
  }

  /** Waits for all chunks. */
  async sent(): Promise<void> {
    await Promise.all(this.#underWay.splice(0))
  }

  /** Lets readers open it under `bodyKey`, for a short time yet; false if any of it is gone by now. */
  async complete(bodyKey: string, bytes: number): Promise<boolean> {
    const completed = await this.#connection.run((client) =>
      COMPLETE.runForNumber(client, [this.#key, bodyKey], this.#chunks, bytes, UPLOAD_MS)
    )
    return completed === 1
  }

  /** Removes what was sent. If that fails it goes by itself, and what led to it is of more interest. */
  async discard(): Promise<void> {
    if (this.#chunks === 0) return
    await Promise.allSettled(this.#underWay.splice(0))
    await this.#connection.run((client) => client.unlink(this.#key)).catch(() => {})
  }
}

/**
 * Reads a body to its end. What is longer than can lie inline goes to `upload` meanwhile. `undefined` if it is longer
 * than `maxBytes`: then it is let go of.
 */
export async function receive(body: Body, maxBytes: number, upload: Upload): Promise<Received | undefined> {
  let held: Uint8Array[] = []
  let heldBytes = 0
  let bytes = 0
  const take = () => {
    const content = held.length === 1 ? (held[0] as Uint8Array) : Buffer.concat(held, heldBytes)
    held = []
    heldBytes = 0
    return content
  }
  const sendWhole = async () => {
    const content = asBuffer(take())
    const whole = content.byteLength - (content.byteLength % CHUNK_BYTES)
    for (let at = 0; at < whole; at += CHUNK_BYTES) await upload.add(content.subarray(at, at + CHUNK_BYTES))
    if (whole < content.byteLength) held.push(content.subarray(whole))
    heldBytes = content.byteLength - whole
  }
  for await (const piece of body instanceof Uint8Array ? [body] : body) {
    bytes += piece.byteLength
    if (bytes > maxBytes) return undefined
    if (piece.byteLength === 0) continue
    held.push(piece)
    heldBytes += piece.byteLength
    if (heldBytes >= CHUNK_BYTES) await sendWhole()
  }
  if (bytes <= INLINE_BYTES) return { inline: take(), bytes }
  if (heldBytes > 0) await upload.add(asBuffer(take()))
  await upload.sent()
  return { bytes }
}

/** Lets go of a body that was not begun. */
export async function letGo(body: Body): Promise<void> {
  if (body instanceof Uint8Array) return
  const iterator = Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : body[Symbol.iterator]()
  await iterator.return?.()
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
