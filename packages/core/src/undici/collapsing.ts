import type { Lookup } from '../look-ups.js'
import { mayFollow, mayLead } from '../rules/collapsing.js'
import type { ForwardReason } from '../rules/reuse.js'
import { selectingValue } from '../rules/selecting-fields.js'
import type { Exchange, Follower } from './exchange.js'
import { forward } from './forwarding.js'
import { SharedForward } from './shared-forward.js'

/** Sends a request to the origin once for all that ask the same at the same time (COLL-01). */
export function forwardTogether(exchange: Exchange, lookup: Lookup, reason: ForwardReason): void {
  const { cache, asked } = exchange
  const alone = () => forward(exchange, lookup, reason)
  if (!cache.settings.collapse) return alone()
  const name = nameOf(exchange)
  if (name === undefined) return alone()
  if (asked.request.method === 'GET') return followOrLead({ exchange, lookup, reason, forward: alone }, name)
  // A GET that is under way answers a HEAD; a HEAD answers no GET.
  followOrLead({ exchange, lookup, reason, forward: alone }, `HEAD ${name}`, name)
}

/** Waits for what another one has asked for under one of these names, or else sends the request on, for others to wait for. */
function followOrLead(follower: Follower, name: string, otherName?: string): void {
  const { exchange, lookup, forward } = follower
  const { collapsed } = exchange.cache
  const { request, control } = exchange.asked
  const before = (otherName !== undefined && collapsed.get(otherName)) || collapsed.get(name)
  if (before !== undefined && mayFollow(request, control)) {
    const taking = before.take(follower)
    if (taking === 'taken') return
    if (taking === 'alone') return forward()
  } else if (before !== undefined) return forward()
  if (mayLead(request)) {
    const leading = new SharedForward(exchange, lookup, name)
    exchange.leads = leading
    collapsed.begin(name, leading)
  }
  forward()
}

/** What requests have in common that may share an answer; `undefined` if that was found not to be for others. */
function nameOf({ cache, asked }: Exchange): string | undefined {
  const { key } = asked.key
  const apart = cache.collapsed.apart(key)
  if (apart === undefined) return key
  if (apart === 'never') return undefined
  const { rules } = cache.settings
  return `${key} ${JSON.stringify(apart.map((name) => selectingValue(name, asked.request, rules)))}`
}
