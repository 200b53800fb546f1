import { describe, it } from '@jest/globals'
import { sweptBesideHits } from './many-leftovers.js'

describe('a folder with 100,000 files of writers that died', () => {
  it('is swept a few files at a time, and answers meanwhile (row D16)', () => sweptBesideHits(100_000))
})
