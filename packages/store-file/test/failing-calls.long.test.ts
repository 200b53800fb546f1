import { beforeAll, describe, it } from '@jest/globals'
import { needStrace } from './strace.js'
import { operations, TracedOperation } from './traced-calls.js'

beforeAll(needStrace, 120_000)

const errors = [
  ...['EIO', 'EACCES', 'ENOSPC', 'EMFILE', 'ENFILE', 'EROFS', 'ESTALE', 'EBUSY', 'EDQUOT', 'EPERM', 'ETIMEDOUT'],
  ...['EXDEV', 'ENOENT', 'EEXIST', 'ENOTDIR', 'ENOMEM', 'EINTR', 'EAGAIN', 'EFBIG', 'ELOOP', 'ENOTEMPTY']
]

describe('calls of the system that fail, once or from then on', () => {
  it.each(operations)('every call with every error: $name (rows D11, D13, D15)', async (operation) => {
    const traced = await TracedOperation.prepare(operation)
    for (const call of new Set(traced.calls)) {
      for (const error of errors) for (let n = 1; await traced.runWith(call, `error=${error}`, n); n++);
    }
  })
})
