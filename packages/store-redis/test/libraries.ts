import * as ioredis6 from 'ioredis'
import * as ioredis5 from 'ioredis-5'
import * as iovalkey from 'iovalkey'
import type { RedisClient } from '../src/index.js'
import { endAfterwards } from './servers/ending.js'

/** The part of a library that the tests use: options are those of the library, whose types differ in details. */
interface Module {
  readonly Redis: new (options: never) => Connection
  readonly Cluster: new (nodes: { host: string; port: number }[], options: never) => Connection
}

export interface Connection extends RedisClient {
  disconnect(): void
  setMaxListeners(count: number): unknown
}

export interface Library {
  redis(options: object): Connection
  cluster(nodes: { host: string; port: number }[], options?: object): Connection
}

type Named = readonly [name: string, library: Library]

/** The client libraries that the store takes clients of. */
export const libraries: readonly [Named, ...Named[]] = [
  ['ioredis 6', libraryOf(ioredis6)],
  ['ioredis 5', libraryOf(ioredis5)],
  ['iovalkey', libraryOf(iovalkey)]
]

/** Clients as a user has them, with the defaults of what he does not set; they are closed with the file. */
function libraryOf({ Redis, Cluster }: Module): Library {
  const used = (client: Connection): Connection => {
    // Without a listener it prints every error.
    client.on('error', () => {})
    endAfterwards(() => client.disconnect())
    return client
  }
  return {
    redis: (options) => used(new Redis(options as never)),
    cluster: (nodes, options = {}) => used(new Cluster(nodes, options as never))
  }
}
