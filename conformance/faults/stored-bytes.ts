import type { Body } from '@cc/core'

/** All bytes of a body. */
export async function bytesOf(body: Body): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body)
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** The same bytes but for one bit in the middle. */
export function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  const at = copy.byteLength >> 1
  if (at < copy.byteLength) copy[at] = (copy[at] as number) ^ 1
  return copy
}

export const pieceBytes = 50_000

export function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) pieces.push(bytes.slice(at, at + pieceBytes))
  return pieces
}

/** A body that hands out its pieces, but at the one with number `at` (or at the end) does something else. */
export function brokenAt(
  bytes: Uint8Array,
  at: 'first' | 'middle' | 'end',
  then: () => unknown
): AsyncIterable<Uint8Array> {
  const pieces = piecesOf(bytes)
  const broken = { first: 0, middle: pieces.length >> 1, end: pieces.length }[at]
  return {
    [Symbol.asyncIterator]() {
      let next = 0
      return {
        next: async () => {
          if (next === broken) return (await then()) as IteratorResult<Uint8Array>
          const value = pieces[next++]
          return value === undefined ? { done: true, value } : { done: false, value }
        }
      }
    }
  }
}
