import type { Body } from '@cc/core'

/** What a body is cut into: core asks for ranges that begin and end there, and no key-value has to take more at once. */
export const PIECE_BYTES = 1_048_576

/** A copy of a body in pieces of 1 MiB, the last one shorter; `undefined` if it is longer than `maxBytes`. */
export async function collect(body: Body, maxBytes: number): Promise<Buffer[] | undefined> {
  const pieces: Buffer[] = []
  let chunks: Uint8Array[] = []
  let length = 0
  let total = 0
  const cut = () => {
    pieces.push(Buffer.concat(chunks))
    chunks = []
    length = 0
  }
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    total += chunk.byteLength
    if (total > maxBytes) return undefined
    for (let at = 0; at < chunk.byteLength; ) {
      const part = chunk.subarray(at, at + PIECE_BYTES - length)
      chunks.push(part)
      length += part.byteLength
      at += part.byteLength
      if (length === PIECE_BYTES) cut()
    }
  }
  if (length > 0) cut()
  return pieces
}

/** How long piece `n` of a body is. */
export function pieceLength(bodyBytes: number, n: number): number {
  return Math.min(bodyBytes - n * PIECE_BYTES, PIECE_BYTES)
}

/** How many pieces a body has. */
export function pieceCount(bodyBytes: number): number {
  return Math.ceil(bodyBytes / PIECE_BYTES)
}
