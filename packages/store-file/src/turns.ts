import type { Awaitable } from '@cc/core'
import { run, type Steps, wait } from './steps.js'

/** Whoever reads, changes and writes what lies under a name has that for itself, within this process. */
export class Turns {
  readonly #busy = new Map<string, Promise<unknown>>()

  /** Does `steps` when what came before under the same name has ended, well or not; at once if there is nothing. */
  take<T>(name: string, steps: Steps<T>): Awaitable<T> {
    const before = this.#busy.get(name)
    const taken = run(before === undefined ? steps : after(before, steps))
    if (!(taken instanceof Promise)) return taken
    const ended = taken.then(nothing, nothing)
    this.#busy.set(name, ended)
    ended.then(() => {
      if (this.#busy.get(name) === ended) this.#busy.delete(name)
    })
    return taken
  }

  /** The same as a step among others. */
  *wait<T>(name: string, steps: Steps<T>): Steps<T> {
    const taken = this.take(name, steps)
    return taken instanceof Promise ? yield* wait(taken) : taken
  }
}

function* after<T>(before: Promise<unknown>, steps: Steps<T>): Steps<T> {
  yield* wait(before)
  return yield* steps
}

function nothing(): void {}
