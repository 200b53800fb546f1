import type { Source } from './caller.js'
import type { Follower, Leading } from './exchange.js'

/**
 * Sends a request on for all processes that share the store, or waits for the one that has (COLL-01). Those who wait look
 * once more at what is stored when it is done. Nothing depends on a lock but wasted work: without one, the request is
 * sent on.
 */
export function askAlone(follower: Follower, leading: Leading): void {
  const { exchange, forward } = follower
  const { cache, caller, asked } = exchange
  const { store } = cache.responses
  if (exchange.waitedForProcess || !store.canLock) return forward()
  exchange.waitedForProcess = true
  const waiting = new AbortController()
  const source: Source = {
    pause() {},
    resume() {},
    abort: (reason) => {
      waiting.abort()
      caller.fail(reason)
    }
  }
  caller.attach(source)
  leading.sent({ detach() {}, cancel: () => waiting.abort(), pause() {}, resume() {} })
  caller.start()
  store.lock(asked.key.key, cache.settings.collapseWaitMs, waiting.signal).then((lock) => {
    if (typeof lock === 'object') leading.holds(() => store.unlock(lock))
    if (lock === 'waited' && leading.isWanted) lookAgain(follower, leading)
    else forward()
  })
}

/** Another process has asked, and is done: what it has stored is there for all who waited in this one. */
async function lookAgain(follower: Follower, leading: Leading): Promise<void> {
  const { exchange } = follower
  const { cache, asked, budget } = exchange
  const lookup = await cache.responses.lookUp(asked.key, budget)
  exchange.leads = undefined
  for (const { exchange, again } of [follower, ...leading.dissolve()]) {
    exchange.waitedForProcess = true
    if (exchange.caller.ended) exchange.tell({ outcome: 'aborted' })
    else again(lookup)
  }
}
