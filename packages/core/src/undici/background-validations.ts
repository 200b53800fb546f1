import { UnderWay } from '../under-way.js'

/** After a validation in the background failed, none follows for so long (STALE-04). */
const pauseMs = 1_000
/** Failures remembered before the old ones among them are forgotten. */
const maxFailures = 1_000

/** Sees to it that each stored response is validated in the background once at a time. RFC 5861 §3. */
export class BackgroundValidations {
  readonly underWay = new UnderWay()
  /** What stops each of them. */
  readonly #running = new Map<string, () => void>()
  readonly #failedAt = new Map<string, number>()

  /** Whether to begin one now; if so, {@link ended} is to be called when it is over. */
  begin(name: string, stop: () => void): boolean {
    if (this.#running.has(name)) return false
    const failedAt = this.#failedAt.get(name)
    if (failedAt !== undefined && performance.now() - failedAt < pauseMs) return false
    this.#failedAt.delete(name)
    this.#running.set(name, stop)
    this.underWay.begin()
    return true
  }

  stopAll(): void {
    for (const stop of this.#running.values()) stop()
  }

  ended(name: string, hasFailed: boolean): void {
    if (this.#running.delete(name)) this.underWay.end()
    if (!hasFailed) return
    if (this.#failedAt.size >= maxFailures) this.#forgetOld()
    this.#failedAt.set(name, performance.now())
  }

  #forgetOld(): void {
    const now = performance.now()
    for (const [name, failedAt] of this.#failedAt) if (now - failedAt >= pauseMs) this.#failedAt.delete(name)
    if (this.#failedAt.size >= maxFailures) this.#failedAt.clear()
  }
}
