import { beforeAll, describe, expect, it } from '@jest/globals'
import { needStrace } from './strace.js'
import { operations, TracedOperation } from './traced-calls.js'

beforeAll(needStrace, 120_000)

/** What each call may fail with, one after another. */
const errors = ['EIO', 'EACCES', 'ENOSPC', 'EMFILE', 'EROFS', 'ESTALE', 'EBUSY', 'EDQUOT', 'EPERM', 'ETIMEDOUT']

describe('calls of the system that fail', () => {
  it.each(operations)(
    'whichever fails, the request gets the answer and the folder heals: $name (rows D11, D13, D15)',
    async (operation) => {
      const traced = await TracedOperation.prepare(operation)
      expect(traced.calls).not.toEqual([])
      let turn = 0
      for (const call of new Set(traced.calls)) {
        let n = 1
        while (await traced.runWith(call, `error=${errors[turn++ % errors.length]}`, n)) n++
        expect({ call, failed: n - 1 }).not.toEqual({ call, failed: 0 })
      }
    },
    600_000
  )

  it.each(operations)(
    'a write that takes less than it was given: nothing of it counts unless it is whole: $name (row D14)',
    async (operation) => {
      const traced = await TracedOperation.prepare(operation)
      const writes = traced.calls.filter((call) => /^(p?write(64|v|v2)?)$/.test(call))
      for (const call of new Set(writes)) for (let n = 1; await traced.runWith(call, 'retval=100', n); n++);
    },
    600_000
  )
})
