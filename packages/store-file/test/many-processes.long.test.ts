import { describe, it } from '@jest/globals'
import { together } from './many-processes.js'

describe('processes that share a folder for long', () => {
  it('8 do 10,000 things each with the same keys (rows L6, L7)', () => together(8, 10_000))

  it('the same while there is room for a few only (rows L6, L7)', () =>
    together(8, 10_000, { maxBytes: 600_000, maxEntryBytes: 350_000 }))
})
