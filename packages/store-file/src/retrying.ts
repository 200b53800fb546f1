import { isBusy } from './disk-errors.js'
import { type Steps, wait } from './steps.js'

/** Pauses before what is busy is tried again. */
const pausesMs = [2, 10, 50]

/** On Windows somebody who has just looked at a file, such as a virus scanner, keeps others from moving it. */
export function* retrying(attempt: () => void | Promise<void>): Steps<void> {
  for (const pauseMs of pausesMs) {
    try {
      const going = attempt()
      if (going !== undefined) yield* wait(going)
      return
    } catch (error) {
      if (!isBusy(error)) throw error
    }
    yield* wait(pause(pauseMs))
  }
  const going = attempt()
  if (going !== undefined) yield* wait(going)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
