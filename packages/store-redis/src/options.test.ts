import { describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { RedisStore, type RedisStoreOptions } from './index.js'

describe('the options of RedisStore', () => {
  it.each<[string, unknown]>([
    ['client', {}],
    ['client', null],
    ['url', 'http://localhost'],
    ['url', 'redis://'.slice(0, -1)],
    ['url', 7],
    ['options', 'x'],
    ['options', null],
    ['keyPrefix', 'a{b'],
    ['keyPrefix', 'a}b'],
    ['keyPrefix', 7],
    ['maxEntryBytes', 0],
    ['maxEntryBytes', 1.5],
    ['maxEntryBytes', Number.POSITIVE_INFINITY],
    ['clock', 7]
  ])('refuse a wrong %s', (option, value) => {
    expect(() => new RedisStore({ [option]: value })).toThrow(TypeError)
    expect(() => new RedisStore({ [option]: value })).toThrow(new RegExp(`^${option} must be`))
  })

  it('tell no password', () => {
    const given = 'http://user:secret@localhost'
    expect(() => new RedisStore({ url: given })).toThrow(
      /^url must be a redis:\/\/ or rediss:\/\/ URL, not what was given$/
    )
  })

  it('have a client or a connection of their own, not both', () => {
    const client = new Redis({ lazyConnect: true })
    const both = [
      { client, url: 'redis://localhost' },
      { client, options: {} }
    ] satisfies RedisStoreOptions[]
    for (const options of both) expect(() => new RedisStore(options)).toThrow('either')
    expect(() => new RedisStore({ options: { keyPrefix: 'x' } })).toThrow(/^options.keyPrefix must be unset/)
    const prefixed = new Redis({ lazyConnect: true, keyPrefix: 'a{}' })
    expect(() => new RedisStore({ client: prefixed })).toThrow(/^client.options.keyPrefix must be/)
    client.disconnect()
    prefixed.disconnect()
  })
})
