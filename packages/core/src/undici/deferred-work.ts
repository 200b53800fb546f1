type Work = () => void

/**
 * Work that can wait until the caller has his answer: it is done when the event loop comes round, or before, when a
 * request asks for the same key. So it costs the caller nothing, and the next request finds it done all the same.
 */
export class DeferredWork {
  // A new map for each turn, from which nothing is deleted: a map that grows and shrinks leaves tables behind that lead
  // to their successors, and what the garbage collector has moved to the old ones keeps alive all that follows.
  #byKey = new Map<string, Work[]>()
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
    if (works !== undefined) doEach(works)
  }

  #doAll(): void {
    this.#isScheduled = false
    for (const works of this.#byKey.values()) doEach(works)
    this.#byKey = new Map()
  }
}

/** Does each once, also those that one of them adds. */
function doEach(works: Work[]): void {
  for (const work of works.splice(0)) work()
}

/** undici sends the next request over a connection a turn of the event loop after the last answer: it goes first. */
function afterNextRequest(work: Work): void {
  setImmediate(() => setImmediate(work))
}
