import { createHash } from 'node:crypto'
import type { CacheStore } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { describe, expect, it } from '@jest/globals'
import { type Dispatcher, interceptors } from 'undici'
import { type Answer, type Ask, agentFor, ask, askByFetch, Client, type Interceptor, startOrigin } from './client.js'
import type { Origin } from './origin.js'

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

async function starting(count: number): Promise<Origin[]> {
  const origins: Origin[] = []
  for (let i = 0; i < count; i++) origins.push(await startOrigin('http'))
  return origins
}

describe.each(ways)('through $way', ({ way, asking }) => {
  describe.each(others.filter(({ hangs }) => hangs !== way))('$name', ({ make }) => {
    it.each([{ place: 'above' }, { place: 'below' }])(
      '$place: everything is as without the cache',
      async ({ place }) => {
        const [bareOrigin, origin] = (await starting(2)) as [Origin, Origin]
        const bare = await outcomes(asking, composed(bareOrigin, make()), bareOrigin)
        const cache = new Client().cache()
        const dispatcher = place === 'above' ? composed(origin, cache, make()) : composed(origin, make(), cache)
        expect(await outcomes(asking, dispatcher, origin)).toEqual(bare)
      }
    )

    it.each([{ place: 'above' }, { place: 'below' }])(
      '$place: nothing is stored that is wrong for others (MSG-02, GEN-02, GEN-03)',
      async ({ place }) => {
        const [plainOrigin, origin] = (await starting(2)) as [Origin, Origin]
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
