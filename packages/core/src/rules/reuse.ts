import type { Assessed } from './assessment.js'
import { isUnqualified } from './assessment.js'
import { type DeltaSeconds, type Directives, noDirectives, parseCacheControl } from './cache-control.js'
import { dependsOnItsGroups } from './cache-groups.js'
import { besideMode, type CacheMode, hasPrecondition, type StaleMode } from './cache-mode.js'
import { type Candidate, type Candidates, selectedBy } from './candidates.js'
import { type Completion, completionOf } from './completing.js'
import { breaksLines, isToken, maxFieldValueLength, members } from './fields.js'
import { currentAge, isClockUsable } from './freshness.js'
import { isInvalidated, type Marks } from './invalidation.js'
import type { EpochMilliseconds, Request, RequestFields, Seconds } from './messages.js'
import { isCacheable, isSafe } from './methods.js'
import type { RuleOptions } from './options.js'
import { askedRange, covers } from './ranges.js'
import { varyNames } from './selecting-fields.js'
import { maySetCookie } from './storing.js'
import { applies } from './trace.js'
import { isUsable } from './validators.js'

/** Why a request was sent on, as RFC 9211 §2.2 spells it. */
export type ForwardReason = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'request' | 'stale' | 'partial'

/** What allowed a stale response to be served, as the decision names it. */
export type StalePermission = 'max-stale' | 'stale-while-revalidate' | 'stale-if-error' | StaleMode

/** What the request itself asks of caches. RFC 9111 §5.2.1. */
export interface RequestControl {
  readonly directives: Directives
  /** `no-cache`, or what counts as such (REQ-04, REQ-08, PARSE-05). */
  readonly noCache: boolean
  readonly mode: CacheMode | undefined
}

/** What comes in place of a forward that the request forbids (REQ-06, MODE-05). */
export type Unanswered = { readonly action: 'gateway-timeout' } | { readonly action: 'network-error' }

/** What a request is, before anything stored is looked at: Table A, rows 1 to 6. */
export type RequestDecision =
  | { readonly action: 'bypass'; readonly reason: ForwardReason; readonly requirement: string }
  | { readonly action: 'forward-unsafe' }
  | Unanswered
  | { readonly action: 'forward'; readonly reason: ForwardReason }
  | { readonly action: 'look-up' }

/** What is done with a request given what is stored: Table A, from row 8 on. RFC 9111 §4. */
export type ReuseDecision =
  | { readonly action: 'serve'; readonly selected: Assessed; readonly age: Seconds; readonly stale?: StalePermission }
  | {
      readonly action: 'serve-and-validate'
      readonly selected: Assessed
      readonly age: Seconds
      readonly stale: StalePermission
    }
  | {
      readonly action: 'validate'
      readonly selected: Assessed
      readonly reason: ForwardReason
      readonly mayFallBack: boolean
    }
  | { readonly action: 'complete'; readonly completion: Completion }
  | { readonly action: 'forward'; readonly reason: ForwardReason }
  | Unanswered

/** What is known of a request besides its fields. */
export interface RequestFacts {
  readonly hasContent: boolean
  readonly isUpgrade: boolean
}

const overrides = ['x-http-method-override', 'x-http-method', 'x-method-override']
const gatewayTimeout = { action: 'gateway-timeout' } as const
const networkError = { action: 'network-error' } as const
const lookUp = { action: 'look-up' } as const
const untraced: Pick<RuleOptions, 'trace'> = {}
const noControl: RequestControl = { directives: noDirectives, noCache: false, mode: undefined }

/** What a request asks of caches, by its fields and by the mode it was made with. One with a mode is not plain. */
export function requestControl(request: Request, mode?: CacheMode): RequestControl {
  if (request.isPlain) return noControl
  const control = controlOf(request)
  if (mode === undefined) return control
  if (mode === 'default') return { ...control, mode }
  return { directives: besideMode(control.directives), noCache: mode === 'no-cache', mode }
}

/** Whether the request is not to be sent on, and what comes instead. */
export function unanswered(
  { directives, mode }: RequestControl,
  options: Pick<RuleOptions, 'trace'> = untraced
): Unanswered | undefined {
  if (applies(options, 'MODE-05', mode === 'only-if-cached')) return networkError
  return applies(options, 'REQ-06', directives.onlyIfCached) ? gatewayTimeout : undefined
}

function controlOf({ fields }: Request): RequestControl {
  const value = fields.get('cache-control')
  if (value === undefined) {
    const pragma = fields.get('pragma')
    const noCache = pragma !== undefined && members(pragma).some((member) => member.toLowerCase() === 'no-cache')
    return noCache ? { ...noControl, noCache } : noControl
  }
  const directives = parseCacheControl(value)
  const { noCache, maxAge, minFresh } = directives
  return {
    directives,
    noCache: noCache !== false || maxAge === 'invalid' || minFresh === 'invalid',
    mode: undefined
  }
}

