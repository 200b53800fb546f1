import type { CacheStore, Lease } from '../src/store.js'

type LockOptions = Parameters<NonNullable<CacheStore['lock']>>[1]

/** The locks of a `MapStore`: one holder a key, who waits is told of the release. */
export class MapLocks {
  readonly #held = new Map<string, Set<() => void>>()

  lock(key: string, { leaseMs, waitMs, signal }: LockOptions): Promise<Lease | undefined> {
    const waiting = this.#held.get(key)
    if (waiting === undefined) return Promise.resolve(this.#take(key, leaseMs))
    return new Promise((resolve) => {
      const stop = () => {
        waiting.delete(stop)
        clearTimeout(timer)
        signal?.removeEventListener('abort', stop)
        resolve(undefined)
      }
      const timer = setTimeout(stop, waitMs)
      waiting.add(stop)
      signal?.addEventListener('abort', stop)
      if (signal?.aborted) stop()
    })
  }

  #take(key: string, leaseMs: number): Lease {
    const waiting = new Set<() => void>()
    this.#held.set(key, waiting)
    const release = () => {
      clearTimeout(timer)
      if (this.#held.get(key) === waiting) this.#held.delete(key)
      for (const stop of waiting) stop()
    }
    const timer = setTimeout(release, leaseMs)
    timer.unref()
    return { release }
  }
}
