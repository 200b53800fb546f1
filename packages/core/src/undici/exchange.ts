import type { Dispatcher } from 'undici'
import { Budget } from '../budget.js'
import type { CollapsedRequests } from '../collapsed-requests.js'
import type { Counts } from '../counts.js'
import type { CacheDecision, DecisionListeners } from '../diagnostics.js'
import type { AboutRequest } from '../events.js'
import type { Lookup } from '../look-ups.js'
import type { Settings } from '../read-options.js'
import type { Assessed } from '../rules/assessment.js'
import { type CacheKey, isSecure, type RequestTarget } from '../rules/cache-key.js'
import type { ForwardReason } from '../rules/cache-status.js'
import type { Request, StoredResponse } from '../rules/messages.js'
import { redactedPath } from '../rules/redaction.js'
import type { RequestControl } from '../rules/request-control.js'
import type { StorableHead } from '../rules/storable-head.js'
import type { Body } from '../store.js'
import type { StoredResponses } from '../stored-responses.js'
import type { Tape } from '../tape.js'
import type { BackgroundSockets } from './background-sockets.js'
import type { BackgroundValidations } from './background-validations.js'
import type { Below } from './below.js'
import { Caller, type Head } from './caller.js'
import type { DeferredWork } from './deferred-work.js'
import { Forward, type Outcome } from './forward.js'
import { LegacyFace } from './legacy-face.js'
import type { NetworkResponse } from './network-response.js'
import { withoutHttp2 } from './passing-by.js'
import type { Passing, Sink } from './relay.js'
import { StoredHead, serveStored } from './serve-stored.js'
import type { ToldTo } from './told-to.js'

/** What the exchanges of one interceptor have in common. */
export interface Cache {
  readonly settings: Settings
  readonly responses: StoredResponses
  readonly listeners: DecisionListeners
  readonly counts: Counts
  readonly background: BackgroundValidations
  readonly backgroundSockets: BackgroundSockets
  /** Forwards that others may wait for. */
  readonly collapsed: CollapsedRequests<Leading>
  /** Heads that were served before, ready to be served again. */
  readonly heads: WeakMap<Assessed, StoredHead>
  /** What is stored once the caller has his answer, by cache key. */
  readonly later: DeferredWork
  /** Set where the cache is none, but records or replays. */
  readonly tape: Tape | undefined
}

/** One request that the cache has a say in. */
export interface CachedRequest {
  readonly request: Request
  readonly control: RequestControl
  readonly target: RequestTarget
  readonly key: CacheKey
  readonly opts: Dispatcher.DispatchOptions
  /** Who is told how this request goes, beside those who hear of all. */
  readonly toldTo: ToldTo | undefined
}

/** A request that waits for the answer to another one. */
export interface Follower {
  readonly exchange: Exchange
  readonly lookup: Lookup
  readonly reason: ForwardReason
  /** Sends it on by itself. */
  readonly forward: () => void
  /** Answers it anew, after another look at what is stored. */
  readonly again: (lookup: Lookup | undefined) => void
  /** Whether what is stored may stand in for a failure of the origin; if so, it is served. `status` is unset without an answer. */
  readonly fallBack?: (status: number | undefined) => boolean
}

/** What can be asked of a request that others wait for while it is on its way. */
export type OnItsWay = Pick<Forward, 'detach' | 'cancel' | 'pause' | 'resume'>

/** The forward of an exchange, which others may wait for. */
export interface Leading extends Sink {
  /** Whether anybody still wants the answer. */
  readonly isWanted: boolean
  /**
   * Takes a request along. `alone`: the answer is not for it. `anew`: this forward is of no use to anybody who comes now.
   */
  take(follower: Follower): 'taken' | 'alone' | 'anew'
  /** It goes on with this look-up, which has a mark that was made for it. */
  marked(lookup: Lookup): void
  /** It is on its way, or waits for another process. */
  sent(forward: OnItsWay): void
  /** It is under way for other processes too, until it is over. */
  holds(release: () => void): void
  /** Nobody waits for it any more; those who did. */
  dissolve(): readonly Follower[]
  /** Its final head came, and this passes the answer on. */
  answered(response: NetworkResponse, passing: Passing): void
  /** The origin confirmed a stored response, which has this head now. */
  confirmed(served: Assessed, head: StorableHead): void
  /** The origin failed, with this status or without an answer. */
  failed(status: number | undefined): void
  /** This is what the store gets. */
  completed(stored: StoredResponse): void
  /** It is known how the exchange went. */
  over(isStored: boolean): void
}

export const noBytes = new Uint8Array(0)
const gatewayTimeoutHead = new StoredHead(504, 'Gateway Timeout', [])

