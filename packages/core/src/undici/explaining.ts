import type { Budget } from '../budget.js'
import type { Lookup } from '../look-ups.js'
import type { CacheOptions } from '../options.js'
import { readOptions, type Settings } from '../read-options.js'
import { answerForm, headInForm } from '../rules/answer-form.js'
import type { Assessed } from '../rules/assessment.js'
import { type CacheKey, isSecure } from '../rules/cache-key.js'
import type { CacheMode } from '../rules/cache-mode.js'
import type { Candidates } from '../rules/candidates.js'
import { currentAge } from '../rules/freshness.js'
import type { EpochMilliseconds } from '../rules/messages.js'
import { noVarySearch, searchIndexKeys } from '../rules/no-vary-search.js'
import type { RuleOptions } from '../rules/options.js'
import { requestControl } from '../rules/request-control.js'
import { decideRequest } from '../rules/request-decision.js'
import { decideReuse, type ReuseDecision } from '../rules/reuse.js'
import { decideElsewhere, leavesOpen } from '../rules/reuse-elsewhere.js'
import type { StoringDecision } from '../rules/storing.js'
import { applies, consultableRules, type Trace } from '../rules/trace.js'
import { digest, type StoredResponses } from '../stored-responses.js'
import { aboutRequest } from './exchange.js'
import { readExplained } from './explained-message.js'
import { nothingStored, type WithAnswer, withAnswer } from './explained-storage.js'
import { decideExplained, keyOf, maxBytesOf, storedAt } from './explained-storing.js'
import { explainTaped } from './explaining-tape.js'
import type { ConsultedRule, ExplainedRequest, ExplainedResponse, Explanation } from './explanation.js'
import type { ReadRequest } from './read-request.js'
import { isLookedAt } from './request-view.js'
import { search } from './searching.js'

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
  const settings = readOptions(options, digest)
  if (settings.tape !== undefined) return explainTaped(settings, settings.tape, request, response)
  return new Explaining(settings, request).explain(response)
}

/** What is done with the request, and whether that was stored for another query. */
interface Reuse {
  readonly decision: ReuseDecision
  readonly elsewhere: boolean
}

