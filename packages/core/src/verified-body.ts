import { createHash, hash } from 'node:crypto'
import { iteratorOf, letGo } from './body.js'
import { type Budget, withinLimit } from './budget.js'
import type { Reading } from './reading.js'
import { digestPieceBytes } from './rules/stored-response.js'
import type { Body } from './store.js'

/** How long a store may always take to go on with a body that is being sent, and in how many steps that time passes. */
const leastStallMs = 1_000
const stallSteps = 5

type BodyIterator = Iterator<Uint8Array> | AsyncIterator<Uint8Array>

/**
 * What is wanted of `body`, which comes from a store that is not trusted: it has the length the metadata says, and where
 * there are digests each piece has its own before any byte of it goes on. Resolves when the first piece has been read and
 * checked: `undefined` if that failed. Later failures are errors of the body, never a clean end; so is that nothing more of
 * it has come for the time that a request waits for the store, or for a second if that is more. `failed` hears of both,
 * and whether any of it may have been sent; `passed` is called when all of it was checked.
 */
export async function verifiedBody(
  body: Body,
  reading: Reading,
  budget: Budget,
  failed: (error: unknown, hasBegun: boolean) => void,
  passed: () => void = () => {}
): Promise<Body | undefined> {
  let iterator: BodyIterator | undefined
  try {
    iterator = body instanceof Uint8Array ? [body].values() : iteratorOf(body)
    const headway = new Headway(Math.max(leastStallMs, budget.limitMs))
    const pieces = checkedPieces(iterator, reading, headway)
    const first = await budget.wait(pieces.next())
    return releasing(wanted(reading, first, pieces, headway, iterator, failed, passed), pieces, iterator)
  } catch (error) {
    failed(error, false)
    if (iterator !== undefined) letGo(iterator)
    return undefined
  }
}

/** The same of a short body that is at hand, at once. */
export function verifiedBytes(
  body: Uint8Array,
  { bytes, digests, skippedBytes, wantedBytes }: Reading,
  failed: (error: unknown, hasBegun: boolean) => void,
  passed: () => void
): Uint8Array | undefined {
  try {
    const fault = faultOf(body, bytes, digests)
    if (fault !== undefined) throw new BodyDamagedError(fault)
  } catch (error) {
    failed(error, false)
    return undefined
  }
  passed()
  return wantedBytes === bytes ? body : body.subarray(skippedBytes, skippedBytes + wantedBytes)
}

/** What is wrong with a short body that is to have so many bytes, and these digests if any were made. */
export function faultOf(body: Uint8Array, bytes: number, digests: readonly string[] | undefined): string | undefined {
  if (body.byteLength !== bytes) return `${body.byteLength} bytes instead of ${bytes}`
  return digests === undefined || hasDigests(body, digests) ? undefined : 'it has another digest'
}

/** Whether each piece of a body has its digest. */
function hasDigests(body: Uint8Array, digests: readonly string[]): boolean {
  return digests.every((digest, i) => {
    return hash('sha256', body.subarray(i * digestPieceBytes, (i + 1) * digestPieceBytes)) === digest
  })
}

/** `chunks` with a `return()` that lets go of the body even before the first `next()`, and while one is waited for. */
function releasing(
  chunks: AsyncGenerator<Uint8Array>,
  pieces: AsyncGenerator<unknown>,
  body: BodyIterator
): AsyncIterable<Uint8Array> {
  const iterator: AsyncIterator<Uint8Array> = {
    next: () => chunks.next(),
    return: async () => {
      letGo(body)
      await pieces.return(undefined)
      return await chunks.return(undefined)
    }
  }
  return { [Symbol.asyncIterator]: () => iterator }
}

