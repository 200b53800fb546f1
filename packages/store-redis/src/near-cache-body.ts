import type { Body } from '@cc/core'

/** The same body; `keep` gets all of it once it was read to its end, if it has that length. */
export async function* whenRead(
  body: Exclude<Body, Uint8Array>,
  bytes: number,
  keep: (whole: Uint8Array) => void
): AsyncGenerator<Uint8Array> {
  const whole = new Uint8Array(bytes)
  let length = 0
  for await (const piece of body) {
    // Before anybody else has it, who might write into it.
    if (length + piece.byteLength <= bytes) whole.set(piece, length)
    length += piece.byteLength
    yield piece
  }
  if (length === bytes) keep(whole)
}
