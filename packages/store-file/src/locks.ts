import type { CacheStore, Lease } from '@cc/core'
import type { Folder } from './folder.js'
import type { Layout } from './layout.js'
import { type LockFile, takeLock } from './lock-file.js'
import { watchLock } from './lock-watch.js'
import { run } from './steps.js'

export type LockOptions = Parameters<NonNullable<CacheStore['lock']>>[1]

/** Those who wait in this process for one lock, wherever it is held. */
class Queue {
  readonly #waiting = new Set<() => void>()
  #stopWatching: (() => void) | undefined
  readonly #empty: () => void

  /** @param empty - called when nobody waits any more for a lock that is held elsewhere */
  constructor(empty: () => void) {
    this.#empty = empty
  }

  wait({ waitMs, signal }: LockOptions): Promise<undefined> {
    return new Promise((resolve) => {
      const stop = () => {
        this.#waiting.delete(stop)
        clearTimeout(timer)
        signal?.removeEventListener('abort', stop)
        resolve(undefined)
        if (this.#waiting.size === 0 && this.#stopWatching !== undefined) this.end()
      }
      const timer = setTimeout(stop, waitMs)
      this.#waiting.add(stop)
      signal?.addEventListener('abort', stop)
      if (signal?.aborted) stop()
    })
  }

  /** It is held by another process, or by another store of this one. */
  watch(folder: string, path: string): void {
    if (this.#waiting.size === 0) this.end()
    else this.#stopWatching = watchLock(folder, path, () => this.end())
  }

  end(): void {
    this.#stopWatching?.()
    this.#stopWatching = undefined
    this.#empty()
    for (const stop of this.#waiting) stop()
  }
}

/** The right to ask the origin for a key alone, in all processes that share the folder. */
export class Locks {
  readonly #layout: Layout
  readonly #folder: Folder
  readonly #queues = new Map<string, Queue>()

  constructor(layout: Layout, folder: Folder) {
    this.#layout = layout
    this.#folder = folder
  }

  /** @throws if there can be no lock */
  async lock(hash: string, options: LockOptions): Promise<Lease | undefined> {
    const there = this.#queues.get(hash)
    if (there !== undefined) return there.wait(options)
    if (options.signal?.aborted) return undefined
    const queue: Queue = new Queue(() => {
      if (this.#queues.get(hash) === queue) this.#queues.delete(hash)
    })
    this.#queues.set(hash, queue)
    try {
      await run(this.#folder.check())
      const path = this.#layout.forwardLock(hash)
      await run(this.#folder.make(`${this.#layout.locks}`))
      const taken = await takeLock(path, () => queue.end())
      if (taken !== 'taken') return lease(taken, queue, options.leaseMs)
      const waiting = queue.wait(options)
      queue.watch(this.#layout.locks, path)
      return waiting
    } catch (error) {
      queue.end()
      throw error
    }
  }
}

function lease(lock: LockFile, queue: Queue, leaseMs: number): Lease {
  let released: Promise<void> | undefined
  const release = () => {
    clearTimeout(timer)
    released ??= lock.release().then(() => queue.end())
    return released
  }
  const timer = setTimeout(release, Math.min(leaseMs, 2 ** 31 - 1))
  timer.unref()
  return { release }
}