/** The bytes that are wanted of the pieces, all of which are read: the last ones may be damaged too. */
async function* wanted(
  { bytes, skippedBytes, wantedBytes }: Reading,
  first: IteratorResult<readonly Uint8Array[]>,
  pieces: AsyncGenerator<readonly Uint8Array[]>,
  headway: Headway,
  body: BodyIterator,
  failed: (error: unknown, hasBegun: boolean) => void,
  passed: () => void
): AsyncGenerator<Uint8Array> {
  let next = first
  let left = { skip: skippedBytes, take: wantedBytes }
  try {
    while (!next.done) {
      if (wantedBytes === bytes) yield* next.value
      else left = yield* cut(next.value, left)
      next = await headway.wait(pieces.next())
    }
    passed()
  } catch (error) {
    failed(error, true)
    letGo(body)
    throw error
  }
}

/** The chunks without the bytes to skip, and no more than the bytes to take; returns what is left of both. */
function* cut(
  chunks: readonly Uint8Array[],
  { skip, take }: { readonly skip: number; readonly take: number }
): Generator<Uint8Array, { skip: number; take: number }> {
  const left = { skip, take }
  for (const chunk of chunks) {
    const part = chunk.subarray(left.skip, left.skip + left.take)
    left.skip -= Math.min(left.skip, chunk.byteLength)
    left.take -= part.byteLength
    if (part.byteLength > 0) yield part
  }
  return left
}

/** The chunks of the body, a piece of at most 1 MiB at a time. */
async function* checkedPieces(
  body: BodyIterator,
  { bytes, digests }: Reading,
  headway: Headway
): AsyncGenerator<readonly Uint8Array[]> {
  let total = 0
  let pieceIndex = 0
  let piece: Uint8Array[] = []
  let pieceBytes = 0
  const closePiece = () => {
    const closed = piece
    if (digests !== undefined && digestOf(closed) !== digests[pieceIndex]) {
      throw new BodyDamagedError(`piece ${pieceIndex} has another digest`)
    }
    pieceIndex++
    piece = []
    pieceBytes = 0
    return closed
  }
  for await (const chunk of { [Symbol.asyncIterator]: () => asyncOf(body) }) {
    if (!(chunk instanceof Uint8Array)) throw new BodyDamagedError('a chunk is no Uint8Array')
    headway.isMade = true
    total += chunk.byteLength
    if (total > bytes) throw new BodyDamagedError(`more than ${bytes} bytes`)
    let left = chunk
    while (pieceBytes + left.byteLength >= digestPieceBytes) {
      const part = left.subarray(0, digestPieceBytes - pieceBytes)
      piece.push(part)
      left = left.subarray(part.byteLength)
      yield closePiece()
    }
    if (left.byteLength > 0) piece.push(left)
    pieceBytes += left.byteLength
  }
  if (total !== bytes) throw new BodyDamagedError(`${total} bytes instead of ${bytes}`)
  if (pieceBytes > 0) yield closePiece()
}

/** Whether a body comes on: a piece may take longer than the limit, but not a chunk of it. */
class Headway {
  /** Some of it came since this was last looked at. */
  isMade = false
  readonly #limitMs: number

  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  wait<T>(piece: Promise<T>): Promise<T> {
    return withinLimit(piece, this.#limitMs, { moves: this.#moves, steps: stallSteps })
  }

  readonly #moves = (): boolean => {
    const moves = this.isMade
    this.isMade = false
    return moves
  }
}

function asyncOf(iterator: BodyIterator): AsyncIterator<Uint8Array> {
  return {
    next: async () => iterator.next(),
    return: async () => {
      letGo(iterator)
      return { done: true, value: undefined }
    }
  }
}

function digestOf(piece: readonly Uint8Array[]): string {
  if (piece.length === 1) return hash('sha256', piece[0] as Uint8Array)
  const digest = createHash('sha256')
  for (const chunk of piece) digest.update(chunk)
  return digest.digest('hex')
}

/** A stored body is not what was stored. */
export class BodyDamagedError extends Error {
  override readonly name = 'BodyDamagedError'
  readonly code = 'CC_BODY_DAMAGED'

  constructor(how: string) {
    super(`the stored body is damaged: ${how}`)
  }
}
