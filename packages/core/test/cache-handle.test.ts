import { type CacheEntry, type CacheStore, createCache, StoreOperationError } from '@cc/core'
import { describe, expect, it, jest } from '@jest/globals'
import { Agent, request } from 'undici'
import { answering, ask, Barrier, notModified, ok, send, withStatus } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'
import { MapStore } from './map-store.js'
import { until } from './no-stray-errors.js'

const etag = { ETag: '"a"' }
const fresh = ok('max-age=60', etag)
const inMemory = () => new MapStore({ sync: true, keepsObjects: true })

async function all<T>(found: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const one of found) list.push(one)
  return list
}

const outcomeOf = async (client: SetUp, ...args: Parameters<SetUp['get']>) =>
  (await client.get(...args)).decision.outcome

/** The paths of all entries, sorted. */
async function paths(client: SetUp): Promise<string[]> {
  const entries = await all(client.cache.entries())
  return entries.map(({ url }) => url.slice(client.origin.url.length)).sort()
}

/** A store without one of its optional methods. */
function without(name: 'keys' | 'clear'): CacheStore {
  return Object.assign(new MapStore(), { [name]: undefined })
}

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

  it('delete: what is on its way meanwhile is validated before it is used', async () => {
    const barrier = new Barrier()
    const client = await setUp(make(), ({ clock }, { headers }, response) => {
      if (headers['if-none-match'] !== undefined) return send(response, notModified(etag), clock)
      barrier.hold(() => send(response, fresh, clock))
    })
    const asking = client.get('/')
    await barrier.held(1)
    await client.cache.delete(`${client.origin.url}/`)
    barrier.release(0)
    await asking
    expect(await outcomeOf(client, '/')).toBe('validated')
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

  it('INV-06: invalidate reaches what is on its way', async () => {
    const barrier = new Barrier()
    const client = await setUp(make(), ({ clock }, { headers }, response) => {
      if (headers['if-none-match'] !== undefined) return send(response, notModified(etag), clock)
      barrier.hold(() => send(response, fresh, clock))
    })
    const asking = client.get('/')
    await barrier.held(1)
    await client.cache.invalidate(`${client.origin.url}/`)
    barrier.release(0)
    await asking
    expect(await outcomeOf(client, '/')).toBe('validated')
  })

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

  it('stats: each request is counted once', async () => {
    const barrier = new Barrier()
    const client = await setUp(make(), ({ clock }, { path, method, headers }, response) => {
      if (path === '/dead') response.destroy()
      else if (path === '/slow') barrier.hold(() => response.destroy())
      else if (method === 'POST') send(response, withStatus(204), clock)
      else if (headers['if-none-match'] !== undefined) send(response, notModified(etag), clock)
      else send(response, ok(`max-age=60${path === '/swr' ? ', stale-while-revalidate=600' : ''}`, etag), clock)
    })
    const zero = {
      hits: 0,
      staleHits: 0,
      validations: 0,
      misses: 0,
      bypassed: 0,
      errors: 0,
      stored: 0,
      backgroundValidations: 0,
      storeFailures: 0,
      bytesSaved: 0
    }
    expect(client.cache.stats()).toEqual(zero)
    await client.get('/')
    await client.get('/')
    await client.get('/', { method: 'HEAD' })
    await client.get('/', { headers: { 'if-none-match': '"a"' } })
    expect(client.cache.stats()).toEqual({ ...zero, misses: 1, hits: 3, stored: 1, bytesSaved: 6 })
    client.clock.advance(60)
    await client.get('/')
    expect(client.cache.stats()).toMatchObject({ validations: 1, stored: 2, bytesSaved: 12 })
    await client.get('/swr')
    client.clock.advance(60)
    const background = until(() => client.decisions.some(({ background }) => background === true))
    await client.get('/swr')
    await background
    await client.get('/x', { method: 'POST' })
    await client.get('/', { headers: { 'cache-control': 'no-store' } })
    await expect(client.get('/dead')).rejects.toThrow()
    await client.get('/none', { headers: { 'cache-control': 'only-if-cached' } })
    await expect(client.get('/none', { cacheMode: 'only-if-cached' })).rejects.toThrow()
    const stats = client.cache.stats()
    expect(stats).toEqual({
      hits: 3,
      staleHits: 1,
      validations: 1,
      misses: 2,
      bypassed: 2,
      errors: 3,
      stored: 4,
      backgroundValidations: 1,
      storeFailures: 0,
      bytesSaved: 18
    })
    expect(client.decisions.filter(({ background }) => !background)).toHaveLength(
      stats.hits + stats.staleHits + stats.validations + stats.misses + stats.bypassed + stats.errors
    )
  })
})

