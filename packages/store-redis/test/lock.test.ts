import { afterEach, describe, expect, it } from '@jest/globals'
import { Cluster, Redis } from 'ioredis'
import { RedisStore, type RedisStoreOptions } from '../src/index.js'
import { Keys } from '../src/keys.js'
import { turn } from './near-reader.js'
import { type Redis as Server, startCluster, startRedis } from './servers/index.js'

const patient = { leaseMs: 600_000, waitMs: 600_000 }
const key = 'https://example.org/'
const lockName = new Keys('cc:').lock(key)

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A store as another process has it, with a client of its own. */
function storeOf(client: Redis | Cluster, options: RedisStoreOptions = {}): RedisStore {
  client.on('error', () => {})
  const store = new RedisStore({ client, ...options })
  closing.push(
    () => client.disconnect(),
    () => store.close()
  )
  return store
}

/** Has them connect, which may take longer than a lock that is asked for waits. */
async function connected(...stores: readonly RedisStore[]): Promise<void> {
  for (const store of stores) await store.get(key)
}

/** Waits until so many connections of stores listen to the lock. */
async function listeners(redis: Pick<Server, 'ask'>, count: number): Promise<void> {
  const listening = async () => ((await redis.ask('PUBSUB', 'NUMSUB', lockName)) as [string, number])[1]
  while ((await listening()) !== count) await turn()
}

async function calls(redis: Server, command: string): Promise<number> {
  const info: string = await redis.ask('INFO', 'commandstats')
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(info)?.[1] ?? 0)
}

