import { whenReady } from '../awaitable.js'
import { type CollapseEvent, collapseChannel } from '../events.js'
import { answerForm, bytesInForm } from '../rules/answer-form.js'
import type { Assessed } from '../rules/assessment.js'
import { decideJoining, type JoiningDecision } from '../rules/collapsing.js'
import type { Body } from '../store.js'
import { type Exchange, type Follower, noBytes } from './exchange.js'
import { bodyInForm, playCollapsed } from './serving.js'
import { tellCollapse } from './telling.js'

/** Whether a request may have an answer that is on its way. That it is for its like only is remembered. */
export function judge({ exchange }: Follower, answer: Assessed): JoiningDecision {
  const { asked, cache, isSecure } = exchange
  const { settings, collapsed } = cache
  const decision = decideJoining(asked.request, asked.control, answer, settings.clock(), isSecure, settings.rules)
  if (decision.action === 'forward' && decision.isOfAnother) {
    collapsed.remember(
      asked.key.key,
      answer.stored.selecting.map(([name]) => name)
    )
  }
  return decision
}

/** Serves an answer while it comes, if it may be had; whether it was. `open` gives its body, if that can be had. */
export function serveComing(
  follower: Follower,
  answer: Assessed,
  open: () => Body | undefined
): 'taken' | 'alone' | 'anew' {
  const { exchange, reason } = follower
  const decision = judge(follower, answer)
  if (decision.action === 'forward') return 'alone'
  const { request } = exchange.asked
  const isBodiless = request.method === 'HEAD' || answerForm(request, decision.selected).action !== 'whole'
  const body = isBodiless ? noBytes : open()
  if (body === undefined) return 'anew'
  tell(exchange, 'shares')
  playCollapsed(exchange, decision.selected, body, decision.age, { outcome: 'miss', reason }, true)
  return 'taken'
}

/** Serves what is stored as `served` with the head that another one's validation gave it, or sends the request on. */
export function serveConfirmed(follower: Follower, served: Assessed, confirmed: Assessed): void {
  const { exchange, lookup, reason } = follower
  if (exchange.caller.ended) return
  const decision = judge(follower, confirmed)
  if (decision.action === 'forward') return forwardAlone(follower)
  const { request } = exchange.asked
  const form = answerForm(request, confirmed)
  const servedBytes = bytesInForm(form, request.method, served)
  whenReady(bodyInForm(form, exchange, lookup, served), (body) => {
    if (body === undefined) return forwardAlone(follower)
    tell(exchange, 'shares')
    playCollapsed(
      exchange,
      confirmed,
      body,
      decision.age,
      { outcome: 'validated', reason, forwardStatus: 304, servedBytes },
      false
    )
  })
}

export function tell(exchange: Exchange, action: CollapseEvent['action']): void {
  if (collapseChannel.hasSubscribers) tellCollapse(exchange, action)
}

/** Another one's answer was of no use. */
export function forwardAlone({ exchange, forward }: Follower): void {
  exchange.waitedInVain = true
  tell(exchange, 'sent-on')
  forward()
}

/** Who would not wait as long for the origin does not wait for another one. */
export function hasSameLimits({ asked: { opts: one } }: Exchange, { asked: { opts: other } }: Exchange): boolean {
  return one.headersTimeout === other.headersTimeout && one.bodyTimeout === other.bodyTimeout
}
