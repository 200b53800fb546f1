import { createHash, type Hash } from 'node:crypto'

/** When even the fastest reader is behind by more, the network waits for him. */
const highWaterBytes = 131_072

export interface SharedBodyOptions {
  /** How far a reader may fall behind what has come, in bytes; twice what the fastest may at least. */
  readonly limitBytes: number
  /** Stops and restarts what feeds it, when nobody keeps up. */
  readonly hold: (on: boolean) => void
  /** Called when a reader let go of it. */
  readonly left: () => void
}

/** What a reader has taken so far. */
export interface Seen {
  readonly bytes: number
  /** SHA-256 of it, in lowercase hex. */
  readonly digest: string
}

/** Gives what comes after that to a reader who fell behind; rejects if it cannot be had. */
export type Rest = (seen: Seen) => Promise<AsyncIterator<Uint8Array>>

type Next = IteratorResult<Uint8Array>

/** How it ended: well, or cut short, perhaps with an error. */
interface Outcome {
  readonly isWhole: boolean
  readonly failure?: { readonly error: unknown }
}

/**
 * A body that comes once and is read by many, each at his own pace (COLL-01). Its pieces are kept once for all, and as
 * they are. The network goes as fast as the fastest reader. Who falls behind by more than the limit is not waited for: he
 * gets the rest elsewhere. So do all who would have had a body of their own, if this one does not end well.
 */
export class SharedBody {
  readonly #options: SharedBodyOptions
  readonly #limitBytes: number
  readonly #readers = new Set<Reader>()
  #pieces: Uint8Array[]
  /** How many pieces before the first that is kept are gone. */
  #gone = 0
  #goneHash: Hash | undefined
  #bytes = 0
  #isHeld = false
  /** Whether there may be readers who begin at the beginning. */
  #isOpen = true
  /** Set once it has ended, or never will. */
  #outcome: Outcome | undefined

  /** @param begun what came before it was shared */
  constructor(options: SharedBodyOptions, begun: readonly Uint8Array[]) {
    this.#options = options
    this.#limitBytes = Math.max(options.limitBytes, 2 * highWaterBytes)
    this.#pieces = [...begun]
    for (const piece of begun) this.#bytes += piece.byteLength
  }

  get bytes(): number {
    return this.#bytes
  }

  get readers(): number {
    return this.#readers.size
  }

