import type { Body } from '../store.js'

/** A promise and the function that resolves it. */
export function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** A body that stops after its first piece until it is opened. */
export interface GatedBody {
  readonly body: AsyncIterable<Uint8Array>
  /** Resolves when the first piece was taken and more is asked for. */
  readonly atGate: Promise<void>
  /** Lets the second piece through, or ends with `error`. */
  open(error?: Error): void
}

export function gatedBody(first: Uint8Array, second: Uint8Array): GatedBody {
  const atGate = deferred()
  const gate = deferred()
  let failure: Error | undefined
  async function* produce() {
    yield first
    atGate.resolve()
    await gate.promise
    if (failure !== undefined) throw failure
    yield second
  }
  return {
    body: produce(),
    atGate: atGate.promise,
    open: (error) => {
      failure = error
      gate.resolve()
    }
  }
}

/** `bytes` in pieces of `size`, as a synchronous iterable that can be read once. */
export function* piecesOf(bytes: Uint8Array, size: number): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.slice(at, at + size)
}

/** `bytes` in pieces of `size`, as an asynchronous iterable that can be read once. */
export async function* asyncPiecesOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (const piece of piecesOf(bytes, size)) {
    await undefined
    yield piece
  }
}

/** The iterator of a body in any form. */
export function iteratorOf(body: Body): AsyncIterator<Uint8Array> | Iterator<Uint8Array> {
  if (body instanceof Uint8Array) return [body][Symbol.iterator]()
  return Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : body[Symbol.iterator]()
}

/** All that is left of a body, in a buffer of its own. */
export async function readRest(iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for (;;) {
    const { done, value } = await iterator.next()
    if (done) return new Uint8Array(Buffer.concat(pieces))
    pieces.push(value.slice())
  }
}

export function readAll(body: Body): Promise<Uint8Array> {
  return readRest(iteratorOf(body))
}

/** Resolves in the next turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
