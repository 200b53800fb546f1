import { expect } from '@jest/globals'
import type { Soak } from './run.js'

const MIB = 2 ** 20
/** A cache whose store has just failed to take an invalidation has one timer to try again, which keeps no process alive. */
const maxRetryTimers = 2

/** What holds after any number of requests. */
export function expectSound(soak: Soak): void {
  const { samples, problems, ends, outcomes, failed, failures, maxBytes, exitCode, exitMs } = soak
  expect(problems).toEqual([])
  const [first] = samples
  for (const sample of samples) {
    const { asked, heapUsed, external, arrayBuffers, bytesStored, pendingTimers, ...counts } = sample
    // Connections are closed at a sample, so that nothing may be left of any request.
    expect({ asked, ...counts }).toEqual({
      asked,
      fds: first?.fds,
      timers: 0,
      processListeners: first?.processListeners,
      agentListeners: 0,
      signalListeners: 0,
      requestSubscribers: false
    })
    expect(pendingTimers).toBeLessThanOrEqual(maxRetryTimers)
    for (const bytes of bytesStored) expect(bytes).toBeLessThanOrEqual(maxBytes)
    const stored = bytesStored.reduce((sum, bytes) => sum + bytes, 0)
    expect(heapUsed + arrayBuffers).toBeLessThan(stored + 32 * MIB)
    expect(external - arrayBuffers).toBeLessThan(8 * MIB)
  }
  expect({ exitCode, exitsInTime: exitMs < 1_000 }).toEqual({ exitCode: 0, exitsInTime: true })

  // A soak in which nothing went wrong would prove nothing.
  const asked = sum(ends)
  expect(ends.aborted).toBeGreaterThan(0.08 * asked)
  // Of what somebody shares in an answer that breaks off, nearly all is to be had from the origin all the same.
  expect(ends.cut ?? 0).toBeLessThan(0.005 * asked)
  expect(sum(failed)).toBeGreaterThan(0.05 * asked)
  expect(Object.keys(failed).sort()).toEqual(['chunks', 'fin', 'no head', 'reset', 'rst', 'stall', 'status'])
  for (const kind of ['hit', 'stale-hit', 'validated', 'miss', 'bypass']) expect(outcomes[kind]).toBeGreaterThan(0)
  for (const counts of failures) expect(sum(counts)).toBeGreaterThan(0.02 * asked)
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
