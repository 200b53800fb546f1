import { describe, it } from '@jest/globals'
import { checkSharing } from './sharing-property.js'

describe('who shares a response with whom', () => {
  it('KEY-01, KEY-04, VARY-01: those who ask for the same by key and selecting fields, and nobody else', () => {
    checkSharing(20_000)
  })
})
