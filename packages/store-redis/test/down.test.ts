import { describe, expect, it } from '@jest/globals'
import { describeDown, describeHanging, some } from './describe-down.js'
import { JudgedCache, underLoad } from './judged-cache.js'
import { ownAndGiven } from './kinds.js'
import { libraries } from './libraries.js'
import { large, limits, paths, small } from './paths.js'
import { type FaultyProxy, startFaultyProxy, startRedis } from './servers/index.js'

// The clients of other libraries are tried at length.
describeDown(ownAndGiven)

describe.each(ownAndGiven)('RedisStore %s', (_name, open) => {
  it('whose server is down at start has the origin answer, and serves by itself once it is up (row R1)', async () => {
    const redis = await startRedis()
    await redis.kill()
    const cache = await JudgedCache.start(open(redis.port), limits)
    expect((await underLoad(cache, some)).stored).toBe(0)
    await redis.restart()
    await cache.untilStored(small)
    await cache.untilStored(large)
  })

  it.each([
    ['takes the connection and never answers', (proxy: FaultyProxy) => proxy.inject({ kind: 'swallow' })],
    ['takes commands whose replies are lost', (proxy: FaultyProxy) => proxy.inject({ kind: 'swallow-replies' })],
    ['refuses connections', (proxy: FaultyProxy) => proxy.inject({ kind: 'refuse' })]
  ])('whose server %s at start has the origin answer (row R3)', async (_what, inject) => {
    const proxy = await startFaultyProxy(await startRedis())
    inject(proxy)
    const cache = await JudgedCache.start(open(proxy.port), limits)
    expect((await underLoad(cache, some)).stored).toBe(0)
    proxy.heal()
    // As a server that was hung does not come back on connections that nobody answers.
    proxy.reset()
    await cache.untilStored(small)
  })

  it('does not take a late reply for that of another command (row R4)', async () => {
    const proxy = await startFaultyProxy(await startRedis())
    const cache = await JudgedCache.start(open(proxy.port), limits)
    for (const path of paths) await cache.untilStored(path)
    proxy.inject({ kind: 'latency', ms: 300 })
    await underLoad(cache, { ...some, postEvery: 20 })
    proxy.heal()
    for (const path of paths) await cache.untilStored(path)
  })

  it('serves what comes byte by byte, or leaves it to the origin (row R4)', async () => {
    const proxy = await startFaultyProxy(await startRedis())
    const cache = await JudgedCache.start(open(proxy.port), limits)
    proxy.inject({ kind: 'slice' })
    await cache.untilStored('/200/short')
    await cache.get('/100000/long')
    await cache.get('/100000/long')
  })

  it('serves nothing that was cut or garbled on its way (row R5)', async () => {
    const proxy = await startFaultyProxy(await startRedis())
    const cache = await JudgedCache.start(open(proxy.port), limits)
    await cache.untilStored(small)
    for (const afterBytes of [0, 5, 100, 1300]) {
      proxy.inject({ kind: 'cut', afterBytes })
      await cache.get(small)
      proxy.heal()
      await cache.untilStored(small)
    }
    proxy.inject({ kind: 'garble' })
    await cache.get(small)
    proxy.heal()
    proxy.reset()
    await cache.untilStored(small)
  })
})

describeHanging(libraries.slice(0, 1))