/** A request as it may be told to others: without userinfo and fragment, and without secrets in its query (SEC-03). */
export function aboutRequest(request: Request, target: RequestTarget, { redactQuery }: Settings): AboutRequest {
  return { method: request.method, url: target.origin.text + redactedPath(target.path, redactQuery) }
}

/** One request from its first look at the cache to its decision: who asked, what may be waited for, what was told. */
export class Exchange {
  readonly cache: Cache
  readonly asked: CachedRequest
  readonly caller: Caller
  /** What the caller may be kept waiting for the store. */
  readonly budget: Budget
  readonly below: Below
  /** Set for a validation in the background: called when it is over. */
  readonly #backgroundEnded: ((hasFailed: boolean) => void) | undefined
  /** Set while others may wait for the answer to this one. */
  leads: Leading | undefined
  /** Set where another one's answer was waited for and was of no use. */
  waitedInVain = false
  /** Set once another process was waited for: that is done but once. */
  waitedForProcess = false
  /** How many invalidations there had been when it was sent. */
  sentAfter = 0
  #hasTold = false

  constructor(
    cache: Cache,
    below: Below,
    asked: CachedRequest,
    handler: Dispatcher.DispatchHandler,
    backgroundEnded?: (hasFailed: boolean) => void
  ) {
    this.cache = cache
    this.below = below
    this.asked = asked
    this.caller = new Caller(handler)
    this.budget = new Budget(cache.settings.storeTimeoutMs)
    this.#backgroundEnded = backgroundEnded
  }

  /** The request as it may be told to others. */
  get about(): AboutRequest {
    return aboutRequest(this.asked.request, this.asked.target, this.cache.settings)
  }

  /** Whether nobody on the way could have cut or changed what the origin says. */
  get isSecure(): boolean {
    return isSecure(this.asked.target)
  }

  /** Whether anybody hears how it goes. */
  get isHeard(): boolean {
    return this.asked.toldTo !== undefined || this.cache.listeners.listening
  }

  get isBackground(): boolean {
    return this.#backgroundEnded !== undefined
  }

  /** Sends a request to the origin, unless nobody wants the answer any more. */
  send(opts: Dispatcher.DispatchOptions, outcome: Outcome): void {
    if (this.caller.ended && !this.leads?.isWanted) return this.tell({ outcome: 'aborted' })
    const upgraded = () => this.tell({ outcome: 'bypass', reason: 'bypass' })
    const { below, caller } = this
    const forward = new Forward(caller, outcome, this.cache.settings.clock, upgraded)
    this.sentAfter = this.cache.responses.invalidations.recent.count
    this.leads?.sent(forward)
    try {
      below.dispatch(
        caller.isBareLegacy ? withoutHttp2(opts) : opts,
        caller.isWrapped && below.passesRaw ? new LegacyFace(forward, below) : forward
      )
    } catch (error) {
      outcome.failed(error, false)
    }
  }

  /** Gives the caller a response that does not come from the network. `isOthers`: somebody else may read its body too. */
  play(head: Head, body: Body, isOthers = false): void {
    const { store } = this.cache.responses
    serveStored(this.caller, head, body, isOthers || store.copiesBodies)
  }

  /** Gives the caller the 504 that stands for "not from here" (REQ-06, STALE-08). */
  playGatewayTimeout(): void {
    this.play(gatewayTimeoutHead, noBytes)
  }

  /** Tells how it went; what is told first counts. */
  tell(decision: Pick<CacheDecision, 'outcome'> & Partial<CacheDecision>): void {
    if (this.#hasTold) return
    this.#hasTold = true
    const { status } = decision
    this.#backgroundEnded?.(status === undefined || status >= 500)
    const { listeners, counts } = this.cache
    counts.decided(decision, this.isBackground)
    this.leads?.over(decision.stored === true)
    if (!this.isHeard) return
    const told = {
      ...this.about,
      stored: false,
      ...decision,
      ...(this.waitedInVain && { collapsed: false }),
      ...(this.isBackground && { background: true as const })
    }
    this.asked.toldTo?.(told)
    if (listeners.listening) listeners.tell(told)
  }

  /** A validation in the background is not made after all. `hasFailed`: nor is another one for a while. */
  giveUp(hasFailed: boolean): void {
    this.#hasTold = true
    this.#backgroundEnded?.(hasFailed)
    this.leads?.over(false)
  }

  /** Tells what is known once the head of an answer has come, to who asked about this request. */
  tellSoFar(outcome: CacheDecision['outcome'], reason: ForwardReason, status: number): void {
    this.asked.toldTo?.({ ...this.about, outcome, reason, status, stored: false })
  }
}