  /** All of it; `undefined` if it is not all there any more, or if it did not end well. */
  read(rest: Rest): AsyncIterable<Uint8Array> | undefined {
    if (!this.#isOpen || this.#bytes > this.#limitBytes || this.#outcome?.isWhole === false) return undefined
    return this.#begin(new Reader(this, 0, 0, false, rest))
  }

  /** What is still to come, for one who has had the rest, and who takes any end for a good one. */
  readOn(rest: Rest): AsyncIterable<Uint8Array> {
    return this.#begin(new Reader(this, this.#gone + this.#pieces.length, this.#bytes, true, rest))
  }

  add(piece: Uint8Array): void {
    if (this.#outcome !== undefined || piece.byteLength === 0) return
    this.#pieces.push(piece)
    this.#bytes += piece.byteLength
    for (const reader of [...this.#readers]) reader.wake()
    let keepsUp = this.#readers.size === 0
    for (const { seenBytes } of this.#readers) if (this.#bytes - seenBytes <= highWaterBytes) keepsUp = true
    if (!keepsUp) return this.#hold(true)
    for (const reader of [...this.#readers]) {
      if (this.#bytes - reader.seenBytes > this.#limitBytes) this.setAside(reader)
    }
    this.#forgetSeen()
  }

  /** @param isWhole whether it is known to be all there is */
  end(isWhole: boolean): void {
    this.#finish({ isWhole })
  }

  fail(error: unknown): void {
    this.#finish({ isWhole: false, failure: { error } })
  }

  /** Nobody will begin to read it any more. */
  close(): void {
    this.#isOpen = false
    this.#forgetSeen()
  }

  /** The piece at this place; `undefined` if it has not come yet. */
  at(index: number): Uint8Array | undefined {
    return this.#pieces[index - this.#gone]
  }

  /** How it has ended, if nothing more will come. */
  get outcome(): Outcome | undefined {
    return this.#outcome
  }

  /** A reader took a piece. */
  took({ seenBytes }: Reader): void {
    if (this.#isHeld && this.#bytes - seenBytes <= highWaterBytes) this.#hold(false)
  }

  left(reader: Reader): void {
    const wasHere = this.#readers.delete(reader)
    if (this.#readers.size === 0) this.#hold(false)
    if (wasHere) this.#forgetSeen()
    this.#options.left()
  }

  /** Has a reader get the rest elsewhere. */
  setAside(reader: Reader): void {
    this.#readers.delete(reader)
    const seen = this.#goneHash?.copy() ?? createHash('sha256')
    for (const piece of this.#pieces.slice(0, reader.index - this.#gone)) seen.update(piece)
    reader.setAside(seen.digest('hex'))
  }

  #begin(reader: Reader): AsyncIterable<Uint8Array> {
    this.#readers.add(reader)
    return { [Symbol.asyncIterator]: () => reader }
  }

  #forgetSeen(): void {
    if (this.#isOpen && this.#bytes <= this.#limitBytes) return
    let slowest = this.#gone + this.#pieces.length
    for (const { index } of this.#readers) if (index < slowest) slowest = index
    if (slowest === this.#gone) return
    const gone = this.#pieces.splice(0, slowest - this.#gone)
    this.#gone = slowest
    // Of a body that came whole and is no longer than that, nobody wants the rest from elsewhere.
    if (this.#bytes <= this.#limitBytes && this.#outcome?.isWhole) return
    this.#goneHash ??= createHash('sha256')
    for (const piece of gone) this.#goneHash.update(piece)
  }

  #hold(on: boolean): void {
    if (this.#isHeld === on) return
    this.#isHeld = on
    this.#options.hold(on)
  }

  #finish(outcome: Outcome): void {
    if (this.#outcome !== undefined) return
    this.#outcome = outcome
    for (const reader of [...this.#readers]) reader.wake()
  }
}

/** One who reads a shared body. */
class Reader implements AsyncIterator<Uint8Array> {
  readonly #body: SharedBody
  readonly #takesAnyEnd: boolean
  readonly #restAfter: Rest
  /** The place of the next piece. */
  index: number
  seenBytes: number
  #wanted: ((next: Next | Promise<Next>) => void) | undefined
  /** Where the rest comes from, for one who does not get it here. */
  #rest: Promise<AsyncIterator<Uint8Array>> | undefined
  #hasLeft = false

  constructor(body: SharedBody, index: number, seenBytes: number, takesAnyEnd: boolean, restAfter: Rest) {
    this.#restAfter = restAfter
    this.#body = body
    this.index = index
    this.seenBytes = seenBytes
    this.#takesAnyEnd = takesAnyEnd
  }

  async next(): Promise<Next> {
    if (this.#hasLeft) return { done: true, value: undefined }
    if (this.#rest !== undefined) return (await this.#rest).next()
    return this.#take() ?? new Promise((resolve) => (this.#wanted = resolve))
  }

  async return(): Promise<Next> {
    if (!this.#hasLeft) {
      this.#hasLeft = true
      this.#body.left(this)
      this.#rest?.then((rest) => rest.return?.()).catch(() => {})
    }
    return { done: true, value: undefined }
  }

  /** Something came, or nothing more will. */
  wake(): void {
    const wanted = this.#wanted
    if (wanted === undefined) return
    try {
      const next = this.#take()
      if (next === undefined) return
      this.#wanted = undefined
      wanted(next)
    } catch (error) {
      this.#wanted = undefined
      wanted(Promise.reject(error))
    }
  }

  setAside(digest: string): void {
    this.#rest = this.#restAfter({ bytes: this.seenBytes, digest })
    // Only one who reads on hears that there is none.
    this.#rest.catch(() => {})
  }

  #take(): Next | Promise<Next> | undefined {
    const piece = this.#body.at(this.index)
    if (piece === undefined) return this.#end()
    this.index++
    this.seenBytes += piece.byteLength
    this.#body.took(this)
    return { done: false, value: piece }
  }

  /** @throws the error that the body failed with, for one who takes it as it is */
  #end(): Next | Promise<Next> | undefined {
    const { outcome } = this.#body
    if (outcome === undefined) return undefined
    const { isWhole, failure } = outcome
    if (!this.#takesAnyEnd && !isWhole) return this.#goOnElsewhere(failure?.error)
    if (failure !== undefined) throw failure.error
    return { done: true, value: undefined }
  }

  async #goOnElsewhere(cause: unknown): Promise<Next> {
    this.#body.setAside(this)
    const rest = await this.#rest?.catch(() => undefined)
    if (rest === undefined) throw new BodyCutError(cause)
    return rest.next()
  }
}

/** A body that seemed to end well was cut short, or cannot be told from one that was. */
export class BodyCutError extends Error {
  override readonly name = 'BodyCutError'
  readonly code = 'CC_BODY_CUT'

  constructor(cause?: unknown) {
    super('the response did not end well', { cause })
  }
}

/** A caller who shared an answer took it too slowly, and the rest of it could not be had. */
export class FellBehindError extends Error {
  override readonly name = 'FellBehindError'
  readonly code = 'CC_FELL_BEHIND'

  constructor() {
    super('the response was read too slowly to be shared, and the rest of it could not be had')
  }
}
