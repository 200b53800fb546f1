import { hash } from 'node:crypto'
import type { Disk } from './disk.js'
import type { Steps } from './steps.js'

/** So many bytes of a body have a digest of their own; see `digests` of a stored response. */
const pieceBytes = 1_048_576

/**
 * Reads the file of a body again before it gets its name.
 * @throws BodyChangedError if it does not have these digests
 */
export function* checkDigests(disk: Disk, path: string, length: number, digests: readonly string[]): Steps<void> {
  const opened = yield* disk.openToRead(path)
  // It was moved away: whoever wants to give it its name will find that out.
  if (opened === undefined) return
  const { descriptor } = opened
  try {
    for (let at = 0; at < length; at += pieceBytes) {
      const piece = yield* disk.readRange(descriptor, at, Math.min(pieceBytes, length - at))
      if (hash('sha256', piece) !== digests[at / pieceBytes]) throw new BodyChangedError(at, length)
    }
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
