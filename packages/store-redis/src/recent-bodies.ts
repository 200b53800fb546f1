import { Recent } from './recent.js'

/**
 * The latest bodies that lie apart and are one chunk, as the objects that the store has answered with: the cache knows
 * those to be whole that it has checked. What is under the name of a body in Redis never changes, so that of a body that is
 * here Redis only has to say that it is still there.
 */
export class RecentBodies {
  readonly #recent: Recent<Buffer>

  constructor(maxBytes: number) {
    this.#recent = new Recent(maxBytes)
  }

  get(bodyKey: string): Buffer | undefined {
    return this.#recent.get(bodyKey)
  }

  /** Keeps `body`, which is what Redis has under `bodyKey`; answers with the object that is kept. */
  keep(bodyKey: string, body: Buffer): Buffer {
    const known = this.#recent.get(bodyKey)
    // Who read it at the same time may have kept it already: there is to be one object.
    if (known !== undefined && (body === known || body.equals(known))) return known
    // Of its own: what was received may be part of a larger piece of memory.
    const kept = Buffer.allocUnsafeSlow(body.byteLength)
    kept.set(body)
    this.#recent.set(bodyKey, kept, kept.byteLength)
    return kept
  }

  /** Whether there was anything to forget. */
  forget(bodyKey: string): boolean {
    const isKnown = this.#recent.get(bodyKey) !== undefined
    this.#recent.delete(bodyKey)
    return isKnown
  }
}
