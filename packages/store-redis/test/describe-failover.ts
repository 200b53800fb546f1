import { beforeAll, describe, expect, it } from '@jest/globals'
import { RedisStore } from '../src/index.js'
import { JudgedCache, underLoad } from './judged-cache.js'
import type { libraries } from './libraries.js'
import { large, limits, paths, small } from './paths.js'
import { type Cluster, startCluster, startSentinels } from './servers/index.js'

export const load = { requests: 1_280, concurrency: 64, paths }

/** Asks for everything until everything is served: whatever node of a cluster it is on. */
export async function untilAllStored(cache: JudgedCache): Promise<void> {
  for (const path of [...paths, small, large]) await cache.untilStored(path)
}

/** Servers die, are replaced and move what they have, while clients of these libraries ask for it. */
export function describeFailover(some: readonly (typeof libraries)[number][]): void {
  it.each(some)(
    'has the origin answer while sentinels replace its primary, and then serves again (%s) (row R7)',
    async (_name, library) => {
      const group = await startSentinels()
      const client = library.redis({ sentinels: group.addresses, name: group.name })
      const cache = await JudgedCache.start(new RedisStore({ client }), limits)
      await untilAllStored(cache)
      const old = await group.primary()
      await underLoad(cache, { ...load, onAnswer: (n) => void (n === 200 && group.kill(old)) })
      await group.haveReplaced(old)
      await untilAllStored(cache)
    }
  )

  describe.each(some)('on a cluster (%s)', (_name, library) => {
    let servers: Cluster
    let cache: JudgedCache
    beforeAll(async () => {
      servers = await startCluster()
      cache = await JudgedCache.start(new RedisStore({ client: library.cluster(servers.startupNodes) }), limits)
      await untilAllStored(cache)
    })

    it('goes on while slots move, and finds what has moved (row R14)', async () => {
      const slot = await servers.nodes[0].ask('CLUSTER', 'KEYSLOT', '{a}')
      const from = await servers.masterOf(slot)
      const to = servers.masters.find((node) => node !== from) ?? from
      // Slots of a master that have something in them go to another one, while requests come.
      let isOver = false
      const loading = (async () => {
        while (!isOver) await underLoad(cache, { ...load, requests: 64 })
      })()
      const slots = new Set<number>()
      for (const key of (await from.ask('KEYS', '*')) as string[]) slots.add(await from.ask('CLUSTER', 'KEYSLOT', key))
      expect(slots.size).toBeGreaterThan(0)
      for (const slot of [...slots].slice(0, 5)) await servers.moveSlot(slot, to)
      isOver = true
      await loading
      await untilAllStored(cache)
    })

    it('has the origin answer while a replica takes over, and then serves again (row R7)', async () => {
      const [master] = servers.masters
      await underLoad(cache, { ...load, onAnswer: (n) => void (n === 200 && servers.kill(master)) })
      await servers.haveReplaced(master)
      await untilAllStored(cache)
    })
  })
}
