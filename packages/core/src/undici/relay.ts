import type { Dispatcher } from 'undici'
import type { BodyCopy } from '../body-copy.js'
import type { Caller, RawHeaders } from './caller.js'
import type { Receiver } from './forward.js'
import type { NetworkResponse } from './network-response.js'

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

/** Unread bytes of an answer that nobody wants: past that the connection is given up rather than read to its end. */
const maxDiscardedBytes = 65_536

/** What becomes of an answer beside its way to the caller. */
export interface Storing {
  /** Takes the body, if it may be stored. */
  readonly copy: BodyCopy | undefined
  /** To be called once, when the body is complete or will never be. */
  readonly ended: (isComplete: boolean, receivedBytes: number) => void
}

/** Passes a response on to the caller as it comes, while a copy of its body may go to the store. */
export class Relay implements Receiver {
  readonly #caller: Caller
  readonly #response: NetworkResponse
  readonly #storing: Storing
  #bytes = 0

  constructor(caller: Caller, response: NetworkResponse, storing: Storing) {
    this.#caller = caller
    this.#response = response
    this.#storing = storing
  }

  begin(): void {
    this.#caller.head(this.#response.head)
  }

  data(chunk: Buffer): void {
    this.#bytes += chunk.byteLength
    this.#storing.copy?.add(chunk)
    this.#caller.data(chunk)
  }

  end(trailers: Headers, rawTrailers: RawHeaders): void {
    this.#storing.ended(true, this.#bytes)
    this.#caller.end(trailers, rawTrailers)
  }

  fail(error: unknown): void {
    this.#storing.copy?.drop()
    this.#storing.ended(false, this.#bytes)
    this.#caller.fail(error)
  }
}

/** Longest body of which a copy is made: it costs next to nothing, and the caller may write into the chunks he is given. */
export const copiedBytes = 65_536

/**
 * Passes a response of a known length on at once. What becomes of its body is decided and done later, when nobody waits
 * for it: a long one has its chunks held until then, but no longer than it takes the event loop to come round.
 */
export class LateRelay implements Receiver {
  readonly #caller: Caller
  readonly #response: NetworkResponse
  readonly #announcedBytes: number
  readonly #decide: () => Storing
  readonly #defer: (work: () => void) => void
  #storing: Storing | undefined
  #chunks: Uint8Array[] = []
  #bytes = 0
  #hasFailed = false

  constructor(
    caller: Caller,
    response: NetworkResponse,
    announcedBytes: number,
    decide: () => Storing,
    defer: (work: () => void) => void
  ) {
    this.#caller = caller
    this.#response = response
    this.#announcedBytes = announcedBytes
    this.#decide = decide
    this.#defer = defer
  }

  get #isShort(): boolean {
    return this.#announcedBytes <= copiedBytes
  }

  begin(): void {
    this.#caller.head(this.#response.head)
    if (this.#isShort) return
    this.#defer(() => {
      if (!this.#hasFailed) this.#decided()
    })
  }

  data(chunk: Buffer): void {
    this.#bytes += chunk.byteLength
    // A body longer than announced is not stored anyway.
    if (this.#storing !== undefined) this.#storing.copy?.add(chunk)
    else if (this.#bytes <= this.#announcedBytes) this.#chunks.push(this.#isShort ? Buffer.from(chunk) : chunk)
    this.#caller.data(chunk)
  }

  end(trailers: Headers, rawTrailers: RawHeaders): void {
    this.#defer(() => this.#decided().ended(true, this.#bytes))
    this.#caller.end(trailers, rawTrailers)
  }

  fail(error: unknown): void {
    this.#hasFailed = true
    const { copy, ended } = this.#decided()
    copy?.drop()
    ended(false, this.#bytes)
    this.#caller.fail(error)
  }

  #decided(): Storing {
    if (this.#storing !== undefined) return this.#storing
    this.#storing = this.#decide()
    for (const chunk of this.#chunks) this.#storing.copy?.add(chunk)
    this.#chunks = []
    return this.#storing
  }
}

/** Lets the rest of an answer pass that is not for the caller. */
export class Discard implements Receiver {
  readonly #response: NetworkResponse
  #bytes = 0

  constructor(response: NetworkResponse) {
    this.#response = response
  }

  begin(): void {}

  data(chunk: Buffer): void {
    this.#bytes += chunk.byteLength
    if (this.#bytes > maxDiscardedBytes) this.#response.network.cancel()
  }

  end(): void {}

  fail(): void {}
}
