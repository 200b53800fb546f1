import { Recent } from './recent.js'
import type { StoredResponse } from './rules/messages.js'

/** Longer bodies are checked each time: few of them would drive many others out. */
const maxCopyBytes = 262_144
/** All copies together; twice that at most. */
const maxCopiesBytes = 8_388_608

/** A body that was checked, and if that was not the first time of late, its bytes. */
interface Checked {
  readonly bytes: number
  readonly copy: Uint8Array | undefined
}

/**
 * Bodies that were found to be those of their responses. Of one that is new each time it is opened a copy is kept, which
 * nobody else ever sees: the same bytes have the same digests, and to compare them takes a tenth of the time.
 */
export class CheckedBodies {
  /** Those that the store hands out again. */
  readonly #repeated = new WeakMap<Uint8Array, StoredResponse>()
  readonly #new = new Recent<StoredResponse, Checked>(maxCopiesBytes, ({ bytes }) => bytes)

  /** Whether this is the body of `stored`, and need not be checked again; one that is handed out again may be cut since. */
  has(body: Uint8Array, stored: StoredResponse): boolean {
    if (this.#repeated.get(body) === stored) return true
    const copy = this.#new.get(stored)?.copy
    return copy !== undefined && Buffer.compare(copy, body) === 0
  }

  /** Remembers a body that was checked and is handed out again. */
  addRepeated(body: Uint8Array, stored: StoredResponse): void {
    this.#repeated.set(body, stored)
  }

  /**
   * The same of one that is somebody else's from now on. It is copied the second time, if a copy made the first time would
   * still be here: where more bodies take turns than there is room for, none is copied in vain.
   */
  addNew(body: Uint8Array, stored: StoredResponse): void {
    const bytes = body.byteLength
    if (bytes > maxCopyBytes) return
    const copy = this.#new.get(stored) === undefined ? undefined : new Uint8Array(body)
    this.#new.set(stored, { bytes, copy })
  }
}
