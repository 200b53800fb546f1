import type { Lookup } from '../look-ups.js'
import type { Candidate } from '../rules/candidates.js'
import { noVarySearch } from '../rules/no-vary-search.js'
import { decideReuse, type ReuseDecision } from '../rules/reuse.js'
import type { SearchIndex } from '../search-index.js'
import type { Exchange } from './exchange.js'

/** A response that was stored for another query, and may be served. */
export interface FoundElsewhere {
  readonly lookup: Lookup
  readonly decision: ReuseDecision & { readonly action: 'serve' }
}

/** What was found for a request for which nothing is stored under its own key. */
export interface Searched {
  /** Of its own key, with what is known of the path. */
  readonly own: Lookup
  readonly found: FoundElsewhere | undefined
}

/**
 * Looks for a response to another query that makes no difference (NVS-01). Only one that may be served as it is counts: its
 * validators are of another URI.
 */
export async function search(exchange: Exchange, index: SearchIndex, lookup: Lookup): Promise<Searched> {
  const { asked, budget } = exchange
  const own = await index.lookUp(lookup, budget)
  if (own.search === undefined) return { own, found: undefined }
  for (const { key, rules } of await index.find(asked.key.key, own.search, budget)) {
    const found = await lookUpElsewhere(exchange, key, rules.text)
    if (found !== undefined) return { own, found }
  }
  return { own, found: undefined }
}

async function lookUpElsewhere(
  { asked, cache, budget, isSecure }: Exchange,
  key: Lookup['key'],
  rulesText: string
): Promise<FoundElsewhere | undefined> {
  const { rules, clock } = cache.settings
  const lookup = await cache.responses.lookUp(key, budget)
  if (lookup === undefined) return undefined
  // Who leads here need not be right: the response itself says what makes no difference.
  const saysSo = (candidate: Candidate) => {
    const fields = candidate.assessed()?.fields
    return fields !== undefined && noVarySearch(fields)?.text === rulesText
  }
  const equivalent = { ...lookup, stored: lookup.stored.filter(saysSo) }
  const decision = decideReuse(asked.request, asked.control, equivalent, clock(), isSecure, rules)
  return decision.action === 'serve' ? { lookup: equivalent, decision } : undefined
}