/** What is done with a request whatever is stored. Without a key nothing can be stored for it, or be invalidated by it. */
export function decideRequest(
  request: Request,
  control: RequestControl,
  facts: RequestFacts,
  hasKey: boolean,
  options: RuleOptions
): RequestDecision {
  const { method } = request
  if (isCacheable(method)) {
    const decision = decideRead(request, control, facts, hasKey, options)
    return decision.action === 'look-up' ? decision : (unanswered(control, options) ?? decision)
  }
  if (applies(options, 'METH-02', method === 'CONNECT')) return bypass('bypass', 'METH-02')
  if (applies(options, 'METH-02', !isSafe(method))) {
    return applies(options, 'KEY-05', !hasKey) ? bypass('bypass', 'KEY-05') : { action: 'forward-unsafe' }
  }
  applies(options, 'METH-01', true)
  return bypass('method', 'METH-01')
}

function decideRead(
  request: Request,
  control: RequestControl,
  facts: RequestFacts,
  hasKey: boolean,
  options: RuleOptions
): RequestDecision {
  const { method } = request
  const isQuery = method === 'QUERY'
  const keyRule = isQuery ? 'QRY-02' : 'KEY-05'
  if (applies(options, 'METH-02', facts.isUpgrade)) return bypass('bypass', 'METH-02')
  if (applies(options, 'METH-01', !options.methods.has(method))) return bypass('method', 'METH-01')
  if (applies(options, keyRule, !hasKey)) return bypass('bypass', keyRule)
  if (applies(options, 'METH-06', facts.hasContent && !isQuery)) return bypass('bypass', 'METH-06')
  if (request.isPlain) return lookUp
  const { fields } = request
  if (applies(options, 'METH-02', fields.has('upgrade'))) return bypass('bypass', 'METH-02')
  const requirement = keepsOut(request, control, options)
  if (requirement !== undefined) return bypass('bypass', requirement)
  if (applies(options, 'RNG-05', isForOriginAlone(request, options))) return bypass('bypass', 'RNG-05')
  if (isQuery && applies(options, 'QRY-03', fields.has('range'))) return bypass('bypass', 'QRY-03')
  const isForOrigin = fields.has('if-match') || fields.has('if-unmodified-since')
  if (applies(options, 'VAL-12', isForOrigin)) return { action: 'forward', reason: 'bypass' }
  return applies(options, 'MODE-01', control.mode === 'reload') ? { action: 'forward', reason: 'request' } : lookUp
}

/** The requirement by which this request is not looked up, and nothing of its answer stored, whatever its method. */
export function keepsOut(
  { fields, isPlain }: Request,
  { directives, mode }: RequestControl,
  options: RuleOptions
): string | undefined {
  if (isPlain) return undefined
  if (applies(options, 'MODE-01', mode === 'no-store')) return 'MODE-01'
  if (applies(options, 'MODE-02', mode === 'default' && hasPrecondition(fields))) return 'MODE-02'
  if (applies(options, 'REQ-05', directives.noStore)) return 'REQ-05'
  if (applies(options, 'METH-06', overrides.some(fields.has, fields))) return 'METH-06'
  const isTooLong = (fields.get('cache-control')?.length ?? 0) > maxFieldValueLength
  if (applies(options, 'SEC-04', isTooLong)) return 'SEC-04'
  if (applies(options, 'SEC-01', hasMalformedLine(fields))) return 'SEC-01'
  const barsAuthorized = options.type === 'shared' && options.bypassAuthorized
  return applies(options, 'AUTH-02', barsAuthorized && fields.has('authorization')) ? 'AUTH-02' : undefined
}

function hasMalformedLine(fields: RequestFields): boolean {
  for (const [name, value] of fields) if (!isToken(name) || breaksLines(value)) return true
  return false
}

/** Whether it asks for ranges that are not cut here (RNG-01, RNG-05). */
function isForOriginAlone(request: Request, { ranges }: RuleOptions): boolean {
  if (ranges === 'off') return request.method === 'GET' && request.fields.has('range')
  return askedRange(request) === 'foreign'
}

/** The stored responses that could answer the request, fresh or not. RFC 9111 §4. */
export function selectable(request: Request, candidates: Candidates, options: RuleOptions): readonly Assessed[] {
  return selectedBy(request, candidates, options).flatMap((candidate) => {
    return answers(candidate, request) ? (candidate.assessed() ?? []) : []
  })
}

/** The one to be used of several selectable responses (VARY-08, VARY-09). RFC 9111 §4.1. */
export function mostRecent(candidates: readonly Assessed[]): Assessed | undefined {
  let best: Assessed | undefined
  for (const candidate of candidates) if (best === undefined || precedes(candidate, best)) best = candidate
  return best
}

