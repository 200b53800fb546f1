import type { Awaitable } from '@cc/core'

/**
 * Work on the disk, written once for those who may block and for those who may not: it yields what it has to wait for,
 * and nothing where nothing has to be waited for.
 */
// biome-ignore lint/suspicious/noExplicitAny: what comes back is what was yielded, which `wait` knows.
export type Steps<T> = Generator<Promise<unknown>, T, any>

export function* wait<T>(promise: Promise<T>): Steps<T> {
  return yield promise
}

/** Answers without a promise if there was nothing to wait for. */
export function run<T>(steps: Steps<T>): Awaitable<T> {
  const next = steps.next()
  return next.done ? next.value : goOn(steps, next.value)
}

async function goOn<T>(steps: Steps<T>, first: Promise<unknown>): Promise<T> {
  let waitingFor = first
  for (;;) {
    let next: IteratorResult<Promise<unknown>, T>
    try {
      const value = await waitingFor
      next = steps.next(value)
    } catch (error) {
      // Also what `next` threw comes here: steps that have ended throw it on.
      next = steps.throw(error)
    }
    if (next.done) return next.value
    waitingFor = next.value
  }
}
