import { beforeAll, describe, expect, it } from '@jest/globals'
import { RedisStore } from '../src/index.js'
import { JudgedCache } from './judged-cache.js'
import type { libraries } from './libraries.js'
import { large, small } from './paths.js'
import { type Cluster, type Redis, type Sentinels, startCluster, startRedis, startSentinels } from './servers/index.js'

/** Stores, serves, invalidates and clears. */
export async function expectService(store: RedisStore): Promise<void> {
  const cache = await JudgedCache.start(store)
  await cache.untilStored(small)
  await cache.untilStored(large)
  await cache.post(small)
  await cache.untilStored(small)
  // Who asks while the answer is on its way to Redis gets it, too, and it may not arrive there.
  while ((await keysOf(store)).length < 2) for (const path of [small, large]) await cache.get(path)
  expect(await keysOf(store)).toHaveLength(2)
  await store.clear()
  expect([await cache.get(small), await cache.get(large)]).toEqual(['origin', 'origin'])
  await cache.untilStored(large)
}

async function keysOf(store: RedisStore): Promise<string[]> {
  const keys: string[] = []
  for await (const key of store.keys()) keys.push(key)
  return keys
}

/** What a user of Redis has to be allowed for the cache to work, those commands that scripts send included. */
const commands = [
  ...[
    'evalsha',
    'eval',
    'get',
    'set',
    'hget',
    'hmget',
    'hvals',
    'hgetall',
    'hset',
    'hdel',
    'hlen',
    'hexists',
    'exists'
  ],
  ...['unlink', 'rename', 'pexpire', 'pttl', 'scan', 'info', 'hello']
]
const acl = `~cc:* resetchannels -@all ${commands.map((name) => `+${name}`).join(' ')}`

/** Everything that a client of these libraries can be connected to. */
export function describeDeployments(some: readonly (typeof libraries)[number][]): void {
  describe.each(some)('RedisStore with a client of %s', (_name, { redis, cluster }) => {
    const connect = (server: Redis, more: object = {}) => redis({ host: '127.0.0.1', port: server.port, ...more })

    it('serves from one server', async () => {
      await expectService(new RedisStore({ client: connect(await startRedis()) }))
    })

    it('serves from one server with a password, through a client with a prefix', async () => {
      const server = await startRedis({ password: 'open' })
      await expectService(new RedisStore({ client: connect(server, { password: 'open', keyPrefix: 'mine:' }) }))
      expect(await server.ask('KEYS', '*')).not.toContainEqual(expect.not.stringMatching(/^mine:cc:/))
    })

    it('serves over TLS a user who may do no more than it takes (row R15)', async () => {
      const server = await startRedis({ tls: true, acl })
      const login = { username: 'app', password: 'secret', tls: { ca: server.ca } }
      await expectService(new RedisStore({ client: connect(server, login) }))
    })

    describe('and sentinels', () => {
      let group: Sentinels
      beforeAll(async () => {
        group = await startSentinels()
      })

      it('serves from the primary that they name', async () => {
        const client = redis({ sentinels: group.addresses, name: group.name })
        await expectService(new RedisStore({ client }))
      })
    })

    describe('and a cluster', () => {
      let servers: Cluster
      beforeAll(async () => {
        servers = await startCluster()
      })

      it('serves from all masters', async () => {
        await expectService(new RedisStore({ client: cluster(servers.startupNodes) }))
      })

      it('reads from replicas where the client is told to', async () => {
        const client = cluster(servers.startupNodes, { scaleReads: 'slave' })
        const cache = await JudgedCache.start(new RedisStore({ client }))
        for (const path of [small, large]) await cache.untilStored(path)
        const lookUps = await Promise.all(
          servers.nodes.map(async (node) => {
            const [[role], stats] = [await node.ask('ROLE'), await node.ask('INFO', 'commandstats')]
            return role === 'slave' && /cmdstat_hvals:/.test(stats)
          })
        )
        expect(lookUps).toContain(true)
      })
    })
  })
}
