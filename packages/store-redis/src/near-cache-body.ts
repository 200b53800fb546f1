import type { Body } from '@cc/core'

/** Of how many bytes there may be copies that are not complete yet, of all who read at a time. */
export class CopyRoom {
  #left: number

  constructor(bytes: number) {
    this.#left = bytes
  }

  /** False if there is too little left. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#left += bytes
  }
}

/** The same body; `keep` gets all of it once it was read to its end, if it has that length and there was room to copy it. */
export async function* whenRead(
  body: Exclude<Body, Uint8Array>,
  bytes: number,
  room: CopyRoom,
  keep: (whole: Uint8Array) => void
): AsyncGenerator<Uint8Array> {
  if (!room.take(bytes)) return yield* body
  try {
    const whole = new Uint8Array(bytes)
    let length = 0
    for await (const piece of body) {
      // Before anybody else has it, who might write into it.
      if (length + piece.byteLength <= bytes) whole.set(piece, length)
      length += piece.byteLength
      yield piece
    }
    if (length === bytes) keep(whole)
  } finally {
    room.giveBack(bytes)
  }
}
