/** One thing after another for each key, in this process. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Does `action` once all that was asked for the same key before is done, well or not. */
  async take<T>(key: string, action: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const mine = before.then(action, action)
    this.#last.set(key, mine)
    try {
      return await mine
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key)
    }
  }
}
