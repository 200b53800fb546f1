/** Counts what is under way, and tells when nothing is any more. */
export class UnderWay {
  #count = 0
  readonly #waiting: (() => void)[] = []

  get isIdle(): boolean {
    return this.#count === 0
  }

  begin(): void {
    this.#count++
  }

  end(): void {
    this.#count--
    if (this.#count === 0) for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Resolves when nothing is under way; more may have begun by the time that is heard. */
  idle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
