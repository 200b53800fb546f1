import { describe, expect, it } from '@jest/globals'
import { answering, ok } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'
import { MapStore } from './map-store.js'
import { turns } from './no-stray-errors.js'
import { Origin } from './origin.js'

describe.each(stores)('cache keys, with %s (RFC 9111 §2)', (_name, makeStore) => {
  const client = () => setUp(makeStore(), answering(ok('max-age=60')))

  it('KEY-01: path and query as they were sent', async () => {
    const ready = await client()
    const paths = ['/a?x=1', '/a?x=2', '/a', '/a?', '/a?x=1&', '/A?x=1', '/a/?x=1', '/a?x=%31', '/a??x=1']
    for (const path of paths) await exactly(ready, path)
    await turns()
    expect(ready.decisions.map(({ reason }) => reason)).toEqual(paths.map(() => 'uri-miss'))
    for (const path of paths) await exactly(ready, path)
    expect(ready.origin.requests.map(({ path }) => path)).toEqual(paths)
  })

  it('KEY-01: a query given apart is part of the path', async () => {
    const ready = await client()
    const ask = async (path: string, query?: Record<string, string>) => {
      const answer = await ready.dispatcher.request({
        origin: ready.origin.url,
        path,
        method: 'GET',
        ...(query && { query })
      })
      await answer.body.dump()
    }
    await ask('/q', { x: '1' })
    await ask('/q?x=1')
    expect(ready.asked).toBe(1)
    await ask('/q', { x: '2' })
    await ask('/q')
    expect(ready.asked).toBe(3)
  })

  it('KEY-01: GET and HEAD share a key', async () => {
    const { get } = bound(await client())
    await get('/')
    expect(await get('/', { method: 'HEAD' })).toMatchObject({ status: 200, text: '', decision: { outcome: 'hit' } })
  })

  it('KEY-02: case of scheme and host, userinfo and fragment do not count', async () => {
    const ready = await client()
    const { get } = bound(ready)
    const localhost = ready.origin.url.replace('127.0.0.1', 'localhost')
    await get('/', { origin: localhost })
    for (const origin of [
      localhost.replace('localhost', 'LocalHost').replace('http', 'HTTP'),
      localhost.replace('//', '//user:pass@')
    ]) {
      expect((await get('/', { origin })).decision.outcome).toBe('hit')
    }
    expect((await get('/#fragment', { origin: localhost })).decision.outcome).toBe('hit')
    expect((await get('', { origin: localhost })).decision.outcome).toBe('hit')
  })

  it('KEY-02: percent-encoding, dots and the order of a query do', async () => {
    const ready = await client()
    const paths = ['/A', '/%41', '/x/../A', '/./A', '/A?a=1&b=2', '/A?b=2&a=1']
    for (const path of paths) await exactly(ready, path)
    expect(ready.origin.requests.map(({ path }) => path)).toEqual(paths)
    for (const path of paths) expect(await exactly(ready, path)).toBe('body 0')
    expect(ready.asked).toBe(paths.length)
  })

  it('KEY-03: a Host of the caller is part of the key', async () => {
    const ready = await client()
    const { get } = bound(ready)
    const host = (name: string) => ({ headers: { host: name } })
    await get('/', host('a.example'))
    expect((await get('/', host('b.example'))).decision.outcome).toBe('miss')
    expect((await get('/')).decision.outcome).toBe('miss')
    expect((await get('/', host('A.Example:80'))).decision.outcome).toBe('hit')
    expect((await get('/', host('b.example'))).decision.outcome).toBe('hit')
    expect((await get('/', host(new URL(ready.origin.url).host))).decision.outcome).toBe('hit')
    expect(ready.asked).toBe(3)
  })

  it('KEY-03: so is where the connection goes', async () => {
    const ready = await client()
    const other = await Origin.start((_request, response) =>
      response.setHeader('Cache-Control', 'max-age=60').end('other')
    )
    try {
      const headers = { host: 'a.example' }
      await ready.get('/', { headers })
      expect(await ready.get('/', { headers, origin: other.url })).toMatchObject({
        text: 'other',
        decision: { outcome: 'miss' }
      })
      expect((await ready.get('/', { headers })).text).toBe('body 0')
    } finally {
      await other.stop()
    }
  })

  it.each(['a.example, b.example', 'a b', 'user@a.example', ''])(
    'KEY-03: with Host: %j nothing is stored',
    async (host) => {
      const ready = await client()
      const ask = async () => {
        const { body } = await ready.dispatcher.request({
          origin: ready.origin.url,
          path: '/',
          method: 'GET',
          headers: { host }
        })
        return body.text()
      }
      await ask().catch(() => {})
      await ask().catch(() => {})
      const keys: string[] = []
      for await (const key of (ready.store as MapStore).keys()) keys.push(key)
      expect(keys).toEqual([])
    }
  )

  it('KEY-04: requests whose parts join to the same text do not answer each other', async () => {
    const ready = await setUp(makeStore(), answering(ok('max-age=60')), {
      partition: ({ field }) => field('x-user') ?? ''
    })
    const { host } = new URL(ready.origin.url)
    const users = ['', 'u', '1:u', '1:uhttp://', `http://${host}`, `http://${host}/`, '+', '["']
    for (const user of users) await ready.get('/', { headers: { 'x-user': user } })
    expect(ready.asked).toBe(users.length)
    for (const [i, user] of users.entries())
      expect((await ready.get('/', { headers: { 'x-user': user } })).text).toBe(`body ${i}`)
    expect(ready.asked).toBe(users.length)
  })

  it.each(['Location', 'Content-Location', 'Link'])(
    'KEY-06: %s makes a response available nowhere else',
    async (name) => {
      const { get } = bound(
        await setUp(
          makeStore(),
          answering(({ path }) => ok('max-age=60', path === '/a' ? { [name]: '/b' } : {}))
        )
      )
      await get('/a')
      expect((await get('/b')).decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss' })
      expect((await get('/a')).decision.outcome).toBe('hit')
    }
  )
})

describe('a store that mixes its keys up (RFC 9111 §7.1)', () => {
  it('KEY-04: a response stored under another key is a miss', async () => {
    /** Hands everything out under whatever key it is asked for. */
    class Mixer extends MapStore {
      override get() {
        return super.get('')
      }
      override set(_key: string, ...rest: [Parameters<MapStore['set']>[1], Parameters<MapStore['set']>[2]]) {
        return super.set('', ...rest)
      }
    }
    const ready = await setUp(
      new Mixer(),
      answering(({ path }) => ({ ...ok('max-age=60'), body: path }))
    )
    for (const path of ['/a', '/b']) expect((await ready.get(path)).text).toBe(path)
    expect((await ready.get('/a')).text).toBe('/a')
    expect((await ready.get('/a')).decision.outcome).toBe('hit')
    expect((await ready.get('/b')).text).toBe('/b')
  })
})

/** Asks for a path as it stands, which no URL parser has seen. */
async function exactly({ dispatcher, origin }: SetUp, path: string): Promise<string> {
  const { body } = await dispatcher.request({ origin: origin.url, path, method: 'GET' })
  return body.text()
}

function bound(client: SetUp) {
  return { get: client.get.bind(client) }
}
