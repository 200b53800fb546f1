const maxFailures = 5
const firstRestMs = 1_000
const longestRestMs = 30_000

/**
 * Leaves a failing store alone: after five failures in a row it is asked nothing for a second, then once to try; each
 * trial that fails doubles the rest, up to half a minute. Bounded, without a timer, on a clock that is never set.
 */
export class CircuitBreaker {
  #failures = 0
  #restMs = firstRestMs
  #restsUntil = 0
  #isTrying = false

  /** Whether the store may be asked now. Who is let through then tells how it went. */
  letsThrough(): boolean {
    if (this.#failures < maxFailures) return true
    if (this.#isTrying || performance.now() < this.#restsUntil) return false
    this.#isTrying = true
    return true
  }

  /** It is not known how it went. */
  undecided(): void {
    this.#isTrying = false
  }

  succeeded(): void {
    if (this.#failures === 0) return
    this.#failures = 0
    this.#restMs = firstRestMs
    this.#isTrying = false
  }

  failed(): void {
    // What began before the rest did tells nothing new of how the store is now.
    if (this.#failures >= maxFailures && !this.#isTrying) return
    this.#failures++
    if (this.#failures < maxFailures) return
    if (this.#isTrying) this.#restMs = Math.min(2 * this.#restMs, longestRestMs)
    this.#isTrying = false
    this.#restsUntil = performance.now() + this.#restMs
  }
}
