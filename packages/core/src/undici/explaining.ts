import type { CacheOptions } from '../options.js'
import { readOptions, type Settings } from '../read-options.js'
import { answerForm, headInForm } from '../rules/answer-form.js'
import type { Assessed } from '../rules/assessment.js'
import { withinLength } from '../rules/body-limit.js'
import { type CacheKey, isSecure, type RequestTarget } from '../rules/cache-key.js'
import type { CacheMode } from '../rules/cache-mode.js'
import type { Candidates } from '../rules/candidates.js'
import { asStored } from '../rules/collapsing.js'
import { isForThisCache } from '../rules/foreign-responses.js'
import { currentAge } from '../rules/freshness.js'
import type { EpochMilliseconds, Fields } from '../rules/messages.js'
import type { RuleOptions } from '../rules/options.js'
import { requestControl } from '../rules/request-control.js'
import { decideRequest } from '../rules/request-decision.js'
import { decideReuse } from '../rules/reuse.js'
import type { StorableHead } from '../rules/storable-head.js'
import { decideStoring, type StoringDecision } from '../rules/storing.js'
import { decideStoringPost, mayAnswerGet } from '../rules/storing-post.js'
import { consultableRules, type Trace } from '../rules/trace.js'
import { digest } from '../stored-responses.js'
import { aboutRequest } from './exchange.js'
import type { ConsultedRule, ExplainedRequest, ExplainedResponse, Explanation } from './explanation.js'
import { readQuery } from './read-query.js'
import { type ReadRequest, readRequest } from './read-request.js'
import { requestKey, targetIn } from './request-key.js'
import { inMode } from './request-mode.js'
import { isLookedAt } from './request-view.js'
import { rawFields } from './response-fields.js'

/**
 * Tells by which rules a cache with these options answers `request`, whether it stores `response`, and whether it would
 * serve it now. The rules are the very ones that decide. Nothing is sent, and no store is asked.
 *
 * @throws TypeError for a wrong option, or a URL that is none
 */
export function explain(
  request: ExplainedRequest,
  response?: ExplainedResponse,
  options: CacheOptions = {}
): Explanation {
  return new Explaining(readOptions(options, digest), request).explain(response)
}

/** One explanation while it is worked out. */
export class Explaining {
  readonly #settings: Settings
  readonly #rules: RuleOptions
  readonly #trace: Trace = []
  readonly #consulted: ConsultedRule[] = []
  readonly #read: ReadRequest
  readonly #mode: CacheMode | undefined

  constructor(settings: Settings, request: ExplainedRequest) {
    this.#settings = settings
    this.#rules = { ...settings.rules, trace: this.#trace }
    this.#read = read(request, settings)
    this.#mode = request.cacheMode
  }

  /** Where answers to the request are stored; none if they are not. */
  get key(): CacheKey | undefined {
    return this.#keyOf(this.#read)
  }

  explain(response: ExplainedResponse | undefined): Explanation {
    const decision = this.#decideRequest()
    if (response === undefined || decision.action === 'pass-by') return this.#told(decision)
    const now = this.#settings.clock()
    const { requestTime = now, responseTime = now, answerTo } = response
    const answered = answerTo === undefined ? this.#read : read(answerTo, this.#settings)
    const storing = this.#decideStoring(response, { requestTime, responseTime }, answered, answerTo?.cacheMode)
    if (storing === undefined || !storing.store) return this.#told(decision, storing)
    const candidates = this.#candidates(storing.head, storing.contentLength ?? 0, answered)
    return this.#told(decision, storing, candidates, now)
  }

  /** With what was found in a store. */
  explainFound(candidates: Candidates): Explanation {
    return this.#told(this.#decideRequest(), undefined, candidates, this.#settings.clock())
  }

