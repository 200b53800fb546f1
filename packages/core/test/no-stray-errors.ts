import { afterEach } from '@jest/globals'

/**
 * To be imported by tests of what could fail where nobody listens: jest fails a test for a rejection that nobody handled
 * and for an exception that nobody caught, if they surface while it runs, so each test stays until they had the time to.
 */
afterEach(async () => {
  await turns()
})

/** Waits for what is to come of what is under way; fails where it does not, rather than to go on for ever. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 10_000; i++) {
    if (isSo()) return
    await turns(1)
  }
  throw new Error(`it did not come to ${isSo}`)
}

/** Lets everything run that is ready to: promises, timers that are due, and sockets that have something to say. */
export async function turns(count = 4): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
