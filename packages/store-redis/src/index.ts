export type { RedisArgument, RedisClient, RedisNode } from './client.js'
