import { randomInt } from 'node:crypto'
import { beforeAll, describe, it } from '@jest/globals'
import { needStrace } from './strace.js'
import { operations, rareOperations, TracedOperation } from './traced-calls.js'

beforeAll(needStrace, 120_000)

const errors = [
  ...['EIO', 'EACCES', 'ENOSPC', 'EMFILE', 'ENFILE', 'EROFS', 'ESTALE', 'EBUSY', 'EDQUOT', 'EPERM', 'ETIMEDOUT'],
  ...['EXDEV', 'ENOENT', 'EEXIST', 'ENOTDIR', 'ENOMEM', 'EINTR', 'EAGAIN', 'EFBIG', 'ELOOP', 'ENOTEMPTY']
]
/** Those that can go on: what is interrupted is tried again by libuv until it is not. */
const lasting = errors.filter((error) => error !== 'EINTR')
/** Of all errors so many are tried with each call, others with the next one and in the next run. */
const atOnce = 4

describe('calls of the system that fail', () => {
  it.each([...operations, ...rareOperations])(
    'each of them, with other errors each time, and each kind from then on: $name (rows D11, D13, D15)',
    async (operation) => {
      const traced = await TracedOperation.prepare(operation)
      let next = randomInt(errors.length)
      const some = () => Array.from({ length: atOnce }, () => errors[next++ % errors.length])
      for (const call of new Set(traced.calls)) {
        for (const error of lasting) await traced.runWith(call, `error=${error}`, '1+')
        for (let n = 1, isThere = true; isThere; n++) {
          for (const error of some()) isThere = await traced.runWith(call, `error=${error}`, n)
        }
      }
    }
  )
})
