import { type CacheOptions, cacheInterceptor } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { FaultyStore } from './faulty-store.js'
import { setUp } from './harness.js'
import { MapStore } from './map-store.js'
import { turns } from './no-stray-errors.js'

const notAStore = { ...new MapStore(), contract: 1 }
const ofAnotherContract = Object.assign(new MapStore(), { contract: 2 })

const refused: [option: string, value: unknown, shown: string][] = [
  ['store', 5, '5'],
  ['store', 'redis', '"redis"'],
  ['store', () => {}, 'a function'],
  ['store.get', notAStore, 'undefined'],
  ['store.contract', ofAnotherContract, '2'],
  ['type', 'public', '"public"'],
  ['type', 5, '5'],
  ['methods', 'GET', '"GET"'],
  ['methods', ['GET', 'POST'], '["GET","POST"]'],
  ['methods', ['get'], '["get"]'],
  ['partition', 'user', '"user"'],
  ['keyFields', 'X-Key', '"X-Key"'],
  ['keyFields', ['X Key'], '["X Key"]'],
  ['keyFields', [5], '[5]'],
  ['varyNormalizers', 5, '5'],
  ['varyNormalizers.accept', { accept: 5 }, '5'],
  ['maxVariants', 0, '0'],
  ['maxVariants', 1.5, '1.5'],
  ['maxVariants', '5', '"5"'],
  ['bypassAuthorized', 1, '1'],
  ['implicitCredentialKey', 'yes', '"yes"'],
  ['sharedSetCookie', true, 'true'],
  ['sharedSetCookie', 'always', '"always"'],
  ['credentialFields', 'Cookie', '"Cookie"'],
  ['credentialFields', [''], '[""]'],
  ['heuristic', true, 'true'],
  ['heuristic', 60, '60'],
  ['keepStaleSeconds', -1, '-1'],
  ['keepStaleSeconds', Number.POSITIVE_INFINITY, 'Infinity'],
  ['trustDate', 0, '0'],
  ['clock', 5, '5'],
  ['staleIfErrorSeconds', Number.NaN, 'NaN'],
  ['staleIfErrorSeconds', '60', '"60"'],
  ['sMaxAgeAllowsStale', 'no', '"no"'],
  ['onDisconnect', 504, '504'],
  ['invalidateLocations', 'false', '"false"'],
  ['storeCloseDelimited', 1, '1'],
  ['storePostAsGet', 1, '1'],
  ['noVarySearch', 'on', '"on"'],
  ['ranges', true, 'true'],
  ['ranges', 'all', '"all"'],
  ['maxEntryBytes', -1, '-1'],
  ['maxEntryBytes', 1.5, '1.5'],
  ['storeTimeoutMs', 0, '0'],
  ['storeTimeoutMs', 5n, '5'],
  ['copyBufferBytes', -5, '-5'],
  ['collapse', 1, '1'],
  ['collapseAcrossProcesses', 'yes', '"yes"'],
  ['collapseWaitMs', 0, '0'],
  ['collapseWaitMs', 1.5, '1.5'],
  ['verify', 'none', '"none"'],
  ['integrityKey', 'short', 'a string of 5 bytes'],
  ['tape', 'play', '"play"'],
  ['tape', true, 'true'],
  ['origin', /example/, '/example/'],
  ['origin', 'example.com', '"example.com"'],
  ['origin', 'ftp://user:secret@example.com', '"ftp://example.com"'],
  ['origins', ['http://a.example', 'ws://secret@b.example'], '["http://a.example","ws://b.example"]'],
  ['origins', 'https://example.com', '"https://example.com"'],
  ['origins', ['example.com'], '["example.com"]'],
  ['origins', ['ftp://example.com'], '["ftp://example.com"]'],
  ['enabled', true, 'true'],
  ['redactQuery', 'token', '"token"'],
  ['redactQuery', [''], '[""]'],
  ['redactQuery', [5], '[5]'],
  ['onDecision', {}, '{}']
]

