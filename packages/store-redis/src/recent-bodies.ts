import { Recent } from './recent.js'

/**
 * The latest bodies that lie apart and are one chunk. Where Redis answers with the very same bytes again, so does the
 * store with the very same object, which the cache knows then to be whole: to compare them takes a hundredth of the time
 * that their digest takes.
 */
export class RecentBodies {
  readonly #recent: Recent<Uint8Array>

  constructor(maxBytes: number) {
    this.#recent = new Recent(maxBytes)
  }

  /** The bytes of `body`, which is what Redis has under `bodyKey`. */
  same(bodyKey: string, body: Buffer): Uint8Array {
    const known = this.#recent.get(bodyKey)
    if (known !== undefined && body.equals(known)) return known
    // Of its own: what was received may be part of a larger piece of memory.
    const kept = new Uint8Array(body)
    this.#recent.set(bodyKey, kept, kept.byteLength)
    return kept
  }
}
