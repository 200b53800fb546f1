import { describe, it } from '@jest/globals'
import { expectSound } from './expectations.js'
import { soak } from './run.js'

describe('5,000 requests, a tenth of them aborted, a tenth with a failing origin, and stores that fail', () => {
  it('are answered right or not at all, leave nothing behind, and let the process end (ROB-02) (rows B6, P2, P3)', async () => {
    expectSound(await soak(5_000, 2_500))
  }, 60_000)
})
