import type { Lookup } from '../look-ups.js'
import type { Assessed } from '../rules/assessment.js'
import { asConfirmed } from '../rules/collapsing.js'
import type { EpochMilliseconds, StoredResponse } from '../rules/messages.js'
import type { StorableHead } from '../rules/storable-head.js'
import { type Seen, SharedBody } from '../shared-body.js'
import { bufferBytes, isWhole } from './answer-decision.js'
import { type Caller, type Head, nothingYet, type RawHeaders, type Source } from './caller.js'
import type { Exchange, Follower, Leading, OnItsWay } from './exchange.js'
import { forwardAlone, hasSameLimits, serveComing, serveConfirmed, tell } from './followers.js'
import type { NetworkResponse } from './network-response.js'
import type { Passing } from './relay.js'
import { restOf } from './rest-of-answer.js'
import { playOn } from './serve-stored.js'
import { isForAnybodyElse, isInvalidatedSince, isOvertaken, isSameMark, type Sharable, sharableOf } from './sharable.js'

type Headers = Parameters<Caller['end']>[0]

/** An answer that is on its way, as far as others can have it. */
interface Answer {
  readonly response: NetworkResponse
  readonly passing: Passing
}

/**
 * A forward that others may wait for (COLL-01). As long as nobody does, it only passes on to its own caller. From then on
 * the caller is one of those who read the answer: none of them holds another one up, and it goes on until nobody is left.
 */
export class SharedForward implements Leading {
  readonly #exchange: Exchange
  readonly #lookup: Lookup
  /** The same with the mark that was made for it, where there was none. */
  #marked: Lookup | undefined
  readonly #name: string
  readonly #askedAt: EpochMilliseconds
  /** How many invalidations there had been then. */
  readonly #invalidations: number
  #forward: OnItsWay | undefined
  #answer: Answer | undefined
  #end: 'ended' | 'failed' | undefined
  #trailers: readonly [Headers, RawHeaders] = [{}, null]
  #release: (() => void) | undefined
  #isShared = false
  #isDistributing = false
  readonly #waiting = new Set<Follower>()
  /** `null` if it is for nobody else. */
  #sharable: Sharable | null | undefined
  #body: SharedBody | undefined
  #stored: StoredResponse | undefined
  #whenOver: Promise<boolean> | undefined
  #tellOver: ((isStored: boolean) => void) | undefined

  /** Called when the first one joins it. */
  readonly #joined: () => void

  constructor(exchange: Exchange, lookup: Lookup, name: string, joined: () => void = () => {}) {
    this.#joined = joined
    this.#exchange = exchange
    this.#lookup = lookup
    this.#name = name
    this.#askedAt = exchange.cache.settings.clock()
    this.#invalidations = exchange.cache.responses.invalidations.recent.count
  }

