import { at, describeNearCases } from './describe-cases.js'
import { libraries } from './libraries.js'
import { startRedis } from './servers/index.js'

describeNearCases(
  libraries
    .slice(1)
    .map(([name, library]) => [name, async () => library.redis({ ...at(await startRedis()), keyPrefix: 'p:' })])
)
