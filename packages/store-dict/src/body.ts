import type { Awaitable, Body, ByteRange } from '@cc/core'
import { PIECE_BYTES } from './byte-count.js'

/** Bodies up to this length lie in one buffer of their own. It is also what rides along with `get` under one key. */
export const SMALL_BYTES = 65_536

/** A body as it is kept: a small one in one piece of its own, a longer one in the pieces it came in. */
export interface KeptBody {
  readonly content: Uint8Array | readonly Uint8Array[]
  /** What it keeps from being freed: whole buffers, also where a piece is only a part of one. */
  readonly heldBytes: number
}

const NO_BYTES: KeptBody = { content: new Uint8Array(0), heldBytes: 0 }

/** Reads `body` to its end and keeps it; `undefined` if it is longer than `limit`, where reading stops. */
export function readBody(body: Body, limit: number): Awaitable<KeptBody | undefined> {
  if (body instanceof Uint8Array) return body.byteLength > limit ? undefined : keepPieces([body], body.byteLength)
  if (Symbol.asyncIterator in body) return readAsyncBody(body, limit)
  const pieces: Uint8Array[] = []
  let length = 0
  for (const piece of body) {
    length += piece.byteLength
    if (length > limit) return undefined
    if (piece.byteLength > 0) pieces.push(piece)
  }
  return keepPieces(pieces, length)
}

async function readAsyncBody(body: AsyncIterable<Uint8Array>, limit: number): Promise<KeptBody | undefined> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of body) {
    length += piece.byteLength
    if (length > limit) return undefined
    if (piece.byteLength > 0) pieces.push(piece)
  }
  return keepPieces(pieces, length)
}

/** Copies what is small, and what would hold more than twice its length; keeps other pieces as they are. */
function keepPieces(pieces: readonly Uint8Array[], length: number): KeptBody {
  if (length === 0) return NO_BYTES
  const heldBytes = bytesHeldBy(pieces)
  if (length > SMALL_BYTES && heldBytes <= 2 * length) return { content: Object.freeze([...pieces]), heldBytes }
  return inOnePiece(pieces, length)
}

/** The same body in one piece of its own. */
export function joined({ content, heldBytes }: KeptBody): { body: KeptBody; content: Uint8Array } {
  if (content instanceof Uint8Array) return { body: { content, heldBytes }, content }
  const body = inOnePiece(content, lengthOf(content))
  return { body, content: body.content }
}

function inOnePiece(pieces: readonly Uint8Array[], length: number): KeptBody & { content: Uint8Array } {
  // Not from the pool of small buffers: a kept body would hold the whole slab.
  const content = Buffer.allocUnsafeSlow(length)
  let at = 0
  for (const piece of pieces) {
    content.set(piece, at)
    at += piece.byteLength
  }
  return { content, heldBytes: length + PIECE_BYTES }
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  let length = 0
  for (const piece of pieces) length += piece.byteLength
  return length
}

function bytesHeldBy(pieces: readonly Uint8Array[]): number {
  const buffers = new Set<ArrayBufferLike>()
  let bytes = 0
  for (const { buffer } of pieces) {
    bytes += PIECE_BYTES
    if (buffers.has(buffer)) continue
    buffers.add(buffer)
    bytes += buffer.byteLength
  }
  return bytes
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
