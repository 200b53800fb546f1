import { CacheControl, decisionOf } from '@cc/core/fetch'
import { describe, expect, it } from '@jest/globals'
import { Agent, type Dispatcher } from 'undici'
import { answering, ok } from './answers.js'
import { setUp } from './harness.js'
import { MapStore } from './map-store.js'

const fresh = ok('max-age=60', { ETag: '"a"' })

/** A cache put on a dispatcher, and a real origin. */
async function clientOf(dispatcher?: Dispatcher) {
  const { origin, clock } = await setUp(new MapStore(), answering(fresh))
  const store = new MapStore({ sync: true, keepsObjects: true })
  return { cached: CacheControl(dispatcher, { store, clock: () => clock.now }), origin, store }
}

describe('CacheControl', () => {
  it('shares one cache among all ways to ask', async () => {
    const { cached, origin } = await clientOf()
    expect(decisionOf(await cached.fetch(origin.url))).toMatchObject({ outcome: 'miss' })
    await (await cached.request(`${origin.url}/a`)).body.text()
    await (await cached.fetch(origin.url)).text()
    const { body } = await cached.request(origin.url, { cacheMode: 'force-cache' })
    expect(await body.text()).toBe('body 0')
    const above = cached.compose((dispatch) => (opts, handler) => dispatch({ ...opts, path: '/a' }, handler))
    const one = await above.request({ origin: origin.url, path: '/b', method: 'GET' })
    expect(await one.body.text()).toBe('body 0')
    const other = await cached.dispatcher.request({ origin: origin.url, path: '/a', method: 'GET' })
    await other.body.text()
    expect(origin.requests.map(({ path }) => path)).toEqual(['/', '/a'])
    expect(cached.stats()).toMatchObject({ misses: 2, hits: 4 })
    await cached.close()
  })

  it('has the operations of the cache', async () => {
    const { cached, origin, store } = await clientOf()
    const url = `${origin.url}/`
    const ask = async (path: string) => await (await cached.request(origin.url + path)).body.text()
    const listed = async () => {
      const urls: string[] = []
      for await (const { url } of cached.entries()) urls.push(url.slice(origin.url.length))
      return urls.sort()
    }
    for (const path of ['/', '/a', '/b', '/c']) await ask(path)
    expect(await listed()).toEqual(['/', '/a', '/b', '/c'])
    await cached.delete(url)
    await cached.purge({ pathPrefix: '/a' })
    await cached.invalidate(`${url}b`)
    expect(await listed()).toEqual(['/b', '/c'])
    await cached.clear()
    expect(await listed()).toEqual([])
    expect((await store.keys().next()).done).toBe(true)
    await cached[Symbol.asyncDispose]()
  })

  it('closes the Agent that it made, and leaves alone one that it was given', async () => {
    const own = await clientOf()
    await own.cached.close()
    await own.cached.close()
    await expect(own.cached.request(own.origin.url)).rejects.toMatchObject({ name: 'ClientDestroyedError' })
    const agent = new Agent()
    const given = await clientOf(agent)
    await given.cached.close()
    await (await given.cached.request(given.origin.url)).body.text()
    await agent.close()
  })

  it('checks what it is given', () => {
    expect(() => CacheControl(undefined, { type: 'x' as 'shared' })).toThrow(/type must be one of shared, private/)
    expect(() => CacheControl({} as Dispatcher)).toThrow('CacheControl: dispatcher must be a Dispatcher of undici')
  })
})
