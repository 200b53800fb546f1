import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import { type CacheDecision, cacheInterceptor, channels } from '@cc/core'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { Agent, request } from 'undici'
import { setUp, stores } from './harness.js'
import { MapStore } from './map-store.js'
import { turns } from './no-stray-errors.js'

const published: CacheDecision[] = []
const collect = (message: unknown) => void published.push(message as CacheDecision)

afterEach(() => {
  unsubscribe(channels.decision, collect)
  published.length = 0
  jest.restoreAllMocks()
})

describe.each(stores)('CS-05: decisions, with %s', (_name, makeStore) => {
  it('say how each exchange went', async () => {
    const client = await setUp(makeStore(), ({ clock }, { method, path, headers }, response) => {
      const cacheControl = path === '/no-store' ? 'no-store' : 'max-age=10, stale-while-revalidate=10'
      response.setHeader('Date', clock.date()).setHeader('Cache-Control', cacheControl).setHeader('ETag', '"a"')
      if (method === 'GET' && headers['if-none-match'] === '"a"') return void response.writeHead(304).end()
      response.end('body')
    })
    const decide = async (path: string, method = 'GET', cacheControl?: string) =>
      (await client.get(path, { method, ...(cacheControl && { headers: { 'Cache-Control': cacheControl } }) })).decision
    const url = (path: string) => client.origin.url + path
    const common = { method: 'GET', url: url('/') }
    const fresh = { lifetime: 10, heuristic: false }
    expect(await decide('/')).toEqual({
      ...common,
      ...fresh,
      outcome: 'miss',
      reason: 'uri-miss',
      status: 200,
      stored: true
    })
    client.clock.advance(3)
    expect(await decide('/')).toEqual({
      ...common,
      ...fresh,
      outcome: 'hit',
      status: 200,
      age: 3,
      stored: false,
      servedBytes: 4
    })
    expect(await decide('/', 'GET', 'no-cache')).toEqual({
      ...common,
      ...fresh,
      outcome: 'validated',
      forwardStatus: 304,
      reason: 'request',
      status: 200,
      servedBytes: 4,
      stored: true
    })
    client.clock.advance(12)
    const background = {
      ...common,
      ...fresh,
      outcome: 'validated',
      forwardStatus: 304,
      reason: 'stale',
      status: 200,
      servedBytes: 0,
      stored: true,
      background: true
    }
    expect(await decide('/')).toEqual({
      ...common,
      ...fresh,
      outcome: 'stale-hit',
      stale: 'stale-while-revalidate',
      status: 200,
      servedBytes: 4,
      age: 12,
      stored: false
    })
    while (client.decisions.length < 5) await turns()
    expect(client.decisions[4]).toEqual(background)
    expect(await decide('/no-store')).toEqual({
      ...common,
      url: url('/no-store'),
      outcome: 'miss',
      reason: 'uri-miss',
      status: 200,
      stored: false,
      notStored: { store: false, requirement: 'STORE-03', reason: 'the response says no-store' }
    })
    expect(await decide('/', 'GET', 'no-store')).toEqual({
      ...common,
      outcome: 'bypass',
      reason: 'bypass',
      stored: false
    })
    expect(await decide('/', 'OPTIONS')).toEqual({
      ...common,
      method: 'OPTIONS',
      outcome: 'bypass',
      reason: 'method',
      stored: false
    })
    expect(await decide('/', 'DELETE')).toEqual({
      ...common,
      method: 'DELETE',
      outcome: 'bypass',
      reason: 'method',
      status: 200,
      stored: false
    })
    expect(await decide('/new', 'GET', 'only-if-cached')).toEqual({
      ...common,
      url: url('/new'),
      outcome: 'gateway-timeout',
      status: 504,
      stored: false
    })
  })

  it('come once for each exchange, and also for one that fails', async () => {
    const client = await setUp(makeStore(), (_setUp, _request, response) => response.destroy())
    await expect(client.get('/')).rejects.toMatchObject({ message: expect.any(String) })
    await turns()
    expect(client.decisions).toEqual([
      { method: 'GET', url: `${client.origin.url}/`, outcome: 'miss', reason: 'uri-miss', stored: false }
    ])
  })
})

describe('CS-05: decisions', () => {
  const ok = (_setUp: unknown, _request: unknown, response: ServerResponse) => {
    response.setHeader('Cache-Control', 'max-age=60').end()
  }

  it('go to the channel as well, with and without a callback', async () => {
    const client = await setUp(new MapStore({ sync: true }), ok)
    subscribe(channels.decision, collect)
    await client.get('/')
    expect(published).toEqual(client.decisions)
    const agent = new Agent()
    const dispatcher = agent.compose(cacheInterceptor({ store: new MapStore({ sync: true }) }))
    await (await request(client.origin.url, { dispatcher })).body.dump()
    expect(published.at(-1)).toMatchObject({ outcome: 'miss', url: `${client.origin.url}/`, stored: true })
    await agent.destroy()
  })

  it('are not made where nobody listens', async () => {
    const { origin } = await setUp(new MapStore({ sync: true }), ok)
    const agent = new Agent()
    const dispatcher = agent.compose(cacheInterceptor({ store: new MapStore({ sync: true }) }))
    const publish = jest.spyOn(channel(channels.decision), 'publish')
    for (let i = 0; i < 2; i++) await (await request(origin.url, { dispatcher })).body.dump()
    expect(publish).not.toHaveBeenCalled()
    publish.mockRestore()
    // Whoever begins to listen in between hears of what ends from then on.
    subscribe(channels.decision, collect)
    await (await request(origin.url, { dispatcher })).body.dump()
    expect(published).toMatchObject([{ outcome: 'hit' }])
    await agent.destroy()
  })

  it('that a callback fails on surface as mistakes of the program, and no request fails', async () => {
    const { origin } = await setUp(new MapStore(), ok)
    const queue = queueMicrotask
    const surfaced: unknown[] = []
    jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((run) =>
      queue(() => {
        try {
          run()
        } catch (error) {
          surfaced.push(error)
        }
      })
    )
    const mistake = new Error('a mistake in the callback')
    const agent = new Agent()
    const store = new MapStore({ sync: true, keepsObjects: true })
    const cache = cacheInterceptor({
      store,
      onDecision: () => {
        throw mistake
      }
    })
    const dispatcher = agent.compose(cache)
    for (const method of ['GET', 'GET', 'POST', 'OPTIONS'] as const) {
      const { statusCode, body } = await request(origin.url, { dispatcher, method })
      await body.dump()
      expect(statusCode).toBe(200)
    }
    await turns()
    expect(surfaced).toEqual(Array(4).fill(mistake))
    await agent.destroy()
  })

  it('SEC-03: have a url without userinfo and fragment', async () => {
    const client = await setUp(new MapStore(), ok)
    const withUser = client.origin.url.replace('//', '//user:password@')
    const paths = ['/p?q#fragment', `${client.origin.url}/p#fragment`]
    for (const path of paths) {
      await (await client.dispatcher.request({ origin: withUser, path, method: 'GET' })).body.dump()
    }
    await (await request(`${withUser}/#fragment`, { dispatcher: client.dispatcher })).body.dump()
    await turns()
    expect(client.decisions.map(({ url }) => url)).toEqual(['/p?q', '/p', '/'].map((path) => client.origin.url + path))
  })
})
