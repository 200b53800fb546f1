import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Agent, type Dispatcher } from 'undici'
import { cacheStatusMember } from '../src/rules/cache-status.js'
import { type Answering, answering, disconnect, notModified, ok, withStatus } from './answers.js'
import { type Answer, type Ask, setUp, stores } from './harness.js'
import { MapStore } from './map-store.js'
import { Representation } from './ranged-origin.js'
import { Recorder } from './recorder.js'

const etag = { ETag: '"a"' }
const options = { cacheStatus: 'c' }
const asking = (cacheControl: string): Ask => ({ headers: { 'cache-control': cacheControl } })

/** The member that says what the decision says. */
function memberOf({ decision, status: seen }: Answer): string {
  const { outcome, reason, status, forwardStatus, stored, collapsed, lifetime, age, stale } = decision
  const isOwn = outcome === 'miss' || outcome === 'bypass'
  return cacheStatusMember('c', {
    reason,
    // A bypass is told before there is an answer.
    forwardStatus: isOwn ? (status ?? seen) : forwardStatus,
    stored: isOwn && stored,
    collapsed,
    lifetime,
    // Nothing that comes from these origins is old already.
    age: age ?? 0,
    stale
  })
}

describe.each(stores)('Cache-Status with %s (RFC 9211)', (_name, makeStore) => {
  it('CS-01, CS-03: a member follows those of others, readable or not, and is not stored', async () => {
    const client = await setUp(
      makeStore(),
      answering(ok('max-age=60', { 'Cache-Status': ['o; hit', 'c; fwd=(', 'c; hit'] })),
      options
    )
    const upstream = ['o; hit', 'c; fwd=(', 'c; hit']
    expect((await client.get('/')).headers['cache-status']).toEqual([
      ...upstream,
      'c; fwd=uri-miss; stored; fwd-status=200; ttl=60'
    ])
    for (let i = 0; i < 2; i++) {
      client.clock.advance(1)
      expect((await client.get('/')).headers['cache-status']).toEqual([...upstream, `c; hit; ttl=${59 - i}`])
    }
  })

  it('CS-01: new handlers get it added to what there was, each by itself, and in raw fields as bytes', async () => {
    const lines = ['o; hit', 'p; hit']
    const client = await setUp(makeStore(), answering(ok('max-age=60', { 'Cache-Status': lines })), options)
    const ask = async () => {
      const seen = new Recorder('new')
      client.dispatcher.dispatch({ origin: client.origin.url, path: '/', method: 'GET' }, seen.handler)
      await seen.over
      expect(seen.rawHeaders.every(Buffer.isBuffer)).toBe(true)
      return seen.headers['cache-status']
    }
    expect(await Promise.all([ask(), ask()])).toEqual([
      [...lines, 'c; fwd=uri-miss; stored; fwd-status=200; ttl=60'],
      [...lines, 'c; fwd=uri-miss; collapsed; fwd-status=200; ttl=60']
    ])
    for (let i = 0; i < 2; i++) expect(await ask()).toEqual([...lines, 'c; hit; ttl=60'])
  })

  it('CS-01: what an interceptor below has kept of the response stays as it came', async () => {
    const lines = ['o; hit', 'p; hit']
    const client = await setUp(makeStore(), answering(ok('no-store', { 'Cache-Status': lines })), options)
    const kept: unknown[] = []
    const keeping: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (opts, handler) =>
      dispatch(opts, {
        onRequestStart: (...all) => handler.onRequestStart?.(...all),
        onResponseStart(controller, status, headers, text) {
          kept.push(headers['cache-status'])
          handler.onResponseStart?.(controller, status, headers, text)
        },
        onResponseData: (...all) => handler.onResponseData?.(...all),
        onResponseEnd: (...all) => handler.onResponseEnd?.(...all),
        onResponseError: (...all) => handler.onResponseError?.(...all)
      })
    const agent = new Agent()
    const seen = new Recorder('new')
    const composed = agent.compose(keeping, client.cache.interceptor)
    composed.dispatch({ origin: client.origin.url, path: '/', method: 'GET' }, seen.handler)
    await seen.over
    await agent.close()
    expect(seen.headers['cache-status']).toEqual([...lines, 'c; fwd=uri-miss; fwd-status=200'])
    expect(kept).toEqual([lines])
  })

  it('CS-02: of a request that waited for another one in vain it says so (COLL-01)', async () => {
    const client = await setUp(makeStore(), answering(ok('no-store')), options)
    const answers = await Promise.all([client.get('/'), client.get('/')])
    expect(answers.map(({ headers }) => headers['cache-status']).sort()).toEqual([
      'c; fwd=uri-miss; collapsed=?0; fwd-status=200',
      'c; fwd=uri-miss; fwd-status=200'
    ])
  })

  it('CS-01: by default there is none', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60')))
    for (let i = 0; i < 2; i++) expect((await client.get('/')).headers).not.toHaveProperty('cache-status')
  })

  it('CS-01: the name is written as a String where it is no Token, and the key is told on request', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60')), {
      cacheStatus: 'my "cache"',
      cacheStatusKey: true
    })
    await client.get('/x?y')
    expect((await client.get('/x?y')).headers['cache-status']).toBe(
      `"my \\"cache\\""; hit; ttl=60; key="${client.origin.url}/x?y"`
    )
  })

  it('CS-02, CS-03: a validation says why, and what came back', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60', etag), notModified(etag)), options)
    await client.get('/')
    client.clock.advance(60)
    expect((await client.get('/')).headers['cache-status']).toBe('c; fwd=stale; fwd-status=304; ttl=60')
    expect((await client.get('/', asking('no-cache'))).headers['cache-status']).toBe(
      'c; fwd=request; fwd-status=304; ttl=60'
    )
  })

  it('CS-04, STALE-09: a stale answer has its real age, a negative ttl, and what permitted it', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=1, stale-if-error=60'), withStatus(503)), options)
    await client.get('/')
    client.clock.advance(6)
    expect((await client.get('/', asking('max-stale'))).headers).toMatchObject({
      age: '6',
      'cache-status': 'c; hit; ttl=-5; detail=max-stale'
    })
    expect((await client.get('/')).headers).toMatchObject({
      age: '6',
      'cache-status': 'c; fwd=stale; fwd-status=503; ttl=-5; detail=stale-if-error'
    })
    const get = await disconnect(client)
    expect((await get('/')).headers['cache-status']).toBe('c; fwd=stale; ttl=-5; detail=stale-if-error')
  })

  it('CS-02: what passes the cache by says so', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60')), options)
    const memberFor = async (ask: Ask) => (await client.get('/', ask)).headers['cache-status']
    expect(await memberFor({ method: 'OPTIONS' })).toBe('c; fwd=method; fwd-status=200')
    expect(await memberFor({ method: 'PUT' })).toBe('c; fwd=method; fwd-status=200')
    expect(await memberFor(asking('no-store'))).toBe('c; fwd=bypass; fwd-status=200')
  })

  it('CS-02, CS-03: a whole of which a part was missing says what came back for that, and has no ttl of its own', async () => {
    const representation = new Representation('0123456789', { 'Cache-Control': 'max-age=60', ...etag })
    const client = await setUp(makeStore(), answering(representation.answer), { ...options, ranges: 'store' })
    const statusOf = async (headers = {}) => (await client.get('/', { headers })).headers['cache-status']
    expect(await statusOf({ range: 'bytes=0-4' })).toBe('c; fwd=uri-miss; stored; fwd-status=206; ttl=60')
    expect(await statusOf({ range: 'bytes=3-6' })).toBe('c; fwd=partial; stored; fwd-status=206; ttl=60')
    expect(await statusOf()).toBe('c; fwd=partial; stored; fwd-status=206')
    client.clock.advance(1)
    expect(await statusOf({ range: 'bytes=0-1' })).toBe('c; hit; ttl=59')
  })

  it('CS-05: a 304 and a 206 made by the cache have one, a 504 has none', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60', etag)), options)
    const missing = await client.get('/', asking('only-if-cached'))
    expect(missing).toMatchObject({ status: 504, decision: { outcome: 'gateway-timeout', status: 504 } })
    expect(missing.headers).not.toHaveProperty('cache-status')
    await client.get('/')
    for (const [headers, status] of [
      [{ 'if-none-match': '"a"' }, 304],
      [{ range: 'bytes=0-1' }, 206],
      [{ range: 'bytes=99-' }, 416]
    ] as const) {
      expect(await client.get('/', { headers })).toMatchObject({
        status,
        headers: { 'cache-status': 'c; hit; ttl=60' }
      })
    }
  })

  it('CS-02 to CS-05: it says what the decision says', async () => {
    const responses = fc.constantFrom<Answering>(
      ok('max-age=2', etag),
      ok('max-age=2, stale-if-error=2'),
      ok('max-age=2, no-cache', etag),
      ok('max-age=2', { Vary: 'X-V', ...etag }),
      ok('no-store'),
      withStatus(503),
      (request) => (request.headers['if-none-match'] === undefined ? ok('max-age=2', etag) : notModified(etag))
    )
    const asks = fc.record({
      method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'PUT', 'OPTIONS'),
      headers: fc.constantFrom<Record<string, string>>(
        {},
        {},
        { 'x-v': '1' },
        { 'cache-control': 'no-cache' },
        { 'cache-control': 'max-stale' },
        { 'cache-control': 'no-store' },
        { 'cache-control': 'min-fresh=1' },
        { 'if-none-match': '"a"' }
      ),
      seconds: fc.constantFrom(0, 1, 3)
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(responses, { minLength: 1, maxLength: 4 }),
        fc.array(asks, { minLength: 2, maxLength: 6 }),
        async ([first, ...others], requests) => {
          const client = await setUp(makeStore(), answering(first as Answering, ...others), options)
          for (const { seconds, ...ask } of requests) {
            client.clock.advance(seconds)
            const answer = await client.get('/', ask)
            expect(answer.headers['cache-status']).toBe(memberOf(answer))
          }
        }
      ),
      { numRuns: 60 }
    )
  })
})

it.each(['', 'caf\u00e9', 'a\nb', 5])('CS-01: %j is no name', async (cacheStatus) => {
  await expect(setUp(new MapStore(), answering(ok('')), { cacheStatus } as never)).rejects.toThrow(/cacheStatus/)
})
