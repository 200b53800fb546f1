import { createHash, type Hash } from 'node:crypto'
import { digestPieceBytes } from './rules/stored-response.js'

/** SHA-256 of each MiB of a body. */
export class PieceDigests {
  readonly #done: string[] = []
  #hash: Hash | undefined
  #pieceBytes = 0

  add(chunk: Uint8Array): void {
    let left = chunk
    while (left.byteLength > 0) {
      const part = left.subarray(0, digestPieceBytes - this.#pieceBytes)
      this.#hash ??= createHash('sha256')
      this.#hash.update(part)
      this.#pieceBytes += part.byteLength
      left = left.subarray(part.byteLength)
      if (this.#pieceBytes === digestPieceBytes) this.#close()
    }
  }

  end(): readonly string[] {
    if (this.#pieceBytes > 0) this.#close()
    return this.#done
  }

  #close(): void {
    this.#done.push((this.#hash as Hash).digest('hex'))
    this.#hash = undefined
    this.#pieceBytes = 0
  }
}
