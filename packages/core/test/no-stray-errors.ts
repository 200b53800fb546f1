import { afterEach } from '@jest/globals'

/**
 * To be imported by tests of what could fail where nobody listens: jest fails a test for a rejection that nobody handled
 * and for an exception that nobody caught, if they surface while it runs, so each test stays until they had the time to.
 */
afterEach(async () => {
  await turns()
})

/** Lets everything run that is ready to: promises, timers that are due, and sockets that have something to say. */
export async function turns(count = 4): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
