import { describe, expect, it } from '@jest/globals'
import { RedisStore } from '../src/index.js'
import { Keys } from '../src/keys.js'
import { describeFailover, load, untilAllStored } from './describe-failover.js'
import { JudgedCache, underLoad } from './judged-cache.js'
import { libraries } from './libraries.js'
import { limits } from './paths.js'
import { bytesOf, expectBytes, put } from './put.js'
import { bytes, hex, response } from './sample.js'
import { startCluster, startSentinels } from './servers/index.js'

/** What docs/redis-store.md says a client of a cluster needs to notice a master that hangs. */
const noticing = {
  enableOfflineQueue: false,
  redisOptions: { connectTimeout: 1_000, commandTimeout: 1_000, socketTimeout: 2_000 }
}

describe('RedisStore under load', () => {
  // The other libraries are tried at length.
  describeFailover(libraries.slice(0, 1))

  it('leaves a primary that hangs for the one that sentinels name, over a connection of its own (rows R3, R7)', async () => {
    const group = await startSentinels()
    const options = { sentinels: group.addresses, name: group.name }
    const cache = await JudgedCache.start(new RedisStore({ options }), limits)
    await untilAllStored(cache)
    const old = await group.primary()
    await underLoad(cache, { ...load, onAnswer: (n) => void (n === 200 && group.kill(old, 'SIGSTOP')) })
    await group.haveReplaced(old)
    await untilAllStored(cache)
    // Who hangs keeps those waiting who close their connections.
    await old.kill('SIGCONT')
  })

  it('has the origin answer while a master hangs, and then is served by its replica (rows R3, R7)', async () => {
    const servers = await startCluster()
    const client = libraries[0][1].cluster(servers.startupNodes, noticing)
    const cache = await JudgedCache.start(new RedisStore({ client }), limits)
    await untilAllStored(cache)
    const [master] = servers.masters
    await underLoad(cache, { ...load, onAnswer: (n) => void (n === 200 && servers.kill(master, 'SIGSTOP')) })
    await servers.haveReplaced(master)
    await untilAllStored(cache)
    await master.kill('SIGCONT')
  })

  it('stores in a slot that moves what is short, and what is long whole or not at all (rows R8, R14)', async () => {
    const servers = await startCluster({ masters: 3, replicas: 0 })
    const store = new RedisStore({ client: libraries[0][1].cluster(servers.startupNodes) })
    const { key } = response()
    const putNumber = (n: number, length: number) => put(store, bytes(length, n), { id: hex(n), slot: hex(n) })
    const found = async () => {
      const ids: string[] = []
      for (const { response, body } of (await store.get(key)).responses) {
        const whole = await bytesOf(body ?? (await store.openBody(key, response.id)))
        expectBytes(whole, bytes(response.bodyBytes, Number.parseInt(response.id, 16)))
        ids.push(response.id)
      }
      return ids
    }
    await putNumber(1, 10)
    const slot = await servers.nodes[0].ask('CLUSTER', 'KEYSLOT', new Keys('cc:').index(key))
    const from = await servers.masterOf(slot)
    const to = servers.masters.find((node) => node !== from) ?? from
    await servers.moveSlot(slot, to, async () => {
      // A script of two keys, of which one is on neither side, is refused with TRYAGAIN until the slot has moved.
      await expect(putNumber(2, 300_000)).rejects.toThrow()
      await putNumber(3, 10)
      expect(new Set(await found())).toEqual(new Set([hex(1), hex(3)]))
    })
    await putNumber(2, 300_000)
    expect(new Set(await found())).toEqual(new Set([hex(1), hex(2), hex(3)]))
  })

  it('has the origin answer while a master is missing, and serves when it is back (row R8)', async () => {
    const servers = await startCluster({ masters: 3, replicas: 0 })
    const client = libraries[0][1].cluster(servers.startupNodes)
    const cache = await JudgedCache.start(new RedisStore({ client }), limits)
    await untilAllStored(cache)
    const [master] = servers.masters
    await servers.kill(master)
    await underLoad(cache, load)
    await master.restart()
    await servers.isWhole()
    await untilAllStored(cache)
  })
})
