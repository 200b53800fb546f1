import { describe, expect, it } from '@jest/globals'
import { runChild } from './run-child.js'

interface Report {
  readonly maxBytes: number
  /** What the process has more than before, and what the store counts: after all is stored, and after hits. */
  readonly filled: { readonly taken: number; readonly bytes: number }
  readonly hit: { readonly taken: number; readonly bytes: number }
  readonly counters: { readonly stored: number; readonly evicted: number }
}

// Little above the bound of the store: what grows beyond it ends the process.
const nodeOptions = ['--expose-gc', '--max-old-space-size=160']
/** What core may remember beside the store of what it has worked out for hits. */
const remembered = 32 * 2 ** 20

describe.each([
  ['long fields', true],
  ['short bodies', false],
  ['small chunks', false],
  ['long bodies in small chunks', false],
  ['long bodies', true]
])('a cache filled with %s', (filling, evicts) => {
  let report: Report

  it('takes no more memory than it counts (rows M1, M3)', async () => {
    report = await runChild('memory.mjs', [filling], nodeOptions)
    const { maxBytes, filled, counters } = report
    expect(filled.bytes).toBeLessThanOrEqual(maxBytes)
    expect(counters.evicted > 0).toBe(evicts)
    expect(filled.taken / filled.bytes).toBeLessThan(1.2)
  })

  it('takes no more than 32 MiB beside that after hits', () => {
    expect(report.hit.taken).toBeLessThan(1.2 * report.hit.bytes + remembered)
  })
})
