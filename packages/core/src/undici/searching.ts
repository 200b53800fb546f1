import type { Budget } from '../budget.js'
import type { Lookup } from '../look-ups.js'
import type { CacheKey } from '../rules/cache-key.js'
import type { EpochMilliseconds, Request } from '../rules/messages.js'
import type { RuleOptions } from '../rules/options.js'
import type { RequestControl } from '../rules/request-control.js'
import { decideElsewhere, type ElsewhereDecision, isBetter } from '../rules/reuse-elsewhere.js'
import { applies } from '../rules/trace.js'
import type { SearchIndex } from '../search-index.js'
import type { StoredResponses } from '../stored-responses.js'

/** Who looks for a response, and where. */
export interface Searching {
  readonly request: Request
  readonly control: RequestControl
  readonly key: CacheKey
  readonly isSecure: boolean
  readonly responses: StoredResponses
  readonly budget: Budget
  readonly clock: () => EpochMilliseconds
  readonly rules: RuleOptions
}

/** A response that was stored for another query, and what is done with it. */
export interface FoundElsewhere {
  readonly lookup: Lookup
  readonly decision: ElsewhereDecision
}

/** What was found for a request for which nothing is stored under its own key. */
export interface Searched {
  /** Of its own key, with what is known of the path. */
  readonly own: Lookup
  readonly found: FoundElsewhere | undefined
}

/** Looks for a response to another query that makes no difference (NVS-01). The first that may be served as it is will do. */
export async function search(searching: Searching, index: SearchIndex, lookup: Lookup): Promise<Searched> {
  const { key, budget, rules } = searching
  const own = await index.lookUp(lookup, budget)
  let best: FoundElsewhere | undefined
  const others = own.search === undefined ? [] : await index.find(key.key, own.search, budget)
  for (const other of others) {
    const found = await lookUpElsewhere(searching, other.key, other.rules.text)
    if (found !== undefined && (best === undefined || isBetter(found.decision, best.decision))) best = found
    if (best?.decision.action === 'serve') break
  }
  applies(rules, 'NVS-01', best !== undefined)
  return { own, found: best }
}

/** Who leads here need not be right: the response itself says what makes no difference. */
async function lookUpElsewhere(
  { request, control, responses, budget, clock, isSecure, rules }: Searching,
  key: CacheKey,
  rulesText: string
): Promise<FoundElsewhere | undefined> {
  const lookup = await responses.lookUp(key, budget)
  if (lookup === undefined) return undefined
  const decision = decideElsewhere(request, control, lookup, rulesText, clock(), isSecure, rules)
  return decision && { lookup, decision }
}
