import { type CacheEntry, createCache } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { Agent, request } from 'undici'
import { answering, ask, Barrier, notModified, ok, send } from './answers.js'
import { setUp, stores } from './harness.js'
import { all, outcomeOf, paths } from './listing.js'
import { MapStore } from './map-store.js'

const etag = { ETag: '"a"' }
const fresh = ok('max-age=60', etag)
const inMemory = () => new MapStore({ sync: true, keepsObjects: true })

it('makes an interceptor that several dispatchers share the cache of', async () => {
  const client = await setUp(inMemory(), answering(fresh))
  await client.get('/')
  const agent = new Agent()
  const dispatcher = agent.compose(client.cache.interceptor)
  const { body } = await request(client.origin.url, { dispatcher })
  expect(await body.text()).toBe('body 0')
  expect(client.asked).toBe(1)
  await agent.close()
})

it('checks options as cacheInterceptor does', () => {
  expect(() => createCache({ type: 'x' as 'shared' })).toThrow(/type must be one of shared, private/)
})

describe.each(stores)('operations (%s)', (_, make) => {
  it('delete: what was stored for a URL is gone, all variants of it', async () => {
    const client = await setUp(make(), answering(ok('max-age=60', { ...etag, Vary: 'Foo' })))
    for (const foo of ['1', '2']) await client.get('/a?b', { headers: { foo } })
    await client.get('/other')
    await client.cache.delete(new URL(`${client.origin.url}/a?b#c`))
    expect(await paths(client)).toEqual(['/other'])
    const { decision } = await client.get('/a?b', { headers: { foo: '1' } })
    expect(decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss' })
  })

  it('delete: what is stored for a request with key fields goes alone, and for its URL all is unused', async () => {
    const client = await setUp(make(), answering(fresh), { keyFields: ['tenant'] })
    const url = `${client.origin.url}/`
    for (const tenant of ['a', 'b']) await client.get('/', { headers: { tenant } })
    await client.cache.delete({ url, headers: { Tenant: 'a' } })
    expect(await outcomeOf(client, '/', { headers: { tenant: 'a' } })).toBe('miss')
    expect(await outcomeOf(client, '/', { headers: { tenant: 'b' } })).toBe('hit')
    await client.cache.delete(url)
    expect(await outcomeOf(client, '/', { headers: { tenant: 'b' } })).not.toBe('hit')
  })

  it('QRY-01: delete: of a QUERY with its content, and of all of them with their URL', async () => {
    const client = await setUp(make(), answering(fresh))
    const url = `${client.origin.url}/`
    const query = (body: string) => outcomeOf(client, '/', { method: 'QUERY', body })
    for (const body of ['a', 'b']) await query(body)
    await client.cache.delete({ url, method: 'QUERY', body: Buffer.from('a') })
    expect(await query('b')).toBe('hit')
    expect(await query('a')).toBe('miss')
    await client.cache.delete(url)
    expect(await query('b')).not.toBe('hit')
  })

  it('delete: what is absent is no error', async () => {
    const client = await setUp(make(), answering(fresh))
    await expect(client.cache.delete(`${client.origin.url}/`)).resolves.toBeUndefined()
  })

  it('INV-04: invalidate keeps what can be validated, for that', async () => {
    const client = await setUp(make(), answering(fresh, notModified(etag)))
    await client.get('/')
    await client.get('/other')
    await client.cache.invalidate(`${client.origin.url}/`)
    expect(await outcomeOf(client, '/other')).toBe('hit')
    expect(await outcomeOf(client, '/')).toBe('validated')
    expect(client.origin.requests.at(-1)?.headers['if-none-match']).toBe('"a"')
  })

  it('GRP-02: invalidateGroup keeps its members, of one origin, for validation', async () => {
    const member = ok('max-age=60', { ...etag, 'Cache-Groups': '"g"' })
    const [client, other] = await Promise.all([
      setUp(make(), answering(member, notModified(etag))),
      setUp(make(), answering(member))
    ])
    for (const path of ['/', '/b']) await client.get(path)
    client.clock.advance(1)
    await client.cache.invalidateGroup(other.origin.url, 'g')
    await client.cache.invalidateGroup(client.origin.url, 'G')
    for (const path of ['/', '/b']) expect(await outcomeOf(client, path)).toBe('hit')
    await client.cache.invalidateGroup(client.origin.url, 'g')
    for (const path of ['/', '/b']) expect(await outcomeOf(client, path)).toBe('validated')
    await expect(client.cache.invalidateGroup(client.origin.url, 5 as never)).rejects.toThrow(/invalidateGroup/)
    await expect(client.cache.invalidateGroup('g', 'g')).rejects.toThrow(/invalidateGroup/)
  })

  it.each(['delete', 'invalidate'] as const)(
    'INV-06: %s reaches what is on its way: it is validated before it is used',
    async (operation) => {
      const barrier = new Barrier()
      const client = await setUp(make(), ({ clock }, { headers }, response) => {
        if (headers['if-none-match'] !== undefined) return send(response, notModified(etag), clock)
        barrier.hold(() => send(response, fresh, clock))
      })
      const asking = client.get('/')
      await barrier.held(1)
      await client.cache[operation](`${client.origin.url}/`)
      barrier.release(0)
      await asking
      expect(await outcomeOf(client, '/')).toBe('validated')
    }
  )

  it('entries: tells of each stored response', async () => {
    const client = await setUp(make(), answering(ok('max-age=60', { ...etag, Age: '5', 'X-A': ['1', '2'] })))
    await client.get('/a?b=c')
    client.clock.advance(10)
    const [entry, ...others] = await all(client.cache.entries())
    expect(others).toEqual([])
    expect(entry).toMatchObject({
      url: `${client.origin.url}/a?b=c`,
      partition: '',
      method: 'GET',
      status: 200,
      freshness: { age: 15, lifetime: 60, isFresh: true },
      bodyBytes: 6,
      responseTime: client.clock.now - 10_000
    })
    expect(entry).toMatchObject({
      storedTime: client.clock.now - 10_000,
      confirmedTime: undefined,
      freshUntil: client.clock.now + 45_000
    })
    expect(entry?.keptUntil).toBeGreaterThan(client.clock.now)
    expect(entry?.field('x-a')).toBe('1, 2')
    expect(entry?.field('X-B')).toBeUndefined()
  })

  it('entries: has what was just stored, what is stale, and what was invalidated, as no longer fresh', async () => {
    const client = await setUp(make(), answering(fresh, notModified({ ...etag, 'Cache-Control': 'max-age=100' })))
    const freshness = async () => {
      const entries: CacheEntry[] = await all(client.cache.entries())
      return entries.map(({ freshness, responseTime }) => ({ ...freshness, responseTime }))
    }
    await ask(client, '/')
    const stored = client.clock.now
    expect(await freshness()).toEqual([{ age: 0, lifetime: 60, isFresh: true, responseTime: stored }])
    client.clock.advance(60)
    expect(await freshness()).toEqual([{ age: 60, lifetime: 60, isFresh: false, responseTime: stored }])
    await ask(client, '/')
    await client.cache.close()
    expect(await freshness()).toEqual([{ age: 0, lifetime: 100, isFresh: true, responseTime: client.clock.now }])
    await client.cache.invalidate(`${client.origin.url}/`)
    expect(await freshness()).toMatchObject([{ lifetime: 100, isFresh: false }])
  })

  it('entries: tells when a response came, when it was last confirmed, and until when it is fresh', async () => {
    const client = await setUp(make(), answering(fresh, notModified({ ...etag, 'Cache-Control': 'max-age=100' })))
    const times = async () => {
      const entries: CacheEntry[] = await all(client.cache.entries())
      return entries.map(({ storedTime, confirmedTime, responseTime, freshUntil }) => ({
        stored: storedTime - began,
        confirmed: confirmedTime && confirmedTime - began,
        response: responseTime - began,
        freshUntil: freshUntil - began
      }))
    }
    const began = client.clock.now
    await client.get('/')
    expect(await times()).toEqual([{ stored: 0, confirmed: undefined, response: 0, freshUntil: 60_000 }])
    for (const seconds of [200, 300]) {
      client.clock.advance(seconds)
      expect(await outcomeOf(client, '/')).toBe('validated')
    }
    const confirmed = 500_000
    expect(await times()).toEqual([{ stored: 0, confirmed, response: confirmed, freshUntil: confirmed + 100_000 }])
  })

  it('GRP-02: delete and invalidate take no group along, as an unsafe request does', async () => {
    const member = ok('max-age=60', { ...etag, 'Cache-Groups': '"g"' })
    const client = await setUp(make(), answering(member))
    for (const path of ['/a', '/b', '/c', '/d']) await client.get(path)
    await client.cache.delete(`${client.origin.url}/a`)
    await client.cache.invalidate(`${client.origin.url}/b`)
    for (const path of ['/c', '/d']) expect(await outcomeOf(client, path)).toBe('hit')
    await client.get('/c', { method: 'DELETE' })
    expect(await outcomeOf(client, '/d')).not.toBe('hit')
  })

  it('GRP-01: invalidateGroup refuses where groups are not regarded', async () => {
    const client = await setUp(make(), answering(fresh), { cacheGroups: false })
    await expect(client.cache.invalidateGroup(client.origin.url, 'g')).rejects.toThrow(
      new TypeError('invalidateGroup: this cache knows no groups, for its option cacheGroups is false')
    )
  })

  it('entries: has nothing that could not be used any more', async () => {
    const client = await setUp(make(), answering(ok('max-age=60')))
    await client.get('/late')
    client.clock.advance(61)
    await client.get('/invalid')
    await client.cache.invalidate(`${client.origin.url}/invalid`)
    await client.get('/kept')
    expect(await paths(client)).toEqual(['/kept'])
  })

  it('SEC-05: entries has nothing that others have put into the store', async () => {
    const store = make()
    const client = await setUp(store, answering(fresh))
    await client.get('/')
    const foreign = { keys: store.keys.bind(store) }
    store.keys = async function* () {
      yield* ['x', '+[', '+[1]', '9:http://a/', '+["+[]"]', '', 'http://h', 'ftp://a/']
      yield* foreign.keys()
    }
    expect(await paths(client)).toEqual(['/'])
  })

  it('entries and purge: of one part of the cache only, if it is named', async () => {
    const partition = ({ field }: { field(name: string): string | undefined }) => field('user') ?? ''
    const client = await setUp(make(), answering(fresh), { partition })
    for (const user of ['', 'a', 'b', '12:b']) await client.get(`/${user}`, { headers: { user } })
    const found = async (partition?: string) => {
      const entries = await all(client.cache.entries(partition === undefined ? {} : { partition }))
      return entries.map((entry) => `${entry.partition} ${entry.url.slice(client.origin.url.length)}`).sort()
    }
    expect(await found()).toEqual([' /', '12:b /12:b', 'a /a', 'b /b'])
    expect(await found('a')).toEqual(['a /a'])
    expect(await found('')).toEqual([' /'])
    await client.cache.purge({ partition: 'b' })
    expect(await found()).toEqual([' /', '12:b /12:b', 'a /a'])
  })

  it('KEY-05: delete and invalidate are about one part of the cache', async () => {
    const partition = ({ field }: { field(name: string): string | undefined }) => field('user') ?? ''
    const client = await setUp(make(), answering(fresh), { partition })
    const url = `${client.origin.url}/`
    const outcomes = async () => {
      const asked: string[] = []
      for (const user of ['a', 'b', 'c']) asked.push(await outcomeOf(client, '/', { headers: { user } }))
      return asked
    }
    await outcomes()
    await client.cache.delete(url, { partition: 'a' })
    await client.cache.delete({ url, headers: { user: 'b' } })
    expect(await outcomes()).toEqual(['miss', 'miss', 'hit'])
    await client.cache.invalidate(url, { partition: 'c' })
    expect(await outcomes()).toEqual(['hit', 'hit', 'miss'])
    await expect(client.cache.delete(url)).rejects.toThrow(/the cache has parts: name one/)
    await expect(client.cache.invalidate(url)).rejects.toThrow(/the cache has parts: name one/)
  })

  it('purge: by origin, by what the path begins with, and by a predicate', async () => {
    const client = await setUp(make(), answering(fresh))
    const refill = async () => {
      for (const path of ['/a/1', '/a/2?q', '/ab', '/b']) await client.get(path)
    }
    await refill()
    await client.cache.purge({ pathPrefix: '/a/' })
    expect(await paths(client)).toEqual(['/ab', '/b'])
    await refill()
    await client.cache.purge({ origin: 'http://127.0.0.1:1' })
    expect(await paths(client)).toHaveLength(4)
    await client.cache.purge({ pathPrefix: '/a', predicate: ({ url }) => url.endsWith('?q') })
    expect(await paths(client)).toEqual(['/a/1', '/ab', '/b'])
    await client.cache.purge({ origin: new URL(`${client.origin.url}/x`) })
    expect(await paths(client)).toEqual([])
  })

  it('purge: of a URL with variants only those that the predicate picks', async () => {
    const client = await setUp(make(), ({ clock }, { headers }, response) =>
      send(response, ok('max-age=60', { ...etag, Vary: 'Foo', 'X-Foo': String(headers.foo) }), clock)
    )
    for (const foo of ['1', '2']) await client.get('/', { headers: { foo } })
    await client.cache.purge({ predicate: (entry) => entry.field('x-foo') === '1' })
    expect(await outcomeOf(client, '/', { headers: { foo: '2' } })).toBe('hit')
    expect(await outcomeOf(client, '/', { headers: { foo: '1' } })).toBe('miss')
  })

  it('clear: removes all, what was stored a moment ago included', async () => {
    const client = await setUp(make(), answering(fresh))
    await client.get('/a')
    await ask(client, '/b')
    await client.cache.clear()
    expect(await paths(client)).toEqual([])
    expect(await outcomeOf(client, '/a')).toBe('miss')
  })
})
