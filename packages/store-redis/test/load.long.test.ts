import { describe, expect, it } from '@jest/globals'
import { RedisStore } from '../src/index.js'
import { JudgedCache, underLoad } from './judged-cache.js'
import { libraries } from './libraries.js'
import { limits, paths } from './paths.js'
import { startCluster, startFaultyProxy, startRedis, startSentinels } from './servers/index.js'

const full = { requests: 20_000, concurrency: 64, paths }

/** What is to happen, each when so many requests are answered; the next one waits for the one before. */
function script(...events: readonly [answered: number, event: () => Promise<unknown>][]) {
  const left = [...events]
  let happening = Promise.resolve() as Promise<unknown>
  return {
    onAnswer: (answered: number) => {
      while (left[0] !== undefined && answered >= left[0][0]) {
        const [, event] = left.shift() as (typeof events)[number]
        happening = happening.then(event)
      }
    },
    isOver: () => happening
  }
}

async function untilAllStored(cache: JudgedCache): Promise<void> {
  for (const path of paths) await cache.untilStored(path)
}

describe.each(libraries)('20,000 requests, 64 at a time, with a client of %s', (_name, library) => {
  it('are answered right while one server is killed, restarted, stopped, emptied and cut off (rows R2, R3, R5, R6)', async () => {
    const redis = await startRedis()
    const proxy = await startFaultyProxy(redis)
    const client = library.redis({ host: '127.0.0.1', port: proxy.port })
    const cache = await JudgedCache.start(new RedisStore({ client }), limits)
    await untilAllStored(cache)
    const events = script(
      [1_000, () => redis.restart()],
      [3_000, () => redis.kill('SIGSTOP')],
      [5_000, () => redis.kill('SIGCONT')],
      [7_000, () => redis.ask('FLUSHALL')],
      [8_000, async () => proxy.reset()],
      [9_000, async () => proxy.inject({ kind: 'cut', afterBytes: 10_000 })],
      [10_000, async () => proxy.heal()],
      [11_000, async () => proxy.inject({ kind: 'swallow' })],
      [13_000, async () => proxy.heal()],
      [13_000, async () => proxy.reset()],
      [14_000, () => redis.ask('SCRIPT', 'FLUSH')],
      [15_000, async () => proxy.inject({ kind: 'latency', ms: 300 })],
      [16_000, async () => proxy.heal()]
    )
    await underLoad(cache, { ...full, postEvery: 50, onAnswer: events.onAnswer })
    await events.isOver()
    await untilAllStored(cache)
    const { commandQueue, offlineQueue } = client as unknown as Record<string, { length: number }>
    expect(Number(commandQueue?.length) + Number(offlineQueue?.length)).toBeLessThan(160)
  })

  it('are answered right while sentinels replace the primary (row R7)', async () => {
    const group = await startSentinels()
    const client = library.redis({ sentinels: group.addresses, name: group.name })
    const cache = await JudgedCache.start(new RedisStore({ client }), limits)
    await untilAllStored(cache)
    const old = await group.primary()
    const events = script([4_000, () => group.kill(old)], [4_000, () => group.haveReplaced(old)])
    await underLoad(cache, { ...full, onAnswer: events.onAnswer })
    await events.isOver()
    await untilAllStored(cache)
  })

  it('are answered right while slots of a cluster move and a replica takes over (rows R7, R14)', async () => {
    const servers = await startCluster()
    const client = library.cluster(servers.startupNodes)
    const cache = await JudgedCache.start(new RedisStore({ client }), limits)
    await untilAllStored(cache)
    const [from, to] = servers.masters as [(typeof servers.masters)[0], (typeof servers.masters)[0]]
    const move = async () => {
      for (const key of (await from.ask('KEYS', '*')) as string[]) {
        await servers.moveSlot(await from.ask('CLUSTER', 'KEYSLOT', key), to)
      }
    }
    const events = script([2_000, move], [10_000, () => servers.kill(to)], [10_000, () => servers.haveReplaced(to)])
    await underLoad(cache, { ...full, onAnswer: events.onAnswer })
    await events.isOver()
    await untilAllStored(cache)
  })
})
