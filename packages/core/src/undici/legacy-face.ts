import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Forward } from './forward.js'
import { RawHead } from './network-response.js'
import { rawFields, toHeaders } from './response-fields.js'

const noTrailers = {}

/**
 * A forward as undici 7 calls it without a detour: it hands on raw fields as they came from the wire, where its new
 * handlers cost a conversion each way. Only for callers whose handler is one of undici's own wrappers of an old one.
 */
export class LegacyFace
  implements Dispatcher.DispatchHandler, Pick<Dispatcher.DispatchController, 'pause' | 'resume' | 'abort'>
{
  readonly #forward: Forward
  #abort: ((reason?: Error) => void) | undefined
  #resume: (() => void) | undefined
  #isPaused = false

  constructor(forward: Forward) {
    this.#forward = forward
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#resume?.()
  }

  abort(reason: Error): void {
    this.#abort?.(reason)
  }

  onConnect(abort: (reason?: Error) => void, context?: unknown): void {
    this.#abort = abort
    this.#forward.started(this, context)
  }

  onResponseStarted(): void {
    this.#forward.onResponseStarted()
  }

  onBodySent(chunkSize: number, totalBytesSent: number): void {
    this.#forward.onBodySent(chunkSize, totalBytesSent)
  }

  onUpgrade(status: number, raw: Buffer[] | string[] | null, socket: Duplex): void {
    this.#forward.upgradedTo(status, toHeaders(rawFields(raw ?? [])), raw, socket)
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void, statusText: string): boolean {
    this.#resume = resume
    this.#forward.headCame(new RawHead(status, statusText, raw))
    return !this.#isPaused
  }

  onData(chunk: Buffer): boolean {
    this.#forward.dataCame(chunk)
    return !this.#isPaused
  }

  onComplete(rawTrailers: string[] | null): void {
    this.#forward.endCame(noTrailers, rawTrailers)
  }

  onError(error: Error): void {
    this.#forward.errorCame(error)
  }
}
