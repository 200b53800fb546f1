import { describe, expect, it } from '@jest/globals'
import { answering, ask, Barrier, decided, notModified, type OriginAnswer, ok, send, withStatus } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'
import { turns } from './no-stray-errors.js'
import type { ReceivedRequest } from './origin.js'

const etag = { ETag: '"a"' }
const fresh = ok('max-age=600', etag)

/** Answers GET with what is fresh, or 304 if it is asked whether it still is, and everything else with `unsafe`. */
function guarded(unsafe: OriginAnswer, stored: OriginAnswer = fresh) {
  return (client: SetUp, received: ReceivedRequest, response: Parameters<typeof send>[0], n: number) => {
    const isRead = received.method === 'GET' || received.method === 'HEAD'
    const answer = !isRead ? unsafe : received.headers['if-none-match'] ? notModified() : stored
    send(response, answer, client.clock, n)
  }
}

describe.each(stores)('invalidation in %s (RFC 9111 §4.4)', (_name, makeStore) => {
  type Options = Parameters<typeof setUp>[2]

  /** A client whose cache holds these paths, fresh. */
  const holding = async (paths: string[], unsafe: OriginAnswer, options?: Options): Promise<SetUp> => {
    const client = await setUp(makeStore(), guarded(unsafe), options)
    for (const path of paths) await client.get(path)
    return client
  }

  it.each([
    ['DELETE', 204],
    ['PUT', 200],
    ['POST', 201],
    ['PATCH', 299],
    ['POST', 303],
    ['POST', 302],
    ['PUT', 304]
  ])('INV-01: %s answered %i makes what is stored for its target invalid', async (method, status) => {
    const client = await holding(['/', '/other'], { status, body: '' })
    expect((await client.get('/', { method })).decision).toMatchObject({ outcome: 'bypass', reason: 'method', status })
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'validated', reason: 'stale' })
    expect((await client.get('/')).decision.outcome).toBe('hit')
    expect((await client.get('/other')).decision.outcome).toBe('hit')
  })

  it('INV-01: another query is another target', async () => {
    const client = await holding(['/?a=1', '/?a=2'], { status: 204, body: '' })
    await client.get('/?a=1', { method: 'PUT' })
    expect((await client.get('/?a=2')).decision.outcome).toBe('hit')
    expect((await client.get('/?a=1')).decision.outcome).toBe('validated')
  })

  it('INV-01: all variants become invalid, and what is stored for HEAD', async () => {
    const client = await setUp(
      makeStore(),
      guarded({ status: 204, body: '' }, ok('max-age=600', { ...etag, Vary: 'Foo' }))
    )
    const requests = [{ headers: { foo: '1' } }, { headers: { foo: '2' } }, { method: 'HEAD', headers: { foo: '3' } }]
    for (const request of requests) await client.get('/', request)
    for (const request of requests) expect((await client.get('/', request)).decision.outcome).toBe('hit')
    await client.get('/', { method: 'DELETE' })
    for (const request of requests) expect((await client.get('/', request)).decision.outcome).not.toBe('hit')
    expect(client.asked).toBe(7)
  })

  it('INV-01: it does not matter what else is part of the key: key fields, or another connection', async () => {
    const client = await holding([], { status: 204, body: '' }, { keyFields: ['X-Tenant'] })
    const requests = [{ headers: { 'x-tenant': '1' } }, { headers: { 'x-tenant': '2' } }, {}]
    for (const request of requests) await client.get('/', request)
    for (const request of requests) expect((await client.get('/', request)).decision.outcome).toBe('hit')
    await client.get('/', { method: 'DELETE', headers: { 'x-tenant': '9' } })
    for (const request of requests) expect((await client.get('/', request)).decision.outcome).toBe('validated')
  })

  it('INV-01: a Host names the target, over whichever connection', async () => {
    const client = await holding([], { status: 204, body: '' })
    const one = { headers: { host: 'one.example' } }
    const two = { headers: { host: 'two.example' } }
    for (const request of [one, two, {}]) await client.get('/', request)
    await client.get('/', { method: 'PUT', ...one })
    expect((await client.get('/', two)).decision.outcome).toBe('hit')
    expect((await client.get('/')).decision.outcome).toBe('hit')
    expect((await client.get('/', one)).decision.outcome).toBe('validated')
  })

  it('INV-01: it stays within a partition', async () => {
    const client = await holding(
      [],
      { status: 204, body: '' },
      { partition: (request) => request.field('x-user') ?? '' }
    )
    const ann = { headers: { 'x-user': 'ann' } }
    const bob = { headers: { 'x-user': 'bob' } }
    for (const request of [ann, bob]) await client.get('/', request)
    await client.get('/', { method: 'PUT', ...ann })
    expect((await client.get('/', bob)).decision.outcome).toBe('hit')
    expect((await client.get('/', ann)).decision.outcome).toBe('validated')
  })

  it.each([400, 403, 404, 410, 412, 500, 503, 599])('INV-02: a %i invalidates nothing', async (status) => {
    const client = await holding(['/', '/b'], withStatus(status, { Location: '/b' }))
    await client.get('/', { method: 'PUT' })
    expect((await client.get('/')).decision.outcome).toBe('hit')
    expect((await client.get('/b')).decision.outcome).toBe('hit')
  })

  it('INV-02: an interim answer invalidates nothing', async () => {
    const client = await setUp(makeStore(), (client, received, response, n) => {
      if (received.method === 'PUT') response.writeEarlyHints({ link: '</x>; rel=preload' })
      guarded(withStatus(409))(client, received, response, n)
    })
    await client.get('/')
    expect((await client.get('/', { method: 'PUT' })).status).toBe(409)
    expect((await client.get('/')).decision.outcome).toBe('hit')
  })

  it.each(['GET', 'OPTIONS', 'PROPFIND'])(
    'INV-02: an answer to %s, which is safe, invalidates nothing',
    async (method) => {
      const client = await setUp(makeStore(), answering(fresh, ok('max-age=600', { Location: '/b' })))
      await client.get('/b')
      await client.get('/')
      await client.get('/', { method, headers: { 'cache-control': 'no-cache' } })
      expect((await client.get('/b')).decision.outcome).toBe('hit')
    }
  )

  const locations = (origin: string): [string, boolean][] => [
    ['/dir/b', true],
    ['b', true],
    ['../dir/b#part', true],
    [`${origin}/dir/b`, true],
    [`${origin.replace('http:', 'HTTP:')}/dir/b`, true],
    [`//${origin.slice('http://'.length)}/dir/b`, true],
    [`http://127.0.0.1:1/dir/b`, false],
    [`${origin.replace('http:', 'https:')}/dir/b`, false],
    [`${origin.replace('127.0.0.1', 'localhost')}/dir/b`, false],
    ['/dir/b?x', false],
    ['http://[/dir/b', false],
    ['mailto:b', false],
    ['', false]
  ]

  it.each(['Location', 'Content-Location'])(
    'INV-03: %s of the answer is invalidated too, within the origin',
    async (name) => {
      let given = ''
      const client = await setUp(makeStore(), (client, received, response, n) => {
        guarded(withStatus(201, { [name]: given }))(client, received, response, n)
      })
      for (const [location, isInvalidated] of locations(client.origin.url)) {
        given = location
        await client.get('/dir/b')
        expect((await client.get('/dir/b')).decision.outcome).toBe('hit')
        await client.get('/dir/a', { method: 'POST' })
        expect([location, (await client.get('/dir/b')).decision.outcome]).toEqual([
          location,
          isInvalidated ? 'validated' : 'hit'
        ])
      }
    }
  )

  it('INV-03: with invalidateLocations off only the target is invalidated', async () => {
    const client = await holding(['/a', '/b'], withStatus(201, { Location: '/b' }), { invalidateLocations: false })
    await client.get('/a', { method: 'POST' })
    expect((await client.get('/b')).decision.outcome).toBe('hit')
    expect((await client.get('/a')).decision.outcome).toBe('validated')
  })

  it('INV-04: what is invalid is validated before any use, whatever would permit a stale response', async () => {
    const client = await setUp(makeStore(), (client, received, response, n) => {
      const stored = ok('max-age=600, stale-while-revalidate=600, stale-if-error=600', etag)
      const answer = received.method === 'PUT' ? { status: 204, body: '' } : n === 0 ? stored : withStatus(503)
      send(response, answer, client.clock, n)
    })
    await client.get('/')
    await client.get('/', { method: 'PUT' })
    const asked = { headers: { 'cache-control': 'max-stale, stale-if-error=600' } }
    expect(await client.get('/', asked)).toMatchObject({ status: 503, decision: { outcome: 'miss', reason: 'stale' } })
    expect(client.origin.requests[2]?.headers['if-none-match']).toBe('"a"')
    const onlyCached = { headers: { 'cache-control': 'only-if-cached, max-stale' } }
    expect((await client.get('/', onlyCached)).status).toBe(504)
  })

  it('INV-04: what is invalid and cannot be validated counts as gone', async () => {
    const client = await setUp(makeStore(), guarded({ status: 204, body: '' }, ok('max-age=600')))
    await client.get('/')
    await client.get('/', { method: 'PUT' })
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss', stored: true })
    expect((await client.get('/')).decision.outcome).toBe('hit')
  })

  it('INV-04: with many variants that cannot be validated, each look-up removes some, until none is left', async () => {
    const store = makeStore()
    const client = await setUp(store, guarded({ status: 204, body: '' }, ok('max-age=600', { Vary: 'Foo' })))
    for (let n = 0; n < 20; n++) await client.get('/', { headers: { foo: `${n}` } })
    await client.get('/', { method: 'PUT' })
    const left = async () => (await store.get(`${client.origin.url}/`)).responses.length
    const counts = [await left()]
    for (let n = 0; n < 3; n++) {
      await client.get('/', { headers: { foo: 'another', 'cache-control': 'only-if-cached' } })
      await turns()
      counts.push(await left())
    }
    expect(counts).toEqual([20, 12, 4, 0])
  })

  it.each<[string, Options, Record<string, string>]>([
    ['no-store in the request', {}, { 'cache-control': 'no-store' }],
    ['only-if-cached in the request', {}, { 'cache-control': 'only-if-cached' }],
    ['methods', { methods: ['GET'] }, {}],
    ['bypassAuthorized', { bypassAuthorized: true }, { authorization: 'Bearer x' }],
    ['a method override', {}, { 'x-http-method-override': 'GET' }],
    ['a range', {}, { range: 'bytes=0-1' }],
    ['If-Match', {}, { 'if-match': '"a"' }]
  ])('INV-05: %s does not keep an unsafe request from invalidating', async (_what, options, headers) => {
    const client = await holding(['/'], { status: 204, body: '' }, options)
    await client.get('/', { method: 'PUT', headers })
    expect((await client.get('/')).decision.outcome).toBe('validated')
  })

  it.each([
    ['with a validator', etag, 'validated', 'stale'],
    ['without', {}, 'miss', 'uri-miss']
  ])(
    'INV-06: what was asked for before a PUT completed is not fresh when it comes after (%s)',
    async (_what, fields, outcome, reason) => {
      const barrier = new Barrier()
      const client = await setUp(makeStore(), (client, received, response, n) => {
        const go = () => guarded({ status: 204, body: '' }, ok('max-age=600', fields))(client, received, response, n)
        if (received.headers['x-hold']) barrier.hold(go)
        else go()
      })
      const slow = ask(client, '/', { headers: { 'x-hold': '1' } })
      await barrier.held(1)
      await ask(client, '/', { method: 'PUT' })
      barrier.release(0)
      expect((await slow).text).toBe('body 0')
      await decided(client, 2)
      expect((await client.get('/')).decision).toMatchObject({ outcome, reason })
      expect((await client.get('/')).decision.outcome).toBe('hit')
    }
  )

  it('INV-06: nor is a stored response that a 304 updates which was asked for before', async () => {
    const barrier = new Barrier()
    const client = await setUp(makeStore(), (client, received, response, n) => {
      const go = () => guarded({ status: 204, body: '' })(client, received, response, n)
      if (received.headers['x-hold']) barrier.hold(go)
      else go()
    })
    await client.get('/')
    const slow = ask(client, '/', { headers: { 'x-hold': '1', 'cache-control': 'no-cache' } })
    await barrier.held(1)
    await ask(client, '/', { method: 'PUT' })
    barrier.release(0)
    expect((await slow).status).toBe(200)
    await decided(client, 3)
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'validated', reason: 'stale' })
    expect((await client.get('/')).decision.outcome).toBe('hit')
  })

  it('INV-06: it holds under every key of the target, asked for the first time', async () => {
    const barrier = new Barrier()
    const client = await setUp(
      makeStore(),
      (client, received, response, n) => {
        const go = () => guarded({ status: 204, body: '' })(client, received, response, n)
        if (received.headers['x-hold']) barrier.hold(go)
        else go()
      },
      { keyFields: ['X-Tenant'] }
    )
    const tenant = { 'x-tenant': '1' }
    const slow = ask(client, '/', { headers: { 'x-hold': '1', ...tenant } })
    await barrier.held(1)
    await ask(client, '/', { method: 'PUT' })
    barrier.release(0)
    await slow
    await decided(client, 2)
    expect((await client.get('/', { headers: tenant })).decision).toMatchObject({
      outcome: 'validated',
      reason: 'stale'
    })
  })
})
