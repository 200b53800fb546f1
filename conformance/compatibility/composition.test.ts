import { DictStore } from '@cc/store-dict'
import { describe, expect, it } from '@jest/globals'
import { Agent, type Dispatcher, interceptors, RetryAgent } from 'undici'
import { nodeTellsStreams } from '../../packages/core/test/platform.js'
import { agentFor, ask, askByFetch, Client, type Interceptor, startOrigin } from './client.js'
import { type Origin, protocols, text } from './origin.js'

const ways = [
  { way: 'request', asking: ask },
  { way: 'fetch', asking: askByFetch }
]
const places = [{ place: 'above' }, { place: 'below' }] as const

function placed(origin: Origin, cache: Interceptor, other: Interceptor, place: 'above' | 'below'): Dispatcher {
  return agentFor(origin).compose(place === 'above' ? [cache, other] : [other, cache])
}

describe.each(protocols)('dns, cache, retry, decompress and redirect, in this order, over %s', (protocol) => {
  it.each(ways)('give the text at the end of the way, from the cache the second time, by $way', async ({ asking }) => {
    const origin = await startOrigin(protocol)
    const client = new Client()
    const dispatcher = agentFor(origin).compose(
      interceptors.dns(),
      client.cache(),
      interceptors.retry({ minTimeout: 1 }),
      interceptors.decompress(),
      interceptors.redirect({ maxRedirections: 5 })
    )
    for (let i = 0; i < 2; i++) {
      expect(await asking(dispatcher, `${origin.url}/zipped`)).toMatchObject({ status: 200, text })
      expect(await asking(dispatcher, `${origin.url}/failing`)).toMatchObject({ status: 200, text })
      expect(await ask(dispatcher, `${origin.url}/moved`)).toMatchObject({ status: 200, text })
      expect(await asking(dispatcher, `${origin.url}/unannounced`)).toMatchObject({ status: 200, text })
    }
    // Without a length: the redirect, and what is not announced.
    const again = protocol === 'h2' && !nodeTellsStreams ? ['GET /moved', 'GET /unannounced'] : []
    expect(origin.asked).toEqual([
      ...['GET /zipped', 'GET /failing', 'GET /failing', 'GET /moved', 'GET /fresh', 'GET /unannounced'],
      ...again
    ])
  })
})

/** Breaks off in the middle; when asked for the rest, has another text of the same length by then, and tells no ETag. */
function changingMeanwhile(origin: Origin, path: string): void {
  origin.on(path, (response, { headers }, _body, n) => {
    const body = n === 0 ? 'old '.repeat(1_000) : 'new '.repeat(1_000)
    const fields = { 'cache-control': 'max-age=60', 'accept-ranges': 'bytes' }
    const first = Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0)
    const range = { 'content-range': `bytes ${first}-${body.length - 1}/${body.length}` }
    response.writeHead(first > 0 ? 206 : 200, {
      ...fields,
      'content-length': String(body.length - first),
      ...(first > 0 && range)
    })
    if (n > 0) response.end(body.slice(first))
    else response.write(body.slice(0, 2_000), () => response.socket?.destroy())
  })
}

describe('a body whose rest was asked for by a retry', () => {
  const retryings: readonly { readonly what: string; readonly retrying: (origin: Origin) => Dispatcher }[] = [
    { what: 'retry', retrying: (origin) => agentFor(origin).compose(interceptors.retry({ minTimeout: 1 })) },
    { what: 'RetryAgent', retrying: (origin) => new RetryAgent(agentFor(origin), { minTimeout: 1 }) }
  ]

  describe.each(ways)('by $way', ({ asking }) => {
    // The cache learns from the first answer what is below it, and goes about the second otherwise.
    it.each([
      { what: 'retry', before: [] },
      { what: 'retry', before: ['/fresh'] },
      { what: 'RetryAgent', before: [] },
      { what: 'RetryAgent', before: ['/fresh'] }
    ])('below the cache ($what, after $before) may be of another time: it is not stored (MSG-02)', async (given) => {
      const origin = await startOrigin('http')
      changingMeanwhile(origin, '/torn')
      const client = new Client()
      const retrying = retryings.find(({ what }) => what === given.what)?.retrying(origin) as Dispatcher
      const dispatcher = retrying.compose(client.cache())
      for (const path of given.before) await asking(dispatcher, origin.url + path)
      // undici itself puts the two halves together, cache or no cache.
      expect((await asking(dispatcher, `${origin.url}/torn`)).text).toMatch(/^(old )+(new )+$/)
      expect(origin.asked.filter((asked) => asked.endsWith('/torn'))).toHaveLength(2)
      await client.decided(given.before.length + 1)
      expect(client.decisions.at(-1)).toMatchObject({ outcome: 'miss', stored: false })
      for (let i = 0; i < 2; i++) expect((await asking(dispatcher, `${origin.url}/torn`)).text).toMatch(/^(new )+$/)
      expect(client.outcomes.at(-1)).toBe('hit')
    })

    it('above the cache is not stored either, nor is the half (MSG-02)', async () => {
      const origin = await startOrigin('http')
      changingMeanwhile(origin, '/torn')
      const client = new Client()
      const dispatcher = agentFor(origin).compose(client.cache(), interceptors.retry({ minTimeout: 1 }))
      await asking(dispatcher, `${origin.url}/torn`)
      await client.decided(2)
      expect(client.decisions).toMatchObject([{ stored: false }, { stored: false }])
      expect((await asking(dispatcher, `${origin.url}/torn`)).text).toMatch(/^(new )+$/)
    })
  })
})