/** What is known of an answer that is to be stored. */
interface Answered {
  readonly read: ReadRequest
  readonly storing: StoringDecision
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
    this.#read = readExplained(request, settings)
    this.#mode = request.cacheMode
  }

  /** Where answers to the request are stored; none if they are not. */
  get key(): CacheKey | undefined {
    return keyOf(this.#settings, this.#read)
  }

  /** As if the response were stored beside what a look-up of {@link key} has found. */
  explain(response: ExplainedResponse | undefined, found: Candidates = nothingStored): Explanation {
    const decision = this.#decideRequest()
    if (response === undefined || decision.action === 'pass-by') return this.#told(decision)
    const answered = this.#decideStoring(response)
    if (answered === undefined || !answered.storing.store) return this.#told(decision, answered?.storing)
    const { head, contentLength } = answered.storing
    const key = storedAt(this.#settings, answered.read)
    if (key === undefined) return this.#told(decision, answered.storing)
    const isOwn = key.key === this.key?.key
    const before = isOwn ? found : nothingStored
    const { request } = answered.read
    const { rules } = this.#settings
    const maxBytes = maxBytesOf(this.#settings)
    const stored = withAnswer(request, key, before, head, contentLength ?? 0, maxBytes, rules)
    const reuse = decision.action === 'look-up' ? this.#reuseWith(stored, isOwn, found) : undefined
    return this.#told(decision, answered.storing, reuse, stored)
  }

  /** With what was found in a store. */
  async explainStored(found: Lookup, responses: StoredResponses, budget: Budget): Promise<Explanation> {
    const request = this.#decideRequest()
    if (request.action !== 'look-up') return this.#told(request)
    const decision = this.#decideReuse(found)
    const { searchIndex } = responses
    const { key } = this
    if (searchIndex === undefined || key === undefined || !leavesOpen(decision)) {
      return this.#told(request, undefined, { decision, elsewhere: false })
    }
    const { clock } = this.#settings
    const asked = { ...this.#asked, key, responses, budget, clock, rules: this.#rules }
    const searched = await search(asked, searchIndex, found)
    const elsewhere = searched.found !== undefined
    return this.#told(request, undefined, { decision: searched.found?.decision ?? decision, elsewhere })
  }

  #decideRequest(): Explanation['request'] {
    const { request, facts } = this.#read
    if (!isLookedAt(this.#settings, this.#read)) return { action: 'pass-by' }
    const hasKey = this.key !== undefined
    const decision = decideRequest(request, requestControl(request, this.#mode), facts, hasKey, this.#rules)
    this.#wereConsulted('request')
    return decision
  }

  /** `undefined` if answers to such requests are not looked at. */
  #decideStoring(response: ExplainedResponse): Answered | undefined {
    const { answerTo } = response
    const read = answerTo === undefined ? this.#read : readExplained(answerTo, this.#settings)
    const mode = answerTo === undefined ? this.#mode : answerTo.cacheMode
    const storing = decideExplained(this.#settings, this.#rules, read, mode, response)
    this.#wereConsulted('storing')
    return storing && { read, storing }
  }

  /** With the answer stored: where the request looks, or for another query of the same path. */
  #reuseWith({ candidates, answer }: WithAnswer, isOwn: boolean, found: Candidates): Reuse {
    const decision = this.#decideReuse(isOwn ? candidates : found)
    const rules = noVarySearch(answer.fields)
    const own = this.key && searchIndexKeys(this.key.key)
    if (isOwn || !this.#rules.noVarySearch || rules === undefined || own === undefined || !leavesOpen(decision)) {
      return { decision, elsewhere: false }
    }
    const { request, control, isSecure } = this.#asked
    const now = this.#settings.clock()
    const covered = own.covers(answer.stored.key, rules)
      ? decideElsewhere(request, control, candidates, rules.text, now, isSecure, this.#rules)
      : undefined
    applies(this.#rules, 'NVS-01', covered !== undefined)
    return { decision: covered ?? decision, elsewhere: covered !== undefined }
  }

  #decideReuse(candidates: Candidates): ReuseDecision {
    const { request, control, isSecure } = this.#asked
    return decideReuse(request, control, candidates, this.#settings.clock(), isSecure, this.#rules)
  }

  get #asked() {
    const { request, target } = this.#read
    return { request, control: requestControl(request, this.#mode), isSecure: isSecure(target) }
  }

  #told(decision: Explanation['request'], storing?: StoringDecision, reuse?: Reuse, stored?: WithAnswer): Explanation {
    const told = reuse && this.#toldReuse(reuse)
    const about = (reuse && 'selected' in reuse.decision ? reuse.decision.selected : undefined) ?? stored?.answer
    return {
      ...aboutRequest(this.#read.request, this.#read.target, this.#settings),
      request: decision,
      ...(storing !== undefined && { storing: toldOf(storing, stored) }),
      ...(told !== undefined && { reuse: told }),
      ...(about !== undefined && freshnessOf(about, this.#settings.clock())),
      consulted: this.#consulted
    }
  }

  #toldReuse({ decision, elsewhere }: Reuse): NonNullable<Explanation['reuse']> {
    const { action } = decision
    const serves = action === 'serve' || action === 'serve-and-validate'
    const status = serves ? this.#servedStatus(decision.selected) : undefined
    this.#wereConsulted('reuse')
    return {
      // What was stored for another query is never asked about.
      action: elsewhere && action === 'validate' ? 'forward' : action,
      ...('reason' in decision && { reason: decision.reason }),
      ...('stale' in decision && decision.stale !== undefined && { stale: decision.stale }),
      ...('mayFallBack' in decision && { mayFallBack: decision.mayFallBack }),
      ...(action === 'complete' && { missing: decision.completion.missing }),
      ...(elsewhere && { elsewhere }),
      ...(status !== undefined && { status })
    }
  }

  /** What the caller gets of a stored response that is served. */
  #servedStatus(selected: Assessed): number {
    const form = answerForm(this.#read.request, selected, this.#rules)
    return headInForm(form, selected, selected.stored.fields, this.#rules).status
  }

  /** What was asked since the last time belongs to this step. */
  #wereConsulted(step: ConsultedRule['step']): void {
    for (const { requirement, applies } of this.#trace.splice(0)) {
      const [section, meaning] = consultableRules[requirement]
      this.#consulted.push({ step, requirement, section, meaning, applies })
    }
  }
}

function toldOf(decision: StoringDecision, stored: WithAnswer | undefined): NonNullable<Explanation['storing']> {
  if (!decision.store) return decision
  const { head, contentLength = 0 } = decision
  const { part, selecting } = head
  return {
    store: true,
    selectedBy: selecting.map(([name]) => name),
    ...(part !== undefined && { part: { ...part, last: part.first + contentLength - 1 } }),
    ...(stored?.combined !== undefined && { combined: stored.combined })
  }
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
