/** So many targets are remembered, if they are not longer than that together. */
const maxTargets = 1_000
const maxCharacters = 1_048_576

/** Which targets this cache has invalidated lately, so that it can be told whether one was while something was under way. */
export class RecentInvalidations {
  readonly #lastOf = new Map<string, number>()
  #characters = 0
  #forgottenUntil = 0
  /** How many there were so far. */
  count = 0

  note(target: string): void {
    if (this.#lastOf.size >= maxTargets || this.#characters > maxCharacters) this.#forget()
    if (!this.#lastOf.has(target)) this.#characters += target.length
    this.#lastOf.set(target, ++this.count)
  }

  /** Whether `target` was invalidated since there had been `count` invalidations; also if that is forgotten by now. */
  hasSince(target: string, count: number): boolean {
    return count < this.#forgottenUntil || (this.#lastOf.get(target) ?? 0) > count
  }

  #forget(): void {
    this.#lastOf.clear()
    this.#characters = 0
    this.#forgottenUntil = this.count
  }
}
