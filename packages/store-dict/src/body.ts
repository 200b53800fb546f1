import type { Awaitable, Body, ByteRange } from '@cc/core'
import { PIECE_BYTES } from './byte-count.js'

/** Bodies up to this length lie in one buffer of their own. It is also what rides along with `get` under one key. */
export const SMALL_BYTES = 65_536

/** Longer bodies are never joined: that would hold up all other work. */
export const JOINED_BYTES = 5_242_880
/** How much is copied of a longer body until other work has its turn. */
const TURN_BYTES = 1_048_576
/** How many pieces are looked at until then. */
const TURN_PIECES = 16_384

/** A body as it is kept: a small one in one piece of its own, a longer one in the pieces it came in. */
export interface KeptBody {
  readonly content: Uint8Array | readonly Uint8Array[]
  readonly length: number
  /** What it keeps from being freed: whole buffers, also where a piece is only a part of one. */
  readonly heldBytes: number
}

const NO_BYTES: KeptBody = { content: new Uint8Array(0), length: 0, heldBytes: 0 }

/** Reads `body` to its end and keeps it; `undefined` if it is longer than `limit`, where reading stops. */
export function readBody(body: Body, limit: number): Awaitable<KeptBody | undefined> {
  const pieces = new Pieces(limit)
  if (body instanceof Uint8Array) return pieces.add(body) ? pieces.keep() : undefined
  if (Symbol.asyncIterator in body) return readAsyncBody(body, pieces)
  if (Array.isArray(body) && body.length > TURN_PIECES) return readManyPieces(body, pieces)
  for (const piece of body) if (!pieces.add(piece)) return undefined
  return pieces.keep()
}

async function readAsyncBody(body: AsyncIterable<Uint8Array>, pieces: Pieces): Promise<KeptBody | undefined> {
  for await (const piece of body) if (!pieces.add(piece)) return undefined
  return pieces.keep()
}

async function readManyPieces(body: readonly Uint8Array[], pieces: Pieces): Promise<KeptBody | undefined> {
  for (let n = 0; n < body.length; n++) {
    if (n % TURN_PIECES === TURN_PIECES - 1) await nextTurn()
    if (!pieces.add(body[n] as Uint8Array)) return undefined
  }
  return pieces.keep()
}

/** What was read of a body so far. */
class Pieces {
  readonly #limit: number
  readonly #pieces: Uint8Array[] = []
  #length = 0
  /** An upper bound: parts of one buffer that follow each other count as one, as they come from a socket. */
  #heldBytes = 0
  #lastBuffer: ArrayBufferLike | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Whether there is room for it. */
  add(piece: Uint8Array): boolean {
    const { byteLength, buffer } = piece
    this.#length += byteLength
    if (this.#length > this.#limit) return false
    if (byteLength === 0) return true
    this.#pieces.push(piece)
    this.#heldBytes += buffer === this.#lastBuffer ? PIECE_BYTES : PIECE_BYTES + buffer.byteLength
    this.#lastBuffer = buffer
    return true
  }

  /** Copies what is small, and what would hold more than twice its length; keeps other pieces as they are. */
  keep(): Awaitable<KeptBody> {
    const length = this.#length
    const heldBytes = this.#heldBytes
    if (length === 0) return NO_BYTES
    if (length > SMALL_BYTES && heldBytes <= 2 * length) {
      return { content: Object.freeze(this.#pieces), length, heldBytes }
    }
    return length > JOINED_BYTES ? inSeveralPieces(this.#pieces, length) : inOnePiece(this.#pieces, length)
  }
}

/** The same body in one piece of its own. */
export function joined({ content, length, heldBytes }: KeptBody): KeptBody & { content: Uint8Array } {
  return content instanceof Uint8Array ? { content, length, heldBytes } : inOnePiece(content, length)
}

function inOnePiece(pieces: readonly Uint8Array[], length: number): KeptBody & { content: Uint8Array } {
  // Not from the pool of small buffers: a kept body would hold the whole slab.
  const content = Buffer.allocUnsafeSlow(length)
  let at = 0
  for (const piece of pieces) {
    content.set(piece, at)
    at += piece.byteLength
  }
  return { content, length, heldBytes: length + PIECE_BYTES }
}

/** The same body in pieces of its own, with a turn of the event loop for each. */
async function inSeveralPieces(pieces: readonly Uint8Array[], length: number): Promise<KeptBody> {
  const content: Uint8Array[] = []
  let own = new Uint8Array(0)
  let used = 0
  let left = length
  for (const piece of pieces) {
    for (let at = 0; at < piece.byteLength; ) {
      if (used === own.byteLength) {
        if (left < length) await nextTurn()
        own = Buffer.allocUnsafeSlow(Math.min(left, TURN_BYTES))
        used = 0
        content.push(own)
      }
      const part = piece.subarray(at, at + own.byteLength - used)
      own.set(part, used)
      used += part.byteLength
      at += part.byteLength
      left -= part.byteLength
    }
  }
  return { content: Object.freeze(content), length, heldBytes: length + content.length * PIECE_BYTES }
}

/** Resolves when the event loop has come round. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** The bytes of `range` as views: nothing is copied. */
export function sliceBody({ content }: KeptBody, { first, last }: ByteRange): Uint8Array | readonly Uint8Array[] {
  if (content instanceof Uint8Array) return content.subarray(first, last + 1)
  const slices: Uint8Array[] = []
  let start = 0
  for (const piece of content) {
    const end = start + piece.byteLength
    if (end > first && start <= last) slices.push(piece.subarray(Math.max(0, first - start), last + 1 - start))
    start = end
  }
  return slices
}
