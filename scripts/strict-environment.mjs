// The environment that tests run in: a test, or else its file, fails for a process warning, and for a rejection that
// nobody handled. For an exception that nobody caught jest sees to that itself; rejections it forgets if they come when
// their test or hook is over. Timers that a file leaves behind end with it, and do not run in the time of the next.
import { channel } from 'node:diagnostics_channel'
import { TestEnvironment } from 'jest-environment-node'

// Node forgets a channel once those who made it are collected, and for a moment the next one of that name with it: whoever
// subscribes then hears nothing. In a process each module is there once and for all, but here each file has its own.
const ours = ['decision', 'lookup', 'store', 'evict', 'validate', 'collapse', 'store-failure']
const undicis = ['request:create', 'request:bodyChunkReceived', 'request:trailers', 'client:sendHeaders']
const names = [...ours.map((name) => `@cc/core:${name}`), ...undicis.map((name) => `undici:${name}`)]
/** They stay as long as this process. */
export const channels = names.map((name) => channel(name))

/** Time for what nobody waits for to surface. */
async function turns(count) {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

export default class StrictEnvironment extends TestEnvironment {
  #warnings = []
  #rejections = new Map()
  /** Weak, so that what has run and what is let go of can be collected. */
  #timers = new Set()
  // That something in Node or undici is new is no news about us.
  #warned = (warning) => warning.name === 'ExperimentalWarning' || this.#warnings.push(warning)
  #rejected = (reason, promise) => this.#rejections.set(promise, reason)
  #handled = (promise) => this.#rejections.delete(promise)

  async setup() {
    await super.setup()
    process.on('warning', this.#warned)
    this.#noteTimers()
  }

  #noteTimers() {
    const { setTimeout } = this.global
    const noted = (...args) => {
      const timer = setTimeout(...args)
      this.#timers.add(new WeakRef(timer))
      return timer
    }
    // Among its properties is its form that answers with a promise.
    this.global.setTimeout = Object.defineProperties(noted, Object.getOwnPropertyDescriptors(setTimeout))
  }

  async teardown() {
    process.off('warning', this.#warned)
    process.off('unhandledRejection', this.#rejected)
    process.off('rejectionHandled', this.#handled)
    for (const timer of this.#timers) clearTimeout(timer.deref())
    await super.teardown()
    if (this.#warnings.length > 0) throw this.#warnings[0]
    for (const reason of this.#rejections.values())
      throw new Error('a rejection that nobody handled', { cause: reason })
  }

  async handleTestEvent(event) {
    // Until then jest takes the listeners of others away.
    if (event.name === 'run_start')
      process.on('unhandledRejection', this.#rejected).on('rejectionHandled', this.#handled)
    // After the last hook: what surfaces now still counts for this file, and not for the one that comes next.
    if (event.name === 'run_finish') await turns(16)
    if (event.name !== 'test_fn_success' && event.name !== 'test_fn_failure') return
    await turns(4)
    for (const warning of this.#warnings.splice(0)) event.test.errors.push(warning)
  }
}