it.each(ways)('a RetryAgent around a cache tries again, and stores once, by $way', async ({ asking }) => {
  const origin = await startOrigin('http')
  const client = new Client()
  const dispatcher = new RetryAgent(agentFor(origin).compose(client.cache()), { minTimeout: 1 })
  for (let i = 0; i < 2; i++)
    expect(await asking(dispatcher, `${origin.url}/failing`)).toMatchObject({ status: 200, text })
  expect(origin.asked).toEqual(['GET /failing', 'GET /failing'])
  expect(client.decisions).toMatchObject([{ stored: false }, { stored: true }, { outcome: 'hit' }])
})

describe.each(places)('deduplicate $place the cache', ({ place }) => {
  it.each(ways)('gives all the same, and each user his own, by $way', async ({ asking }) => {
    const origin = await startOrigin('http')
    const client = new Client()
    const dispatcher = placed(origin, client.cache(), interceptors.deduplicate(), place)
    const users = ['one', 'other', 'one', 'other', 'third']
    const answers = await Promise.all([
      ...users.map((authorization) => asking(dispatcher, `${origin.url}/personal`, { headers: { authorization } })),
      ...users.map(() => asking(dispatcher, `${origin.url}/unannounced`))
    ])
    expect(answers.map(({ text }) => text)).toEqual([...users.map((user) => `for ${user}`), ...users.map(() => text)])
    expect(await asking(dispatcher, `${origin.url}/unannounced`)).toMatchObject({ text })
    expect(client.outcomes.at(-1)).toBe('hit')
  })
})

it('redirect below the cache hides from where a response came: it is not stored (GEN-03)', async () => {
  const origin = await startOrigin('http')
  const client = new Client()
  const dispatcher = placed(origin, client.cache(), interceptors.redirect({ maxRedirections: 5 }), 'below')
  for (let i = 0; i < 2; i++) expect(await ask(dispatcher, `${origin.url}/moved`)).toMatchObject({ text })
  await client.decided(2)
  expect(client.decisions).toMatchObject(Array(2).fill({ outcome: 'miss', notStored: { requirement: 'GEN-03' } }))
})

it.each(ways)('what has no body is stored whatever is below, from the first answer on, by $way', async ({ asking }) => {
  const origin = await startOrigin('http')
  origin.on('/empty', (response) => {
    response.writeHead(200, { 'cache-control': 'max-age=60' })
    response.end()
  })
  const client = new Client()
  const dispatcher = agentFor(origin).compose(interceptors.dns(), client.cache())
  for (let i = 0; i < 2; i++) expect(await asking(dispatcher, `${origin.url}/empty`)).toMatchObject({ text: '' })
  await client.decided(2)
  expect(client.outcomes).toEqual(['miss', 'hit'])
})

describe('two caches on one dispatcher', () => {
  it.each([
    { stores: 'one store', second: (first: DictStore) => first },
    { stores: 'a store each', second: () => new DictStore() }
  ])('agree, with $stores', async ({ second }) => {
    const origin = await startOrigin('http')
    const store = new DictStore()
    const [lower, upper] = [new Client(), new Client()]
    const dispatcher = agentFor(origin).compose(lower.cache({ store }), upper.cache({ store: second(store) }))
    const get = async () => (await ask(dispatcher, `${origin.url}/changing`)).text
    expect([await get(), await get()]).toEqual(['GET 0 ', 'GET 0 '])
    await ask(dispatcher, `${origin.url}/changing`, { method: 'POST' })
    expect([await get(), await get()]).toEqual(['GET 2 ', 'GET 2 '])
    expect(upper.outcomes.filter((outcome) => outcome === 'hit')).toHaveLength(2)
  })
})

it('an agent that was composed with a cache is left as it was', async () => {
  const origin = await startOrigin('http')
  const agent = agentFor(origin)
  agent.compose(new Client().cache())
  expect(agent).toBeInstanceOf(Agent)
  for (let i = 0; i < 2; i++) await ask(agent, `${origin.url}/fresh`)
  expect(origin.asked).toHaveLength(2)
})