describe('options', () => {
  it.each(refused)(
    '%s: %p is refused when the interceptor is made, with a TypeError that names both',
    (name, value, shown) => {
      const option = name.split('.')[0] as string
      const make = () => cacheInterceptor({ [option]: value } as CacheOptions)
      expect(make).toThrow(TypeError)
      expect(make).toThrow(`cacheInterceptor: ${name} must be `)
      expect(make).toThrow(`, not ${shown}`)
    }
  )

  it.each([...new Set(refused.map(([name]) => name.split('.')[0] as string))])(
    '%s: null is refused, undefined is unset',
    (option) => {
      expect(() => cacheInterceptor({ [option]: null } as never)).toThrow(`cacheInterceptor: ${option} must be`)
      expect(() => cacheInterceptor({ [option]: undefined } as never)).not.toThrow()
    }
  )

  it.each([
    [2, 'this version of @cc/core is too old for the store, upgrade @cc/core'],
    [0, 'the store is too old for this version of @cc/core, upgrade the package of the store']
  ])('store: one of contract %d is told which of the two to upgrade', (contract, advice) => {
    const store = Object.assign(new MapStore(), { contract }) as never
    expect(() => cacheInterceptor({ store })).toThrow(
      new TypeError(`cacheInterceptor: store.contract must be 1: ${advice}, not ${contract}`)
    )
  })

  it('store: one of another contract, whose methods may be other ones, is told which of the two to upgrade', () => {
    expect(() => cacheInterceptor({ store: { contract: 2, find: () => {} } as never })).toThrow(
      /^cacheInterceptor: store.contract must be 1: this version of @cc\/core is too old/
    )
  })

  it.each([undefined, '1', 1.5, Number.NaN])('store: contract %p is none at all', (contract) => {
    const store = Object.assign(new MapStore(), { contract }) as never
    expect(() => cacheInterceptor({ store })).toThrow(
      /^cacheInterceptor: store.contract must be 1, as CacheStore has it, not /
    )
  })

  it('that are unknown are refused by name', () => {
    expect(() => cacheInterceptor({ maxage: 5 } as never)).toThrow(
      new TypeError('cacheInterceptor: unknown option maxage')
    )
    for (const options of [5, 'shared', null]) {
      expect(() => cacheInterceptor(options as never)).toThrow(/^cacheInterceptor: options must be an object, not /)
    }
  })

  it('that cannot be shown are refused all the same', () => {
    const circular: unknown[] = []
    circular.push(circular)
    expect(() => cacheInterceptor({ methods: circular } as never)).toThrow(TypeError)
  })

  it('storeTimeoutMs: may be longer than a timer can be', async () => {
    const store = new FaultyStore()
    const respond: Parameters<typeof setUp>[1] = (_setUp, _request, response) =>
      response.setHeader('Cache-Control', 'max-age=60').end()
    const client = await setUp(store, respond, { storeTimeoutMs: 2 ** 40 })
    await client.get('/')
    store.faults.get = async (sound) => {
      await turns(2_000)
      return await sound()
    }
    expect(await client.get('/')).toMatchObject({ decision: { outcome: 'hit' } })
  })
})

describe('origins', () => {
  const client = async (origins: (url: string) => CacheOptions['origins']) => {
    const other = await setUp(new MapStore(), (_setUp, _request, response) => response.end())
    const ready = await setUp(
      new MapStore(),
      (_setUp, _request, response) => response.setHeader('Cache-Control', 'max-age=60').end(),
      { origins: origins(other.origin.url) as never }
    )
    return { ready, otherUrl: other.origin.url }
  }

  it('leave out every other one, invalidation included, and nothing is told of it', async () => {
    const { ready, otherUrl } = await client((url) => [`${url.toUpperCase()}/`])
    const { origin, dispatcher } = ready
    for (const method of ['GET', 'POST', 'GET'] as const) {
      await (await dispatcher.request({ origin: origin.url, path: '/', method })).body.dump()
    }
    expect(ready.decisions).toEqual([])
    expect(ready.asked).toBe(3)
    await ready.get('/', { origin: otherUrl })
    expect(ready.decisions).toHaveLength(1)
  })

  it.each([
    ['sticky', /^http:\/\/127\.0\.0\.1:\d+$/y],
    ['global', /127/g],
    ['plain', /^http:/]
  ])('may be %s patterns, tested afresh each time', async (_kind, pattern) => {
    const { ready } = await client(() => [pattern])
    await ready.get('/')
    for (let i = 0; i < 3; i++) expect(await ready.get('/')).toMatchObject({ decision: { outcome: 'hit' } })
  })
})

describe('enabled', () => {
  it('sees the request, and what it leaves out passes untouched', async () => {
    const seen: unknown[] = []
    const client = await setUp(
      new MapStore(),
      (_setUp, { body }, response) => response.setHeader('Cache-Control', 'max-age=60').end(body),
      {
        enabled: (request) => {
          seen.push([request.method, request.url, request.field('X-a'), request.field('x-none')])
          if (request.field('X-Throw')) throw new Error('a mistake')
          return request.field('x-off') === undefined
        }
      }
    )
    const url = client.origin.url
    const get = async (headers: Record<string, string | string[]>) =>
      await (await client.dispatcher.request({ origin: url, path: '/p?q#f', method: 'GET', headers })).body.text()
    await get({ 'X-A': ['1', '2'] })
    for (const headers of [{ 'X-Off': '1' }, { 'X-Throw': '1' }]) await get(headers)
    expect(seen).toEqual([
      ['GET', `${url}/p?q`, '1, 2', undefined],
      ['GET', `${url}/p?q`, undefined, undefined],
      ['GET', `${url}/p?q`, undefined, undefined]
    ])
    expect(client.decisions).toHaveLength(1)
    expect(client.asked).toBe(3)
  })
})
