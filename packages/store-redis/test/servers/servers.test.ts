import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { Redis as Client, Cluster as ClusterClient } from 'ioredis'
import { inStep, startCluster, startFaultyProxy, startRedis, startSentinels } from './index.js'

/** A client that fails at once, and closes with its test. */
async function withClient<C extends ClusterClient | Client, T>(client: C, work: (client: C) => Promise<T>): Promise<T> {
  client.on('error', () => {})
  try {
    return await work(client)
  } finally {
    client.disconnect()
  }
}

const impatient = { maxRetriesPerRequest: 0, retryStrategy: () => null } as const

describe('the servers of the tests', () => {
  it('start one redis-server, kill it, and start it again with nothing in it', async () => {
    const redis = await startRedis()
    await redis.ask('SET', 'a', '1')
    expect(await redis.ask('GET', 'a')).toBe('1')
    await redis.kill()
    await expect(redis.ask('GET', 'a')).rejects.toThrow()
    await redis.restart()
    expect(await redis.ask('GET', 'a')).toBeNull()
    await redis.stop()
    expect(existsSync(redis.folder)).toBe(false)
  })

  it('hold one up and let it go on', async () => {
    const redis = await startRedis()
    await redis.kill('SIGSTOP')
    const answer = redis.ask('PING')
    await redis.kill('SIGCONT')
    expect(await answer).toBe('PONG')
  })

  it('speak TLS to a user who may do little', async () => {
    const redis = await startRedis({ tls: true, acl: '~cc:* +get +set +info' })
    await withClient(new Client(redis.url, { tls: { ca: redis.ca }, ...impatient }), async (client) => {
      expect(await client.set('cc:a', '1')).toBe('OK')
      await expect(client.set('other', '1')).rejects.toThrow('NOPERM')
      await expect(client.flushall()).rejects.toThrow('NOPERM')
    })
    const stranger = new Client(redis.url.replace('secret', 'wrong'), { tls: { ca: redis.ca }, ...impatient })
    await withClient(stranger, async (client) => {
      const [error] = await once(client, 'error')
      expect(error.message).toContain('WRONGPASS')
    })
    expect(await redis.ask('GET', 'cc:a')).toBe('1')
  })

  it('ask for a password', async () => {
    const redis = await startRedis({ password: 'open' })
    await withClient(new Client(redis.url, impatient), async (client) => expect(await client.ping()).toBe('PONG'))
    const anonymous = new Client(redis.port, { ...impatient, enableReadyCheck: false })
    await withClient(anonymous, (client) => expect(client.ping()).rejects.toThrow('NOAUTH'))
  })

  it('form a cluster whose slots can be moved and whose replicas take over', async () => {
    const cluster = await startCluster()
    await withClient(new ClusterClient(cluster.startupNodes), async (client) => {
      await client.set('{a}1', 'one')
      const slot = await client.cluster('KEYSLOT', 'a')
      const from = await cluster.masterOf(slot)
      const to = cluster.masters.find((node) => node !== from) ?? from
      await cluster.moveSlot(slot, to)
      expect(await to.ask('GET', '{a}1')).toBe('one')
      expect(await client.get('{a}1')).toBe('one')
      await inStep(to, await cluster.replicaOf(to))
      await cluster.kill(to)
      await cluster.haveReplaced(to)
      expect(await client.get('{a}1')).toBe('one')
    })
  })

  it('have sentinels name another primary when the first one dies', async () => {
    const group = await startSentinels()
    const old = await group.primary()
    await old.ask('SET', 'a', '1')
    const [, replica] = group.servers
    await inStep(old, replica)
    await group.kill(old)
    const primary = await group.haveReplaced(old)
    expect(primary).not.toBe(old)
    const client = new Client({ sentinels: group.addresses, name: group.name })
    await withClient(client, async (client) => expect(await client.get('a')).toBe('1'))
  })
})