/** Whether to serve, to validate or to forward. `isSecure` says that nobody on the way could have cut the response. */
export function decideReuse(
  request: Request,
  control: RequestControl,
  candidates: Candidates,
  now: EpochMilliseconds,
  isSecure: boolean,
  options: RuleOptions
): ReuseDecision {
  const { marks, stored } = candidates
  let selected: Assessed | undefined
  let invalid = false
  let parts: Assessed[] | undefined
  const matching = selectedBy(request, candidates, options)
  for (const candidate of matching) {
    const assessed = usable(candidate, request, marks, now, options)
    if (assessed === undefined || (selected !== undefined && !precedes(assessed, selected))) continue
    if (assessed.stored.part !== undefined && !covers(request, assessed)) {
      parts ??= []
      if (!isInvalidated(candidate, marks)) parts.push(assessed)
      continue
    }
    selected = assessed
    invalid = isInvalidated(candidate, marks)
  }
  if (selected === undefined) {
    if (applies(options, 'RNG-09', parts !== undefined)) {
      return unanswered(control, options) ?? decideCompleting(request, parts ?? [], options)
    }
    const asking = matching.length === 0 ? options : untraced
    const isKnown = stored.some((candidate) => usable(candidate, request, marks, now, asking) !== undefined)
    applies(options, 'VARY-01', isKnown)
    const instead = unanswered(control, options)
    if (instead !== undefined) return instead
    return { action: 'forward', reason: isKnown ? 'vary-miss' : 'uri-miss' }
  }
  const decision = decideSelected(selected, control, invalid, now, isSecure, options)
  if (decision.action === 'serve') return decision
  const instead = unanswered(control, options)
  if (instead === undefined) return decision
  if (decision.action === 'validate') return instead
  return decision.action === 'serve-and-validate' ? { ...decision, action: 'serve' } : decision
}

/** Only parts are stored, none of which has all that is asked for: Table A, row 10. */
function decideCompleting(request: Request, valid: readonly Assessed[], options: RuleOptions): ReuseDecision {
  const newest = mostRecent(valid)
  const completion = newest && completionOf(request, newest, valid, options)
  if (applies(options, 'RNG-10', completion !== undefined) && completion !== undefined) {
    return { action: 'complete', completion }
  }
  return { action: 'forward', reason: 'partial' }
}

/** What is known of a candidate that could be served, perhaps once it is validated, if its selecting fields match. */
function usable(
  candidate: Candidate,
  request: Request,
  marks: Marks,
  now: EpochMilliseconds,
  options: Pick<RuleOptions, 'trace'>
): Assessed | undefined {
  if (applies(options, 'METH-04', !answers(candidate, request))) return undefined
  if (applies(options, 'STORE-12', isPastItsTime(candidate, now))) return undefined
  const assessed = candidate.assessed()
  if (assessed === undefined || (isInvalidated(candidate, marks) && !isUsable(assessed.validators))) {
    applies(options, 'INV-04', assessed !== undefined)
    return undefined
  }
  return assessed
}

/** Whether a stored response that was invalidated can never be served again since it cannot be validated (INV-04). */
export function isLost(candidate: Candidate): boolean {
  const assessed = candidate.assessed()
  return assessed !== undefined && !isUsable(assessed.validators)
}

/** Whether a stored response was only kept until now. */
export function isPastItsTime({ stored }: Pick<Candidate, 'stored'>, now: EpochMilliseconds): boolean {
  return stored.dropAt <= now && Number.isFinite(now)
}

