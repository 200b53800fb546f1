import { describe, it } from '@jest/globals'
import { damageBody, damageMetadata } from './damage-cases.js'

describe('files that are damaged, again and again', () => {
  it('1,000 random places of a body that is checked before it is served (row D3)', () =>
    damageBody('/200000/a', 1_000, false))

  it('1,000 random places of a long body (row D3)', () => damageBody('/3000000/a', 1_000, true))

  it('every byte of the metadata of a short body (row D4)', () => damageMetadata('/40/a'))

  it('every byte of the metadata of a long body (row D4)', () => damageMetadata('/300000/a'))
})
