import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  Agent,
  BalancedPool,
  Client as ClientDispatcher,
  type Dispatcher,
  EnvHttpProxyAgent,
  MockAgent,
  Pool,
  ProxyAgent,
  RetryAgent
} from 'undici'
import { nodeTellsStreams, undiciMajor } from '../../packages/core/test/platform.js'
import { after, agentFor, ask, Client, reaching, startOrigin } from './client.js'
import { type Origin, protocols, text } from './origin.js'
import { LocalProxy } from './proxy.js'

interface Kind {
  readonly kind: string
  readonly isProxied?: true
  make(origin: Origin): Dispatcher
}

const destroyed = <D extends Dispatcher>(dispatcher: D): D => {
  after(() => dispatcher.destroy())
  return dispatcher
}

let proxy: LocalProxy
beforeAll(async () => {
  proxy = await LocalProxy.start()
})
afterAll(() => proxy.stop())

/** A proxy agent takes `connect` for itself: what the connection behind the proxy needs has another name. */
function behindProxy({ cert, protocol }: Origin) {
  if (protocol === 'http') return {}
  const allowH2 = protocol === 'h2'
  return { requestTls: { ca: cert, allowH2 }, allowH2 }
}

const withoutTunnel = 'ProxyAgent without a tunnel for http'

const kinds: readonly Kind[] = [
  { kind: 'Agent', make: (origin) => agentFor(origin) },
  { kind: 'Pool', make: (origin) => destroyed(new Pool(origin.url, reaching(origin))) },
  { kind: 'Client', make: (origin) => destroyed(new ClientDispatcher(origin.url, reaching(origin))) },
  { kind: 'BalancedPool', make: (origin) => destroyed(new BalancedPool([origin.url], reaching(origin))) },
  { kind: 'RetryAgent', make: (origin) => new RetryAgent(agentFor(origin), { minTimeout: 1 }) },
  {
    kind: 'ProxyAgent',
    isProxied: true,
    make: (origin) => destroyed(new ProxyAgent({ uri: proxy.url, proxyTunnel: true, ...behindProxy(origin) }))
  },
  {
    kind: withoutTunnel,
    isProxied: true,
    make: (origin) => destroyed(new ProxyAgent({ uri: proxy.url, proxyTunnel: false, ...behindProxy(origin) }))
  },
  {
    kind: 'EnvHttpProxyAgent',
    isProxied: true,
    make: (origin) =>
      destroyed(
        new EnvHttpProxyAgent({
          httpProxy: proxy.url,
          httpsProxy: proxy.url,
          noProxy: '',
          proxyTunnel: true,
          ...behindProxy(origin)
        })
      )
  }
]

