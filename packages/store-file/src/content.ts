import type { LockFile } from './lock-file.js'
import type { Steps } from './steps.js'

/** A body that has ended, on its way to its place. */
export class Content {
  /** `undefined` if they are in a file. */
  readonly bytes: Uint8Array | undefined
  readonly length: number
  /**
   * With bytes that took their time, an empty file: if the cache is cleared meanwhile, it is gone, and nothing is stored.
   * Otherwise the file that holds the body until it is moved to its place.
   */
  temporary: string | undefined
  /** Where the body lies though nobody can see it yet. */
  place: string | undefined
  /** Whether somebody has begun to clear the cache since the body began. */
  isTooLate: () => Steps<boolean> = notTooLate

  /** Of the file, if they were made while it was written. */
  digests: readonly string[] | undefined
  /** The right to write under the key, of long bodies. */
  readonly lock: LockFile | undefined

  constructor(bytes: Uint8Array | undefined, length: number, temporary: string | undefined, lock?: LockFile) {
    this.bytes = bytes
    this.length = length
    this.temporary = temporary
    this.lock = lock
  }

  /** It is visible: none of its files is left over. */
  arrived(): void {
    this.temporary = undefined
    this.place = undefined
  }

  /** The files that are left over if it is not stored. */
  get leftovers(): string[] {
    return [this.temporary, this.place].filter((path) => path !== undefined)
  }
}

// biome-ignore lint/correctness/useYield: there is nothing to wait for.
function* notTooLate(): Steps<boolean> {
  return false
}
