import { afterAll, beforeAll, expect, jest } from '@jest/globals'
import { redisServer } from './binary.js'

const running = new Set<() => unknown>()

/** Has something ended when the tests of this file are over, whatever came of them. */
export function endAfterwards(end: () => unknown): void {
  running.add(end)
}

// A cluster takes seconds to come up, and many of them on a machine with better things to do. Tests at length have an hour.
if (!expect.getState().testPath?.includes('.long.')) jest.setTimeout(180_000)

beforeAll(async () => {
  await redisServer()
}, 600_000)

afterAll(async () => {
  const ends = [...running].reverse()
  running.clear()
  const results = await Promise.allSettled(ends.map(async (end) => end()))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
})
