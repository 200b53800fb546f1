import { RedisStore } from '@cc/store-redis'
import { startRedis } from '../../packages/store-redis/test/servers/index.js'
import { describeSameVerdicts } from '../public-suite/same-verdicts.js'

// In a private cache it is tried at length.
describeSameVerdicts('RedisStore', ['shared'], async () => new RedisStore({ url: (await startRedis()).url }))
