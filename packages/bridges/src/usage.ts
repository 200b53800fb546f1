/** What one key takes beside what is stored under it: its mark, and what is remembered here. */
const OVERHEAD_BYTES = 1024

/** How much lies under which key, the least recently used first. */
export class Usage {
  readonly #keys = new Map<string, number>()
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** `bytes` lie under `key` now. */
  note(key: string, bytes: number): void {
    if (this.#maxBytes === Number.POSITIVE_INFINITY) return
    this.forget(key)
    this.#keys.set(key, bytes + OVERHEAD_BYTES)
    this.#bytes += bytes + OVERHEAD_BYTES
  }

  /** Something lies under `key`; how much is not known better than before. */
  touch(key: string): void {
    const bytes = this.#keys.get(key)
    if (bytes === undefined) return
    this.#keys.delete(key)
    this.#keys.set(key, bytes)
  }

  has(key: string): boolean {
    return this.#keys.has(key)
  }

  forget(key: string): void {
    this.#bytes -= this.#keys.get(key) ?? 0
    this.#keys.delete(key)
  }

  /** The key that has to go, no longer counted; `undefined` while there is room. */
  takeExcess(): { readonly name: string; readonly bytes: number } | undefined {
    if (this.#bytes <= this.#maxBytes) return undefined
    for (const [name, bytes] of this.#keys) {
      this.forget(name)
      return { name, bytes: bytes - OVERHEAD_BYTES }
    }
    return undefined
  }
}
