/** Found bodies are opened at once, or not at all. */
const maxLengths = 1_024

/** How long the bodies are that were found last, by their ids. */
export class RecentLengths {
  readonly #lengths = new Map<string, number>()

  get(id: string): number | undefined {
    return this.#lengths.get(id)
  }

  set(id: string, length: number): void {
    this.#lengths.delete(id)
    this.#lengths.set(id, length)
    if (this.#lengths.size <= maxLengths) return
    for (const [oldest] of this.#lengths) {
      this.#lengths.delete(oldest)
      return
    }
  }
}
