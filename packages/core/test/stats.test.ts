import { createCache } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { Agent, request } from 'undici'
import { answering, Barrier, notModified, ok, send, withStatus } from './answers.js'
import { setUp, stores } from './harness.js'
import { MapStore } from './map-store.js'
import { until } from './no-stray-errors.js'

const etag = { ETag: '"a"' }
const fresh = ok('max-age=60', etag)
const inMemory = () => new MapStore({ sync: true, keepsObjects: true })

describe.each(stores)('stats (%s)', (_, make) => {
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

it('stats: of requests that share an answer each is counted', async () => {
  const barrier = new Barrier()
  const client = await setUp(inMemory(), ({ clock }, _request, response) =>
    barrier.hold(() => send(response, fresh, clock))
  )
  const asking = [1, 2, 3].map(() => client.get('/'))
  await barrier.held(1)
  barrier.release(0)
  await Promise.all(asking)
  expect(client.asked).toBe(1)
  const { hits, misses, errors } = client.cache.stats()
  expect({ all: hits + misses, errors }).toEqual({ all: 3, errors: 0 })
})
