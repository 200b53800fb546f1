import type { Dispatcher } from 'undici'
import type { BodyCopy } from '../body-copy.js'
import type { Caller, RawHeaders } from './caller.js'
import type { Receiver } from './forward.js'
import type { NetworkResponse } from './network-response.js'

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

/** Unread bytes of an answer that nobody wants: past that the connection is given up rather than read to its end. */
const maxDiscardedBytes = 65_536

/** Passes a response on to the caller as it comes, while a copy of its body may go to the store. */
export class Relay implements Receiver {
  readonly #caller: Caller
  readonly #response: NetworkResponse
  readonly #copy: BodyCopy | undefined
  /** Called once: after the last byte and before the caller hears of the end, or when there will be no end. */
  readonly #ended: (isComplete: boolean, receivedBytes: number) => void
  #bytes = 0

  constructor(
    caller: Caller,
    response: NetworkResponse,
    copy: BodyCopy | undefined,
    ended: (isComplete: boolean, receivedBytes: number) => void
  ) {
    this.#caller = caller
    this.#response = response
    this.#copy = copy
    this.#ended = ended
  }

  begin(): void {
    this.#caller.head(this.#response.head)
  }

  data(chunk: Buffer): void {
    this.#bytes += chunk.byteLength
    this.#copy?.add(chunk)
    this.#caller.data(chunk)
  }

  end(trailers: Headers, rawTrailers: RawHeaders): void {
    this.#ended(true, this.#bytes)
    this.#caller.end(trailers, rawTrailers)
  }

  fail(error: unknown): void {
    this.#copy?.drop()
    this.#ended(false, this.#bytes)
    this.#caller.fail(error)
  }
}

/** Passes a short response on, and keeps a copy of it for when the caller has had it all. */
export class LateRelay implements Receiver {
  readonly #caller: Caller
  readonly #response: NetworkResponse
  /** Called once, before the caller hears of it: with all chunks at the end, or without them if there will be none. */
  readonly #ended: (chunks: readonly Uint8Array[] | undefined, receivedBytes: number) => void
  readonly #maxBytes: number
  #chunks: Uint8Array[] = []
  #bytes = 0

  constructor(
    caller: Caller,
    response: NetworkResponse,
    maxBytes: number,
    ended: (chunks: readonly Uint8Array[] | undefined, receivedBytes: number) => void
  ) {
    this.#caller = caller
    this.#response = response
    this.#maxBytes = maxBytes
    this.#ended = ended
  }

  begin(): void {
    this.#caller.head(this.#response.head)
  }

  data(chunk: Buffer): void {
    this.#bytes += chunk.byteLength
    // Of its own: the caller may write into what he is given. A body longer than announced is not stored anyway.
    if (this.#bytes <= this.#maxBytes) this.#chunks.push(Buffer.from(chunk))
    this.#caller.data(chunk)
  }

  end(trailers: Headers, rawTrailers: RawHeaders): void {
    this.#ended(this.#chunks, this.#bytes)
    this.#caller.end(trailers, rawTrailers)
  }

  fail(error: unknown): void {
    this.#ended(undefined, this.#bytes)
    this.#caller.fail(error)
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
