import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Redis as Client } from 'ioredis'
import { Redis as Client5 } from 'ioredis-5'
import { Redis as Valkey } from 'iovalkey'
import { NearReader, turn } from './near-reader.js'
import { inStep, type Redis, startFaultyProxy, startRedis, startSentinels } from './servers/index.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function closedAfterwards<T extends { disconnect(): void }>(
  client: T & { on(event: 'error', l: () => void): unknown }
) {
  client.on('error', () => {})
  closing.push(() => client.disconnect())
  return client
}

function reader(client: ConstructorParameters<typeof NearReader>[0], options = {}): NearReader {
  const reader = new NearReader(client, options)
  closing.push(() => reader.close())
  return reader
}

/** Another process: it changes a value, and knows that it is changed. */
async function change(redis: Redis, key: string, value: string): Promise<number> {
  await redis.ask('SET', key, value)
  return performance.now()
}

const boundMs = 1_000

describe('Tracking', () => {
  it.each([
    ['ioredis 6', (port: number) => closedAfterwards(new Client(port))],
    ['ioredis 6 with RESP2', (port: number) => closedAfterwards(new Client(port, { protocol: 2 }))],
    ['ioredis 5', (port: number) => closedAfterwards(new Client5(port))],
    ['iovalkey', (port: number) => closedAfterwards(new Valkey(port))]
  ])('hears of what others change, over a connection of its own: %s (row R20)', async (_name, connectTo) => {
    const redis = await startRedis()
    const near = reader(connectTo(redis.port))
    await redis.ask('SET', 'cc:a', '1')
    expect(await near.readNear('cc:a')).toBe('1')
    await redis.ask('SET', 'other', '1')
    await near.forgets('cc:a', '1', await change(redis, 'cc:a', '2'), boundMs)
    expect(near.told).not.toContain('other')
    expect(await near.readNear('cc:a')).toBe('2')
    expect(await redis.ask('CLIENT', 'LIST')).toContain('sub=1')
  })

  it('hears of keys that expire, that are removed, and that go with all others (row R20)', async () => {
    const redis = await startRedis()
    const near = reader(closedAfterwards(new Client(redis.port)))
    for (const change of [['PEXPIRE', 'cc:a', '1'], ['UNLINK', 'cc:a'], ['FLUSHALL'], ['FLUSHDB']] as const) {
      await redis.ask('SET', 'cc:a', '1')
      await near.readNear('cc:a')
      await redis.ask(...(change as unknown as [string]))
      await near.forgets('cc:a', '1', Number.POSITIVE_INFINITY, 0)
    }
  })

  it('knows the prefix that the client puts before each key', async () => {
    const redis = await startRedis()
    const near = reader(closedAfterwards(new Client(redis.port, { keyPrefix: 'p:' })))
    await redis.ask('SET', 'p:cc:a', '1')
    await near.readNear('cc:a')
    await near.forgets('cc:a', '1', await change(redis, 'p:cc:a', '2'), boundMs)
  })

  it('keeps nothing whose change is told between the beginning of a look-up and its answer (row R20)', async () => {
    const redis = await startRedis()
    const client = closedAfterwards(new Client(redis.port))
    // No connection is to be given up meanwhile: nothing would be told over it.
    const near = reader(client, { boundMs: 600_000 })
    await redis.ask('SET', 'cc:a', '1')
    await redis.ask('SET', 'cc:b', '1')
    // It listens.
    await near.readNear('cc:b')
    const old = await near.read('cc:a', async (key) => {
      const value = await client.get(key)
      const heard = near.hears('cc:a')
      await redis.ask('SET', key, '2')
      await heard
      return value
    })
    expect(old).toBe('1')
    expect(near.kept('cc:a')).toBeUndefined()
    expect(await near.readNear('cc:a')).toBe('2')
  })

  it('keeps nothing that was read before it listened (row R20)', async () => {
    const redis = await startRedis()
    const client = closedAfterwards(new Client(redis.port))
    const near = reader(client)
    await redis.ask('SET', 'cc:a', '1')
    await near.read('cc:a', async (key) => {
      const value = await client.get(key)
      await redis.ask('SET', key, '2')
      while (!near.tracking.isTrusted) await turn()
      return value
    })
    expect(near.kept('cc:a')).toBeUndefined()
  })

  it.each(['swallow', 'swallow-replies'] as const)(
    'trusts a connection no longer than the bound that lets nothing through any more: %s (rows R3, R20)',
    async (kind) => {
      const redis = await startRedis()
      const proxy = await startFaultyProxy(redis)
      const near = reader(closedAfterwards(new Client(proxy.port)), { boundMs })
      await redis.ask('SET', 'cc:a', '1')
      await near.readNear('cc:a')
      proxy.inject({ kind })
      await near.forgets('cc:a', '1', await change(redis, 'cc:a', '2'), boundMs)
      await near.hears('all')
      proxy.heal()
      proxy.reset()
      expect(await near.readNear('cc:a')).toBe('2')
    }
  )

  it('trusts nothing while no time is known to have passed safely, even if the event loop stood still (row R20)', async () => {
    const redis = await startRedis()
    let now = 0
    const near = reader(closedAfterwards(new Client(redis.port)), { boundMs: 100, now: () => now })
    await redis.ask('SET', 'cc:a', '1')
    await near.readNear('cc:a')
    // No longer than that: a PING that is under way is not overdue by it.
    now += 100
    expect(near.kept('cc:a')).toBeUndefined()
    // The same connection says that nothing has changed.
    const before = near.told.length
    expect(await near.readNear('cc:a')).toBe('1')
    expect(near.told.slice(before)).toEqual([])
  })

  it('forgets everything when its connection ends, and listens again (row R20)', async () => {
    const redis = await startRedis()
    const near = reader(closedAfterwards(new Client(redis.port)))
    await redis.ask('SET', 'cc:a', '1')
    for (const type of ['pubsub', 'normal']) {
      await near.readNear('cc:a')
      const heard = near.hears('all')
      await redis.ask('CLIENT', 'KILL', 'TYPE', type)
      await heard
      expect(near.near.size).toBe(0)
    }
    await near.readNear('cc:a')
    await near.forgets('cc:a', '1', await change(redis, 'cc:a', '2'), boundMs)
  })

  it('forgets everything when the server dies, and listens to the one that comes (rows R2, R20)', async () => {
    const redis = await startRedis()
    const near = reader(closedAfterwards(new Client(redis.port, { maxRetriesPerRequest: 0 })))
    await redis.ask('SET', 'cc:a', '1')
    await near.readNear('cc:a')
    const heard = near.hears('all')
    await redis.kill()
    await heard
    expect(near.kept('cc:a')).toBeUndefined()
    await redis.restart()
    await redis.ask('SET', 'cc:a', '2')
    expect(await near.readNear('cc:a')).toBe('2')
    await near.forgets('cc:a', '2', await change(redis, 'cc:a', '3'), boundMs)
  })

  it('trusts nothing while the server stands still, and all of it when it goes on (row R3)', async () => {
    const redis = await startRedis()
    const near = reader(closedAfterwards(new Client(redis.port)), { boundMs: 200 })
    await redis.ask('SET', 'cc:a', '1')
    await near.readNear('cc:a')
    await redis.kill('SIGSTOP')
    await near.forgets('cc:a', '1', performance.now(), 200)
    await redis.kill('SIGCONT')
    expect(await near.readNear('cc:a')).toBe('1')
  })

  it('is on a server that pauses its clients what it is on one that does not (row R3)', async () => {
    const redis = await startRedis()
    const near = reader(closedAfterwards(new Client(redis.port)), { boundMs: 200 })
    await redis.ask('SET', 'cc:a', '1')
    await near.readNear('cc:a')
    const pausedFrom = performance.now()
    await redis.ask('CLIENT', 'PAUSE', '1000')
    const pausedAt = performance.now()
    const changed = change(redis, 'cc:a', '2')
    for (;;) {
      const at = performance.now()
      const kept = near.kept('cc:a')
      // Were this process held up for longer than the pause, it could have it again.
      if (kept !== '1' || performance.now() > pausedFrom + 1_000) break
      expect(at - pausedAt).toBeLessThanOrEqual(200)
      await turn()
    }
    await near.forgets('cc:a', '1', await changed, 200)
    expect(await near.readNear('cc:a')).toBe('2')
  })

  it('listens to no server but the one its client is connected to (row R20)', async () => {
    const [one, other] = [await startRedis(), await startRedis()]
    // A name that leads somewhere else from the second connection on.
    const ports = [one.port]
    const server = createServer((socket) => {
      const upstream = connect(ports.shift() ?? other.port)
      socket.pipe(upstream).pipe(socket)
      socket.on('error', () => upstream.destroy())
      upstream.on('error', () => socket.destroy())
    }).listen(0)
    closing.push(() => server.close())
    await once(server, 'listening')
    const client = closedAfterwards(new Client((server.address() as AddressInfo).port))
    const near = reader(client)
    await client.set('cc:a', '1')
    await near.read('cc:a')
    await attempts(other, 4)
    expect(near.tracking.isTrusted).toBe(false)
    // As soon as it leads to one server again, it is listened to.
    ports.push(...new Array(1_000).fill(one.port))
    expect(await near.readNear('cc:a')).toBe('1')
  })

  it('is off on a replica, which may hear of changes late', async () => {
    const primary = await startRedis()
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(primary.port)] })
    const near = reader(closedAfterwards(new Client(replica.port)))
    await primary.ask('SET', 'cc:a', '1')
    while ((await near.read('cc:a')) === undefined) await turn()
    await attempts(replica, 4)
    expect(near.tracking.isTrusted).toBe(false)
  })

  it('stays off, quietly, for a user who may not listen, and is on for one who may do what it takes (row R15)', async () => {
    const takes = '+get +info +ping +role +client|id +client|tracking +subscribe &__redis__:invalidate'
    for (const [acl, isOn] of [
      [`~cc:* resetchannels ${takes}`, true],
      [`~cc:* resetchannels ${takes.replace('+role', '')}`, false],
      [`~cc:* resetchannels ${takes.replace('+client|tracking', '')}`, false],
      [`~cc:* resetchannels ${takes.replace('&__redis__:invalidate', '')}`, false]
    ] as const) {
      const redis = await startRedis({ acl })
      await redis.ask('SET', 'cc:a', '1')
      const near = reader(closedAfterwards(new Client(redis.url)))
      expect(await near.read('cc:a')).toBe('1')
      if (isOn) expect(await near.readNear('cc:a')).toBe('1')
      else {
        await attempts(redis, 4)
        expect(near.tracking.isTrusted).toBe(false)
      }
    }
  })

  it('speaks TLS where its client does', async () => {
    const redis = await startRedis({ tls: true })
    const near = reader(closedAfterwards(new Client(redis.url, { tls: { ca: redis.ca } })))
    await redis.ask('SET', 'cc:a', '1')
    await near.readNear('cc:a')
    await near.forgets('cc:a', '1', await change(redis, 'cc:a', '2'), boundMs)
  })

  it('follows a failover of sentinels (rows R7, R20)', async () => {
    const sentinels = await startSentinels()
    const client = closedAfterwards(new Client({ sentinels: sentinels.addresses, name: sentinels.name }))
    const near = reader(client)
    const [old, replica] = sentinels.servers
    await old.ask('SET', 'cc:a', '1')
    await inStep(old, replica)
    await near.readNear('cc:a')
    const heard = near.hears('all')
    await sentinels.kill(old)
    await heard
    const primary = await sentinels.haveReplaced(old)
    await primary.ask('SET', 'cc:a', '2')
    while ((await near.readNear('cc:a')) !== '2') await turn()
    await near.forgets('cc:a', '2', await change(primary, 'cc:a', '3'), boundMs)
  })

  it('leaves the client as it was, and closes what it has opened (rows R21, P3)', async () => {
    const redis = await startRedis()
    const client = closedAfterwards(new Client(redis.port))
    await client.set('cc:a', '1')
    const listeners = () => client.eventNames().map((event) => [event, client.listenerCount(event)])
    const before = { listeners: listeners(), options: { ...client.options }, stream: client.stream }
    const near = reader(client)
    await near.readNear('cc:a')
    near.close()
    near.close()
    expect({ listeners: listeners(), options: { ...client.options }, stream: client.stream }).toEqual(before)
    for (;;) {
      const clients: string = await redis.ask('CLIENT', 'LIST')
      if (!clients.includes('sub=1')) break
    }
    expect(await near.read('cc:a')).toBe('1')
    expect(near.kept('cc:a')).toBeUndefined()
  })
})

/** Resolves when so many more connections were made to this server. */
async function attempts(redis: Redis, count: number): Promise<void> {
  const client = closedAfterwards(new Client(redis.port))
  const received = async () => Number(/total_connections_received:(\d+)/.exec(await client.info('stats'))?.[1])
  const before = await received()
  while ((await received()) < before + count) await turn()
}
