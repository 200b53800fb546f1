import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { filesIn } from './folder.js'
import { needStrace } from './strace.js'
import { operations, rareOperations, TracedOperation } from './traced-calls.js'

beforeAll(needStrace, 120_000)

/** What each call may fail with, one after another. */
const errors = ['EIO', 'EACCES', 'ENOSPC', 'EMFILE', 'EROFS', 'ESTALE', 'EBUSY', 'EDQUOT', 'EPERM', 'ETIMEDOUT']

/** Asserts that what can be found is as long as it says, or as what was stored: nothing that is cut may get that far. */
function allWhole(folder: string): void {
  for (const { path, name, stats } of filesIn(folder)) {
    if (!/\/[0-9a-f]{3}\/[0-9a-f]{64}/.test(name)) continue
    const text = readFileSync(path, 'latin1')
    const [header = '', metadata] = /^cc-store-file 1 [0-9a-f]{64} (\d{8})\n/.exec(text) ?? []
    const beside = text.includes('"beside":true') ? 1_000 : 0
    const whole = name.includes('.') ? 600_000 : header.length + Number(metadata) + beside
    expect({ name, size: stats.size }).toEqual({ name, size: whole })
  }
}

describe('calls of the system that fail', () => {
  it.each([...operations, ...rareOperations])(
    'whichever fails, the request gets the answer and the folder heals: $name (rows D11, D13, D15)',
    async (operation) => {
      const traced = await TracedOperation.prepare(operation)
      expect(traced.calls).not.toEqual([])
      const kinds = new Set(traced.calls)
      let failed = 0
      for (const call of kinds) {
        for (let n = 1; await traced.runWith(call, `error=${errors[failed % errors.length]}`, n); n++) failed++
      }
      // What is done in the background may be over before it, or come after it.
      expect(failed).toBeGreaterThanOrEqual(kinds.size)
    },
    600_000
  )

  it.each(operations.filter(({ name }) => /^(store|invalidate)/.test(name)))(
    'a write that takes less than it was given: nothing of it counts unless it is whole: $name (row D14)',
    async (operation) => {
      const traced = await TracedOperation.prepare(operation)
      const writes = traced.calls.filter((call) => /^(p?write(64|v|v2)?)$/.test(call))
      for (const call of new Set(writes)) {
        for (let n = 1; await traced.runWith(call, 'retval=100', n, allWhole); n++);
        // Who goes on until all is written would go on for ever.
        await traced.runWith(call, 'retval=0', '1+', allWhole)
      }
    },
    600_000
  )
})
