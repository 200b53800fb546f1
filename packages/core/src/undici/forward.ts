import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import { isPromise } from '../awaitable.js'
import type { EpochMilliseconds } from '../rules/messages.js'
import type { Awaitable } from '../store.js'
import type { Caller, RawHeaders, Source } from './caller.js'
import { type Network, type NetworkHead, NetworkResponse, ObjectHead } from './network-response.js'

type Controller = Dispatcher.DispatchController
/** What can be asked of the network while an answer comes. */
type Connection = Pick<Controller, 'pause' | 'resume' | 'abort'>
type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

/** Who gets the rest of a response once its head was seen. */
export interface Receiver {
  /** Called first of all, when an abort reaches the receiver already. */
  begin(): void
  data(chunk: Buffer): void
  end(trailers: Headers, rawTrailers: RawHeaders): void
  fail(error: unknown): void
}

/** What is done with what comes back. */
export interface Outcome {
  /** The final head came; who gets the rest? While that is being decided the network waits. */
  received(response: NetworkResponse): Awaitable<Receiver>
  /** No final head came. */
  failed(error: unknown, wasSent: boolean): void
}

const pausedByCaller = 1
const pausedByReceiver = 2
const pausedByDecision = 4

/**
 * A request on its way to the origin and its answer on the way back. It is a new handler of undici's, and what stands
 * behind the old one that `LegacyFace` is.
 */
export class Forward implements Dispatcher.DispatchHandler, Source, Network {
  readonly #caller: Caller
  readonly #outcome: Outcome
  readonly #clock: () => EpochMilliseconds
  /** Called if the connection becomes something else than HTTP; then there is no outcome. */
  readonly #upgraded: () => void
  #connection: Connection | undefined
  #receiver: Receiver | undefined
  /** What came while the receiver was being decided. */
  #held: ((receiver: Receiver) => void)[] | undefined
  #pausedBy = 0
  #requestTime: EpochMilliseconds = 0
  #redirects: readonly unknown[] | undefined
  #isOver = false
  #isDetached = false
  #isCancelled = false

  constructor(caller: Caller, outcome: Outcome, clock: () => EpochMilliseconds, upgraded: () => void) {
    this.#caller = caller
    this.#outcome = outcome
    this.#clock = clock
    this.#upgraded = upgraded
  }

  pause(): void {
    this.#setPaused(pausedByCaller, true)
  }

  resume(): void {
    this.#setPaused(pausedByCaller, false)
  }

  abort(reason: Error | undefined): void {
    if (!this.#isOver) this.#connection?.abort(reason as Error)
    this.#caller.fail(reason)
  }

  hold(on: boolean): void {
    this.#setPaused(pausedByReceiver, on)
  }

  /** From now on what the caller wishes is not the network's concern: others want the same answer. */
  detach(): void {
    this.#isDetached = true
    this.resume()
  }

  cancel(): void {
    this.#isCancelled = true
    if (!this.#isOver) this.#connection?.abort(new Error('no longer needed'))
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.started(controller, context)
  }

  onRequestUpgrade(controller: Controller, status: number, headers: Headers, socket: Duplex): void {
    this.upgradedTo(status, headers, controller.rawHeaders ?? null, socket)
  }

  onResponseStarted(): void {
    this.#caller.responseStarted()
  }

  onBodySent(chunkSize: number, totalBytesSent: number): void {
    this.#caller.bodySent(chunkSize, totalBytesSent)
  }

  onRequestSent(): void {
    this.#caller.requestSent()
  }

  onResponseStart(controller: Controller, status: number, headers: Headers, statusText = ''): void {
    this.headCame(new ObjectHead(status, statusText, headers, controller))
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    this.dataCame(chunk)
  }

  onResponseEnd(controller: Controller, trailers: Headers): void {
    this.endCame(trailers, controller.rawTrailers ?? null)
  }

  onResponseError(_controller: Controller, error: unknown): void {
    this.errorCame(error)
  }

  started(connection: Connection, context: unknown): void {
    this.#connection = connection
    this.#requestTime = this.#clock()
    this.#redirects = (context as { history?: unknown[] } | undefined)?.history
    if (this.#isCancelled) return this.cancel()
    if (!this.#isDetached) {
      if (this.#caller.aborted) return connection.abort(this.#caller.reason as Error)
      this.#caller.attach(this)
    }
    this.#caller.start(context)
  }

  upgradedTo(status: number, headers: Headers, rawHeaders: RawHeaders, socket: Duplex): void {
    this.#isOver = true
    this.#upgraded()
    this.#caller.upgrade(status, headers, rawHeaders, socket)
  }

  headCame(head: NetworkHead): void {
    if (head.status < 200) return this.#caller.head(head)
    const times = { requestTime: this.#requestTime, responseTime: this.#clock() }
    const redirected = (this.#redirects?.length ?? 0) > 1
    const receiver = this.#outcome.received(new NetworkResponse(head, times, redirected, this))
    if (isPromise(receiver)) this.#awaitReceiver(receiver)
    else this.#begin(receiver)
  }

  dataCame(chunk: Buffer): void {
    if (this.#held !== undefined) this.#held.push((receiver) => receiver.data(chunk))
    else this.#receiver?.data(chunk)
  }

  endCame(trailers: Headers, rawTrailers: RawHeaders): void {
    this.#isOver = true
    if (this.#held !== undefined) this.#held.push((receiver) => receiver.end(trailers, rawTrailers))
    else this.#receiver?.end(trailers, rawTrailers)
  }

  errorCame(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#held !== undefined) this.#held.push((receiver) => receiver.fail(error))
    else if (this.#receiver !== undefined) this.#receiver.fail(error)
    else this.#outcome.failed(error, this.#connection !== undefined)
  }

  #begin(receiver: Receiver): void {
    this.#receiver = receiver
    receiver.begin()
  }

  #awaitReceiver(deciding: Promise<Receiver>): void {
    this.#held = []
    this.#setPaused(pausedByDecision, true)
    deciding.then(
      (receiver) => {
        const held = this.#held ?? []
        this.#held = undefined
        this.#begin(receiver)
        for (const event of held) event(receiver)
        this.#setPaused(pausedByDecision, false)
      },
      (error) => {
        this.#held = undefined
        this.#outcome.failed(error, true)
        this.cancel()
      }
    )
  }

  #setPaused(by: number, on: boolean): void {
    const before = this.#pausedBy
    this.#pausedBy = on ? before | by : before & ~by
    if (before === 0 && this.#pausedBy !== 0) this.#connection?.pause()
    else if (before !== 0 && this.#pausedBy === 0) this.#connection?.resume()
  }
}
