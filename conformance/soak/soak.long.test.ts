import { beforeAll, describe, expect, it } from '@jest/globals'
import { expectSound } from './expectations.js'
import { type Soak, soak } from './run.js'

const MIB = 2 ** 20
const requests = 1_000_000
/** Until then the stores fill, and code is compiled. */
const warmUp = 200_000

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] as number
}

describe('1,000,000 requests, a tenth of them aborted, a tenth with a failing origin, and stores that fail', () => {
  let result: Soak

  beforeAll(async () => {
    result = await soak(requests, requests / 10)
    const mib = (bytes: number) => (bytes / MIB).toFixed(1)
    process.stderr.write(
      `${result.rate} requests a second; from the last answer to the exit: ${result.exitMs.toFixed()} ms\n`
    )
    for (const {
      asked,
      heapUsed,
      arrayBuffers,
      fds,
      pendingTimers,
      processListeners,
      signalListeners
    } of result.samples) {
      process.stderr.write(
        `after ${asked}: heap ${mib(heapUsed)} MiB, buffers ${mib(arrayBuffers)} MiB, ${fds} files, ${pendingTimers} timers, ${processListeners} listeners of the process, ${signalListeners} of signals\n`
      )
    }
  }, 60 * 60_000)

  it('are answered right or not at all, leave nothing behind, and let the process end (ROB-02) (rows B6, P2, P3)', () => {
    expectSound(result)
  })

  it('leave the heap as large as it was', () => {
    const steady = result.samples.filter(({ asked }) => asked >= warmUp).map(({ heapUsed }) => heapUsed)
    expect(steady.length).toBeGreaterThanOrEqual(9)
    // Single samples differ by what happens to be stored.
    expect(median(steady.slice(-3)) - median(steady.slice(0, 3))).toBeLessThan(5 * MIB)
  })
})
