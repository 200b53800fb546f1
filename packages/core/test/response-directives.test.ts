import { describe, expect, it } from '@jest/globals'
import { answering, disconnect, notModified, type OriginAnswer, ok, withStatus } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'

const etag = { ETag: '"a"' }
const dayOld = { 'Last-Modified': 'Sun, 04 Jan 2026 12:00:00 GMT' }
const asking = (cacheControl: string) => ({ headers: { 'cache-control': cacheControl } })

describe.each(stores)('response directives with %s (RFC 9111 §5.2.2)', (_name, makeStore) => {
  type Options = Parameters<typeof setUp>[2]

  async function holding(stored: OriginAnswer, seconds: number, next: OriginAnswer, options?: Options): Promise<SetUp> {
    const client = await setUp(makeStore(), answering(stored, next), options)
    await client.get('/')
    client.clock.advance(seconds)
    return client
  }

  it.each(['shared', 'private'] as const)('RESP-01: no-cache is validated before each use (A11, %s)', async (type) => {
    const client = await holding(ok('max-age=60, no-cache', etag), 0, notModified(), { type })
    for (let i = 1; i <= 2; i++) {
      const answer = await client.get('/')
      expect(answer).toMatchObject({ status: 200, text: 'body 0', decision: { outcome: 'validated', reason: 'stale' } })
      expect(client.origin.requests[i]?.headers['if-none-match']).toBe('"a"')
    }
  })

  it.each(['max-stale', 'stale-if-error=600', 'max-age=60'])(
    'RESP-01: no-cache is not lifted by %s in a request',
    async (asked) => {
      const stored = ok('max-age=60, no-cache, stale-while-revalidate=60, stale-if-error=600', etag)
      const client = await holding(stored, 1, withStatus(503), { staleIfErrorSeconds: 600 })
      expect(await client.get('/', asking(asked))).toMatchObject({
        status: 503,
        decision: { outcome: 'miss', reason: 'stale' }
      })
    }
  )

  it('RESP-02: the fields that no-cache names are left out of what is stored, the rest is used as ever', async () => {
    const fields = { A: '1', B: '2', 'X-C': '3' }
    const client = await setUp(makeStore(), answering(ok('no-cache="a, X-c", max-age=60', fields)))
    expect((await client.get('/')).headers).toMatchObject({ a: '1', b: '2', 'x-c': '3' })
    const hit = await client.get('/')
    expect(hit).toMatchObject({ headers: { b: '2' }, decision: { outcome: 'hit' } })
    expect(hit.headers).not.toHaveProperty('a')
    expect(hit.headers).not.toHaveProperty('x-c')
  })

  it.each([
    'no-cache=""',
    'no-cache=" , "',
    'no-cache="a b"',
    'no-cache="a, Content-Type"',
    'no-cache=etag',
    'no-cache="cache-control"',
    'no-cache="a", no-cache'
  ])('RESP-02: %s counts as no-cache without names', async (directive) => {
    const client = await holding(ok(`${directive}, max-age=60`, { ...etag, A: '1' }), 0, notModified())
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'validated', reason: 'stale' })
  })

  it('RESP-03: shared caches leave out the fields that private names', async () => {
    const client = await setUp(makeStore(), answering(ok('private="x-user", max-age=60', { 'X-User': 'ann', B: '2' })))
    expect((await client.get('/')).headers['x-user']).toBe('ann')
    const hit = await client.get('/')
    expect(hit).toMatchObject({ headers: { b: '2' }, decision: { outcome: 'hit' } })
    expect(hit.headers).not.toHaveProperty('x-user')
  })

  it('RESP-03: private caches do not look at the names', async () => {
    const answer = ok('private="x-user", max-age=60', { 'X-User': 'ann' })
    const client = await setUp(makeStore(), answering(answer), { type: 'private' })
    await client.get('/')
    expect(await client.get('/')).toMatchObject({ headers: { 'x-user': 'ann' }, decision: { outcome: 'hit' } })
  })

  it.each(['private=""', 'private="a b"', 'private="vary"'])(
    'RESP-03: %s counts as private without names',
    async (directive) => {
      const client = await setUp(makeStore(), answering(ok(`${directive}, max-age=60`)))
      expect((await client.get('/')).decision.notStored).toMatchObject({ requirement: 'STORE-01' })
    }
  )

  it.each([
    ['max-stale in the request', asking('max-stale'), {}],
    ['stale-if-error in the request', asking('stale-if-error=600'), {}],
    ['its own windows', {}, {}],
    ['the option', {}, { staleIfErrorSeconds: 600 }],
    ['sMaxAgeAllowsStale', {}, { sMaxAgeAllowsStale: true }]
  ])('RESP-04: must-revalidate is not lifted by %s (A16)', async (_what, asked, options) => {
    const stored = ok('max-age=10, must-revalidate, stale-while-revalidate=600, stale-if-error=600', etag)
    const client = await holding(stored, 15, withStatus(503), options)
    expect(await client.get('/', asked)).toMatchObject({ status: 503, decision: { outcome: 'miss', reason: 'stale' } })
    expect(client.origin.requests[1]?.headers['if-none-match']).toBe('"a"')
  })

  it('RESP-04: with must-revalidate an unreachable origin is an error', async () => {
    const client = await holding(ok('max-age=10, must-revalidate, stale-if-error=60', etag), 15, notModified())
    const get = await disconnect(client)
    await expect(get('/')).rejects.toThrow()
  })

  it('RESP-04: must-revalidate means nothing as long as the response is fresh', async () => {
    const client = await holding(ok('max-age=10, must-revalidate', etag), 5, notModified())
    expect((await client.get('/')).decision.outcome).toBe('hit')
  })

  it.each([
    ['shared', 'validated'],
    ['private', 'stale-hit']
  ] as const)('RESP-05: with proxy-revalidate max-stale in a %s cache gives: %s', async (type, outcome) => {
    const client = await holding(ok('max-age=10, proxy-revalidate', etag), 15, notModified(), { type })
    expect((await client.get('/', asking('max-stale'))).decision.outcome).toBe(outcome)
  })

  it('RESP-05: proxy-revalidate makes nothing storable', async () => {
    const client = await setUp(makeStore(), answering({ ...ok('proxy-revalidate', etag), status: 302 }))
    expect((await client.get('/')).decision.notStored).toMatchObject({ requirement: 'STORE-01' })
  })

  it.each([
    ['shared', 'validated', 1],
    ['private', 'stale-hit', 10]
  ] as const)(
    'RESP-06: s-maxage in a %s cache: max-stale gives %s, the lifetime is %i',
    async (type, outcome, lifetime) => {
      const client = await holding(ok('s-maxage=1, max-age=10', etag), 15, notModified(), { type })
      expect((await client.get('/', asking('max-stale'))).decision).toMatchObject({ outcome, lifetime })
    }
  )

  it.each([
    ['shared', false],
    ['private', true]
  ] as const)('RESP-06: a %s cache looks past an s-maxage that cannot be read: %s', async (type, isFresh) => {
    const client = await holding(ok('s-maxage=x, max-age=10', etag), 5, notModified(), { type })
    expect((await client.get('/')).decision.outcome).toBe(isFresh ? 'hit' : 'validated')
  })

  it('RESP-07: public opens any status to the heuristic', async () => {
    const client = await holding({ ...ok('public', dayOld), status: 599 }, 100, withStatus(500))
    expect(await client.get('/')).toMatchObject({
      status: 599,
      decision: { outcome: 'hit', heuristic: true, lifetime: 8640 }
    })
  })

  it.each([
    ['no-store', 'STORE-03'],
    ['private', 'STORE-01']
  ])('RESP-07: public does not lift %s', async (directive, requirement) => {
    const client = await setUp(makeStore(), answering(ok(`public, ${directive}, max-age=60`)))
    expect((await client.get('/')).decision.notStored).toMatchObject({ requirement })
  })

  it('RESP-08: what is immutable meets any max-age of a request as long as it is fresh', async () => {
    const client = await holding(ok('max-age=60, immutable', { ...etag, 'Content-Length': '6' }), 30, notModified())
    expect((await client.get('/', asking('max-age=0'))).decision).toMatchObject({ outcome: 'hit', age: 30 })
    expect((await client.get('/', asking('min-fresh=31'))).decision).toMatchObject({
      outcome: 'validated',
      reason: 'request'
    })
    expect((await client.get('/', asking('no-cache'))).decision).toMatchObject({
      outcome: 'validated',
      reason: 'request'
    })
    client.clock.advance(60)
    expect((await client.get('/', asking('max-age=0'))).decision).toMatchObject({
      outcome: 'validated',
      reason: 'stale'
    })
  })

  it('RESP-08: immutable counts for a body in chunks, and also where bodies that end with the connection are stored', async () => {
    for (const storeCloseDelimited of [false, true]) {
      const client = await holding(ok('max-age=60, immutable', etag), 30, notModified(), { storeCloseDelimited })
      expect((await client.get('/', asking('max-age=0'))).decision.outcome).toBe('hit')
    }
  })

  it('RESP-08: immutable does not count for a body that only the end of the connection ended', async () => {
    const client = await setUp(
      makeStore(),
      ({ clock }, _request, response) => {
        const fields = `Date: ${clock.date()}\r\nCache-Control: max-age=60, immutable\r\nETag: "a"\r\n`
        response.socket?.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n${fields}\r\nbody`)
      },
      { storeCloseDelimited: true }
    )
    expect((await client.get('/')).decision.stored).toBe(true)
    client.clock.advance(1)
    expect((await client.get('/')).decision.outcome).toBe('hit')
    expect((await client.get('/', asking('max-age=0'))).decision).toMatchObject({ outcome: 'miss', reason: 'request' })
  })
})
