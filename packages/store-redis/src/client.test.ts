import { describe, expect, it } from '@jest/globals'
import type * as ioredis from 'ioredis'
import type * as ioredis5 from 'ioredis-5'
import type * as iovalkey from 'iovalkey'
import { isCluster, type RedisClient } from './client.js'

describe('RedisClient', () => {
  it('is met by the clients of ioredis 6, ioredis 5 and iovalkey', () => {
    const takes = (_client: RedisClient) => {}
    // The compiler checks it: nothing is called.
    const clients = (six: typeof ioredis, five: typeof ioredis5, valkey: typeof iovalkey) => {
      takes(new six.Redis())
      takes(new six.Cluster([]))
      takes(new five.Redis())
      takes(new five.Cluster([]))
      takes(new valkey.Redis())
      takes(new valkey.Cluster([]))
    }
    expect(clients).toBeInstanceOf(Function)
  })

  it('tells a cluster by its nodes', () => {
    expect(isCluster({ nodes: () => [] } as unknown as RedisClient)).toBe(true)
    expect(isCluster({} as unknown as RedisClient)).toBe(false)
  })
})
