import { createHash } from 'node:crypto'
import type { CacheStore } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { describe, expect, it } from '@jest/globals'
import { type Dispatcher, interceptors } from 'undici'
import { type Answer, type Ask, agentFor, ask, askByFetch, Client, type Interceptor, startOrigin } from './client.js'
import type { Origin, Protocol } from './origin.js'

const others: readonly { readonly name: string; readonly make: () => Interceptor; readonly hangs?: 'fetch' }[] = [
  { name: 'dns', make: () => interceptors.dns() },
  { name: 'retry', make: () => interceptors.retry({ minTimeout: 1 }) },
  { name: 'redirect', make: () => interceptors.redirect({ maxRedirections: 5 }) },
  { name: 'decompress', make: () => interceptors.decompress() },
  { name: 'dump', make: () => interceptors.dump({ maxSize: 1024 * 1024 }) },
  // Where there is no Content-Length, fetch waits for ever then, cache or no cache.
  { name: 'dump, of less than there is', make: () => interceptors.dump({ maxSize: 1024 }), hangs: 'fetch' },
  { name: 'responseError', make: () => interceptors.responseError() },
  { name: 'deduplicate', make: () => interceptors.deduplicate() },
  { name: "undici's own cache", make: () => interceptors.cache() },
  { name: 'another of these caches', make: () => new Client().cache() }
]
const ways = [
  { way: 'request', asking: ask },
  { way: 'fetch', asking: askByFetch }
]

/** What is asked for, in this order; each twice in a row. */
const series: readonly (readonly [path: string, options?: Ask])[] = [
  ['/unannounced'],
  ['/fresh'],
  ['/fresh', { method: 'HEAD' }],
  ['/checked'],
  ['/zipped'],
  ['/moved'],
  ['/missing'],
  ['/failing'],
  ['/personal', { headers: { authorization: 'one' } }],
  ['/personal', { headers: { authorization: 'other' } }],
  ['/changing'],
  ['/changing', { method: 'POST', body: 'x' }],
  ['/changing']
]

/** What came of each request, as far as a cache must not change it. */
async function outcomes(asking: typeof ask, dispatcher: Dispatcher, { url }: Origin): Promise<Record<string, string>> {
  const seen: Record<string, string> = {}
  for (const [at, [path, options]] of series.entries()) {
    for (const time of ['first', 'second']) {
      const name = `${at} ${options?.method ?? 'GET'} ${path}, ${time}`
      seen[name] = await asking(dispatcher, url + path, options).then(summary, () => 'an error')
    }
  }
  return seen
}

function summary({ status, decoded }: Answer): string {
  const uncounted = decoded.replace(/^(GET|POST) \d+ /, '$1 ')
  return `${status} ${uncounted.length} ${uncounted.slice(0, 20)} ${createHash('sha256').update(uncounted).digest('hex')}`
}

/** The dispatcher with a cache and another interceptor on it, the first nearest to the network. */
function composed(origin: Origin, ...given: readonly Interceptor[]): Dispatcher {
  return agentFor(origin).compose([...given])
}

async function startTwo(protocol: Protocol): Promise<[Origin, Origin]> {
  return [await startOrigin(protocol), await startOrigin(protocol)]
}

// Over TLS alone HTTP/1.1 is what it is without. What is below is the same for all ways.
const waysOver = [
  ...ways.map((way) => ({ ...way, protocol: 'http' as const })),
  { way: 'request', asking: ask, protocol: 'h2' as const }
]

describe.each(waysOver)('through $way over $protocol', ({ protocol, way, asking }) => {
  describe.each(others.filter(({ hangs }) => hangs !== way))('$name', ({ make }) => {
    it.each([{ place: 'above' }, { place: 'below' }])(
      '$place: everything is as without the cache',
      async ({ place }) => {
        const [bareOrigin, origin] = await startTwo(protocol)
        const bare = await outcomes(asking, composed(bareOrigin, make()), bareOrigin)
        const cache = new Client().cache()
        const dispatcher = place === 'above' ? composed(origin, cache, make()) : composed(origin, make(), cache)
        expect(await outcomes(asking, dispatcher, origin)).toEqual(bare)
      }
    )

    it.each([{ place: 'above' }, { place: 'below' }])(
      '$place: nothing is stored that is wrong for others (MSG-02, GEN-02, GEN-03)',
      async ({ place }) => {
        const [plainOrigin, origin] = await startTwo(protocol)
        const store: CacheStore = new DictStore()
        const cache = new Client().cache({ store })
        const dispatcher = place === 'above' ? composed(origin, cache, make()) : composed(origin, make(), cache)
        await outcomes(asking, dispatcher, origin)
        const plain = await outcomes(ask, composed(plainOrigin), plainOrigin)
        const seen = await outcomes(ask, composed(origin, new Client().cache({ store })), origin)
        // It fails but the first time it is asked, and nobody asked the other origin before.
        const isSteady = ([name]: [string, string]) => !name.includes('/failing')
        expect(Object.entries(seen).filter(isSteady)).toEqual(Object.entries(plain).filter(isSteady))
      }
    )
  })
})

describe('what a wrong order costs', () => {
  const paths = ['/unannounced', '/fresh', '/checked', '/zipped', '/moved', '/missing']

  it.each([
    { name: 'dns', lost: [] },
    { name: 'retry', lost: [] },
    { name: 'deduplicate', lost: [] },
    { name: 'redirect', lost: ['/moved'] },
    { name: 'decompress', lost: ['/zipped'] },
    { name: 'responseError', lost: ['/missing'] },
    { name: 'dump', lost: paths }
  ])('$name below: $lost', async ({ name, lost }) => {
    const origin = await startOrigin('http')
    const client = new Client()
    const below = others.find((other) => other.name === name)?.make() as Interceptor
    const dispatcher = composed(origin, below, client.cache())
    const missed: string[] = []
    for (const path of paths) {
      for (let i = 0; i < 2; i++) await ask(dispatcher, origin.url + path).catch(() => {})
      await client.decided(2 * paths.indexOf(path) + 2)
      if (client.outcomes.at(-1) === 'miss') missed.push(path)
    }
    expect(missed).toEqual(lost)
  })

  it.each([
    { place: 'above', kept: 'for each address it connects to', outcome: 'miss' },
    { place: 'below', kept: 'for the name', outcome: 'hit' }
  ])('dns $place: a response is kept $kept', async ({ place, outcome }) => {
    const origin = await startOrigin('http')
    const client = new Client()
    const cache = client.cache()
    const dns = interceptors.dns()
    await ask(composed(origin, ...(place === 'above' ? [cache, dns] : [dns, cache])), `${origin.url}/fresh`)
    expect(await ask(composed(origin, cache), `${origin.url}/fresh`)).toMatchObject({ status: 200 })
    await client.decided(2)
    expect(client.outcomes).toEqual(['miss', outcome])
  })
})