describe('The lock of RedisStore', () => {
  it('COLL-01: wakes all who wait in other processes at its release, over one connection each', async () => {
    const redis = await startRedis()
    const [holder, ...others] = [1, 2, 3].map(() => storeOf(new Redis(redis.port))) as [RedisStore, ...RedisStore[]]
    await connected(holder, ...others)
    const lease = await holder.lock(key, patient)
    expect(lease).toBeDefined()
    const waiting = others.flatMap((store) => Array.from({ length: 25 }, () => store.lock(key, patient)))
    await listeners(redis, others.length)
    expect((await redis.ask('CLIENT', 'LIST', 'TYPE', 'pubsub')).trim().split('\n')).toHaveLength(others.length)
    await lease?.release()
    expect(await Promise.all(waiting)).toEqual(Array(waiting.length).fill(undefined))
    await listeners(redis, 0)
    expect(await redis.ask('EXISTS', lockName)).toBe(0)
  })

  it('asks nobody who has it while it waits, but now and then for all', async () => {
    const redis = await startRedis()
    const [holder, waiter] = [storeOf(new Redis(redis.port)), storeOf(new Redis(redis.port))]
    await connected(holder, waiter)
    const lease = await holder.lock(key, patient)
    const waiting = Array.from({ length: 200 }, () => waiter.lock(key, patient))
    // All of them have asked once, and somebody has looked at the lock.
    while ((await calls(redis, 'evalsha')) < 201 || (await calls(redis, 'eval')) < 2) await turn()
    const before = await calls(redis, 'evalsha')
    let checks = 0
    while (checks < 3) checks = (await calls(redis, 'evalsha')) - before
    expect(checks).toBeLessThan(100)
    await lease?.release()
    await Promise.all(waiting)
  })

  it('is told of nobody where nobody waits', async () => {
    const redis = await startRedis()
    const store = storeOf(new Redis(redis.port))
    await connected(store)
    await (await store.lock(key, patient))?.release()
    expect(await calls(redis, 'publish')).toBe(0)
    const lease = await store.lock(key, patient)
    const waiting = store.lock(key, patient)
    await listeners(redis, 1)
    await lease?.release()
    await waiting
    expect(await calls(redis, 'publish')).toBe(1)
  })

  it('is released only by who has it', async () => {
    const redis = await startRedis()
    const store = storeOf(new Redis(redis.port))
    await connected(store)
    const late = await store.lock(key, { ...patient, leaseMs: 1 })
    while ((await redis.ask('EXISTS', lockName)) === 1) await turn()
    const lease = await store.lock(key, patient)
    expect(lease).toBeDefined()
    const waiting = store.lock(key, patient)
    await listeners(redis, 1)
    await late?.release()
    expect(await redis.ask('EXISTS', lockName)).toBe(1)
    await lease?.release()
    expect(await waiting).toBeUndefined()
  })

  it('ends with its lease, for all who wait, when its holder has died', async () => {
    const redis = await startRedis()
    const [dying, store] = [storeOf(new Redis(redis.port)), storeOf(new Redis(redis.port))]
    await connected(dying, store)
    for (;;) {
      await dying.lock(key, { ...patient, leaseMs: 500 })
      const waits = async () => {
        const lease = await store.lock(key, patient)
        // It had ended before anybody waited; the other one waits for this one now.
        await lease?.release()
        return lease === undefined
      }
      if ((await Promise.all([waits(), waits()])).every((hasWaited) => hasWaited)) break
    }
    await dying.close()
    // Clocks are not read at the same moment: a wait may be over a little before the lease is.
    while ((await store.lock(key, patient)) === undefined) await turn()
  })

  it('wakes those whose message was lost with their connection', async () => {
    const redis = await startRedis()
    const [holder, waiter] = [storeOf(new Redis(redis.port)), storeOf(new Redis(redis.port))]
    await connected(holder, waiter)
    const lease = await holder.lock(key, patient)
    const waiting = waiter.lock(key, patient)
    await listeners(redis, 1)
    await redis.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await lease?.release()
    expect(await waiting).toBeUndefined()
    // It listens again.
    const next = await holder.lock(key, patient)
    const again = waiter.lock(key, patient)
    await listeners(redis, 1)
    await next?.release()
    expect(await again).toBeUndefined()
  })

  it('wakes those who may not listen (row R15)', async () => {
    const redis = await startRedis({
      acl: '~cc:* resetchannels +info +hvals +eval +evalsha +set +get +append +pttl +unlink +publish'
    })
    const [holder, waiter] = [storeOf(new Redis(redis.port)), storeOf(new Redis(redis.url))]
    await connected(holder, waiter)
    const lease = await holder.lock(key, patient)
    const waiting = waiter.lock(key, patient)
    while (!((await redis.ask('GET', lockName)) as string).endsWith('+')) await turn()
    await lease?.release()
    expect(await waiting).toBeUndefined()
  })

  it('fails at once where Redis is away', async () => {
    const redis = await startRedis()
    await redis.kill()
    const store = storeOf(new Redis(redis.port, { maxRetriesPerRequest: 0 }))
    await expect(store.lock(key, patient)).rejects.toThrow()
  })

  it('lets all go on who wait when Redis dies (row R2)', async () => {
    const redis = await startRedis()
    const store = storeOf(new Redis(redis.port, { maxRetriesPerRequest: 0 }))
    await connected(store)
    await store.lock(key, patient)
    const waiting = [store.lock(key, patient), store.lock(key, patient)]
    await listeners(redis, 1)
    await redis.kill()
    expect(await Promise.all(waiting)).toEqual([undefined, undefined])
    await redis.restart()
    while ((await store.lock(key, patient).catch(() => undefined)) === undefined) await turn()
  })

  it('fails in time where Redis hangs, and gives back what is granted too late (row R3)', async () => {
    const redis = await startRedis()
    const store = storeOf(new Redis(redis.port))
    await store.get(key)
    await redis.kill('SIGSTOP')
    await expect(store.lock(key, patient)).rejects.toThrow('Redis did not say within 1000 ms')
    const abort = new AbortController()
    const waiting = store.lock(key, { ...patient, signal: abort.signal })
    abort.abort()
    expect(await waiting).toBeUndefined()
    await redis.kill('SIGCONT')
    const again = () => store.lock(key, { leaseMs: 600_000, waitMs: 1_000 }).catch(() => undefined)
    while ((await again()) === undefined) await turn()
  })

  it('ends all waits when its store is closed, and what it has opened (row P3)', async () => {
    const redis = await startRedis()
    const [holder, waiter] = [storeOf(new Redis(redis.port)), storeOf(new Redis(redis.port))]
    await connected(holder, waiter)
    await holder.lock(key, patient)
    const waiting = waiter.lock(key, patient)
    await listeners(redis, 1)
    await waiter.close()
    expect(await waiting).toBeUndefined()
    await listeners(redis, 0)
    while ((await redis.ask('CLIENT', 'LIST', 'TYPE', 'pubsub')) !== '') await turn()
  })

  it('is told to every node of a cluster, with a prefix of the client (row R14)', async () => {
    const cluster = await startCluster()
    const stores = [0, 1, 2, 3].map(() => storeOf(new Cluster(cluster.startupNodes, { keyPrefix: 'p:' })))
    const [holder, ...others] = stores as [RedisStore, ...RedisStore[]]
    await connected(holder, ...others)
    for (const key of ['a', 'b', 'c', 'd']) {
      const name = `p:${new Keys('cc:').lock(key)}`
      const lease = await holder.lock(key, patient)
      const waiting = others.map((store) => store.lock(key, patient))
      const listening = async () => {
        const counts = cluster.masters.map((node) => node.ask('PUBSUB', 'NUMSUB', name) as Promise<[string, number]>)
        return (await Promise.all(counts)).reduce((sum, [, count]) => sum + count, 0)
      }
      while ((await listening()) !== others.length) await turn()
      await lease?.release()
      expect(await Promise.all(waiting)).toEqual([undefined, undefined, undefined])
    }
  })
})
