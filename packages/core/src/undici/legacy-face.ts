import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Below } from './below.js'
import type { Forward } from './forward.js'
import { isFromNetwork, type Passage, watchBody } from './network-heads.js'
import { RawHead } from './network-response.js'
import { rawFields, toHeaders } from './response-fields.js'

const noTrailers = {}

/**
 * A forward as undici 7 calls it without a detour: it hands on raw fields as they came from the wire, where its new
 * handlers cost a conversion each way. Only for callers whose handler is one of undici's own wrappers of an old one, and
 * as long as no interceptor below the cache was found to make the conversion anyway.
 */
export class LegacyFace
  implements Dispatcher.DispatchHandler, Pick<Dispatcher.DispatchController, 'pause' | 'resume' | 'abort'>
{
  readonly #forward: Forward
  readonly #below: Below
  #head: RawHead | undefined
  #passage: (() => Passage) | undefined
  #abort: ((reason?: Error) => void) | undefined
  #resume: (() => void) | undefined
  #isPaused = false

  constructor(forward: Forward, below: Below) {
    this.#forward = forward
    this.#below = below
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

  /** A `ProxyAgent` without a tunnel leaves the status text out. */
  onHeaders(status: number, raw: Buffer[], resume: () => void, statusText = ''): boolean {
    this.#resume = resume
    this.#head = new RawHead(status, statusText, raw)
    if (status >= 200 && !isFromNetwork(raw)) this.#somethingIsBetween()
    this.#forward.headCame(this.#head)
    return !this.#isPaused
  }

  onData(chunk: Buffer): boolean {
    this.#forward.dataCame(chunk)
    return !this.#isPaused
  }

  onComplete(rawTrailers: string[] | null): void {
    if (this.#head !== undefined) this.#head.passage = this.#passage?.()
    this.#forward.endCame(noTrailers, rawTrailers)
  }

  onError(error: Error): void {
    this.#passage?.()
    this.#forward.errorCame(error)
  }

  /** An interceptor below makes raw fields anew, and its own controller is out of sight: next time it is asked directly. */
  #somethingIsBetween(): void {
    this.#below.passesRaw = false
    this.#passage ??= watchBody()
  }
}
