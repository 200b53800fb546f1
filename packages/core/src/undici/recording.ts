import type { Dispatcher } from 'undici'
import { isPromise } from '../awaitable.js'
import { BodyCopy } from '../body-copy.js'
import type { CacheDecision } from '../diagnostics.js'
import { hasNoContent } from '../rules/statuses.js'
import type { NotStored } from '../rules/storing.js'
import { refusalToRecord } from '../rules/taping.js'
import type { Awaitable, Body } from '../store.js'
import type { Tape } from '../tape.js'
import { warnNotRecorded } from '../tape-warnings.js'
import type { RawHeaders } from './caller.js'
import { aboutRequest, type Exchange } from './exchange.js'
import type { Receiver } from './forward.js'
import type { NetworkResponse } from './network-response.js'

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

const broken = refused('MSG-02', 'it did not end well')
const tooLong = refused('MSG-03', 'it is too long')
const refusedByStore = refused('ROB-02', 'the store did not keep it')

/** Sends a request to the origin and records the answer, whatever it says. */
export function record(
  exchange: Exchange,
  tape: Tape,
  key: string | undefined,
  opts: Dispatcher.DispatchOptions
): void {
  const turn = key === undefined ? 0 : tape.nextTurn(key)
  exchange.send(opts, {
    received: (response) => new RecordingRelay(exchange, tape, key, turn, response),
    failed: (error) => {
      exchange.tell({ outcome: 'bypass', reason: 'bypass' })
      exchange.caller.fail(error)
    }
  })
}

/**
 * Passes an answer on to the caller, and records it when it is complete. The end waits for the store, within the limit of
 * a request: who has the answer can replay it.
 */
class RecordingRelay implements Receiver {
  readonly #exchange: Exchange
  readonly #tape: Tape
  readonly #key: string | undefined
  readonly #turn: number
  readonly #response: NetworkResponse
  readonly #copy: BodyCopy
  #bytes = 0
  #recorded: Awaitable<boolean> = false

  constructor(exchange: Exchange, tape: Tape, key: string | undefined, turn: number, response: NetworkResponse) {
    this.#exchange = exchange
    this.#tape = tape
    this.#key = key
    this.#turn = turn
    this.#response = response
    // All of it is held until it is complete: a recording is to wait for nothing.
    this.#copy = new BodyCopy({
      maxBytes: this.#maxBytes,
      ownBytes: Number.POSITIVE_INFINITY,
      bufferBytes: Number.POSITIVE_INFINITY,
      waitMs: 0,
      digests: tape.digests,
      hold: () => {},
      store: (body) => this.#keep(body)
    })
  }

  begin(): void {
    this.#exchange.caller.head(this.#response.head)
  }

  data(chunk: Buffer): void {
    this.#bytes += chunk.byteLength
    this.#copy.add(chunk)
    this.#exchange.caller.data(chunk)
  }

  end(trailers: Headers, rawTrailers: RawHeaders): void {
    const { caller, budget } = this.#exchange
    const end = () => caller.end(trailers, rawTrailers)
    const recorded = this.#record()
    if (isPromise(recorded)) budget.wait(recorded).then(end, end)
    else end()
  }

  fail(error: unknown): void {
    this.#copy.drop()
    this.#tell(broken)
    this.#exchange.caller.fail(error)
  }

  /** Has answered when it is known whether the answer was recorded. */
  #record(): void | Promise<void> {
    const { times } = this.#response
    const refusal = refusalToRecord(this.#response, times, this.#key, this.#isWhole(), this.#bytes, this.#maxBytes)
    if (refusal !== undefined) return this.#isNotRecorded(refusal)
    if (this.#copy.end() === undefined) return this.#isNotRecorded(tooLong)
    const recorded = this.#recorded
    if (isPromise(recorded)) return recorded.then((isRecorded) => this.#settled(isRecorded))
    this.#settled(recorded)
  }

  get #maxBytes(): number {
    const { settings, responses } = this.#exchange.cache
    return Math.min(settings.maxEntryBytes, responses.store.maxEntryBytes)
  }

  #isWhole(): boolean {
    const { head, status } = this.#response
    if (head.isBroken) return false
    const expected = hasNoContent(this.#exchange.asked.request.method, status) ? 0 : head.announcedBytes
    return expected === undefined ? this.#bytes > 0 || !head.mayBeDumped : this.#bytes === expected
  }

  #keep(body: Body): void {
    const { copied } = this.#copy
    if (copied === undefined || this.#key === undefined) return
    this.#recorded = this.#tape.keep(this.#key, this.#turn, this.#response, this.#response.times, body, copied)
  }

  #settled(isRecorded: boolean): void {
    if (isRecorded) this.#tell(undefined)
    else this.#isNotRecorded(refusedByStore)
  }

  #isNotRecorded(because: NotStored): void {
    const { asked, cache } = this.#exchange
    this.#copy.drop()
    this.#tell(because)
    warnNotRecorded(aboutRequest(asked.request, asked.target, cache.settings), because.reason)
  }

  #tell(notStored: NotStored | undefined): void {
    const told: CacheDecision['tape'] = 'recorded'
    this.#exchange.tell({
      outcome: 'bypass',
      reason: 'bypass',
      status: this.#response.status,
      ...(notStored === undefined ? { stored: true, tape: told } : { notStored })
    })
  }
}

function refused(requirement: string, reason: string): NotStored {
  return { store: false, requirement, reason }
}
