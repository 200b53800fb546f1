import { describe, expect, it } from '@jest/globals'
import { RedisStore } from '../src/index.js'
import { JudgedCache, underLoad } from './judged-cache.js'
import type { kinds } from './kinds.js'
import type { libraries } from './libraries.js'
import { large, limits, paths, small } from './paths.js'
import { startRedis } from './servers/index.js'

export const some = { requests: 640, concurrency: 64, paths }

/** Servers die and hang under load, and come back. */
export function describeDown(those: readonly (typeof kinds)[number][]): void {
  describe.each(those)('RedisStore %s', (_name, open) => {
    it('whose server dies under load has the origin answer, and serves by itself once it is up again (row R2)', async () => {
      const redis = await startRedis()
      const cache = await JudgedCache.start(open(redis.port), limits)
      await cache.untilStored(small)
      await underLoad(cache, {
        ...some,
        postEvery: 20,
        onAnswer: (n) => void (n === 200 && redis.kill())
      })
      await redis.restart()
      await cache.untilStored(small)
      await cache.untilStored(large)
    })

    it('whose server hangs has the origin answer, and serves by itself when it goes on (row R3)', async () => {
      const redis = await startRedis()
      const cache = await JudgedCache.start(open(redis.port), limits)
      for (const path of [small, large]) await cache.untilStored(path)
      await underLoad(cache, {
        ...some,
        postEvery: 20,
        onAnswer: (n) => void (n === 200 && redis.kill('SIGSTOP'))
      })
      await redis.kill('SIGCONT')
      await cache.untilStored(small)
      await cache.untilStored(large)
    })
  })
}

/** What a client is left with whose server hangs. */
export function describeHanging(those: readonly (typeof libraries)[number][]): void {
  describe.each(those)('a client of %s whose server hangs', (_name, library) => {
    it('has no more waiting in it than what came before that was found (row R3)', async () => {
      const redis = await startRedis()
      const client = library.redis({ host: '127.0.0.1', port: redis.port })
      const cache = await JudgedCache.start(new RedisStore({ client }), limits)
      for (const path of paths) await cache.untilStored(path)
      await redis.kill('SIGSTOP')
      await underLoad(cache, { ...some, requests: 2_560 })
      const { commandQueue, offlineQueue } = client as unknown as Record<string, { length: number }>
      // Those of the first 64 requests, and trials.
      expect(Number(commandQueue?.length) + Number(offlineQueue?.length)).toBeLessThan(160)
      await redis.kill('SIGCONT')
      await cache.untilStored(small)
    })
  })
}
