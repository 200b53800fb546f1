import { isPromise } from '../awaitable.js'
import { NotCachedError } from '../errors.js'
import { lookupChannel } from '../events.js'
import { type Lookup, without } from '../look-ups.js'
import type { Assessed } from '../rules/assessment.js'
import type { ForwardReason } from '../rules/cache-status.js'
import type { Seconds } from '../rules/messages.js'
import { type Unanswered, unanswered } from '../rules/request-control.js'
import { decideReuse, type ReuseDecision } from '../rules/reuse.js'
import { leavesOpen } from '../rules/reuse-elsewhere.js'
import type { StalePermission } from '../rules/serving-stale.js'
import type { SearchIndex } from '../search-index.js'
import type { Body } from '../store.js'
import { forwardBeside, forwardTogether, validateTogether } from './collapsing.js'
import { complete } from './completing.js'
import type { Exchange } from './exchange.js'
import { forward } from './forwarding.js'
import { type FoundElsewhere, search } from './searching.js'
import { bodyFor, playStored } from './serving.js'
import { tellLookup } from './telling.js'
import { askInBackground, validateInBackground } from './validating-in-background.js'

/** Answers from the cache or from the origin, whichever the rules say. */
export function answer(exchange: Exchange): void {
  afterLookup(exchange, answerFrom)
}

/** Sends the request on whatever is stored; the answer may be stored (A6, A7). */
export function forwardAnyway(exchange: Exchange, reason: ForwardReason): void {
  afterLookup(exchange, (exchange, lookup) => forward(exchange, lookup, reason))
}

/** `only-if-cached` was asked, and nothing may be served: a 504 to the directive (REQ-06), an error to the mode (MODE-05). */
export function refuse(exchange: Exchange, { action }: Unanswered): void {
  if (action === 'network-error') {
    exchange.tell({ outcome: action })
    return exchange.caller.fail(new NotCachedError())
  }
  exchange.tell({ outcome: action, status: 504 })
  exchange.playGatewayTimeout()
}

type AfterLookup = (exchange: Exchange, lookup: Lookup | undefined) => void

function afterLookup(exchange: Exchange, next: AfterLookup): void {
  const { cache, asked, budget } = exchange
  cache.later.do(asked.key.key)
  const began = lookupChannel.hasSubscribers ? performance.now() : undefined
  const lookup = cache.responses.lookUp(asked.key, budget)
  if (isPromise(lookup)) return waitForLookup(exchange, lookup, next, began)
  if (began !== undefined) tellLookup(exchange, lookup, began)
  next(exchange, lookup)
}

function waitForLookup(
  exchange: Exchange,
  lookup: Promise<Lookup | undefined>,
  next: AfterLookup,
  began: number | undefined
): void {
  const { caller } = exchange
  caller.start()
  lookup.then((lookup) => {
    if (began !== undefined) tellLookup(exchange, lookup, began)
    if (caller.ended) exchange.tell({ outcome: 'aborted' })
    else next(exchange, lookup)
  })
}

function answerFrom(exchange: Exchange, lookup: Lookup | undefined): void {
  const { request, control } = exchange.asked
  if (lookup === undefined) return forwardUnlessRefused(exchange, undefined)
  const { settings, responses } = exchange.cache
  const decision = decideReuse(request, control, lookup, settings.clock(), exchange.isSecure, settings.rules)
  if (responses.searchIndex === undefined) carryOut(exchange, lookup, decision)
  else carryOutOrSearch(exchange, lookup, decision, responses.searchIndex)
}

/** Where nothing is of use that was stored for this very URI, what was stored for another may be. */
function carryOutOrSearch(exchange: Exchange, lookup: Lookup, decision: ReuseDecision, index: SearchIndex): void {
  if (!leavesOpen(decision)) return carryOut(exchange, lookup, decision)
  const { asked, budget, caller, cache, isSecure } = exchange
  const { responses, settings } = cache
  const { clock, rules } = settings
  caller.start()
  search({ ...asked, budget, isSecure, responses, clock, rules }, index, lookup).then(({ own, found }) => {
    if (caller.ended) exchange.tell({ outcome: 'aborted' })
    else if (found === undefined) carryOut(exchange, own, decision)
    else carryOutElsewhere(exchange, own, found)
  })
}

/** `own` is the look-up of the request itself, for which something else was found. */
function carryOutElsewhere(exchange: Exchange, own: Lookup, { lookup, decision }: FoundElsewhere): void {
  const { selected } = decision
  const again = (lookup: Lookup | undefined) => answerFrom(exchange, lookup)
  switch (decision.action) {
    case 'serve':
      return serve(exchange, lookup, selected, decision.age, decision.stale, own)
    case 'serve-and-validate':
      serve(exchange, lookup, selected, decision.age, decision.stale, own)
      return askInBackground(exchange, own, lookup, selected)
    case 'validate': {
      const { reason, mayFallBack } = decision
      if (!mayFallBack) return forwardTogether(exchange, own, reason, again)
      return forwardBeside({ exchange, lookup: own, selected, reason, mayFallBack, elsewhere: lookup }, again)
    }
    default:
      return decision satisfies never
  }
}

function carryOut(exchange: Exchange, lookup: Lookup, decision: ReuseDecision): void {
  const again = (lookup: Lookup | undefined) => answerFrom(exchange, lookup)
  switch (decision.action) {
    case 'serve':
      return serve(exchange, lookup, decision.selected, decision.age, decision.stale)
    case 'serve-and-validate':
      serve(exchange, lookup, decision.selected, decision.age, decision.stale)
      return validateInBackground(exchange, lookup, decision.selected)
    case 'validate':
      return validateTogether(exchange, lookup, decision.selected, decision.reason, decision.mayFallBack, again)
    case 'complete':
      return complete(exchange, lookup, decision.completion)
    case 'forward':
      return forwardTogether(exchange, lookup, decision.reason, again)
    case 'gateway-timeout':
    case 'network-error':
      return refuse(exchange, decision)
    default:
      return decision satisfies never
  }
}

/** `own` is the look-up of the request itself, where that is another one. */
function serve(
  exchange: Exchange,
  lookup: Lookup,
  selected: Assessed,
  age: Seconds,
  stale?: StalePermission,
  own?: Lookup
): void {
  const body = bodyFor(exchange, lookup, selected)
  if (isPromise(body)) body.then((body) => serveBody(exchange, lookup, selected, body, age, stale, own))
  else serveBody(exchange, lookup, selected, body, age, stale, own)
}

function serveBody(
  exchange: Exchange,
  lookup: Lookup,
  selected: Assessed,
  body: Body | undefined,
  age: Seconds,
  stale: StalePermission | undefined,
  own: Lookup | undefined
): void {
  if (body !== undefined) return playStored(exchange, selected, body, age, stale)
  // What was selected cannot be served after all: it counts as never stored.
  forwardUnlessRefused(exchange, own ?? without(lookup, selected))
}

/** Nothing is there that could be served. */
function forwardUnlessRefused(exchange: Exchange, lookup: Lookup | undefined): void {
  const instead = unanswered(exchange.asked.control)
  if (instead === undefined) forward(exchange, lookup, 'uri-miss')
  else refuse(exchange, instead)
}
