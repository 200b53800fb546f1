import { describe, it } from '@jest/globals'
import { sweptBesideHits } from './many-leftovers.js'

describe('a folder with many files of writers that died', () => {
  it('is swept a few files at a time, and answers meanwhile (row D16)', () => sweptBesideHits(3_000), 300_000)
})
