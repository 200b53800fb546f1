import { whenReady } from '../awaitable.js'
import type { Outdated } from '../invalidations.js'
import { invalidatedGroups } from '../rules/cache-groups.js'
import { cacheKey } from '../rules/cache-key.js'
import { fieldMap } from '../rules/fields.js'
import { invalidates, invalidationKeys } from '../rules/invalidation.js'
import type { NotStored } from '../rules/storing.js'
import type { Awaitable } from '../store.js'
import { showDecision } from './answer-decision.js'
import type { Exchange } from './exchange.js'
import type { Receiver } from './forward.js'
import type { NetworkResponse } from './network-response.js'
import { refused } from './not-stored.js'
import { Relay } from './relay.js'
import { showStatus } from './status-head.js'
import type { Told } from './stored-or-not.js'
import { storingAs } from './storing.js'
import { decidePost, invalidateForPost, type PostUnderWay, postUnderWay } from './storing-post.js'

const overtaken = refused('INV-06', 'its target was invalidated in the meantime, or the store cannot tell')

/** Sends an unsafe request on; what its answer makes outdated is invalid before the caller sees it. RFC 9111 §4.4. */
export function forwardUnsafe(exchange: Exchange): void {
  const { caller, asked, cache, budget } = exchange
  const { responses } = cache
  const post = postUnderWay(exchange)
  exchange.send(asked.opts, {
    received: (response) => {
      const { status } = response
      exchange.tellSoFar('bypass', 'method', status)
      if (!invalidates(status)) return relayOnly(exchange, response)
      const outdated = outdatedBy(exchange, response)
      if (post !== undefined) return receivePost(post, outdated, response)
      return whenReady(invalidate(exchange, outdated), () => relayOnly(exchange, response))
    },
    failed: (error, wasSent) => {
      exchange.tell({ outcome: 'bypass', reason: 'method' })
      // It may have reached the origin and changed something there (INV-07).
      const invalidated = wasSent ? responses.invalidations.invalidate([asked.key.target], budget) : undefined
      whenReady(invalidated, () => caller.fail(error))
    }
  })
}

/** Passes the answer to a POST on, which may be stored after it has invalidated what was there (INV-08). */
function receivePost(post: PostUnderWay, outdated: Outdated, response: NetworkResponse): Awaitable<Receiver> {
  const { exchange } = post
  const { caller } = exchange
  const decision = decidePost(post, response)
  if (!decision.store) {
    return whenReady(invalidate(exchange, outdated), () => relayOnly(exchange, response, decision))
  }
  return invalidateForPost(post, outdated).then((lookup) => {
    if (lookup === undefined) return relayOnly(exchange, response, overtaken)
    showDecision(exchange, response, decision, 'method')
    return new Relay(caller, response, storingAs(exchange, response, lookup, decision, toldOf(response)))
  })
}

function outdatedBy({ asked, cache }: Exchange, response: NetworkResponse): Outdated {
  const { rules } = cache.settings
  const fields = fieldMap(response.fields)
  const targets = invalidationKeys(asked.target, fields, rules)
  const key = cacheKey(asked.target, asked.request, rules) ?? asked.key
  return { targets, groups: invalidatedGroups(key.target, fields, rules), asked: key }
}

function invalidate({ cache, budget }: Exchange, outdated: Outdated): Awaitable<boolean> {
  return cache.responses.invalidations.invalidateWithGroups(outdated, budget)
}

function relayOnly(exchange: Exchange, response: NetworkResponse, because?: NotStored): Receiver {
  showStatus(exchange, response, { reason: 'method' })
  const ended = () => exchange.tell({ ...toldOf(response), ...(because !== undefined && { notStored: because }) })
  return new Relay(exchange.caller, response, { copy: undefined, ended })
}

function toldOf({ status }: NetworkResponse): Told {
  return { outcome: 'bypass', reason: 'method', status }
}