  get isWanted(): boolean {
    if (!this.#exchange.caller.ended || this.#waiting.size > 0 || this.#isDistributing) return true
    return this.#body !== undefined && this.#body.readers > 0
  }

  take(follower: Follower): 'taken' | 'alone' | 'anew' {
    const { asked, caller } = this.#exchange
    if (follower.exchange.asked.key.key !== asked.key.key || !hasSameLimits(follower.exchange, this.#exchange)) {
      return 'alone'
    }
    const isDying = this.#end === undefined && (!this.isWanted || (!this.#isShared && caller.aborted))
    if (isDying || this.#end === 'failed' || !this.#isStillCurrent(follower.lookup)) return 'anew'
    if (this.#answer !== undefined) return this.#join(follower, this.#answer)
    if (!this.#isShared) this.#share()
    this.#wait(follower)
    return 'taken'
  }

  holds(release: () => void): void {
    this.#release = release
  }

  dissolve(): readonly Follower[] {
    this.#exchange.cache.collapsed.end(this.#name, this)
    return this.#takeWaiting()
  }

  marked(lookup: Lookup): void {
    this.#marked = lookup
  }

  sent(forward: OnItsWay): void {
    this.#forward = forward
    if (this.#isShared) forward.detach()
  }

  answered(response: NetworkResponse, passing: Passing): void {
    this.#answer = { response, passing }
  }

  confirmed(served: Assessed, head: StorableHead): void {
    if (this.#waiting.size === 0) return
    const { asked, cache } = this.#exchange
    const confirmed = asConfirmed(served, asked.key, head, cache.settings.rules)
    isForAnybodyElse(this.#exchange, confirmed)
    const isLate = isOvertaken(this.#exchange, confirmed, this.#invalidations)
    for (const follower of this.#takeWaiting()) {
      if (isLate) forwardAlone(follower)
      else serveConfirmed(follower, served, confirmed)
    }
  }

  failed(status: number | undefined): void {
    for (const follower of this.#waiting) {
      if (!follower.fallBack?.(status)) continue
      this.#waiting.delete(follower)
      tell(follower.exchange, 'shares')
    }
  }

  completed(stored: StoredResponse): void {
    this.#stored = stored
  }

  over(isStored: boolean): void {
    if (this.#release !== undefined && this.#answer !== undefined) this.#decide(this.#answer)
    this.#release?.()
    for (const follower of this.dissolve()) forwardAlone(follower)
    this.#body?.close()
    this.#whenOver ??= Promise.resolve(isStored)
    this.#tellOver?.(isStored)
  }

  head(head: Head): void {
    const { caller } = this.#exchange
    if (!this.#isShared) return caller.head(head)
    this.#isDistributing = true
    const answer = this.#answer as Answer
    const body = this.#shareBody([])
    caller.head(head)
    this.#goOn(body)
    for (const follower of this.#takeWaiting()) if (this.#join(follower, answer) !== 'taken') forwardAlone(follower)
    this.#isDistributing = false
    this.#left()
  }

  data(chunk: Uint8Array): void {
    if (this.#body === undefined) this.#exchange.caller.data(chunk)
    else this.#body.add(chunk)
  }

  end(trailers: Headers, rawTrailers: RawHeaders): void {
    this.#end = 'ended'
    if (this.#body === undefined) return this.#exchange.caller.end(trailers, rawTrailers)
    this.#trailers = [trailers, rawTrailers]
    this.#body.end(this.#isWhole(this.#body))
  }

  fail(error: unknown): void {
    this.#end = 'failed'
    if (this.#body === undefined) this.#exchange.caller.fail(error)
    else this.#body.fail(error)
  }

  #isStillCurrent(found: Lookup): boolean {
    if (isInvalidatedSince(this.#exchange, this.#invalidations)) return false
    const isSame = (before: Lookup) => isSameMark(this.#exchange, before, found, this.#askedAt)
    return isSame(this.#lookup) || (this.#marked !== undefined && isSame(this.#marked))
  }

  /** What of the answer is for others; `undefined` if nothing is. */
  #decide({ response }: Answer): Sharable | undefined {
    if (this.#sharable === undefined) this.#sharable = sharableOf(this.#exchange, response) ?? null
    return this.#sharable ?? undefined
  }

  /** The caller is now one of several. */
  #share(): void {
    this.#isShared = true
    this.#joined()
    const { caller } = this.#exchange
    caller.attach(this.#seatOf(caller, () => {}))
    this.#forward?.detach()
  }

  #wait(follower: Follower): void {
    const { exchange } = follower
    this.#waiting.add(follower)
    tell(exchange, 'waits')
    exchange.caller.attach(
      this.#seatOf(exchange.caller, () => {
        this.#waiting.delete(follower)
        exchange.tell({ outcome: 'aborted' })
      })
    )
    exchange.caller.start()
  }

  /** For who waits for a head: to leave concerns nobody else. */
  #seatOf(caller: Caller, left: () => void): Source {
    return nothingYet((reason) => {
      left()
      caller.fail(reason)
      this.#left()
    })
  }

  #takeWaiting(): readonly Follower[] {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    return waiting
  }

  /** Gives the answer, from its beginning, to one who may have it. */
  #join(follower: Follower, answer: Answer): 'taken' | 'alone' | 'anew' {
    if (follower.exchange.caller.ended) return 'taken'
    const sharable = this.#decide(answer)
    if (sharable === undefined) return 'alone'
    if (isOvertaken(this.#exchange, sharable.selected, this.#invalidations)) return 'anew'
    return serveComing(follower, sharable.selected, () =>
      this.#sharedBody(answer)?.read((seen) => this.#rest(follower.exchange, seen))
    )
  }

  /** The body for many; `undefined` if its beginning is gone. */
  #sharedBody({ passing }: Answer): SharedBody | undefined {
    if (this.#body !== undefined) return this.#body
    const { kept } = passing
    if (kept === undefined) return undefined
    if (!this.#isShared) this.#share()
    const body = this.#shareBody(kept)
    if (this.#end === 'ended') body.end(this.#isWhole(body))
    else this.#goOn(body)
    return body
  }

  /** The caller gets what is still to come as one of the readers. */
  #goOn(body: SharedBody): void {
    const { caller } = this.#exchange
    if (caller.ended) return
    const toCome = body.readOn((seen) => this.#rest(this.#exchange, seen))
    playOn(caller, toCome, () => caller.end(...this.#trailers))
  }

  #shareBody(begun: readonly Uint8Array[]): SharedBody {
    const sharing = {
      limitBytes: bufferBytes(this.#exchange),
      hold: (on: boolean) => (on ? this.#forward?.pause() : this.#forward?.resume()),
      left: () => this.#left()
    }
    this.#body = new SharedBody(sharing, begun)
    return this.#body
  }

  #isWhole(body: SharedBody): boolean {
    const sharable = this.#answer && this.#decide(this.#answer)
    return sharable !== undefined && isWhole((this.#answer as Answer).response, sharable.contentLength, body.bytes)
  }

  /** For one who fell behind: the rest of the stored copy, or else of what the origin answers him. */
  async #rest(exchange: Exchange, seen: Seen): Promise<AsyncIterator<Uint8Array>> {
    this.#whenOver ??= new Promise((resolve) => {
      this.#tellOver = resolve
    })
    const isStored = await this.#whenOver
    return restOf(exchange, this.#lookup, isStored ? this.#stored : undefined, this.#sharable ?? undefined, seen)
  }

  /** Somebody left: a forward that nobody wants is cancelled. */
  #left(): void {
    if (this.#isShared && !this.isWanted) this.#forward?.cancel()
  }
}
