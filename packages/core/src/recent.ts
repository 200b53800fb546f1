/**
 * Remembers what was worked out for objects that somebody else keeps. What is used again stays; all of it together takes
 * no more than twice `maxBytes`, and nothing once its object is gone.
 */
export class Recent<K extends object, V> {
  readonly #maxBytes: number
  readonly #bytesOf: (value: V) => number
  #young = new WeakMap<K, V>()
  #old = new WeakMap<K, V>()
  #youngBytes = 0

  /** @param bytesOf an upper bound of what a value takes, in bytes */
  constructor(maxBytes: number, bytesOf: (value: V) => number) {
    this.#maxBytes = maxBytes
    this.#bytesOf = bytesOf
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: K, value: V): void {
    this.grew(this.#bytesOf(value))
    this.#young.set(key, value)
  }

  /** Counts what a value came to take after it was set. */
  grew(bytes: number): void {
    this.#youngBytes += bytes
    if (this.#youngBytes <= this.#maxBytes) return
    this.#old = this.#young
    this.#young = new WeakMap()
    this.#youngBytes = bytes
  }
}
