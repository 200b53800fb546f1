import { isPromise } from 'node:util/types'
import type { Found, StoredResponse } from '@cc/core'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { RedisStore } from '../src/index.js'
import { turn } from './near-reader.js'
import { nearStore, untilNear } from './near-store.js'
import { bytesOf, expectBytes, put } from './put.js'
import { bytes, hex, response } from './sample.js'
import { type FaultyProxy, startFaultyProxy, startRedis } from './servers/index.js'

const boundMs = 1_000
const key = 'https://example.org/'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function clientOf(port: number, options = {}): Redis {
  const client = new Redis(port, { maxRetriesPerRequest: 0, enableOfflineQueue: false, lazyConnect: true, ...options })
  client.on('error', () => {})
  closing.push(() => client.disconnect())
  return client
}

/** Stores a version of the response. */
function putVersion(store: RedisStore, version: number, length = 1_000): Promise<StoredResponse> {
  return put(store, bytes(length, version), { key, id: hex(version), requestTime: version })
}

/** Other metadata of a version. */
function updateVersion(store: RedisStore, version: number): Promise<boolean> {
  const changes = { key, id: hex(version), requestTime: version, bodyBytes: 1_000, status: 203 }
  return store.update(key, response(changes))
}

function markIt(store: RedisStore): Promise<void> {
  return store.mark(key, { value: 'ab', at: Date.now(), dropAt: Date.now() + 600_000 })
}

async function near(port: number): Promise<RedisStore> {
  const store = await nearStore({ client: clientOf(port) })
  closing.push(() => store.close())
  return store
}

/** Another process, without a near cache. */
function far(port: number): RedisStore {
  const store = new RedisStore({ client: clientOf(port) })
  closing.push(() => store.close())
  return store
}

/** What is kept near of the key, if anything is. */
function kept(store: RedisStore): Found | undefined {
  const found = store.get(key)
  if (!isPromise(found)) return found
  found.catch(() => {})
  return undefined
}

async function untilKept(store: RedisStore): Promise<Found> {
  for (;;) {
    await store.get(key)
    const found = kept(store)
    if (found !== undefined) return found
    await turn()
  }
}

