import type { Body, ByteRange, EpochMilliseconds, StoredResponse } from '@cc/core'
import type { Kept } from './entry.js'
import { bytesUnder, type KeyValue } from './key-value.js'
import { PIECE_BYTES, pieceCount, pieceLength } from './pieces.js'

/** The bodies in a key-value, each under a name of its own, in pieces of 1 MiB. */
export class StoredBodies {
  readonly #keyValue: KeyValue
  readonly #prefix: string
  readonly #clock: () => EpochMilliseconds

  constructor(keyValue: KeyValue, prefix: string, clock: () => EpochMilliseconds) {
    this.#keyValue = keyValue
    this.#prefix = prefix
    this.#clock = clock
  }

  /** Puts a body in its place, or leaves nothing of it. */
  async put(body: string, response: StoredResponse, pieces: readonly Buffer[]): Promise<Kept> {
    const kept = { response, body, bodyUntil: this.#until(response) }
    try {
      for (const [n, piece] of pieces.entries()) await this.#write(kept, n, piece)
    } catch (error) {
      await this.remove([kept])
      throw error
    }
    return kept
  }

  /** The body of `kept` is that of `response` from now on, and kept as long; `undefined` if it is gone. */
  async keepUntil(kept: Kept, response: StoredResponse): Promise<Kept | undefined> {
    const { body, bodyUntil } = kept
    if (response.bodyBytes !== kept.response.bodyBytes) return undefined
    if (response.dropAt <= bodyUntil) return { response, body, bodyUntil }
    const longer = { response, body, bodyUntil: this.#until(response) }
    for (let n = 0; n < pieceCount(response.bodyBytes); n++) {
      const piece = await this.#read(kept, n)
      if (piece === undefined) return undefined
      await this.#write(longer, n, Buffer.from(piece))
    }
    return longer
  }

  /** The bytes of `range`, or all of them; `undefined` if the first of them are gone. */
  async open(kept: Kept, range?: ByteRange): Promise<Body | undefined> {
    const { bodyBytes } = kept.response
    const first = range?.first ?? 0
    const end = Math.min((range?.last ?? bodyBytes - 1) + 1, bodyBytes)
    if (first >= end) return new Uint8Array(0)
    const firstPiece = Math.floor(first / PIECE_BYTES)
    const lastPiece = Math.floor((end - 1) / PIECE_BYTES)
    const begun = await this.#read(kept, firstPiece)
    if (begun === undefined) return undefined
    const cut = (piece: Uint8Array, n: number) =>
      piece.slice(Math.max(first - n * PIECE_BYTES, 0), Math.min(end - n * PIECE_BYTES, PIECE_BYTES))
    const start = cut(begun, firstPiece)
    if (firstPiece === lastPiece) return start
    const read = (n: number) => this.#read(kept, n)
    return (async function* () {
      yield start
      for (let n = firstPiece + 1; n <= lastPiece; n++) {
        const piece = await read(n)
        if (piece === undefined) throw new Error(`piece ${n} of the body is gone or damaged`)
        yield cut(piece, n)
      }
    })()
  }

  /** All of a body of one piece at most, as a copy. */
  async whole(kept: Kept): Promise<Uint8Array | undefined> {
    if (kept.response.bodyBytes === 0) return new Uint8Array(0)
    return (await this.#read(kept, 0))?.slice()
  }

  async remove(kept: readonly Kept[]): Promise<void> {
    for (const { body, response } of kept) {
      for (let n = 0; n < pieceCount(response.bodyBytes); n++) await this.#keyValue.delete(this.#place(body, n))
    }
  }

  /** Longer than the response itself: a 304 lengthens its life, and a body is not to be written again each time. */
  #until({ dropAt }: StoredResponse): EpochMilliseconds {
    return dropAt + Math.max(dropAt - this.#clock(), 0)
  }

  #place(body: string, n: number): string {
    return `${this.#prefix}${body}:${n}`
  }

  async #write({ body, bodyUntil }: Kept, n: number, piece: Buffer): Promise<void> {
    await this.#keyValue.set(this.#place(body, n), piece, Math.max(bodyUntil - this.#clock(), 1))
  }

  /** A piece of the length it has to have. */
  async #read({ body, response }: Kept, n: number): Promise<Uint8Array | undefined> {
    const piece = await bytesUnder(this.#keyValue, this.#place(body, n))
    return piece?.byteLength === pieceLength(response.bodyBytes, n)
      ? new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength)
      : undefined
  }
}
