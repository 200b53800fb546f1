import { createHash, type Hash, hash } from 'node:crypto'
import type { Content } from './content.js'
import type { Disk } from './disk.js'
import type { Steps } from './steps.js'

/** So many bytes of a body have a digest of their own; see `digests` of a stored response. */
const pieceBytes = 1_048_576

/** SHA-256 of each MiB of what is written. Bytes are added once they were: who changed them before is found out. */
export class WrittenDigests {
  readonly #done: string[] = []
  #hash: Hash | undefined
  #bytes = 0

  add(bytes: Uint8Array): void {
    for (let left = bytes; left.byteLength > 0; ) {
      const part = left.subarray(0, pieceBytes - this.#bytes)
      this.#hash ??= createHash('sha256')
      this.#hash.update(part)
      this.#bytes += part.byteLength
      left = left.subarray(part.byteLength)
      if (this.#bytes === pieceBytes) this.#close()
    }
  }

  end(): readonly string[] {
    this.#close()
    return this.#done
  }

  #close(): void {
    if (this.#hash !== undefined) this.#done.push(this.#hash.digest('hex'))
    this.#hash = undefined
    this.#bytes = 0
  }
}

/**
 * Compares a body in a file with the digests of what was received, before it gets its name. If none were made while it was
 * written, it is read again.
 * @throws BodyChangedError if it does not have these digests
 */
export function* checkDigests(
  disk: Disk,
  { length, temporary, digests }: Content,
  wanted: readonly string[]
): Steps<void> {
  // Short ones never left this process: core has made copies of them, and nobody else has those.
  if (temporary === undefined || length === 0) return
  const written = digests ?? (yield* digestsIn(disk, temporary, length))
  // It was moved away: whoever wants to give it its name will find that out.
  if (written === undefined) return
  const differs = written.findIndex((digest, n) => digest !== wanted[n])
  if (differs !== -1) throw new BodyChangedError(differs * pieceBytes, length)
}

function* digestsIn(disk: Disk, path: string, length: number): Steps<string[] | undefined> {
  const opened = yield* disk.openToRead(path)
  if (opened === undefined) return undefined
  const { descriptor } = opened
  const digests: string[] = []
  try {
    for (let at = 0; at < length; at += pieceBytes) {
      digests.push(hash('sha256', yield* disk.readRange(descriptor, at, Math.min(pieceBytes, length - at))))
    }
    return digests
  } finally {
    yield* disk.close(descriptor)
  }
}

/** What was written is not what was received: somebody has changed the bytes in between. */
export class BodyChangedError extends Error {
  override readonly name = 'BodyChangedError'
  readonly code = 'CC_BODY_CHANGED'

  constructor(
    readonly position: number,
    readonly bytes: number
  ) {
    super(`of a body of ${bytes} bytes others were written than received, at ${position} or after`)
  }
}