describe('RedisStore with a near cache', () => {
  it('answers with the object of the first answer, without a promise and without Redis', async () => {
    const redis = await startRedis()
    const store = await near(redis.port)
    await putVersion(store, 1)
    const lookUps = async () => {
      const client = clientOf(redis.port)
      await client.connect()
      return Number(/cmdstat_hvals:calls=(\d+)/.exec(await client.info('commandstats'))?.[1])
    }
    for (;;) {
      const before = await lookUps()
      const first = kept(store)
      const answers = Array.from({ length: 1_000 }, () => store.get(key))
      const asked = answers.filter(isPromise)
      // Were this process held up for a second meanwhile, it would have to ask.
      if (first === undefined || asked.length > 0) {
        await Promise.all(asked)
        await untilKept(store)
        continue
      }
      expect(first.responses[0]?.body?.byteLength).toBe(1_000)
      expect(answers.every((answer) => answer === first)).toBe(true)
      expect(await lookUps()).toBe(before)
      break
    }
  })

  it('keeps long bodies that were read to their end, and gives ranges of them', async () => {
    const redis = await startRedis()
    const store = await near(redis.port)
    const { id } = await putVersion(store, 1, 1_000_000)
    const open = () => [
      store.openBody(key, id),
      store.openBody(key, id),
      store.openBody(key, id, { first: 5, last: 9 })
    ]
    let bodies = open()
    while (bodies.some(isPromise)) {
      for (const body of bodies) await body
      await untilKept(store)
      expectBytes(await bytesOf(await store.openBody(key, id)), bytes(1_000_000, 1))
      bodies = open()
    }
    const [body, again, part] = bodies as Uint8Array[]
    expectBytes(body, bytes(1_000_000, 1))
    expect(again === body).toBe(true)
    expectBytes(part, bytes(1_000_000, 1).subarray(5, 10))
  })

  it('knows at once what its own process changes (row R20)', async () => {
    const redis = await startRedis()
    const store = await near(redis.port)
    const changes: [string, () => unknown][] = [
      ['set', () => putVersion(store, 2)],
      ['update', () => updateVersion(store, 2)],
      ['mark', () => markIt(store)],
      ['delete', () => store.delete(key)],
      ['clear', () => store.clear()]
    ]
    await putVersion(store, 1)
    for (const [name, change] of changes) {
      if (name === 'clear') await putVersion(store, 3)
      const before = await untilKept(store)
      const changing = change()
      if (name !== 'set') expect([name, kept(store)]).toEqual([name, undefined])
      await changing
      expect([name, kept(store)]).toEqual([name, undefined])
      expect(await store.get(key)).not.toEqual(before)
    }
  })

  it('forgets what it could not change for certain (rows R3, R20)', async () => {
    const redis = await startRedis()
    const proxy = await startFaultyProxy(redis)
    const store = await near(proxy.port)
    await putVersion(store, 1)
    await untilKept(store)
    proxy.inject({ kind: 'swallow-replies' })
    const marking = markIt(store)
    expect(kept(store)).toBeUndefined()
    proxy.reset()
    await expect(marking).rejects.toThrow()
    expect(kept(store)).toBeUndefined()
  })

  it('forgets what others change, whatever they do (row R20)', async () => {
    const redis = await startRedis()
    const [store, other] = [await near(redis.port), far(redis.port)]
    const changes: (() => unknown)[] = [
      () => putVersion(other, 2),
      () => updateVersion(other, 2),
      () => markIt(other),
      () => other.delete(key, hex(0)),
      () => putVersion(other, 3),
      () => other.clear()
    ]
    await putVersion(other, 1)
    for (const change of changes) {
      const old = await untilKept(store)
      await change()
      const changedAt = performance.now()
      for (;;) {
        const at = performance.now()
        if (kept(store) !== old) break
        expect(at - changedAt).toBeLessThan(boundMs)
        await turn()
      }
    }
  })

  it('never reads what is older than the bound, whatever happens to connections and Redis (rows R2, R3, R20)', async () => {
    const redis = await startRedis()
    const writer = far(redis.port)
    await writer.get(key)
    /** When it was acknowledged that a version was there. */
    const written: number[] = []
    let isOver = false
    const write = async () => {
      for (let version = 1; !isOver; version++) {
        try {
          await putVersion(writer, version)
          written[version] = performance.now()
        } catch {
          // Nobody was told that it is there.
        }
        await turn()
      }
    }
    let reads = 0
    let nearReads = 0
    const read = async (store: RedisStore) => {
      /** The newest version that is known for longer than the bound. */
      let newest = 0
      for (let n = 0; !isOver; n++) {
        const at = performance.now()
        const answer = store.get(key)
        reads++
        if (!isPromise(answer)) {
          nearReads++
          const version = answer.responses[0]?.response.requestTime ?? 0
          for (let n = newest + 1; n < written.length; n++) {
            const time = written[n]
            if (time === undefined) continue
            if (time + boundMs >= at) break
            newest = n
          }
          if (version < newest)
            throw new Error(`version ${version} was read ${at - (written[newest] ?? 0)} ms after ${newest}`)
        } else await Promise.race([answer.catch(() => {}), turn()])
        if (n % 20 === 0) await turn()
      }
    }
    const proxies: FaultyProxy[] = [await startFaultyProxy(redis), await startFaultyProxy(redis)]
    const stores = await Promise.all(proxies.map(({ port }) => near(port)))
    const reading = Promise.all([write(), ...stores.map(read)])
    const faults: (() => unknown)[] = [
      () => proxies[0]?.reset(),
      () => proxies[0]?.inject({ kind: 'swallow' }),
      () => proxies[1]?.inject({ kind: 'swallow-replies' }),
      () => redis.ask('CLIENT', 'KILL', 'TYPE', 'pubsub'),
      () => redis.ask('CLIENT', 'KILL', 'TYPE', 'normal'),
      () => redis.ask('FLUSHALL'),
      () => proxies[1]?.inject({ kind: 'latency', ms: 50 }),
      () => redis.ask('CLIENT', 'PAUSE', '300'),
      async () => {
        await redis.kill()
        await redis.restart()
      }
    ]
    for (const fault of faults) {
      await fault()
      const until = reads + 3_000
      while (reads < until) await Promise.race([turn(), reading])
      for (const proxy of proxies) {
        proxy.heal()
        proxy.reset()
      }
      await Promise.race([reading, Promise.all(stores.map((store) => untilNear(store, 'other').catch(() => {})))])
      const enough = nearReads + 100
      while (nearReads < enough) await Promise.race([turn(), reading])
    }
    isOver = true
    await reading
  })
})
