import { isPromise } from '../awaitable.js'
import { Budget } from '../budget.js'
import type { Outdated } from '../invalidations.js'
import type { Lookup } from '../look-ups.js'
import { newId } from '../new-id.js'
import { type CacheKey, cacheKey } from '../rules/cache-key.js'
import type { StoringDecision } from '../rules/storing.js'
import { decideStoringPost, mayAnswerGet } from '../rules/storing-post.js'
import type { Awaitable } from '../store.js'
import { withinLimit } from './answer-decision.js'
import type { Exchange } from './exchange.js'
import type { NetworkResponse } from './network-response.js'

/** A POST on its way, whose answer may become that to a GET of its target (METH-05). */
export interface PostUnderWay {
  readonly exchange: Exchange
  /** Where the answer to a GET is stored. */
  readonly key: CacheKey
  /** What was stored there, and which mark there was, when the POST was sent. */
  readonly before: Awaitable<Lookup | undefined>
  /** How many invalidations there had been then. */
  readonly invalidations: number
}

/** To be called when a POST is sent, which does not wait for the store; `undefined` if its answer cannot be stored. */
export function postUnderWay(exchange: Exchange): PostUnderWay | undefined {
  const { asked, cache } = exchange
  const { rules, storeTimeoutMs } = cache.settings
  if (!mayAnswerGet(asked.request, asked.control, rules)) return undefined
  const key = cacheKey(asked.target, asked.request, rules)
  if (key === undefined) return undefined
  const { responses } = cache
  const before = responses.lookUp(key, new Budget(storeTimeoutMs, 'unref'))
  return { exchange, key, before, invalidations: responses.invalidations.recent.count }
}

/** May this answer be stored? */
export function decidePost({ exchange }: PostUnderWay, response: NetworkResponse): StoringDecision {
  const { asked, cache } = exchange
  const framing = { framed: response.head.isHttp2, redirected: response.redirected }
  const { rules } = cache.settings
  const decision = decideStoringPost(asked.request, asked.target, response, response.times, framing, rules)
  return withinLimit(exchange, decision)
}

/**
 * Invalidates what is outdated, and looks up anew for an answer that is to be stored as one that came after that (INV-08). None, if
 * anybody else invalidated the target while the POST was under way: the answer may be older than that change (INV-06).
 */
export async function invalidateForPost(post: PostUnderWay, outdated: Outdated): Promise<Lookup | undefined> {
  const { exchange, key } = post
  const { budget, cache } = exchange
  const { responses } = cache
  const { invalidations } = responses
  const { recent } = invalidations
  // What a store has not answered by now its caller waits for no longer than for the rest.
  const before = isPromise(post.before) ? await budget.wait(post.before).catch(() => undefined) : post.before
  const now = before && (await responses.lookUp(key, budget))
  const isFirst = before !== undefined && now !== undefined && markOf(now) === markOf(before)
  const isAlone = isFirst && !recent.hasSince(key.target, post.invalidations)
  const value = newId()
  const invalidated = invalidations.invalidateWithGroups(outdated, budget, value)
  const { count } = recent
  await invalidated
  // A mark that can be read was written, and will not replace a later one any more.
  const after = isAlone ? await responses.lookUp(key, budget) : undefined
  if (after === undefined || markOf(after) !== value || recent.hasSince(key.target, count)) return undefined
  // What it has invalidated itself does not concern it.
  exchange.sentAfter = count
  // Marks of groups were not read before the POST was sent.
  return { ...after, marks: new Map([[key.target, value]]) }
}

function markOf({ key, marks }: Lookup): string | undefined {
  return marks.get(key.target)
}
