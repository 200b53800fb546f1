import type { Lookup } from '../look-ups.js'
import type { Assessed } from '../rules/assessment.js'
import type { Lease } from '../store.js'
import { nothingYet } from './caller.js'
import type { Exchange, Follower, Leading } from './exchange.js'

/**
 * Sends a request on for all processes that share the store, or waits for the one that has (COLL-01). Those who wait look
 * once more at what is stored when it is done. Nothing depends on a lock but wasted work: without one, the request is
 * sent on.
 */
export function askAlone(follower: Follower, leading: Leading): void {
  const { exchange, forward } = follower
  const { cache, caller, asked } = exchange
  const { store } = cache.responses
  if (exchange.waitedForProcess || !store.locks.areThere) return forward()
  exchange.waitedForProcess = true
  const waiting = new AbortController()
  caller.attach(
    nothingYet((reason) => {
      waiting.abort()
      caller.fail(reason)
    })
  )
  leading.sent({ detach() {}, cancel: () => waiting.abort(), pause() {}, resume() {} })
  caller.start()
  store.locks.take(asked.key.key, cache.settings.collapseWaitMs, waiting.signal).then((lock) => {
    if (typeof lock === 'object') leading.holds(() => store.locks.giveBack(lock))
    if (lock !== undefined && leading.isWanted) lookAgain(follower, leading, lock)
    else forward()
  })
}

/**
 * Makes a validation in the background for all processes that share the store, unless another one has made it, or has the
 * lock of the key: nobody waits for that, since nobody waits for this validation. Who has joined it is answered anew.
 */
export async function validateForAll(
  exchange: Exchange,
  leading: Leading,
  selected: Assessed,
  send: () => void
): Promise<void> {
  const { cache, asked, budget } = exchange
  const { responses, settings } = cache
  const lock = await responses.store.locks.takeIfFree(asked.key.key, settings.collapseWaitMs, settings.storeTimeoutMs)
  if (lock === undefined) return send()
  if (lock === 'taken') {
    const followers = leading.dissolve()
    exchange.giveUp(true)
    if (followers.length > 0) answerAnew(followers, await responses.lookUp(asked.key, budget))
    return
  }
  leading.holds(() => responses.store.locks.giveBack(lock))
  const lookup = await responses.lookUp(asked.key, budget)
  if (hasStill(lookup, selected)) return send()
  // It was validated between our look-up and our lock.
  const followers = leading.dissolve()
  exchange.giveUp(false)
  answerAnew(followers, lookup)
}

function hasStill(lookup: Lookup | undefined, { stored: { id, responseTime } }: Assessed): boolean {
  return lookup?.stored.some(({ stored }) => stored.id === id && stored.responseTime === responseTime) ?? false
}

/**
 * Another process has asked, and is done: what it has stored is there for all who waited in this one. It may have been done
 * before we asked for the lock, too; only when nothing was stored since we looked, it is for us to ask.
 */
async function lookAgain(follower: Follower, leading: Leading, lock: Lease | 'waited'): Promise<void> {
  const { exchange } = follower
  const { cache, asked, budget } = exchange
  const { responses } = cache
  const lookup = await responses.lookUp(asked.key, budget)
  if (lock !== 'waited') {
    if (lookup === undefined || hasNothingNew(lookup, follower.lookup)) return follower.forward()
    responses.store.locks.giveBack(lock)
  }
  exchange.leads = undefined
  const followers = [follower, ...leading.dissolve()]
  for (const { exchange } of followers) exchange.waitedForProcess = true
  answerAnew(followers, lookup)
}

function hasNothingNew({ stored }: Lookup, before: Lookup): boolean {
  return stored.every(({ stored: { id, responseTime } }) =>
    before.stored.some(({ stored }) => stored.id === id && stored.responseTime === responseTime)
  )
}

function answerAnew(followers: readonly Follower[], lookup: Lookup | undefined): void {
  for (const { exchange, again } of followers) {
    if (exchange.caller.ended) exchange.tell({ outcome: 'aborted' })
    else again(lookup)
  }
}
