import { at, describeNearCases } from './describe-cases.js'
import { libraries } from './libraries.js'
import { startCluster, startRedis } from './servers/index.js'

const [[, library]] = libraries

describeNearCases([
  ['one server', async () => library.redis(at(await startRedis()))],
  ['a cluster', async () => library.cluster((await startCluster()).startupNodes)]
])