it('stats: hits are counted where nobody listens', async () => {
  const client = await setUp(inMemory(), answering(fresh))
  const cache = createCache({ store: inMemory(), clock: () => client.clock.now })
  const agent = new Agent()
  const dispatcher = agent.compose(cache.interceptor)
  for (let n = 0; n < 3; n++) await (await request(client.origin.url, { dispatcher })).body.text()
  expect(cache.stats()).toMatchObject({ hits: 2, misses: 1, stored: 1, bytesSaved: 12 })
  await agent.close()
})

describe('failures of the store', () => {
  const cause = new RangeError('planted')
  const failing = () => Promise.reject(cause)
  const failed = (operation: string) => ({ name: 'StoreOperationError', code: 'CC_STORE_OPERATION', operation, cause })

  it('are told to who asked for a removal', async () => {
    const store = new MapStore()
    const client = await setUp(store, answering(fresh))
    await client.get('/')
    Object.assign(store, { delete: failing, clear: failing })
    await expect(client.cache.delete(`${client.origin.url}/`)).rejects.toMatchObject(failed('delete'))
    await expect(client.cache.purge({ pathPrefix: '/' })).rejects.toMatchObject(failed('purge'))
    await expect(client.cache.purge({ predicate: () => true })).rejects.toMatchObject(failed('purge'))
    await expect(client.cache.clear()).rejects.toMatchObject(failed('clear'))
  })

  it('are told to who asked for a list, be it in the middle', async () => {
    const store = new MapStore()
    const client = await setUp(store, answering(fresh))
    await client.get('/')
    const keys = store.keys.bind(store)
    store.keys = async function* () {
      yield* keys()
      throw cause
    }
    const found = client.cache.entries()
    expect((await found.next()).value).toMatchObject({ status: 200 })
    await expect(found.next()).rejects.toMatchObject(failed('entries'))
  })

  it('are told where what is listed cannot be read', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const store = new MapStore()
    const client = await setUp(store, answering(fresh))
    await client.get('/')
    store.get = failing
    await expect(client.cache.entries().next()).rejects.toThrow('entries: the store could not be read')
    expect(client.cache.stats().storeFailures).toBe(1)
    emitWarning.mockRestore()
  })

  it('ROB-03: an invalidation that the store did not take is told, and what it is about is not used', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const store = new MapStore()
    const client = await setUp(store, answering(fresh))
    await client.get('/')
    const mark = store.mark.bind(store)
    store.mark = failing
    const url = `${client.origin.url}/`
    await expect(client.cache.invalidate(url)).rejects.toMatchObject({ operation: 'invalidate' })
    await expect(client.cache.invalidate(url)).rejects.toThrow('until it does, what it has is not used by this process')
    expect(await outcomeOf(client, '/')).toBe('miss')
    expect(await all(client.cache.entries())).toEqual([])
    store.mark = mark
    await client.cache.invalidate(url)
    expect(await outcomeOf(client, '/')).not.toBe('hit')
    emitWarning.mockRestore()
  })

  it.each(['keys', 'clear'] as const)('a store without %s says so', async (name) => {
    const client = await setUp(without(name), answering(fresh))
    await client.get('/')
    const asked =
      name === 'clear'
        ? [client.cache.clear()]
        : [client.cache.entries().next(), client.cache.purge({ pathPrefix: '/' })]
    for (const asking of asked) {
      await expect(asking).rejects.toThrow(StoreOperationError)
      await expect(asking).rejects.toThrow(`no ${name}()`)
    }
    await client.cache.delete(`${client.origin.url}/`)
    expect(await outcomeOf(client, '/')).toBe('miss')
  })

  it('a predicate that throws is the error of its caller', async () => {
    const client = await setUp(inMemory(), answering(fresh))
    await client.get('/')
    const predicate = () => {
      throw cause
    }
    await expect(client.cache.purge({ predicate })).rejects.toBe(cause)
  })
})

