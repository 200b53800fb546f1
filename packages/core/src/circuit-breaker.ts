const maxFailures = 5
const firstRestMs = 1_000
const longestRestMs = 30_000
/** A trial that has not ended by then makes room for another. */
const longestTrialMs = 10_000

/**
 * Leaves a failing store alone: after five failures in a row it is asked nothing for a second, then once to try; each
 * trial that fails doubles the rest, up to half a minute. Bounded, without a timer.
 */
export class CircuitBreaker {
  readonly #now: () => number
  #failures = 0
  #restMs = firstRestMs
  /** While open: nothing is let through before. */
  #waitsUntil = 0
  /** Changes when it opens and with each trial: what began before tells nothing of the store as it is now. */
  #era = 1

  /** @param now - milliseconds on a clock that nobody sets */
  constructor(now: () => number) {
    this.#now = now
  }

  /** A number to tell by how it went; 0 if the store is not to be asked now. */
  begin(): number {
    if (this.#failures < maxFailures) return this.#era
    const now = this.#now()
    if (now < this.#waitsUntil) return 0
    this.#waitsUntil = now + longestTrialMs
    return ++this.#era
  }

  /** Whether the store keeps failing: what {@link begin} lets through is a trial. */
  get isOpen(): boolean {
    return this.#failures >= maxFailures
  }

  /** How long until it may let something through, in milliseconds. */
  get waitMs(): number {
    return this.isOpen ? Math.max(0, this.#waitsUntil - this.#now()) : 0
  }

  /** It is not known how it went. */
  undecided(begun: number): void {
    if (this.isOpen && begun === this.#era) this.#waitsUntil = 0
  }

  succeeded(): void {
    if (this.#failures === 0) return
    this.#failures = 0
    this.#restMs = firstRestMs
  }

  failed(begun: number): void {
    if (begun !== this.#era) return
    const wasTrial = this.isOpen
    if (!wasTrial && ++this.#failures < maxFailures) return
    if (wasTrial) this.#restMs = Math.min(2 * this.#restMs, longestRestMs)
    this.#waitsUntil = this.#now() + this.#restMs
    this.#era++
  }
}
