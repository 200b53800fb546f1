import type { Body, ByteRange } from '@cc/core'

/**
 * Bytes of each chunk of a body but the last. With the few that Redis puts before and after it, it just fits into the
 * 256 KiB that Redis takes memory in; of the next size there are 320.
 */
export const CHUNK_BYTES = 262_080
/** So many chunks are asked for before they are needed: a reader holds no more. */
const AHEAD = 4

/** Which bytes of a body are wanted, in chunks. */
export interface Wanted {
  readonly firstChunk: number
  /** Positions in the body; the last is inclusive. */
  readonly first: number
  readonly last: number
}

/** What is wanted of a body of any length. */
export function wantedOf(range: ByteRange | undefined): Wanted {
  const { first, last } = range ?? { first: 0, last: Number.POSITIVE_INFINITY }
  return { firstChunk: Math.floor(first / CHUNK_BYTES), first, last }
}

/** Whether this is all of a chunk of a body of `total` bytes. */
export function isWholeChunk(chunk: Buffer | null | undefined, number: number, total: number): chunk is Buffer {
  return chunk?.byteLength === Math.min(CHUNK_BYTES, total - number * CHUNK_BYTES)
}

/**
 * The wanted bytes of a body of `total` bytes, whose first wanted chunk is here. The others are asked for as they are
 * read, a few ahead.
 */
export function bodyOfChunks(
  wanted: Wanted,
  total: number,
  firstChunk: Buffer,
  read: (chunk: number) => Promise<Buffer | null>
): Body {
  const last = Math.min(wanted.last, total - 1)
  const lastChunk = Math.floor(last / CHUNK_BYTES)
  const cut = (chunk: Buffer | null, number: number) => {
    if (!isWholeChunk(chunk, number, total)) throw new BodyGoneError()
    const start = number * CHUNK_BYTES
    return chunk.subarray(Math.max(0, wanted.first - start), last + 1 - start)
  }
  const begun = cut(firstChunk, wanted.firstChunk)
  if (lastChunk <= wanted.firstChunk) return begun
  return following(begun, wanted.firstChunk + 1, lastChunk, async (number) => cut(await read(number), number))
}

async function* following(
  begun: Uint8Array,
  nextChunk: number,
  lastChunk: number,
  read: (chunk: number) => Promise<Uint8Array>
): AsyncGenerator<Uint8Array> {
  const coming: Promise<Uint8Array>[] = []
  let next = nextChunk
  const ask = () => {
    while (coming.length < AHEAD && next <= lastChunk) {
      const chunk = read(next++)
      // It is heard of when it is its turn, if it ever is.
      chunk.catch(() => {})
      coming.push(chunk)
    }
  }
  ask()
  yield begun
  for (let chunk = coming.shift(); chunk !== undefined; chunk = coming.shift()) {
    const bytes = await chunk
    ask()
    yield bytes
  }
}

/** A part of a body is no longer there, or is damaged. */
export class BodyGoneError extends Error {
  override readonly name = 'BodyGoneError'
  readonly code = 'CC_REDIS_BODY_GONE'

  constructor() {
    super('a part of the body is gone')
  }
}
