import { beforeAll, describe, expect, it } from '@jest/globals'
import { runChild } from './run-child.js'

interface Report {
  /** Requests that were no hits. */
  readonly forwarded: number
  readonly stored: readonly number[]
  /** Microseconds of the processor for a hit, in each round. */
  readonly times: Readonly<Record<'dispatch' | 'request' | 'first', Readonly<Record<string, readonly number[]>>>>
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] as number
}

describe('the time of a hit', () => {
  let report: Report

  beforeAll(async () => {
    report = await runChild('hits.mjs', ['1000000'], ['--max-old-space-size=6000'])
    for (const [api, times] of Object.entries(report.times)) {
      const medians = Object.entries(times).map(([name, rounds]) => `${name} ${median(rounds).toFixed(1)}`)
      process.stderr.write(`microseconds of the processor for a hit, ${api}: ${medians.join(', ')}\n`)
    }
    expect(report.stored).toEqual([10, 1_000_000, 100_000, 1, 8, 32])
    expect(report.forwarded).toBe(0)
  }, 30 * 60_000)

  const rounds = (api: keyof Report['times'], name: string) => report.times[api][name] as readonly number[]
  // Rounds beside each other are compared: whatever else the machine does slows both.
  const ratio = (api: keyof Report['times'], more: string, fewer: string) =>
    median(rounds(api, more).map((time, round) => time / (rounds(api, fewer)[round] as number)))

  it.each(['dispatch', 'request'] as const)('is as long with 1,000,000 stored responses as with 10, by %s', (api) => {
    expect(ratio(api, 'ten of many', 'ten of few')).toBeLessThan(1.5)
  })

  // Each response is met for the first time, with the processor's caches cold; that, too, must not grow.
  it('is as long for what was not asked for before in 1,000,000 as in 100,000', () => {
    expect(ratio('first', 'each of many', 'each of others')).toBeLessThan(2)
  })

  // By dispatch nothing but the cache is timed; by request, most is undici's part.
  it.each(['dispatch', 'request'] as const)('is as long with 32 variants as with one, by %s', (api) => {
    expect(ratio(api, 'all variants', 'one variant')).toBeLessThan(1.5)
  })
})
