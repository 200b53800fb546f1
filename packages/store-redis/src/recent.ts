interface Kept<V> {
  readonly value: V
  readonly bytes: number
}

/**
 * What was used lately, within a number of bytes. Two generations of half of them each: what is asked for again moves to
 * the newer one.
 */
export class Recent<V> {
  readonly #maxBytes: number
  #newer = new Map<string, Kept<V>>()
  #older = new Map<string, Kept<V>>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes / 2
  }

  get(key: string): V | undefined {
    const kept = this.#newer.get(key)
    if (kept !== undefined) return kept.value
    const older = this.#older.get(key)
    if (older === undefined) return undefined
    this.#keep(key, older)
    return older.value
  }

  /** @param bytes - what it takes, with its key */
  set(key: string, value: V, bytes: number): void {
    this.delete(key)
    this.#keep(key, { value, bytes })
  }

  delete(key: string): void {
    this.#bytes -= this.#newer.get(key)?.bytes ?? 0
    this.#newer.delete(key)
    this.#older.delete(key)
  }

  #keep(key: string, kept: Kept<V>): void {
    if (kept.bytes > this.#maxBytes) return
    if (this.#bytes + kept.bytes > this.#maxBytes) {
      this.#older = this.#newer
      this.#newer = new Map()
      this.#bytes = 0
    }
    this.#newer.set(key, kept)
    this.#bytes += kept.bytes
  }
}