  #decideRequest(): Explanation['request'] {
    const { request, facts } = this.#read
    if (!isLookedAt(this.#settings, this.#read)) return { action: 'pass-by' }
    const hasKey = this.#keyOf(this.#read) !== undefined
    const decision = decideRequest(request, requestControl(request, this.#mode), facts, hasKey, this.#rules)
    this.#wereConsulted('request')
    return decision
  }

  /** `undefined` if answers to such requests are not looked at. */
  #decideStoring(
    response: ExplainedResponse,
    times: { requestTime: EpochMilliseconds; responseTime: EpochMilliseconds },
    answered: ReadRequest,
    mode: CacheMode | undefined
  ): StoringDecision | undefined {
    const { status, statusText = '', isHttp2 = false } = response
    const head = { status, statusText, fields: fieldLines(response.headers) }
    const framing = { framed: isHttp2, redirected: false }
    const { request, facts } = answered
    const control = requestControl(request, answered === this.#read ? this.#mode : mode)
    const { rules } = this.#settings
    const { action } = decideRequest(request, control, facts, this.#keyOf(answered) !== undefined, rules)
    if (action === 'forward-unsafe') {
      if (!mayAnswerGet(request, control, rules)) return undefined
      const target = this.#targetOf(answered)
      return this.#fitting(decideStoringPost(request, target, head, times, framing, this.#rules), response)
    }
    if (action !== 'look-up' && action !== 'forward') return undefined
    return this.#fitting(decideStoring(request, head, times, framing, this.#rules), response)
  }

  #fitting(decision: StoringDecision, { bodyBytes }: ExplainedResponse): StoringDecision {
    const { maxEntryBytes, store } = this.#settings
    const maxBytes = Math.min(maxEntryBytes, store?.maxEntryBytes ?? Number.POSITIVE_INFINITY)
    const whole = decision.store ? { ...decision, contentLength: decision.contentLength ?? bodyBytes } : decision
    const fitting = withinLength(whole, maxBytes, this.#rules)
    this.#wereConsulted('storing')
    return fitting
  }

  /** The response as if it were stored, where the request looks. */
  #candidates(head: StorableHead, bodyBytes: number, answered: ReadRequest): Candidates {
    const key = this.#keyOf(answered)
    if (key === undefined || key.key !== this.#keyOf(this.#read)?.key) return { stored: [], marks: new Map() }
    const assessed = asStored(key, head, this.#settings.rules, bodyBytes)
    const mayUse = isForThisCache(assessed, this.#settings.rules)
    return {
      stored: [{ stored: assessed.stored, marks: [], assessed: () => (mayUse ? assessed : undefined) }],
      marks: new Map()
    }
  }

  #told(
    decision: Explanation['request'],
    storing?: StoringDecision,
    candidates?: Candidates,
    now: EpochMilliseconds = this.#settings.clock()
  ): Explanation {
    const looks = decision.action === 'look-up' && candidates !== undefined
    const reuse = looks ? this.#decideReuse(candidates, now) : undefined
    const about = reuse?.selected ?? candidates?.stored[0]?.assessed()
    return {
      ...aboutRequest(this.#read.request, this.#read.target, this.#settings),
      request: decision,
      ...(storing !== undefined && { storing: toldOf(storing) }),
      ...(reuse !== undefined && { reuse: reuse.told }),
      ...(about !== undefined && freshnessOf(about, now)),
      consulted: this.#consulted
    }
  }

  #decideReuse(
    candidates: Candidates,
    now: EpochMilliseconds
  ): { readonly told: NonNullable<Explanation['reuse']>; readonly selected: Assessed | undefined } {
    const { request, target } = this.#read
    const control = requestControl(request, this.#mode)
    const decision = decideReuse(request, control, candidates, now, isSecure(target), this.#rules)
    const selected = 'selected' in decision ? decision.selected : undefined
    const { action } = decision
    const serves = action === 'serve' || action === 'serve-and-validate'
    const status = serves && selected !== undefined ? this.#servedStatus(selected) : undefined
    this.#wereConsulted('reuse')
    const told = {
      action,
      ...('reason' in decision && { reason: decision.reason }),
      ...('stale' in decision && decision.stale !== undefined && { stale: decision.stale }),
      ...('mayFallBack' in decision && { mayFallBack: decision.mayFallBack }),
      ...(status !== undefined && { status })
    }
    return { told, selected }
  }

  /** What the caller gets of a stored response that is served. */
  #servedStatus(selected: Assessed): number {
    const form = answerForm(this.#read.request, selected, this.#rules)
    return headInForm(form, selected, selected.stored.fields, this.#rules).status
  }

  #targetOf(read: ReadRequest): RequestTarget {
    return targetIn(this.#settings, read) ?? read.target
  }

  #keyOf(read: ReadRequest): CacheKey | undefined {
    const { rules, queryBodyLimit } = this.#settings
    const target = targetIn(this.#settings, read)
    const query = read.request.method === 'QUERY' ? readQuery(read.opts, queryBodyLimit) : undefined
    return target && requestKey(target, read.request, query, rules)
  }

  /** What was asked since the last time belongs to this step. */
  #wereConsulted(step: ConsultedRule['step']): void {
    for (const { requirement, applies } of this.#trace.splice(0)) {
      const [section, meaning] = consultableRules[requirement]
      this.#consulted.push({ step, requirement, section, meaning, applies })
    }
  }
}

/** @throws TypeError for what is no request that HTTP knows */
function read({ url, method = 'GET', headers, cacheMode, body }: ExplainedRequest, settings: Settings): ReadRequest {
  if (!URL.canParse(String(url))) throw new TypeError('explain: not an absolute URL')
  const { origin, pathname, search } = new URL(url)
  const opts = { origin, path: pathname + search, method, headers: headers ?? null, body: (body as string) ?? null }
  const given = readRequest(opts, settings.origin)
  if (given.request === undefined) throw new TypeError('explain: not a request that HTTP knows')
  return cacheMode === undefined ? given : inMode(given, cacheMode)
}

function fieldLines(headers: ExplainedResponse['headers']): Fields {
  if (Array.isArray(headers) && headers.every((member) => typeof member === 'string')) return rawFields(headers)
  const pairs =
    Symbol.iterator in headers ? [...(headers as Iterable<readonly [string, string]>)] : Object.entries(headers)
  return pairs.flatMap(([name, value]) => {
    if (value === undefined) return []
    return Array.isArray(value) ? value.map((line) => [name, line] as const) : [[name, String(value)] as const]
  })
}

function toldOf(decision: StoringDecision): NonNullable<Explanation['storing']> {
  if (!decision.store) return decision
  return { store: true, selectedBy: decision.head.selecting.map(([name]) => name) }
}

function freshnessOf(assessed: Assessed, now: EpochMilliseconds) {
  const { initialAge, lifetime, heuristic, stored } = assessed
  return {
    age: currentAge(initialAge, stored.responseTime, now),
    lifetime,
    heuristic,
    freshUntil: stored.responseTime + (lifetime - initialAge) * 1000,
    keptUntil: stored.dropAt
  }
}
