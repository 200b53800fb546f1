import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import { RequestAbortedError } from '../errors.js'

/** undici 8 tells that a request was sent; the types of undici 7 do not know it. */
type Handler = Dispatcher.DispatchHandler & { onRequestSent?(): void }
type Controller = Dispatcher.DispatchController
type Headers = Parameters<NonNullable<Handler['onResponseStart']>>[2]

/** Fields in one of the raw shapes undici knows. */
export type RawHeaders = Exclude<Controller['rawHeaders'], undefined>

/** What feeds a response to the caller, and can be told to wait or to stop. */
export interface Source {
  pause(): void
  resume(): void
  /** Ends the exchange; the source then calls {@link Caller.fail}. */
  abort(reason: Error | undefined): void
}

/** While nothing has come yet there is nothing to hold back. */
export function nothingYet(abort: Source['abort']): Source {
  return { pause() {}, resume() {}, abort }
}

/** The head of a response in the shapes the two generations of handlers want; each is made when asked for. */
export interface Head {
  readonly status: number
  readonly statusText: string
  /** A new object each time: the handler may change it. */
  headers(): Headers
  /** A new list each time. */
  rawHeaders(): NonNullable<RawHeaders>
}

/**
 * The caller's end of an exchange: his handler, of whichever generation, and his wishes to pause and to abort. It is the
 * controller that new handlers are given, from the first call to the last, wherever the response comes from. Whatever
 * the handler throws becomes one error of its own request.
 */
export class Caller implements Controller {
  readonly #handler: Handler
  readonly #isLegacy: boolean
  #source: Source | undefined
  #hasStarted = false
  #hasEnded = false
  #isPaused = false
  #isAborted = false
  #reason: Error | null = null
  rawHeaders: RawHeaders = null
  rawTrailers: RawHeaders = null

  constructor(handler: Handler) {
    this.#handler = handler
    this.#isLegacy = typeof handler.onHeaders === 'function'
  }

  /** Whether the handler is an old one that undici 7 has wrapped: then all below the cache know old handlers too. */
  get isWrapped(): boolean {
    return this.#isLegacy && typeof this.#handler.onRequestStart === 'function'
  }

  /** Whether the handler is an old one as it is: undici 8 knows only new ones. */
  get isBareLegacy(): boolean {
    return this.#isLegacy && !this.isWrapped
  }

  /** Whether nothing feeds it so far, nor has to be told of its wishes. */
  get isUnfed(): boolean {
    return this.#source === undefined && !this.#hasEnded
  }

  get paused(): boolean {
    return this.#isPaused
  }

  get aborted(): boolean {
    return this.#isAborted
  }

  get reason(): Error | null {
    return this.#reason
  }

  /** Whether the handler was told the end or an error; nothing more reaches it then. */
  get ended(): boolean {
    return this.#hasEnded
  }

  pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#source?.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#source?.resume()
  }

  abort(reason?: Error): void {
    if (this.#isAborted || this.#hasEnded) return
    this.#isAborted = true
    this.#reason = reason ?? new RequestAbortedError()
    if (this.#source === undefined) this.fail(this.#reason)
    else this.#source.abort(this.#reason)
  }

  /** From now on the response comes from `source`, and a pause in force holds it back in place of the one before. */
  attach(source: Source): void {
    const before = this.#source
    this.#source = source
    if (!this.#isPaused) return
    if (before !== source) before?.resume()
    source.pause()
  }

  /** Tells the handler that the request is under way; only once, however often it is sent. */
  start(context?: unknown): void {
    if (this.#hasStarted || this.#hasEnded) return
    this.#hasStarted = true
    try {
      if (!this.#isLegacy) this.#handler.onRequestStart?.(this, context)
      else (this.#handler.onConnect as LegacyConnect | undefined)?.((reason) => this.abort(reason), context)
    } catch (error) {
      this.#threw(error)
    }
  }

  responseStarted(): void {
    this.#handler.onResponseStarted?.()
  }

  /** The head of a final response, or of an interim one. */
  head(head: Head): void {
    if (this.#hasEnded) return
    try {
      if (this.#isLegacy) {
        const raw = head.rawHeaders() as Buffer[]
        const goesOn = this.#handler.onHeaders?.(head.status, raw, () => this.resume(), head.statusText)
        if (goesOn === false && head.status >= 200) this.pause()
        return
      }
      this.rawHeaders = head.rawHeaders()
      this.#handler.onResponseStart?.(this, head.status, head.headers(), head.statusText)
    } catch (error) {
      this.#threw(error)
    }
  }

  data(chunk: Uint8Array): void {
    if (this.#hasEnded) return
    try {
      if (!this.#isLegacy) this.#handler.onResponseData?.(this, chunk as Buffer)
      else if (this.#handler.onData?.(chunk as Buffer) === false) this.pause()
    } catch (error) {
      this.#threw(error)
    }
  }

  end(trailers: Headers, rawTrailers: RawHeaders = null): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    try {
      if (!this.#isLegacy) {
        this.rawTrailers = rawTrailers
        this.#handler.onResponseEnd?.(this, trailers)
      } else this.#handler.onComplete?.((rawTrailers ?? []) as string[])
    } catch (error) {
      this.#tellError(error)
    }
  }

  fail(error: unknown): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#tellError(error)
  }

  upgrade(status: number, headers: Headers, rawHeaders: RawHeaders, socket: Duplex): void {
    this.#hasEnded = true
    if (this.#isLegacy) return this.#handler.onUpgrade?.(status, rawHeaders as Buffer[], socket)
    this.rawHeaders = rawHeaders
    this.#handler.onRequestUpgrade?.(this, status, headers, socket)
  }

  bodySent(chunkSize: number, totalBytesSent: number): void {
    this.#handler.onBodySent?.(chunkSize, totalBytesSent)
  }

  requestSent(): void {
    this.#handler.onRequestSent?.()
  }

  #threw(error: unknown): void {
    if (this.#hasEnded || this.#isAborted) return
    this.abort(error as Error)
    this.fail(error)
  }

  /** A handler that fails at hearing of an error has nobody left to tell. */
  #tellError(error: unknown): void {
    try {
      if (this.#isLegacy) this.#handler.onError?.(error as Error)
      else this.#handler.onResponseError?.(this, error as Error)
    } catch {}
  }
}

type LegacyConnect = (abort: (reason?: Error) => void, context: unknown) => void
