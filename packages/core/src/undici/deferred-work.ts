type Work = () => void

/**
 * Work that can wait until the caller has his answer: it is done when the event loop comes round, or before, when a
 * request asks for the same key. So it costs the caller nothing, and the next request finds it done all the same.
 */
export class DeferredWork {
  readonly #byKey = new Map<string, Work[]>()
  #isScheduled = false

  add(key: string, work: Work): void {
    if (!this.#isScheduled) afterNextRequest(() => this.#doAll())
    this.#isScheduled = true
    const before = this.#byKey.get(key)
    if (before === undefined) this.#byKey.set(key, [work])
    else before.push(work)
  }

  do(key: string): void {
    if (this.#byKey.size === 0) return
    const works = this.#byKey.get(key)
    if (works === undefined) return
    this.#byKey.delete(key)
    for (const work of works) work()
  }

  #doAll(): void {
    this.#isScheduled = false
    for (const key of [...this.#byKey.keys()]) this.do(key)
  }
}

/** undici sends the next request over a connection a turn of the event loop after the last answer: it goes first. */
function afterNextRequest(work: Work): void {
  setImmediate(() => setImmediate(work))
}