/** Table A from row 11 on: one stored response was selected. */
function decideSelected(
  selected: Assessed,
  control: RequestControl,
  invalid: boolean,
  now: EpochMilliseconds,
  isSecure: boolean,
  options: RuleOptions
): ReuseDecision {
  const { lifetime, directives: response, stored } = selected
  const { directives: asked } = control
  if (
    applies(options, 'INV-04', invalid) ||
    applies(options, 'RESP-01', isUnqualified(response.noCache)) ||
    applies(options, 'CLK-02', !isClockUsable(now, stored.responseTime))
  ) {
    return validate(selected, 'stale', false)
  }
  const age = currentAge(selected.initialAge, stored.responseTime, now)
  const isFresh = applies(options, 'FRESH-04', lifetime > age)
  if (applies(options, 'REQ-04', control.noCache)) return validate(selected, isFresh ? 'request' : 'stale', false)
  if (isFresh) {
    const youngEnough = meets(asked.maxAge, age) || isImmutable(selected, isSecure, options)
    const freshEnough = asked.minFresh === undefined || lifetime - age >= (asked.minFresh as Seconds)
    const isRefused = applies(options, 'REQ-01', !youngEnough) || applies(options, 'REQ-03', !freshEnough)
    return isRefused ? validate(selected, 'request', true) : { action: 'serve', selected, age }
  }
  const staleness = age - lifetime
  const barred = selected.staleBar
  const gives = barred === 's-maxage' && options.sMaxAgeAllowsStale
  if (applies(options, 'STALE-02', barred !== 'none' && !gives)) return validate(selected, 'stale', false)
  const { mode } = control
  const allowing = barred === 'none' && (mode === 'force-cache' || mode === 'only-if-cached') ? mode : undefined
  if (applies(options, 'MODE-04', allowing !== undefined)) {
    return { action: 'serve', selected, age, stale: allowing as StalePermission }
  }
  const allowsStale =
    barred === 'none' && allows(asked.maxStale, staleness) && asked.minFresh === undefined && meets(asked.maxAge, age)
  if (applies(options, 'REQ-02', allowsStale)) {
    return { action: 'serve', selected, age, stale: 'max-stale' }
  }
  const unasked = asked.maxAge === undefined && asked.minFresh === undefined
  if (applies(options, 'STALE-03', unasked && allows(response.staleWhileRevalidate, staleness))) {
    return { action: 'serve-and-validate', selected, age, stale: 'stale-while-revalidate' }
  }
  return validate(selected, 'stale', true)
}

/** Whether a forward that failed may be answered with the stored response (STALE-05). RFC 5861 §4. */
export function mayServeOnError(
  selected: Assessed,
  { directives }: RequestControl,
  now: EpochMilliseconds,
  options: RuleOptions
): boolean {
  const { stored, lifetime, initialAge, staleBar, directives: response } = selected
  if (!isClockUsable(now, stored.responseTime)) return false
  const staleness = Math.max(0, currentAge(initialAge, stored.responseTime, now) - lifetime)
  const isFresh = lifetime > currentAge(initialAge, stored.responseTime, now)
  if (!isFresh && staleBar !== 'none') {
    return staleBar === 's-maxage' && options.sMaxAgeAllowsStale && allows(response.staleIfError, staleness)
  }
  const { staleIfErrorSeconds } = options
  return (
    allows(response.staleIfError, staleness) ||
    allows(directives.staleIfError, staleness) ||
    (staleIfErrorSeconds > 0 && staleness <= staleIfErrorSeconds)
  )
}

/**
 * Whether this cache may use what another one has stored: one of another type may share the store, or one with other
 * options. A shared cache uses nothing that was meant for one user, and nobody uses what is selected by less than its
 * `Vary`, or what says `no-store` to caches like this one (AUTH-06, GRP-01, STORE-01, STORE-03, TGT-01, VARY-01).
 */
export function isForThisCache({ stored, fields, directives }: Assessed, options: RuleOptions): boolean {
  if ('tape' in stored) return false
  const names = varyNames(fields)
  if (names === '*' || (directives.noStore && !directives.mustUnderstand)) return false
  if (!dependsOnItsGroups(stored, fields, options)) return false
  for (const name of names) if (!stored.selecting.some(([selected]) => selected === name)) return false
  if (options.type === 'private') return true
  return !isUnqualified(directives.private) && (!fields.has('set-cookie') || maySetCookie(directives, options))
}

function answers({ stored }: Candidate, request: Request): boolean {
  return stored.method === request.method || (stored.method === 'GET' && request.method === 'HEAD')
}

function precedes(one: Assessed, other: Assessed): boolean {
  const varies = one.stored.selecting.length > 0
  if (varies !== other.stored.selecting.length > 0) return varies
  if (one.date !== other.date) return one.date > other.date
  return one.stored.responseTime > other.stored.responseTime
}

/**
 * `immutable` counts where nobody could have cut or changed the response on its way; a body without a length might have
 * ended with its connection only if such bodies are stored at all (RESP-08). RFC 8246 §2.
 */
function isImmutable({ directives, fields }: Assessed, isSecure: boolean, options: RuleOptions): boolean {
  return directives.immutable && isSecure && (fields.has('content-length') || !options.storeCloseDelimited)
}

/** Whether an age meets the `max-age` of a request, which is met if absent (REQ-01). */
function meets(maxAge: DeltaSeconds, age: Seconds): boolean {
  return maxAge === undefined || (typeof maxAge === 'number' && age <= maxAge)
}

/** Whether a directive is there and covers this much staleness. */
function allows(window: DeltaSeconds, staleness: Seconds): boolean {
  return typeof window === 'number' && staleness <= window
}

function validate(selected: Assessed, reason: ForwardReason, mayFallBack: boolean): ReuseDecision {
  return { action: 'validate', selected, reason, mayFallBack }
}

function bypass(reason: ForwardReason, requirement: string): RequestDecision {
  return { action: 'bypass', reason, requirement }
}
