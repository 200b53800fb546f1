import { beforeAll, describe, it } from '@jest/globals'
import { killed } from './killed-writers.js'
import { needStrace } from './strace.js'
import { operations, TracedOperation } from './traced-calls.js'

beforeAll(needStrace, 120_000)

describe('writers that are killed', () => {
  it('1,000 times: every later read is whole or a miss (row D1)', () => killed(1_000))

  it.each(operations)('at every call that has to do with a file: $name (row D1)', async (operation) => {
    const traced = await TracedOperation.prepare(operation)
    for (const call of new Set(traced.calls)) {
      for (let n = 1; await traced.runWith(call, 'signal=KILL', n); n++);
    }
  })
})
