import type { Found } from '@cc/core'
import { type ChangeListener, NearCache } from '../src/near-cache.js'
import { Tracking, trackingTimes } from '../src/tracking.js'
import type { TrackedClient } from '../src/tracking-servers.js'

/** Reads values of Redis, and keeps them near: what the store does, without the store. */
export class NearReader {
  readonly tracking: Tracking
  readonly near: NearCache
  /** Changes that were told, and flushes, as they came. */
  readonly told: string[] = []
  readonly #get: (key: string) => Promise<string | null>
  readonly #waiting = new Set<() => void>()

  /** @param boundMs - how long after a change the value before it may be read, in the worst case */
  constructor(
    client: TrackedClient & { get(key: string): Promise<string | null> },
    { boundMs = trackingTimes.boundMs, now = trackingTimes.now } = {}
  ) {
    this.#get = (key) => client.get(key)
    const tracking = new Tracking(async () => client, 'cc:', { now, boundMs, beatMs: 20 })
    this.tracking = tracking
    this.near = new NearCache(1_000_000, {
      get isTrusted() {
        return tracking.isTrusted
      },
      confirms: () => tracking.confirms(),
      close: () => tracking.close(),
      start: (listener: ChangeListener) =>
        tracking.start({
          drop: (head) => {
            listener.drop(head)
            this.#tell(head)
          },
          flush: () => {
            listener.flush()
            this.#tell('all')
          }
        })
    })
  }

  /** What is kept near. */
  kept(key: string): string | undefined {
    return this.near.get(key)?.mark?.value
  }

  async read(key: string, get = this.#get): Promise<string | undefined> {
    const kept = this.kept(key)
    if (kept !== undefined) return kept
    const found = await this.near.read(key, key, async (): Promise<Found> => {
      const value = await get(key)
      return value === null ? { responses: [] } : { responses: [], mark: { value, at: 0, dropAt: 0 } }
    })
    return found.mark?.value
  }

  /** Reads until it is kept near. */
  async readNear(key: string): Promise<string> {
    for (;;) {
      try {
        await this.read(key)
      } catch {
        // Not yet.
      }
      const kept = this.kept(key)
      if (kept !== undefined) return kept
      await turn()
    }
  }

  /**
   * Reads what is kept again and again, until it is `old` no more. Whatever happens to the connections, that is over
   * within the bound after the change, by the clock that the reads are timed with.
   */
  async forgets(key: string, old: string, changedAt: number, boundMs: number): Promise<void> {
    for (;;) {
      const at = performance.now()
      if (this.kept(key) !== old) return
      if (at > changedAt + boundMs) throw new Error(`${old} was read ${at - changedAt} ms after it had changed`)
      await turn()
    }
  }

  /** Resolves when this has been told, from now on. */
  async hears(what: string): Promise<void> {
    const seen = this.told.length
    while (!this.told.slice(seen).includes(what)) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  close(): void {
    this.near.close()
  }

  #tell(what: string): void {
    this.told.push(what)
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

/** Other work has its turn, timers too. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1))
}
