import { describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { RedisStore, type RedisStoreOptions } from './index.js'

const clientLike = { status: 'ready', options: {}, hvalsBuffer() {}, evalsha() {} }

describe('the options of RedisStore', () => {
  it.each<[string, unknown]>([
    ['client', {}],
    ['client', null],
    ['url', 'http://localhost'],
    ['url', 'redis://'.slice(0, -1)],
    ['url', 7],
    // ioredis takes its name for that of a host, and speaks without TLS.
    ['url', 'valkeys://localhost'],
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

  it.each<[string, object]>([
    ['nearCache must be', { nearCache: true }],
    ['nearCache must be', { nearCache: null }],
    ['nearCache.maxBytes must be', { nearCache: {} }],
    ['nearCache.maxBytes must be', { nearCache: { maxBytes: 0 } }],
    ['nearCache.shareBodies must be', { nearCache: { maxBytes: 1, shareBodies: 1 } }],
    ['client must be a client with duplicate()', { client: { ...clientLike }, nearCache: { maxBytes: 1 } }],
    [
      'client.options.scaleReads must be',
      { client: { ...clientLike, nodes: () => [], options: { scaleReads: 'slave' } }, nearCache: { maxBytes: 1 } }
    ]
  ])('refuse what no near cache can be right with: %s', (message, options) => {
    expect(() => new RedisStore(options)).toThrow(TypeError)
    expect(() => new RedisStore(options)).toThrow(message)
  })

  it('tell no password', () => {
    const given = 'http://user:secret@localhost'
    expect(() => new RedisStore({ url: given })).toThrow(
      /^url must be a redis:\/\/ or rediss:\/\/ URL, not what was given$/
    )
  })

  it.each([{ host: 'localhost', password: 'secret' }, 'redis://:secret@localhost'])(
    'tell no password of what is given for a client (row X11)',
    (client) => {
      const create = () => new RedisStore({ client } as unknown as RedisStoreOptions)
      expect(create).toThrow(/^client must be a client of ioredis or iovalkey, not an? \w+$/)
    }
  )

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
