type Work = () => void

/** So many keys are seen to until other work has its turn. */
const keysInTurn = 64
/** Past so many that were added, the two that have waited longest are seen to for each that comes: three times that wait at most. */
const maxWaiting = 1_024

/**
 * Work that can wait until the caller has his answer: it is done when the event loop comes round, or before, when a
 * request asks for the same key. So it costs the caller nothing, and the next request finds it done all the same.
 */
export class DeferredWork {
  // A new map each time, from which nothing is deleted: a map that grows and shrinks leaves tables behind that lead to
  // their successors, and what the garbage collector has moved to the old ones keeps alive all that follows.
  #byKey = new Map<string, Work[]>()
  /** What is being seen to, and what is left of it. */
  #current = new Map<string, Work[]>()
  #left = this.#current.values()
  #isScheduled = false

  add(key: string, work: Work): void {
    if (!this.#isScheduled) afterNextRequest(() => this.#doSome())
    this.#isScheduled = true
    if (this.#byKey.size >= maxWaiting) {
      this.#doNext()
      this.#doNext()
    }
    const before = this.#byKey.get(key)
    if (before === undefined) this.#byKey.set(key, [work])
    else before.push(work)
  }

  do(key: string): void {
    if (this.#current.size > 0) doEach(this.#current.get(key))
    if (this.#byKey.size > 0) doEach(this.#byKey.get(key))
  }

  doAll(): void {
    while (this.#doNext()) {}
  }

  #doSome(): void {
    this.#isScheduled = false
    for (let n = 0; n < keysInTurn; n++) if (!this.#doNext()) return
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.#doSome())
  }

  /** Whether there was something to do. */
  #doNext(): boolean {
    let next = this.#left.next()
    if (next.done) {
      this.#current = this.#byKey
      this.#byKey = new Map()
      this.#left = this.#current.values()
      next = this.#left.next()
    }
    doEach(next.value)
    return !next.done
  }
}

/** Does each once, also those that one of them adds. */
function doEach(works: Work[] | undefined): void {
  if (works !== undefined) for (const work of works.splice(0)) work()
}

/** undici sends the next request over a connection a turn of the event loop after the last answer: it goes first. */
function afterNextRequest(work: Work): void {
  setImmediate(() => setImmediate(work))
}
