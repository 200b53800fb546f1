import { describe, expect, it } from '@jest/globals'
import { JudgedCache } from './judged-cache.js'
import { ownAndGiven } from './kinds.js'
import { type FaultyProxy, type Redis, startFaultyProxy, startRedis } from './servers/index.js'

/** Far more than is on its way to a caller who has not begun to read. */
const path = '/6000000/long'

const interruptions: [string, (redis: Redis, proxy: FaultyProxy) => unknown][] = [
  ['dies', (redis) => redis.kill()],
  ['is emptied', (redis) => redis.ask('FLUSHALL')],
  ['swallows all that it is sent', (_, proxy) => proxy.inject({ kind: 'swallow' })],
  ['has its replies garbled', (_, proxy) => proxy.inject({ kind: 'garble' })]
]

describe.each(ownAndGiven)('a long body that is being read by RedisStore %s', (_name, open) => {
  it.each(interruptions)(
    'ends in an error when Redis %s, and heals (rows R2, R3, R5, R6, B10)',
    async (_what, interrupt) => {
      const redis = await startRedis()
      const proxy = await startFaultyProxy(redis)
      const cache = await JudgedCache.start(open(proxy.port), { storeTimeoutMs: 1_000 })
      const heal = async () => {
        if (redis.hasEnded) await redis.start()
        proxy.heal()
        proxy.reset()
        await cache.untilStored(path, 'heals')
      }
      await heal()
      for (;;) {
        const outcome = await cache.outcome(path, () => interrupt(redis, proxy))
        await heal()
        // On a busy machine it may have been the origin that answered: nothing has happened to that.
        if (outcome === 'origin') continue
        expect(outcome).toBe('broken')
        break
      }
    }
  )

  it('ends in an error, or whole, when its connection is cut, and heals (row R5)', async () => {
    const proxy = await startFaultyProxy(await startRedis())
    const cache = await JudgedCache.start(open(proxy.port), { storeTimeoutMs: 1_000 })
    await cache.untilStored(path, 'heals')
    for (const afterBytes of [0, 1_000, 3_000_000]) {
      await cache.outcome(path, () => proxy.inject({ kind: 'cut', afterBytes }))
      proxy.heal()
      await cache.untilStored(path, 'heals')
    }
  })
})
