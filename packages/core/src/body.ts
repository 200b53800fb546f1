import type { Body } from './store.js'

export function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)
}

/** A body that need not be waited for. */
export function isAtHand(body: Body | undefined): body is Uint8Array | readonly Uint8Array[] {
  return body instanceof Uint8Array || Array.isArray(body)
}

export function iteratorOf(body: Exclude<Body, Uint8Array>): Iterator<Uint8Array> | AsyncIterator<Uint8Array> {
  return Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : body[Symbol.iterator]()
}

/** Lets go of a body that nobody will read. */
export function release(body: unknown): void {
  if (!isBody(body) || body instanceof Uint8Array) return
  try {
    letGo(iteratorOf(body))
  } catch {
    // It cannot even be begun: there is nothing to let go of.
  }
}

/** Lets go of a body, or of what else comes piece by piece, that nobody will read on. */
export function letGo(iterator: Iterator<unknown> | AsyncIterator<unknown>): void {
  try {
    Promise.resolve(iterator.return?.()).catch(() => {})
  } catch {
    // It failed in letting go: there is nothing more to let go of.
  }
}

/** A body on its way to a store, and whether the store makes headway with it: what it waits for is not its fault. */
export class BodyOnItsWay implements AsyncIterable<Uint8Array> {
  readonly #body: Exclude<Body, Uint8Array>
  #iterator: Iterator<Uint8Array> | AsyncIterator<Uint8Array> | undefined
  #isWaitedFor = false
  #hasMoved = false

  constructor(body: Exclude<Body, Uint8Array>) {
    this.#body = body
  }

  /** Whether any of it was read, or waited for, since this was last asked. */
  moves(): boolean {
    const moves = this.#hasMoved || this.#isWaitedFor
    this.#hasMoved = false
    return moves
  }

  /** The store will read no more of it, or never began. */
  letGo(): void {
    if (this.#iterator === undefined) release(this.#body)
    else letGo(this.#iterator)
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const iterator = iteratorOf(this.#body)
    this.#iterator = iterator
    return {
      next: async () => {
        this.#isWaitedFor = true
        try {
          return await iterator.next()
        } finally {
          this.#isWaitedFor = false
          this.#hasMoved = true
        }
      },
      return: async () => {
        await iterator.return?.()
        return { done: true, value: undefined }
      }
    }
  }
}

/** What comes after so many bytes of a body. */
export function skipping(body: Body, bytes: number): AsyncIterator<Uint8Array> {
  const iterator = iteratorOf(body instanceof Uint8Array ? [body] : body)
  let left = bytes
  return {
    async next() {
      for (;;) {
        const next = await iterator.next()
        if (next.done) return next
        const piece = next.value.subarray(Math.min(left, next.value.byteLength))
        left = Math.max(0, left - next.value.byteLength)
        if (piece.byteLength > 0) return { done: false, value: piece }
      }
    },
    async return() {
      letGo(iterator)
      return { done: true, value: undefined }
    }
  }
}
