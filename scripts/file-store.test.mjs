import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { root, run } from './steps.mjs'

describe('examples/file-store.mjs', () => {
  it('shows two processes that share a folder, and an invalidation that counts for both', async () => {
    const printed = await run(process.execPath, [join(root, 'examples/file-store.mjs')], { timeoutMs: 60_000 })
    expect(printed.trimEnd().split('\n')).toEqual([
      'first   GET  miss    version 1',
      'second  GET  hit     version 1',
      'first   GET  hit     version 1',
      'second  PUT  bypass  version 2',
      'first   GET  miss    version 2',
      'second  GET  hit     version 2'
    ])
  }, 90_000)
})
