import { RedisStore } from '@cc/store-redis'
import { startRedis } from '../../packages/store-redis/test/servers/index.js'
import { describeSameVerdicts } from '../public-suite/same-verdicts.js'

describeSameVerdicts('RedisStore', ['private'], async () => new RedisStore({ url: (await startRedis()).url }))
