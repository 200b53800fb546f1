import { RedisStore } from '@cc/store-redis'
import { patient } from '../../packages/store-redis/test/put.js'
import { startRedis } from '../../packages/store-redis/test/servers/index.js'
import { describeSameVerdicts } from '../public-suite/same-verdicts.js'

describeSameVerdicts('RedisStore', ['private'], async () => {
  const { url } = await startRedis()
  return new RedisStore({ url, options: patient })
})