describe.each(protocols)('over %s', (protocol) => {
  it.each(kinds)('$kind: misses, hits, validates and invalidates', async ({ make, isProxied = false }) => {
    const origin = await startOrigin(protocol)
    const client = new Client()
    const dispatcher = make(origin).compose(client.cache())
    const get = (path: string) => ask(dispatcher, origin.url + path)
    for (let i = 0; i < 2; i++) expect(await get('/fresh')).toMatchObject({ status: 200, text })
    for (let i = 0; i < 2; i++) expect(await get('/checked')).toMatchObject({ status: 200, text })
    for (let i = 0; i < 2; i++) expect(await get('/unannounced')).toMatchObject({ status: 200, text })
    for (let i = 0; i < 2; i++) expect(await get('/missing')).toMatchObject({ status: 404, text: 'missing' })
    for (let i = 0; i < 2; i++) expect(await get('/changing')).toMatchObject({ text: 'GET 0 ' })
    expect(await ask(dispatcher, `${origin.url}/changing`, { method: 'POST', body: 'x' })).toMatchObject({
      text: 'POST 1 x'
    })
    expect(await get('/changing')).toMatchObject({ text: 'GET 2 ' })
    await client.decided(12)
    const withoutLength = protocol !== 'h2' || nodeTellsStreams ? 'hit' : 'miss'
    expect(client.outcomes).toEqual([
      ...['miss', 'hit', 'miss', 'validated', 'miss', withoutLength, 'miss', withoutLength],
      ...['miss', 'hit', 'bypass', 'miss']
    ])
    expect([...origin.versions]).toEqual([protocol === 'h2' ? '2.0' : '1.1'])
    expect(proxy.asked.some((asked) => asked.includes(new URL(origin.url).host))).toBe(isProxied)
    const again = (path: string) => (withoutLength === 'hit' ? [`GET ${path}`] : Array(2).fill(`GET ${path}`))
    expect(origin.asked).toEqual([
      'GET /fresh',
      'GET /checked',
      'GET /checked',
      ...again('/unannounced'),
      ...again('/missing'),
      'GET /changing',
      'POST /changing',
      'GET /changing'
    ])
  })

  it.each(kinds)('$kind: a validation has every field line of the caller (VAL-01)', async ({ make }) => {
    const origin = await startOrigin(protocol)
    const seen: unknown[] = []
    origin.on('/listed', (response, { headers }) => {
      seen.push([headers['x-list'], headers['x-other'], headers['if-none-match']])
      response.writeHead(200, { 'cache-control': 'no-cache', etag: '"one"', 'content-length': 0 })
      response.end()
    })
    const dispatcher = make(origin).compose(new Client().cache())
    const given = {
      origin: origin.url,
      path: '/listed',
      method: 'GET',
      headers: { 'x-list': ['1', '2'], 'x-other': '3' }
    }
    for (let i = 0; i < 2; i++) await (await dispatcher.request(given as Dispatcher.RequestOptions)).body.dump()
    expect(seen).toEqual([undefined, '"one"'].map((tag) => ['1, 2', '3', tag]))
  })

  // The proxy does not pass the end of a broken connection on: the caller would wait for his timeout, cache or no cache.
  const passingCutsOn = kinds.filter(({ kind }) => protocol !== 'http' || kind !== withoutTunnel)

  it.each(passingCutsOn)(
    '$kind: what was cut short is an error, stores nothing, and heals (MSG-02)',
    async ({ kind, make }) => {
      const origin = await startOrigin(protocol)
      const client = new Client()
      const dispatcher = make(origin).compose(client.cache())
      for (const path of ['/cut', '/cut-unannounced']) {
        // A RetryAgent asks for the rest of its own accord, and cannot put the two together: the origin knows no ranges.
        await expect(ask(dispatcher, origin.url + path)).rejects.toThrow()
        if (kind !== 'RetryAgent') expect(origin.asked.filter((asked) => asked.endsWith(path))).toHaveLength(1)
        for (let i = 0; i < 2; i++) expect(await ask(dispatcher, origin.url + path)).toMatchObject({ text })
        expect(client.outcomes.at(-1)).toBe('hit')
      }
    }
  )
})