describe('what cannot be asked', () => {
  it.each<[string, (client: SetUp) => Promise<unknown>]>([
    ['delete: not an absolute URL', ({ cache }) => cache.delete('/a')],
    ['invalidate: not an absolute URL', ({ cache }) => cache.invalidate('a b')],
    ['delete: not a request that HTTP knows', ({ cache }) => cache.delete('ftp://a.example/')],
    ['purge: say what to remove', ({ cache }) => cache.purge({})],
    ['purge: origin must be an origin', ({ cache }) => cache.purge({ origin: 'example.com' })],
    ['close: waitMs must be a number of 0 or more', ({ cache }) => cache.close({ waitMs: -1 })]
  ])('is a TypeError: %s', async (message, call) => {
    const client = await setUp(inMemory(), answering(fresh))
    const asking = call(client)
    await expect(asking).rejects.toThrow(TypeError)
    await expect(asking).rejects.toThrow(message)
  })
})

describe.each(stores)('close (%s)', (_, make) => {
  const stale = ok('max-age=60, stale-while-revalidate=600', etag)

  /** A client for which a validation in the background is under way. */
  async function validating(barrier: Barrier): Promise<SetUp> {
    const client = await setUp(make(), ({ clock }, { headers }, response) => {
      if (headers['if-none-match'] === undefined) return send(response, stale, clock)
      barrier.hold(() => send(response, notModified({ ...etag, 'Cache-Control': 'max-age=1000' }), clock))
    })
    await client.get('/')
    client.clock.advance(90)
    await client.get('/')
    await barrier.held(1)
    return client
  }

  it('waits for validations in the background, and what they store', async () => {
    const barrier = new Barrier()
    const client = await validating(barrier)
    let isClosed = false
    const closing = client.cache.close().then(() => {
      isClosed = true
    })
    await client.get('/other')
    expect(isClosed).toBe(false)
    barrier.release(0)
    await closing
    const entries = await all(client.cache.entries())
    expect(entries.map(({ freshness }) => freshness.lifetime).sort()).toEqual([1000, 60])
  })

  it.each([0, 20])('cancels what is left after %d ms', async (waitMs) => {
    const barrier = new Barrier()
    const client = await validating(barrier)
    await client.cache.close({ waitMs })
    await until(() => client.decisions.some(({ background }) => background === true))
    expect(client.cache.stats().backgroundValidations).toBe(1)
    barrier.release(0)
    const [entry] = await all(client.cache.entries())
    expect(entry?.freshness.lifetime).toBe(60)
  })

  it('has everything stored that has come', async () => {
    const store = make()
    const client = await setUp(store, answering(fresh))
    await ask(client, '/')
    await client.cache.close()
    expect(await all(store.keys())).toEqual([`${client.origin.url}/`])
  })

  it('leaves the store of the user open, and the cache usable', async () => {
    const store = Object.assign(make(), { close: () => Promise.reject(new Error('not yours')) })
    const client = await setUp(store, answering(fresh))
    await client.get('/')
    await client.cache.close()
    await client.cache[Symbol.asyncDispose]()
    expect(await outcomeOf(client, '/')).toBe('hit')
  })
})

it('close: nothing has to be opened for it', async () => {
  await expect(createCache().close()).resolves.toBeUndefined()
})
