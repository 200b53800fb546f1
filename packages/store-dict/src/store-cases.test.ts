import { storeCases } from '@cc/core/testing'
import { describe, it } from '@jest/globals'
import { DictStore } from './index.js'

const cannot = {
  lock: 'one process: core collapses its requests itself',
  reopen: 'it is in memory, and ends with its process'
}

describe('DictStore keeps the promises of CacheStore', () => {
  for (const { name, run } of storeCases(() => new DictStore(), { cannot })) it(name, run)
})

describe('DictStore with shareBodies keeps the promises of CacheStore', () => {
  for (const { name, run } of storeCases(() => new DictStore({ shareBodies: true }), { cannot })) it(name, run)
})
