import { describe, it } from '@jest/globals'
import { RedisStore } from '../src/index.js'
import { describeDeployments, expectService } from './describe-deployments.js'
import { libraries } from './libraries.js'
import { startCluster, startRedis } from './servers/index.js'

// The other libraries are tried at length.
describeDeployments(libraries.slice(0, 1))

describe('RedisStore with a client of another library', () => {
  it('serves from one server and from a cluster', async () => {
    const [server, servers] = [await startRedis(), await startCluster({ masters: 3, replicas: 0 })]
    for (const [keyPrefix, { redis, cluster }] of libraries.slice(1)) {
      await expectService(new RedisStore({ client: redis({ host: '127.0.0.1', port: server.port }), keyPrefix }))
      await expectService(new RedisStore({ client: cluster(servers.startupNodes), keyPrefix }))
    }
  })
})
