import { describe } from '@jest/globals'
import { describeFailover } from './describe-failover.js'
import { libraries } from './libraries.js'

describe('RedisStore under load, with the other libraries', () => {
  describeFailover(libraries.slice(1))
})
