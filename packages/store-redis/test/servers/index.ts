// Real redis-servers for tests: each on ports of its own, gone when the tests of a file are over.
export { askUntil } from './ask.js'
export { type Cluster, type ClusterNode, type ClusterOptions, startCluster } from './cluster.js'
export { type Fault, type FaultyProxy, startFaultyProxy } from './faulty-proxy.js'
export { inStep } from './replication.js'
export { type Sentinels, startSentinels } from './sentinels.js'
export { type Redis, type RedisOptions, startRedis } from './standalone.js'
