import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startRedis } from './start-redis.mjs'
import { root, run } from './steps.mjs'

let redis
beforeAll(async () => {
  redis = await startRedis()
}, 600_000)
afterAll(() => redis?.stop())

describe('examples/redis-store.mjs', () => {
  it('has one process fetch, and another one find it in Redis', async () => {
    const args = [join(root, 'examples/redis-store.mjs'), `redis://127.0.0.1:${redis.port}`]
    expect((await run(process.execPath, args, { timeoutMs: 60_000 })).trim().split('\n')).toEqual([
      'one process: answer 1, miss',
      'another process: answer 1, hit',
      'requests at the origin: 1'
    ])
  }, 90_000)
})
