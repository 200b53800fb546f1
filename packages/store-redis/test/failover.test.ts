import { describe, it } from '@jest/globals'
import { RedisStore } from '../src/index.js'
import { describeFailover, load, untilAllStored } from './describe-failover.js'
import { JudgedCache, underLoad } from './judged-cache.js'
import { libraries } from './libraries.js'
import { limits } from './paths.js'
import { startCluster } from './servers/index.js'

describe('RedisStore under load', () => {
  // The other libraries are tried at length.
  describeFailover(libraries.slice(0, 1))

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