describe('the proxy of the tests', () => {
  /** A bare connection: sends PING and resolves to what came back until `enough`, or to what came before its end. */
  function exchange(port: number, enough: number): Promise<{ reply: Buffer; ended: boolean }> {
    return new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
      let reply = Buffer.alloc(0)
      socket.on('data', (bytes) => {
        reply = Buffer.concat([reply, bytes])
        if (reply.byteLength < enough) return
        socket.destroy()
        resolve({ reply, ended: false })
      })
      socket.on('error', () => {})
      socket.on('close', () => resolve({ reply, ended: true }))
    })
  }

  it('passes everything on, cuts in the middle of a reply, garbles, slices and refuses', async () => {
    const proxy = await startFaultyProxy(await startRedis())
    expect((await exchange(proxy.port, 7)).reply.toString()).toBe('+PONG\r\n')
    proxy.inject({ kind: 'cut', afterBytes: 3 })
    expect(await exchange(proxy.port, 7)).toEqual({ reply: Buffer.from('+PO'), ended: true })
    proxy.inject({ kind: 'garble' })
    expect((await exchange(proxy.port, 7)).reply.map((byte) => byte ^ 0xff).toString()).toBe('+PONG\r\n')
    proxy.inject({ kind: 'slice' })
    expect((await exchange(proxy.port, 7)).reply.toString()).toBe('+PONG\r\n')
    proxy.inject({ kind: 'latency', ms: 1 })
    expect((await exchange(proxy.port, 7)).reply.toString()).toBe('+PONG\r\n')
    proxy.inject({ kind: 'refuse' })
    expect(await exchange(proxy.port, 7)).toEqual({ reply: Buffer.alloc(0), ended: true })
    proxy.heal()
    expect((await exchange(proxy.port, 7)).reply.toString()).toBe('+PONG\r\n')
    expect(proxy.connections).toBe(7)
  })

  it('swallows commands, or only what answers them, until the connections are reset', async () => {
    const redis = await startRedis()
    const proxy = await startFaultyProxy(redis)
    const seen: string[] = []
    for (const kind of ['swallow', 'swallow-replies'] as const) {
      proxy.inject({ kind })
      const came = new Promise<void>((resolve) =>
        proxy.watch((bytes) => {
          seen.push(bytes.toString())
          resolve()
        })
      )
      const exchanged = exchange(proxy.port, 1)
      await came
      proxy.reset()
      expect(await exchanged).toEqual({ reply: Buffer.alloc(0), ended: true })
    }
    expect(seen).toEqual(['PING\r\n', 'PING\r\n'])
  })

  it('keeps replies in their order when it heals, and resets the connections that have lost some', async () => {
    const redis = await startRedis()
    const proxy = await startFaultyProxy(redis)
    const socket = connect(proxy.port, '127.0.0.1')
    let replies = ''
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      replies += bytes
    })
    const answered = async (bytes: number) => {
      while (replies.length < bytes) await Promise.race([once(socket, 'data'), closed])
    }
    proxy.inject({ kind: 'latency', ms: 3_600_000 })
    socket.write('ECHO 1\r\n')
    // It was answered, and the reply is late, once another connection has seen what this one does after it.
    socket.write('SET seen yes\r\n')
    while ((await redis.ask('GET', 'seen')) !== 'yes') await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    proxy.heal()
    socket.write('ECHO 2\r\n')
    await answered(19)
    expect(replies).toBe('$1\r\n1\r\n+OK\r\n$1\r\n2\r\n')
    const swallowed = new Promise((resolve) => proxy.watch(resolve))
    proxy.inject({ kind: 'swallow' })
    socket.write('ECHO 3\r\n')
    await swallowed
    await new Promise((resolve) => setImmediate(resolve))
    proxy.heal()
    socket.write('ECHO 4\r\n')
    await closed
    expect(replies).toHaveLength(19)
  })
})
