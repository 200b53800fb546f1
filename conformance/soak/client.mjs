// Asks for a great deal through caches whose stores fail, and tells its parent what that leaves behind.
// Arguments: origin, number of requests, after how many to take a sample.

import { channel } from 'node:diagnostics_channel'
import { getEventListeners } from 'node:events'
import { readdirSync } from 'node:fs'
import { cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { Agent, request } from 'undici'
import { ask, plan, WrongResponse } from './asking.mjs'
import { randomFrom } from './random.mjs'
import { ElsewhereStore, FailingStore } from './stores.mjs'
import { pendingTimers, uncountedTimeout } from './timers.mjs'

const [origin, total, every] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const workers = 48
const connections = 32
const maxBytes = 12 * 2 ** 20
const random = randomFrom(7)

let now = Date.UTC(2026, 0, 1)
const clock = () => now
const agent = new Agent({ connections, keepAliveTimeout: 200 })
const dict = new DictStore({ maxBytes, clock })
const bases = [dict, new DictStore({ maxBytes, clock }), new ElsewhereStore({ maxBytes, clock })]
const failing = [
  new FailingStore(bases[1], random, { share: 0.1, lies: false }),
  new FailingStore(bases[2], random, { share: 0.1, lies: true })
]
const outcomes = {}
const caches = [dict, ...failing].map((store) => ({
  dispatcher: agent.compose(
    cacheInterceptor({
      store,
      clock,
      storeTimeoutMs: 20,
      onDecision: ({ outcome }) => count(outcomes, outcome)
    })
  ),
  isDamaged: store === failing[1],
  /** The least version that may still be served, by path: what an unsafe request has changed. */
  least: new Map()
}))
const signals = Array.from({ length: workers }, () => new AbortController().signal)
const ends = {}
const problems = []

process.on('warning', ({ name, message, code }) => {
  if (code !== 'CC_STORE_FAILED') problems.push(`warning: ${name}: ${message}`)
})

function count(counts, name) {
  counts[name] = (counts[name] ?? 0) + 1
}

/** Whether it may fail: where nothing was done to it, no request does. */
function mayFail({ path, fault, abort }, { isDamaged }) {
  // A long body is on its way before its end is seen to be damaged.
  return fault !== undefined || abort !== undefined || (isDamaged && path.startsWith('/big/'))
}

async function askOnce(signal) {
  now += 20
  const planned = plan(random)
  const cache = caches[Math.floor(random() * caches.length)]
  const least = cache.least.get(planned.path) ?? 0
  try {
    const { end, status, version } = await ask(origin, cache.dispatcher, planned, signal)
    count(ends, end)
    if (end !== 'complete' || status === 503) return
    if (version < least) problems.push(`version ${version} after ${least}: ${JSON.stringify(planned)}`)
    if (planned.method === 'POST') cache.least.set(planned.path, Math.max(version, cache.least.get(planned.path) ?? 0))
  } catch (error) {
    if (error instanceof WrongResponse) problems.push(error.message)
    // The answer it shared broke off, and what is there now is another one.
    else if (error.code === 'CC_BODY_CUT') count(ends, 'cut')
    else if (mayFail(planned, cache)) count(ends, planned.abort === undefined ? 'failed' : 'aborted')
    else problems.push(`${JSON.stringify(planned)}: ${error.stack}`)
  }
}

let asked = 0
async function work(signal, upTo) {
  while (asked < upTo) {
    asked++
    await askOnce(signal)
    // undici lets go of a signal a tick after the end of a body; hits in a row would leave it no time.
    await turn()
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const pause = (ms) => new Promise((resolve) => uncountedTimeout(resolve, ms))

/** Waits until nothing is under way any more, in the background neither, and idle connections are closed. */
async function rest() {
  const deadline = performance.now() + 10_000
  while (Object.keys(agent.stats).length > 0 || pendingTimers() > 0) {
    for (const store of failing) store.answerLate()
    if (performance.now() > deadline) {
      problems.push(`still busy: ${JSON.stringify(agent.stats)}, ${pendingTimers()} timers`)
      return
    }
    await pause(20)
  }
  for (const store of failing) store.answerLate()
}

async function sample() {
  await rest()
  for (let i = 0; i < 8; i++) {
    gc()
    await turn()
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return {
    asked,
    heapUsed,
    external,
    arrayBuffers,
    bytesStored: bases.map(({ bytes }) => bytes),
    fds: readdirSync('/proc/self/fd').length,
    timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
    pendingTimers: pendingTimers(),
    processListeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    agentListeners: agent.eventNames().reduce((sum, name) => sum + agent.listenerCount(name), 0),
    signalListeners: signals.reduce((sum, signal) => sum + getEventListeners(signal, 'abort').length, 0),
    requestSubscribers: channel('undici:request:create').hasSubscribers
  }
}

const began = performance.now()
while (asked < total) {
  const upTo = Math.min(total, asked + every)
  await Promise.all(signals.map((signal) => work(signal, upTo)))
  process.send({ sample: await sample() })
}
const rate = Math.round((1_000 * total) / (performance.now() - began))
const failures = failing.map(({ failures }) => failures)
// The stores may owe an answer when the process has nothing more to do.
await Promise.all(signals.map((signal) => work(signal, total + 200)))
const { failed } = await (await request(`${origin}/counts`, { dispatcher: agent })).body.json()
await agent.close()
process.send({ done: { rate, ends, outcomes, failed, failures, problems, maxBytes } })
process.disconnect()
