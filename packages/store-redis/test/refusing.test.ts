import { describe, expect, it } from '@jest/globals'
import { JudgedCache, underLoad } from './judged-cache.js'
import { ownAndGiven } from './kinds.js'
import { large, limits, paths, small } from './paths.js'
import { askUntil, type Redis, startRedis } from './servers/index.js'

const some = { requests: 320, concurrency: 64, paths }

describe.each(ownAndGiven)('RedisStore %s', (_name, open) => {
  it('whose server has become a replica goes on reading, and writes when it is a primary again (row R8)', async () => {
    const redis = await startRedis()
    const other = await startRedis()
    const cache = await JudgedCache.start(open(redis.port), limits)
    await cache.untilStored(small)
    await redis.ask('REPLICAOF', '127.0.0.1', other.port)
    await underLoad(cache, some)
    await redis.ask('REPLICAOF', 'NO', 'ONE')
    for (const path of [small, large]) await cache.untilStored(path)
  })

  it('whose server is a replica that has lost its primary, and says nothing, has the origin answer (row R8)', async () => {
    const redis = await startRedis({ args: ['--replica-serve-stale-data', 'no'] })
    const other = await startRedis()
    await other.kill()
    const cache = await JudgedCache.start(open(redis.port), limits)
    for (const path of [small, large]) await cache.untilStored(path)
    await redis.ask('REPLICAOF', '127.0.0.1', other.port)
    await expect(redis.ask('GET', 'x')).rejects.toThrow('MASTERDOWN')
    expect((await underLoad(cache, some)).stored).toBe(0)
    await redis.ask('REPLICAOF', 'NO', 'ONE')
    for (const path of [small, large]) await cache.untilStored(path)
  })

  it('whose server is full goes on reading and invalidating, and writes when there is room again (row R9)', async () => {
    const redis = await startRedis({ args: ['--maxmemory-policy', 'noeviction'] })
    const cache = await JudgedCache.start(open(redis.port), limits)
    for (const path of [small, large]) await cache.untilStored(path)
    await redis.ask('CONFIG', 'SET', 'maxmemory', '1mb')
    await expect(redis.ask('SET', 'more', 'x')).rejects.toThrow('OOM')
    await underLoad(cache, some)
    await cache.untilStored(small)
    // An answer from before would be found outdated.
    await cache.post(small)
    await cache.get(small)
    await redis.ask('CONFIG', 'SET', 'maxmemory', '0')
    for (const path of [small, large, '/1000/other']) await cache.untilStored(path)
  })

  it('whose keys somebody made into something else heals them (row R11)', async () => {
    const redis = await startRedis()
    const cache = await JudgedCache.start(open(redis.port), limits)
    for (const path of [small, large]) await cache.untilStored(path)
    for (const key of await redis.ask('KEYS', '*')) {
      await redis.ask('DEL', key)
      await redis.ask('LPUSH', key, 'something')
    }
    for (const path of [small, large]) await cache.get(path)
    for (const path of [small, large]) await cache.untilStored(path)
  })

  it('whose password was changed has the origin answer until it is right again (row R15)', async () => {
    const redis = await startRedis()
    const cache = await JudgedCache.start(open(redis.port), limits)
    await cache.untilStored(small)
    await redis.ask('ACL', 'SETUSER', 'admin', 'on', '>secret', '~*', '&*', '+@all')
    const admin = (...command: [string, ...(string | number)[]]) => redis.askAs('admin', 'secret', ...command)
    await admin('CONFIG', 'SET', 'requirepass', 'changed')
    await admin('CLIENT', 'KILL', 'TYPE', 'normal')
    expect((await underLoad(cache, some)).stored).toBe(0)
    await admin('CONFIG', 'SET', 'requirepass', '')
    await cache.untilStored(small)
  })

  it('whose server is loading has the origin answer until it has loaded (row R8)', async () => {
    const redis = await startRedis({
      // Loading takes so many microseconds a key, until it is told otherwise, and clients are answered in between.
      args: ['--key-load-delay', '1000', '--loading-process-events-interval-bytes', '1024']
    })
    const cache = await JudgedCache.start(open(redis.port), limits)
    await cache.untilStored(small)
    await redis.ask('DEBUG', 'POPULATE', 60_000, 'foreign', 100)
    await redis.ask('SAVE')
    await redis.kill()
    const loaded = redis.start()
    await loadingBegan(redis)
    expect((await underLoad(cache, some)).stored).toBe(0)
    await redis.ask('CONFIG', 'SET', 'key-load-delay', 0)
    await loaded
    for (const path of [small, large]) await cache.untilStored(path)
  })
})

/** Resolves once the server answers that it is loading. */
async function loadingBegan(redis: Redis): Promise<void> {
  await askUntil(
    () => redis.ask('GET', 'x').catch((error: Error) => error.message),
    (answer) => typeof answer === 'string' && answer.startsWith('LOADING')
  )
}
