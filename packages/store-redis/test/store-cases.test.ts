import { beforeAll, describe } from '@jest/globals'
import { describeCases, everyCase } from './describe-cases.js'
import { libraries } from './libraries.js'
import { patient } from './put.js'
import { startRedis } from './servers/index.js'

describe('RedisStore with a connection of its own keeps the promises of CacheStore', () => {
  let url: string
  beforeAll(async () => {
    url = (await startRedis()).url
  }, 60_000)
  everyCase(() => ({ url, options: patient }))
})

// The other libraries are tried at length.
describeCases(libraries.slice(0, 1))
