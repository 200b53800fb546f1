import { beforeAll, describe, expect, it } from '@jest/globals'
import { killed } from './killed-writers.js'
import { needStrace } from './strace.js'
import { operations, TracedOperation } from './traced-calls.js'

beforeAll(needStrace, 120_000)

describe('a writer that is killed', () => {
  it('at any moment leaves whole responses or none, and leftovers that are swept (row D1)', async () => {
    await killed(25)
  }, 600_000)

  // The others take longer, and are killed in kills.long.test.ts.
  const storing = operations.filter(({ name }) => /^store (a|in place of a) small|in place of a large/.test(name))
  it.each(storing)(
    'at each of the calls that make a response visible: $name (row D1)',
    async (operation) => {
      const traced = await TracedOperation.prepare(operation)
      const calls = new Set(
        traced.calls.filter((call) => /^(write|pwrite64|writev|rename|renameat2|link|unlink|mkdir|fsync)$/.test(call))
      )
      expect(calls.size).toBeGreaterThan(0)
      for (const call of calls) for (let n = 1; await traced.runWith(call, 'signal=KILL', n); n++);
    },
    600_000
  )
})