describe('the origin of requests that name none', () => {
  const bound = [
    { kind: 'Pool', make: (url: string) => destroyed(new Pool(url)) },
    { kind: 'Client', make: (url: string) => destroyed(new ClientDispatcher(url)) }
  ]
  const get = async (dispatcher: Dispatcher) => {
    const { body } = await dispatcher.request({ path: '/fresh', method: 'GET' })
    return await body.text()
  }

  it.each(bound)('$kind: is what the option says', async ({ make }) => {
    const origin = await startOrigin('http')
    const client = new Client()
    const dispatcher = make(origin.url).compose(client.cache({ origin: origin.url }))
    for (let i = 0; i < 2; i++) expect(await get(dispatcher)).toBe(text)
    expect(client.outcomes).toEqual(['miss', 'hit'])
  })

  // undici 8 tells interceptors the origin of such a dispatcher.
  it.each(bound)('$kind: if nothing tells it, the request is passed by, and answered', async ({ make }) => {
    const origin = await startOrigin('http')
    const client = new Client()
    const dispatcher = make(origin.url).compose(client.cache())
    for (let i = 0; i < 2; i++) expect(await get(dispatcher)).toBe(text)
    expect(client.outcomes).toEqual(undiciMajor === 8 ? ['miss', 'hit'] : [])
    expect(origin.asked).toHaveLength(undiciMajor === 8 ? 1 : 2)
  })

  it.each(bound)('$kind: is its own, whatever they say, and shared with nobody (KEY-01)', async ({ make }) => {
    const [one, other] = [await startOrigin('http'), await startOrigin('http')]
    const client = new Client()
    const cache = client.cache({ origin: other.url })
    const dispatcher = make(other.url).compose(cache)
    // This dispatcher sends it to `other` all the same.
    await ask(dispatcher, `${one.url}/changing`)
    expect(one.asked).toEqual([])
    await client.decided(1)
    expect(client.decisions).toMatchObject([{ outcome: 'miss', url: `${other.url}/changing` }])
    const agent = destroyed(new Agent()).compose(cache)
    expect(await ask(agent, `${one.url}/changing`)).toMatchObject({ text: 'GET 0 ' })
  })
})

it.each([
  { kind: 'Pool', make: (url: string) => destroyed(new Pool(url)) },
  { kind: 'Client', make: (url: string) => destroyed(new ClientDispatcher(url)) }
])('$kind: undici 8 tells whose it is, undici 7 needs the option', async ({ make }) => {
  const [one, other] = [await startOrigin('http'), await startOrigin('http')]
  const client = new Client()
  await ask(make(other.url).compose(client.cache()), `${one.url}/changing`)
  await client.decided(1)
  expect(client.decisions).toMatchObject([{ url: `${(undiciMajor === 8 ? other : one).url}/changing` }])
})

it('a Unix socket does not show in a request: caches of several share no store (KEY-01)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cc-socket-'))
  after(() => rm(folder, { recursive: true }))
  const socketPath = join(folder, 'origin')
  const origin = await startOrigin('http', socketPath)
  const client = new Client()
  const dispatcher = destroyed(new Agent({ connect: { socketPath } })).compose(client.cache())
  for (let i = 0; i < 2; i++) expect(await ask(dispatcher, 'http://localhost/fresh')).toMatchObject({ text })
  expect(client.outcomes).toEqual(['miss', 'hit'])
  expect(origin.asked).toEqual(['GET /fresh'])
})

describe('MockAgent', () => {
  const mocked = (announced: boolean) => {
    const agent = new MockAgent()
    after(() => agent.close())
    agent.disableNetConnect()
    const pool = agent.get('http://mocked.test')
    for (const body of ['one', 'two']) {
      const interceptor = pool.intercept({ path: '/' })
      if (announced) interceptor.replyContentLength()
      interceptor.reply(200, body, { headers: { 'cache-control': 'max-age=60' } })
    }
    return agent
  }

  it('is cached where its answers have a length', async () => {
    const client = new Client()
    const dispatcher = mocked(true).compose(client.cache())
    for (let i = 0; i < 2; i++) expect(await ask(dispatcher, 'http://mocked.test/')).toMatchObject({ text: 'one' })
    expect(client.outcomes).toEqual(['miss', 'hit'])
  })

  it('is not cached otherwise, for its answers look like cut ones (MSG-06)', async () => {
    const client = new Client()
    const dispatcher = mocked(false).compose(client.cache())
    expect(await ask(dispatcher, 'http://mocked.test/')).toMatchObject({ text: 'one' })
    expect(await ask(dispatcher, 'http://mocked.test/')).toMatchObject({ text: 'two' })
    expect(client.decisions).toMatchObject(Array(2).fill({ notStored: { requirement: 'MSG-06' } }))
  })
})
