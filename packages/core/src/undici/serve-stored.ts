import { isPromise } from '../awaitable.js'
import { iteratorOf, letGo } from '../body.js'
import type { Fields } from '../rules/messages.js'
import type { Body } from '../store.js'
import type { Caller, Head, Source } from './caller.js'
import { toHeaders, toRawHeaders } from './response-fields.js'

const ageName = Buffer.from('Age')
const noTrailers = {}
/** So many bytes of a body in pieces are handed over until other work has its turn: to check or to copy more would hold it up. */
const turnBytes = 2_097_152
/** So many of a body in one piece. What a store in memory keeps by default stays one piece: readers need not put it together. */
const wholeBytes = 5_242_880

/** The head of a response built from a stored one. What can be shared between hits is made once. */
export class StoredHead implements Head {
  readonly #fields: Fields
  #headers: Record<string, string | string[]> | undefined
  #lists: string[] | undefined
  #raw: Buffer[] | undefined
  #aged: AgedHead | undefined

  constructor(
    readonly status: number,
    readonly statusText: string,
    fields: Fields
  ) {
    this.#fields = fields
  }

  headers(): Record<string, string | string[]> {
    if (this.#headers === undefined) {
      this.#headers = toHeaders(this.#fields)
      this.#lists = Object.keys(this.#headers).filter((name) => Array.isArray(this.#headers?.[name]))
    }
    const headers = { ...this.#headers }
    for (const name of this.#lists as string[]) headers[name] = [...(headers[name] as string[])]
    return headers
  }

  rawHeaders(): Buffer[] {
    this.#raw ??= toRawHeaders(this.#fields)
    return this.#raw.slice()
  }

  /** The same with an `Age`, which only changes once a second; the fields are to have none of their own (AGE-04). */
  aged(ageSeconds: number): Head {
    const age = Math.floor(ageSeconds)
    if (this.#aged?.age !== age) this.#aged = new AgedHead(this, age)
    return this.#aged
  }
}

/** A {@link StoredHead} with its current age. */
class AgedHead implements Head {
  readonly #head: StoredHead
  readonly #text: string
  #raw: Buffer[] | undefined

  constructor(
    head: StoredHead,
    readonly age: number
  ) {
    this.#head = head
    this.#text = String(age)
  }

  get status(): number {
    return this.#head.status
  }

  get statusText(): string {
    return this.#head.statusText
  }

  headers(): Record<string, string | string[]> {
    const headers = this.#head.headers()
    headers.age = this.#text
    return headers
  }

  rawHeaders(): Buffer[] {
    this.#raw ??= [...this.#head.rawHeaders(), ageName, Buffer.from(this.#text)]
    return this.#raw.slice()
  }
}

/**
 * Plays a stored response to the caller. With no more than 5 MiB at hand, or 2 MiB in pieces, all of it happens before
 * this returns, unless the caller pauses. `copies` gives the caller bytes of his own.
 */
export function serveStored(caller: Caller, head: Head, body: Body | undefined, copies: boolean): void {
  if (!caller.isUnfed || !(body instanceof Uint8Array) || body.byteLength > wholeBytes) {
    return new Playback(caller, copies).play(head, body)
  }
  // Nearly all hits: nobody has to be told of a wish to pause or to abort before there is one.
  caller.start()
  caller.head(head)
  if (caller.paused) return new Playback(caller, copies).goOn(body)
  if (body.byteLength > 0) caller.data(copies ? copyOf(body) : asBuffer(body))
  if (caller.paused) return new Playback(caller, copies).goOn(undefined)
  caller.end(noTrailers)
}

/** Goes on with the body of an answer of which the caller has the head, and perhaps more; `ended` tells him the end. */
export function playOn(caller: Caller, body: Body, ended: () => void): void {
  new Playback(caller, true, ended).goOn(body)
}

class Playback implements Source {
  readonly #caller: Caller
  readonly #copies: boolean
  readonly #ended: () => void
  /** What is still to be handed over. */
  #single: Uint8Array | undefined
  #iterator: Iterator<Uint8Array> | AsyncIterator<Uint8Array> | undefined
  #isPumping = false
  #isOver = false
  /** How much more may be handed over before other work has its turn, and whether it has it now. */
  #turnBytes = 0
  #isResting = false

  constructor(caller: Caller, copies: boolean, ended = () => caller.end(noTrailers)) {
    this.#caller = caller
    this.#copies = copies
    this.#ended = ended
  }

  play(head: Head, body: Body | undefined): void {
    const caller = this.#caller
    this.#begin(body)
    if (caller.ended) return this.#finish()
    // A handler that resumes before it has the head is not to be given data.
    this.#isPumping = true
    caller.attach(this)
    caller.start()
    if (!this.#isOver) caller.head(head)
    this.#isPumping = false
    this.#pump()
  }

  /** Goes on after the head, with what is left of the body, once the caller resumes. */
  goOn(body: Body | undefined): void {
    this.#begin(body)
    if (this.#caller.ended) return this.#finish()
    this.#caller.attach(this)
    this.#pump()
  }

  pause(): void {}

  resume(): void {
    this.#pump()
  }

  abort(reason: Error | undefined): void {
    if (this.#isOver) return
    this.#finish()
    this.#caller.fail(reason)
  }

  #begin(body: Body | undefined): void {
    if (body instanceof Uint8Array) this.#single = body
    else if (body !== undefined) this.#iterator = iteratorOf(body)
    this.#beginTurn()
  }

  /** Hands over until the caller pauses, the bytes run out, or more have to be waited for. */
  #pump(): void {
    if (this.#isPumping || this.#isResting) return
    this.#isPumping = true
    while (!this.#isOver && !this.#caller.paused) {
      const bytes = this.#single
      const iterator = this.#iterator
      if (bytes === undefined && iterator === undefined) {
        this.#finish()
        this.#ended()
        break
      }
      if (this.#turnBytes <= 0) {
        this.#rest()
        break
      }
      if (bytes !== undefined) this.#hand(bytes)
      else if (iterator !== undefined && !this.#next(iterator)) return
    }
    this.#isPumping = false
  }

  /** Hands over these bytes, or as many as are to be copied in one turn. */
  #hand(bytes: Uint8Array): void {
    const isTooMuch = this.#copies && bytes.byteLength > this.#turnBytes
    const part = isTooMuch ? bytes.subarray(0, this.#turnBytes) : bytes
    this.#single = isTooMuch ? bytes.subarray(this.#turnBytes) : undefined
    this.#turnBytes -= part.byteLength
    if (part.byteLength > 0) this.#caller.data(this.#copies ? copyOf(part) : asBuffer(part))
  }

  #rest(): void {
    this.#isResting = true
    setImmediate(() => {
      this.#isResting = false
      this.#beginTurn()
      this.#pump()
    })
  }

  #beginTurn(): void {
    this.#turnBytes = this.#iterator === undefined ? wholeBytes : turnBytes
  }

  /** Whether the next chunk, or the end, was there at once; otherwise pumping goes on when it comes. */
  #next(iterator: Iterator<Uint8Array> | AsyncIterator<Uint8Array>): boolean {
    try {
      const next = iterator.next()
      if (!isPromise(next)) {
        this.#take(next)
        return true
      }
      next.then(
        (next) => {
          this.#take(next)
          this.#isPumping = false
          this.#pump()
        },
        (error) => this.#broke(error)
      )
      return false
    } catch (error) {
      this.#broke(error)
      return true
    }
  }

  #take(next: IteratorResult<Uint8Array>): void {
    if (next.done) this.#iterator = undefined
    else this.#single = next.value
  }

  #broke(error: unknown): void {
    if (this.#isOver) return
    this.#finish()
    this.#caller.fail(error)
  }

  #finish(): void {
    this.#isOver = true
    this.#single = undefined
    const iterator = this.#iterator
    this.#iterator = undefined
    if (iterator?.return !== undefined) letGo(iterator)
  }
}

/** Of its own, not of the pool: large copies are not zeroed first, small ones come from the pool. */
function copyOf(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafe(bytes.byteLength)
  copy.set(bytes)
  return copy
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
