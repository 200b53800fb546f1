import type { Dispatcher } from 'undici'
import type { BodyCopy } from '../body-copy.js'
import type { Head, RawHeaders } from './caller.js'
import type { Receiver } from './forward.js'
import type { NetworkResponse } from './network-response.js'

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

/** Unread bytes of an answer that nobody wants: past that the connection is given up rather than read to its end. */
const maxDiscardedBytes = 65_536

/** Where an answer goes: to the caller, or to all who share it. */
export interface Sink {
  head(head: Head): void
  data(chunk: Uint8Array): void
  end(trailers: Headers, rawTrailers: RawHeaders): void
  fail(error: unknown): void
}

/** What passes an answer on, and knows what has come of its body. */
export interface Passing extends Receiver {
  /** All that has come of the body, if it is all there still and as it came. */
  readonly kept: readonly Uint8Array[] | undefined
}

/** What becomes of an answer beside its way to the caller. */
export interface Storing {
  /** Takes the body, if it may be stored. */
  readonly copy: BodyCopy | undefined
  /** To be called once, when the body is complete or will never be. */
  readonly ended: (isComplete: boolean, receivedBytes: number) => void
}

/** Passes a response on to the caller as it comes, while a copy of its body may go to the store. */
export class Relay implements Passing {
  readonly #sink: Sink
  readonly #response: NetworkResponse
  readonly #storing: Storing
  #bytes = 0

  constructor(sink: Sink, response: NetworkResponse, storing: Storing) {
    this.#sink = sink
    this.#response = response
    this.#storing = storing
  }

  get kept(): readonly Uint8Array[] | undefined {
    return this.#bytes === 0 ? [] : this.#storing.copy?.kept
  }

  begin(): void {
    this.#sink.head(this.#response.shown)
  }

  data(chunk: Buffer): void {
    this.#bytes += chunk.byteLength
    this.#storing.copy?.add(chunk)
    this.#sink.data(chunk)
  }

  end(trailers: Headers, rawTrailers: RawHeaders): void {
    this.#storing.ended(true, this.#bytes)
    this.#sink.end(trailers, rawTrailers)
  }

  fail(error: unknown): void {
    this.#storing.ended(false, this.#bytes)
    this.#sink.fail(error)
  }
}

/** Longest body of which a copy is made: it costs next to nothing, and the caller may write into the chunks he is given. */
export const copiedBytes = 65_536

/** Puts work off until the caller has what there is for him. */
type Defer = (work: () => void) => void
/** What is done with a body that was copied on its way: all of it, or as much as came before an end before its time. */
type Ended = (body: Uint8Array, receivedBytes: number, isComplete: boolean) => void

const noBytes = new Uint8Array(0)

/**
 * Passes a response of a known, short length on at once, and copies its body. What becomes of the copy is decided when
 * the caller has all, so that nobody waits for it.
 */
export class ShortRelay implements Passing {
  readonly #sink: Sink
  readonly #response: NetworkResponse
  readonly #announcedBytes: number
  readonly #ended: Ended
  readonly #defer: Defer
  #body: Uint8Array = noBytes
  #bytes = 0

  constructor(sink: Sink, response: NetworkResponse, announcedBytes: number, ended: Ended, defer: Defer) {
    this.#sink = sink
    this.#response = response
    this.#announcedBytes = announcedBytes
    this.#ended = ended
    this.#defer = defer
  }

  get kept(): readonly Uint8Array[] | undefined {
    return this.#bytes > this.#announcedBytes ? undefined : [this.#body.subarray(0, this.#bytes)]
  }

  begin(): void {
    this.#sink.head(this.#response.shown)
  }

  data(chunk: Buffer): void {
    const at = this.#bytes
    this.#bytes += chunk.byteLength
    // A body longer than announced is not stored anyway.
    if (this.#bytes <= this.#announcedBytes) {
      if (at === 0) this.#body = Buffer.allocUnsafe(this.#announcedBytes)
      this.#body.set(chunk, at)
    }
    this.#sink.data(chunk)
  }

  end(trailers: Headers, rawTrailers: RawHeaders): void {
    this.#defer(() => this.#ended(this.#body, this.#bytes, true))
    this.#sink.end(trailers, rawTrailers)
  }

  fail(error: unknown): void {
    this.#ended(this.#body.subarray(0, this.#bytes), this.#bytes, false)
    this.#sink.fail(error)
  }
}

/**
 * Passes a long response of a known length on at once. Whether it may be stored is decided when more of it comes than its
 * first chunk: the caller has that by then, and no more than that is held of what is not stored.
 */
export class LongRelay implements Passing {
  readonly #sink: Sink
  readonly #response: NetworkResponse
  readonly #announcedBytes: number
  readonly #decide: () => Storing
  readonly #defer: Defer
  #storing: Storing | undefined
  #chunks: Uint8Array[] = []
  #bytes = 0

  constructor(sink: Sink, response: NetworkResponse, announcedBytes: number, decide: () => Storing, defer: Defer) {
    this.#sink = sink
    this.#response = response
    this.#announcedBytes = announcedBytes
    this.#decide = decide
    this.#defer = defer
  }

  get kept(): readonly Uint8Array[] | undefined {
    if (this.#storing !== undefined) return this.#storing.copy?.kept
    return this.#bytes > this.#announcedBytes ? undefined : this.#chunks
  }

  begin(): void {
    this.#sink.head(this.#response.shown)
  }

  data(chunk: Buffer): void {
    const isFirst = this.#bytes === 0
    this.#bytes += chunk.byteLength
    if (isFirst) this.#chunks.push(chunk)
    else this.#decided().copy?.add(chunk)
    this.#sink.data(chunk)
  }

  end(trailers: Headers, rawTrailers: RawHeaders): void {
    this.#defer(() => this.#decided().ended(true, this.#bytes))
    this.#sink.end(trailers, rawTrailers)
  }

  fail(error: unknown): void {
    this.#decided().ended(false, this.#bytes)
    this.#sink.fail(error)
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
