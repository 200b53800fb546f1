import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { CHUNK_BYTES } from '../src/body-reading.js'
import { RedisStore } from '../src/index.js'
import { turn } from './near-reader.js'
import { nearStore } from './near-store.js'
import { bytesOf, expectBytes, put } from './put.js'
import { bytes, hex, response } from './sample.js'
import { startRedis } from './servers/index.js'

const guide = readFileSync(`${__dirname}/../../../docs/redis-store.md`, 'utf8')
/** What an ACL user needs, and what it takes more for a near cache, and for locks. */
const rules = rulesIn(/^user cache (.*?)^```/ms)
const nearRules = rulesIn(/^ +(\+.*?)# nearCache$/m)
const lockRules = rulesIn(/^ +(\+.*?)# collapseAcrossProcesses$/m)
const DOCUMENTED = commandsOf(rules)

function rulesIn(place: RegExp): string[] {
  const [, found] = place.exec(guide) as RegExpExecArray
  return (found as string).trim().split(/\s+/)
}

function commandsOf(rules: readonly string[]): string[] {
  return rules.filter((rule) => rule.startsWith('+')).map((rule) => rule.slice(1))
}

const mark = { value: hex(9), at: Date.now(), dropAt: Date.now() + 3_600_000 }

let client: Redis
let monitor: Redis
let commands: { name: string; fromScript: boolean }[] = []

beforeAll(async () => {
  client = new Redis((await startRedis()).url)
  monitor = await client.duplicate().monitor()
  monitor.on('monitor', (_time: string, args: string[], source: string) => {
    commands.push({ name: (args[0] as string).toLowerCase(), fromScript: source === 'lua' })
  })
}, 60_000)

afterAll(() => {
  client.disconnect()
  monitor.disconnect()
})

beforeEach(async () => {
  await client.flushall()
  await heard()
})

/** Whatever was sent before has reached the monitor; returns the names of what the store sent since the last time. */
async function heard(): Promise<string[]> {
  const token = `heard-${Math.random()}`
  const arrived = new Promise<void>((resolve) => {
    const look = (_time: string, args: string[]) => {
      if (args[1] !== token) return
      monitor.off('monitor', look)
      resolve()
    }
    monitor.on('monitor', look)
  })
  await client.echo(token)
  await arrived
  const sent = commands.filter(({ name, fromScript }) => !fromScript && name !== 'echo').map(({ name }) => name)
  commands = []
  return sent
}

async function everything(store: RedisStore): Promise<void> {
  const small = await put(store, bytes(1_000))
  const long = await put(store, bytes(600_000), { slot: hex(2), id: hex(2) })
  // Three that are too much together: one goes apart.
  for (let n = 3; n < 6; n++) await put(store, bytes(40_000), { slot: hex(n), id: hex(n), responseTime: n })
  await store.get(small.key)
  for (let n = 1; n < 6; n++) await bytesOf(await store.openBody(small.key, hex(n)))
  await store.update(small.key, { ...small, status: 203 })
  await store.update(small.key, { ...long, status: 203 })
  await store.mark(small.key, { value: hex(1), at: 1, dropAt: 3_600_001 })
  await put(store, bytes(600_000, 2), { slot: hex(2), id: hex(6) })
  await put(store, bytes(600_000, 2), { slot: hex(2), id: hex(7), requestTime: 1 })
  await store.set('given up', [bytes(300_000)], () => undefined)
  await store.delete(small.key, small.slot)
  for await (const key of store.keys()) await store.get(key)
  await store.clear()
  await store.delete(small.key)
}

describe('the commands that RedisStore sends', () => {
  it('are all documented, and known to Redis 6.2', async () => {
    const store = new RedisStore({ client })
    const seen = new Set<string>()
    monitor.on('monitor', (_time: string, args: string[]) => seen.add((args[0] as string).toLowerCase()))
    await everything(store)
    await heard()
    seen.delete('echo')
    expect([...seen].filter((name) => !DOCUMENTED.includes(name))).toEqual([])
    for (const name of commandsOf([...rules, ...nearRules, ...lockRules])) {
      const [, facts] = (await client.call('COMMAND', 'DOCS', name)) as [string, string[]]
      const since = facts[facts.indexOf('since') + 1] as string
      expect([name, since.localeCompare('6.2.0', 'en', { numeric: true })]).not.toEqual([name, 1])
    }
  })

  it('are all that an ACL user needs, with the keys of its prefix (row R15)', async () => {
    const redis = await startRedis()
    await redis.ask('ACL', 'SETUSER', 'cache', 'reset', ...rules)
    const url = redis.url.replace('redis://', 'redis://cache:password@')
    const ofUser = new Redis(url, { enableReadyCheck: false })
    await everything(new RedisStore({ client: ofUser }))
    await expect(put(new RedisStore({ client: ofUser, keyPrefix: 'dd:' }), bytes(10))).rejects.toThrow('NOPERM')
    ofUser.disconnect()
  })

  it('are all that the same user needs for a near cache, with those that are said to be more (row R15)', async () => {
    const redis = await startRedis()
    await redis.ask('ACL', 'SETUSER', 'cache', 'reset', ...rules, ...nearRules)
    const ofUser = new Redis(redis.url.replace('redis://', 'redis://cache:password@'), { enableReadyCheck: false })
    const store = await nearStore({ client: ofUser })
    await everything(store)
    await store.close()
    ofUser.disconnect()
  })

  it('are all that the same user needs for locks, with those that are said to be more (row R15)', async () => {
    const redis = await startRedis()
    await redis.ask('ACL', 'SETUSER', 'cache', 'reset', ...rules, ...lockRules)
    const ofUser = new Redis(redis.url.replace('redis://', 'redis://cache:password@'), { enableReadyCheck: false })
    const store = new RedisStore({ client: ofUser })
    await store.get('connected')
    const patient = { leaseMs: 600_000, waitMs: 600_000 }
    const lease = await store.lock('a', patient)
    const waiting = store.lock('a', patient)
    while (((await redis.ask('PUBSUB', 'CHANNELS', 'cc:*')) as string[]).length === 0) await turn()
    await lease?.release()
    expect(await waiting).toBeUndefined()
    while (((await redis.ask('PUBSUB', 'CHANNELS', 'cc:*')) as string[]).length > 0) await turn()
    await store.close()
    ofUser.disconnect()
  })

  it('are one for a small hit, with its mark and with 32 variants, too', async () => {
    const store = new RedisStore({ client })
    const { key } = await put(store, bytes(1_024))
    await heard()
    expect((await store.get(key)).responses[0]?.body).toHaveLength(1_024)
    expect(await heard()).toEqual(['hvals'])
    for (let n = 0; n < 32; n++) await put(store, bytes(1_024), { slot: hex(n), id: hex(n) })
    await store.mark(key, { value: hex(1), at: 1, dropAt: 3_600_001 })
    await heard()
    const found = await store.get(key)
    expect(found.responses.filter(({ body }) => body !== undefined)).toHaveLength(32)
    expect(found.mark?.value).toBe(hex(1))
    expect(await heard()).toEqual(['hvals'])
  })

  it('are two for a hit of one chunk', async () => {
    const store = new RedisStore({ client })
    const { key, id } = await put(store, bytes(CHUNK_BYTES))
    await heard()
    await store.get(key)
    expect(await store.openBody(key, id)).toHaveLength(CHUNK_BYTES)
    expect(await heard()).toEqual(['hvals', 'hmget'])
  })

  it('are two for a hit of a small body that went apart', async () => {
    const store = new RedisStore({ client })
    for (let n = 1; n < 4; n++) await put(store, bytes(40_000, n), { slot: hex(n), id: hex(n), responseTime: n })
    await heard()
    const { responses } = await store.get(response().key)
    expect(responses.filter(({ body }) => body !== undefined).map(({ response }) => response.id)).toEqual([hex(3)])
    expectBytes(await bytesOf(await store.openBody(response().key, hex(1))), bytes(40_000, 1))
    expect(await heard()).toEqual(['hvals', 'hmget'])
  })

  it('take less than 1 % more than a response itself does, and those of a long one no more memory of Redis', async () => {
    const store = new RedisStore({ client })
    for (const length of [20_000, 65_536, 65_537, 300_000, 5_000_000]) {
      await client.flushall()
      const metadata = JSON.stringify(await put(store, bytes(length)))
      let kept = 0
      for (const key of await client.keys('*')) {
        kept += key.length
        for (const [field, value] of Object.entries(await client.hgetallBuffer(key)))
          kept += field.length + value.length
      }
      expect(kept).toBeGreaterThan(length)
      expect(kept).toBeLessThan(1.01 * (length + metadata.length))
    }
    const [body] = await client.keys('*:b*')
    expect(await client.call('MEMORY', 'USAGE', body as string, 'SAMPLES', 0)).toBeLessThan(1.01 * 5_000_000)
  })

  it('leave no key without an expiry, whatever was done (row R19)', async () => {
    const store = new RedisStore({ client })
    const expectExpiries = async () => {
      for (const key of await client.keys('*')) {
        expect([key, await client.ttl(key)]).not.toEqual([key, -1])
        // The layout version in each, and one tag for all that belongs together.
        expect(key).toMatch(/^cc:1:(generation|\{[\w-]{43}\}(:[bu][0-9a-f]{32})?)$/)
      }
    }
    const small = await put(store, bytes(1_000))
    await expectExpiries()
    const long = await put(store, bytes(600_000), { slot: hex(2), id: hex(2) })
    await expectExpiries()
    await store.update(small.key, { ...small, status: 203 })
    await store.update(small.key, { ...long, dropAt: long.dropAt + 1_000_000_000 })
    await store.mark(small.key, mark)
    await store.mark('only a mark', mark)
    await put(store, bytes(600_000, 2), { slot: hex(2), id: hex(6) })
    await expectExpiries()
    async function* half() {
      yield bytes(600_000)
      await expectExpiries()
      expect((await client.keys('*:u*')).length).toBe(1)
      throw new Error('cut')
    }
    await expect(store.set('half', half(), () => undefined)).rejects.toThrow('cut')
    expect(await client.keys('*:u*')).toEqual([])
    await store.clear()
    await expectExpiries()
    // The generation, and the two marks.
    expect(await client.dbsize()).toBe(3)
  })

  it('give a body that was freshened its new expiry', async () => {
    const store = new RedisStore({ client, clock: () => 1_000 })
    const stored = await put(store, bytes(600_000), { dropAt: 61_000 })
    const [body] = await client.keys('*:b*')
    const ttl = await client.pttl(body as string)
    expect(ttl).toBeGreaterThan(0)
    expect(ttl).toBeLessThanOrEqual(120_000)
    expect(await store.update(stored.key, { ...stored, dropAt: 10_000_000 })).toBe(true)
    expect(await client.pttl(body as string)).toBeGreaterThan(9_000_000)
    expect(await client.pttl((body as string).replace(/:b.*/, ''))).toBeGreaterThan(9_000_000)
  })

  it('keep a mark as long as it is to be kept, whatever comes after it', async () => {
    const store = new RedisStore({ client, clock: () => 1_000 })
    await store.mark(response().key, { value: hex(9), at: 1_000, dropAt: 3_601_000 })
    const stored = await put(store, bytes(10), { dropAt: 5_000 })
    await store.update(stored.key, { ...stored, dropAt: 6_000 })
    await store.delete(stored.key)
    const [index] = await client.keys('cc:1:{*')
    expect(await client.pttl(index as string)).toBeGreaterThan(3_500_000)
    await store.mark(response().key, { value: hex(8), at: 1_000, dropAt: 2_000 })
    expect(await client.pttl(index as string)).toBeGreaterThan(3_500_000)
  })

  it('let a body that was replaced live on for a minute, also for those who have only looked it up', async () => {
    const store = new RedisStore({ client })
    const { key, id } = await put(store, bytes(600_000))
    const opened = await store.openBody(key, id)
    await put(store, bytes(600_000, 2), { id: hex(2) })
    expectBytes(await bytesOf(opened), bytes(600_000))
    expectBytes(await bytesOf(await store.openBody(key, id)), bytes(600_000))
    const [old] = await client.keys(`*:b${id}`)
    const ttl = await client.pttl(old as string)
    expect(ttl).toBeGreaterThan(0)
    expect(ttl).toBeLessThanOrEqual(60_000)
  })

  it('let nobody begin to read a body that was deleted', async () => {
    const store = new RedisStore({ client })
    const { key, id, slot } = await put(store, bytes(600_000))
    const opened = await store.openBody(key, id)
    await store.delete(key, slot)
    expectBytes(await bytesOf(opened), bytes(600_000))
    expect(await store.openBody(key, id)).toBeUndefined()
    const ttl = await client.pttl((await client.keys(`*:b${id}`))[0] as string)
    expect(ttl).toBeGreaterThan(0)
    expect(ttl).toBeLessThanOrEqual(60_000)
  })

  it('give a long body that never gets its place five minutes at most', async () => {
    const store = new RedisStore({ client })
    const refusing = Object.create(client, {
      // The connection breaks right after the body was completed.
      evalsha: {
        value: (sha1: string, keyCount: number, ...args: string[]) =>
          args[1] === 'cc:1:generation' ? Promise.reject(new Error('cut')) : client.evalsha(sha1, keyCount, ...args)
      }
    })
    await expect(put(new RedisStore({ client: refusing }), bytes(600_000))).rejects.toThrow('cut')
    const [body] = await client.keys('*:b*')
    const ttl = await client.pttl(body as string)
    expect(ttl).toBeGreaterThan(0)
    expect(ttl).toBeLessThanOrEqual(300_000)
    await put(store, bytes(600_000), { id: hex(2) })
    expect(await client.pttl((await client.keys(`*:b${hex(2)}`))[0] as string)).toBeGreaterThan(1_000_000)
  })
})
