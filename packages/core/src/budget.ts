/**
 * The time that one request may spend waiting for the store, all its waits together (ROB-02). What it waits for the
 * network in between does not count.
 */
export class Budget {
  readonly limitMs: number
  readonly #unref: boolean
  #leftMs: number

  /** @param unref - nobody waits, and so the process is not kept alive */
  constructor(limitMs: number, unref?: 'unref') {
    this.limitMs = limitMs
    this.#leftMs = limitMs
    this.#unref = unref !== undefined
  }

  /** Waits for a store; rejects with a {@link TimeLimitError} once the budget is used up. */
  async wait<T>(promise: Promise<T>, onLate?: (value: T) => void): Promise<T> {
    const began = performance.now()
    try {
      return await withinLimit(promise, this.#leftMs, { onLate, unref: this.#unref })
    } finally {
      this.#leftMs = Math.max(0, this.#leftMs - (performance.now() - began))
    }
  }
}

/** The longest that a timer of node can run; a longer one would run out at once. */
export const maxTimerMs = 2 ** 31 - 1

/** What waiting for a store takes into account; each is optional. */
export interface Waiting<T> {
  /** Hears of what comes too late. */
  readonly onLate?: ((value: T) => void) | undefined
  /** Nobody waits: it does not keep the process alive, as a request does. */
  readonly unref?: boolean
  /** Asked at the limit: if so, there is as much time again. */
  readonly moves?: (() => boolean) | undefined
  /**
   * In so many steps the limit passes, 1 if unset; it is asked after each. However long this process itself stands still,
   * one step passes by that. What moved did so at any time in a step, which counts as one without.
   */
  readonly steps?: number
}

/** Rejects with a {@link TimeLimitError} if `promise` has not settled after `limitMs`. */
export function withinLimit<T>(
  promise: Promise<T>,
  limitMs: number,
  { onLate, unref, moves, steps = 1 }: Waiting<T> = {}
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isLate = false
    let stepsLeft = steps
    const timer = setTimeout(
      () => {
        stepsLeft = moves?.() ? Math.max(1, steps - 1) : stepsLeft - 1
        if (stepsLeft > 0) return void timer.refresh()
        isLate = true
        reject(new TimeLimitError(limitMs))
      },
      Math.min(limitMs / steps, maxTimerMs)
    )
    if (unref) timer.unref()
    promise.then(
      (value) => {
        if (isLate) return onLate?.(value)
        clearTimeout(timer)
        resolve(value)
      },
      (error) => {
        if (isLate) return
        clearTimeout(timer)
        reject(error)
      }
    )
  })
}

/** A store did not answer in time. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError'
  readonly code = 'CC_STORE_TIMEOUT'

  constructor(readonly limitMs: number) {
    super(`the store did not answer within ${Math.round(limitMs)} ms`)
  }
}
