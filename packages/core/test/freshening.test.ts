import { describe, expect, it } from '@jest/globals'
import { answering, type FieldsGiven, notModified, type OriginAnswer, ok } from './answers.js'
import { setUp, stores } from './harness.js'

const etag = { ETag: '"a"' }
type Options = Parameters<typeof setUp>[2]

describe.each(stores)('what a 304 changes in %s (RFC 9111 §3.2)', (_name, makeStore) => {
  const stale = async (fields: FieldsGiven, next: [OriginAnswer, ...OriginAnswer[]], options?: Options) => {
    const client = await setUp(makeStore(), answering(ok('max-age=10', { ...etag, ...fields }), ...next), options)
    await client.get('/')
    client.clock.advance(20)
    return client
  }

  it('UPD-05: its fields replace all stored lines of their name; others stay', async () => {
    const client = await stale({ X: '1', Y: '1', Z: ['1', '2', '3'] }, [
      notModified({ x: '2', Z: ['4', '5'], New: 'n' })
    ])
    const expected = { x: '2', y: '1', z: ['4', '5'], new: 'n' }
    expect(await client.get('/')).toMatchObject({ headers: expected, decision: { outcome: 'validated' } })
    expect(await client.get('/')).toMatchObject({ headers: expected, decision: { outcome: 'hit' } })
  })

  it('UPD-05: a new Cache-Control replaces the old one whole', async () => {
    const client = await stale({}, [notModified({ 'Cache-Control': 'max-age=100' })])
    await client.get('/')
    client.clock.advance(99)
    expect(await client.get('/')).toMatchObject({
      headers: { 'cache-control': 'max-age=100' },
      decision: { lifetime: 100 }
    })
  })

  it('UPD-06: what the stored bytes depend on stays, also when the 304 is about a body of another length', async () => {
    const client = await stale({ 'Content-Length': '6', 'Content-Encoding': 'x-none', 'Content-Type': 'text/a' }, [
      notModified({
        'Content-Length': '10',
        'Content-Encoding': 'br',
        'Content-Range': 'bytes 0-1/2',
        'Content-Type': 'text/b'
      })
    ])
    const expected = { 'content-length': '6', 'content-encoding': 'x-none', 'content-type': 'text/b' }
    for (const outcome of ['validated', 'hit']) {
      const answer = await client.get('/')
      expect(answer).toMatchObject({ text: 'body 0', headers: expected, decision: { outcome } })
      expect(answer.headers).not.toHaveProperty('content-range')
    }
  })

  it('UPD-06: fields of the connection are not taken over', async () => {
    const fields = { Connection: 'X-Hop', 'X-Hop': '2', 'Keep-Alive': 'timeout=9', 'Proxy-Authenticate': 'Basic' }
    const client = await stale({ 'X-Hop': '1' }, [notModified(fields)])
    for (const outcome of ['validated', 'hit']) {
      const answer = await client.get('/')
      expect(answer).toMatchObject({ headers: { 'x-hop': '1' }, decision: { outcome } })
      for (const name of ['connection', 'keep-alive', 'proxy-authenticate'])
        expect(answer.headers).not.toHaveProperty(name)
    }
  })

  it.each(['no-cache="x-user"', 'private="x-user"'])(
    'UPD-06: a field that %s names reaches this caller only',
    async (directive) => {
      const client = await stale({}, [notModified({ 'Cache-Control': `max-age=10, ${directive}`, 'X-User': 'ann' })])
      expect((await client.get('/')).headers['x-user']).toBe('ann')
      const hit = await client.get('/')
      expect(hit.decision.outcome).toBe('hit')
      expect(hit.headers).not.toHaveProperty('x-user')
    }
  )

  it('UPD-06: a stored field that is named from now on is not handed out again', async () => {
    const client = await stale({ 'X-User': 'ann' }, [notModified({ 'Cache-Control': 'max-age=10, no-cache="x-user"' })])
    expect((await client.get('/')).headers).not.toHaveProperty('x-user')
    expect((await client.get('/')).headers).not.toHaveProperty('x-user')
  })

  it('UPD-06: private caches take a Set-Cookie over', async () => {
    const client = await stale({ 'Set-Cookie': 'a=1' }, [notModified({ 'Set-Cookie': 'a=2' })], { type: 'private' })
    expect((await client.get('/')).headers['set-cookie']).toBe('a=2')
    expect(await client.get('/')).toMatchObject({ headers: { 'set-cookie': 'a=2' }, decision: { outcome: 'hit' } })
  })

  it('UPD-07: the lifetime begins anew with the exchange that brought the 304', async () => {
    const client = await stale({}, [notModified()])
    const validated = await client.get('/')
    expect(validated.headers).toMatchObject({ date: client.clock.date() })
    expect(validated.headers).not.toHaveProperty('age')
    client.clock.advance(9)
    expect(await client.get('/')).toMatchObject({ headers: { age: '9' }, decision: { outcome: 'hit', lifetime: 10 } })
    client.clock.advance(1)
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'validated', reason: 'stale' })
  })

  it('UPD-07: the Age of the 304 takes the place of the stored one, also where it has none', async () => {
    const client = await stale({ Age: '5' }, [notModified({ Age: '3' }), notModified()])
    expect((await client.get('/')).headers.age).toBe('3')
    client.clock.advance(6)
    expect(await client.get('/')).toMatchObject({ headers: { age: '9' }, decision: { outcome: 'hit' } })
    client.clock.advance(1)
    expect((await client.get('/')).headers).not.toHaveProperty('age')
    expect((await client.get('/')).headers.age).toBe('0')
  })

  it('UPD-07: without Date the 304 counts as made when it came', async () => {
    const client = await stale({}, [notModified({ Date: '' })])
    const date = client.clock.date()
    expect((await client.get('/')).headers.date).toBe(date)
    client.clock.advance(5)
    expect(await client.get('/')).toMatchObject({ headers: { age: '5', date }, decision: { outcome: 'hit' } })
  })

  it('UPD-07: an old Date of the 304 makes the response old', async () => {
    const client = await stale({}, [notModified({ Date: 'Mon, 05 Jan 2026 12:00:15 GMT' })])
    await client.get('/')
    expect((await client.get('/')).headers.age).toBe('5')
  })

  it('UPD-07: a response that was invalid is valid again', async () => {
    const client = await setUp(makeStore(), (client, received, response, n) => {
      const answer =
        received.method === 'PUT' ? { status: 204, body: '' } : n === 0 ? ok('max-age=60', etag) : notModified()
      answering(answer)(client, received, response, n)
    })
    await client.get('/')
    await client.get('/', { method: 'PUT' })
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'validated', reason: 'stale' })
    expect((await client.get('/')).decision.outcome).toBe('hit')
  })

  it.each([
    ['no-store', { 'Cache-Control': 'no-store' }, 'STORE-03'],
    ['private', { 'Cache-Control': 'private, max-age=60' }, 'STORE-01'],
    ['Vary: *', { Vary: '*' }, 'VARY-02']
  ])(
    'UPD-08: a 304 with %s serves this request, and the response is then dropped',
    async (_what, fields, requirement) => {
      const store = makeStore()
      const client = await setUp(store, answering(ok('max-age=10', etag), notModified(fields), ok('max-age=10')))
      await client.get('/')
      client.clock.advance(20)
      const answer = await client.get('/')
      expect(answer).toMatchObject({ status: 200, text: 'body 0', decision: { outcome: 'validated', stored: false } })
      expect(answer.decision.notStored).toMatchObject({ requirement })
      expect((await store.get(`${client.origin.url}/`)).responses).toEqual([])
      expect((await client.get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss' })
    }
  )

  it('UPD-08, FLD-02: a no-store that the 304 hides behind Connection counts', async () => {
    const fields = { 'Cache-Control': 'no-store', Connection: 'cache-control' }
    const client = await stale({}, [notModified(fields), ok('max-age=10')])
    const { text, decision } = await client.get('/')
    expect(text).toBe('body 0')
    expect(decision).toMatchObject({ outcome: 'validated', stored: false, notStored: { requirement: 'FLD-02' } })
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss' })
  })

  it('UPD-08: private caches keep what became private', async () => {
    const client = await stale({}, [notModified({ 'Cache-Control': 'private, max-age=60' })], { type: 'private' })
    expect((await client.get('/')).decision.stored).toBe(true)
    expect((await client.get('/')).decision.outcome).toBe('hit')
  })

  it('UPD-08: with a new Vary the response is selected by the values of the request that was validated', async () => {
    const client = await stale({}, [notModified({ Vary: 'Foo' }), ok('max-age=60', { Vary: 'Foo' })])
    expect((await client.get('/', { headers: { foo: '1' } })).text).toBe('body 0')
    expect(await client.get('/', { headers: { foo: '1' } })).toMatchObject({
      text: 'body 0',
      decision: { outcome: 'hit' }
    })
    expect((await client.get('/', { headers: { foo: '2' } })).decision).toMatchObject({
      outcome: 'miss',
      reason: 'vary-miss'
    })
    expect((await client.get('/', { headers: { foo: '1' } })).text).toBe('body 0')
  })

  it('UPD-08: with another Vary the old selection counts no more', async () => {
    const client = await setUp(
      makeStore(),
      answering(ok('max-age=10', { ...etag, Vary: 'Foo' }), notModified({ Vary: 'Bar' }), ok('max-age=60'))
    )
    await client.get('/', { headers: { foo: '1', bar: '1' } })
    client.clock.advance(20)
    await client.get('/', { headers: { foo: '1', bar: '2' } })
    expect(await client.get('/', { headers: { foo: '9', bar: '2' } })).toMatchObject({
      text: 'body 0',
      decision: { outcome: 'hit' }
    })
    expect((await client.get('/', { headers: { foo: '1', bar: '1' } })).decision.reason).toBe('vary-miss')
  })
})

describe.each(stores)('what a HEAD changes in %s (RFC 9111 §4.3.5)', (_name, makeStore) => {
  const head = { method: 'HEAD' }
  const lastModified = 'Sun, 04 Jan 2026 12:00:00 GMT'

  it.each<[string, FieldsGiven, FieldsGiven, 'hit' | 'validated']>([
    ['its length alone', etag, { 'Content-Length': '6' }, 'hit'],
    ['its tag', etag, etag, 'hit'],
    ['its date', { ...etag, 'Last-Modified': lastModified }, { 'Last-Modified': lastModified }, 'hit'],
    ['tag and length', etag, { ...etag, 'Content-Length': '6' }, 'hit'],
    ['none of the three', etag, {}, 'validated']
  ])(
    'UPD-09: a HEAD 200 with %s updates a stale response to GET, or leaves it',
    async (_what, stored, received, outcome) => {
      const client = await setUp(
        makeStore(),
        answering(ok('max-age=10', stored), ok('max-age=1000', received), notModified())
      )
      await client.get('/')
      client.clock.advance(20)
      expect((await client.get('/', head)).decision).toMatchObject({ outcome: 'miss', reason: 'stale', status: 200 })
      expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome } })
    }
  )

  it.each<[string, FieldsGiven, FieldsGiven]>([
    ['another length', etag, { 'Content-Length': '7' }],
    ['another tag', etag, { ETag: '"b"', 'Content-Length': '6' }],
    ['a tag where there was none', { 'Last-Modified': lastModified }, { ETag: '"b"', 'Last-Modified': lastModified }],
    [
      'another date',
      { ...etag, 'Last-Modified': lastModified },
      { ...etag, 'Last-Modified': 'Sat, 03 Jan 2026 12:00:00 GMT' }
    ]
  ])('UPD-09: a HEAD 200 with %s makes a response to GET invalid, be it fresh', async (_what, stored, received) => {
    const client = await setUp(
      makeStore(),
      answering(ok('max-age=60', stored), ok('no-store', received), notModified())
    )
    await client.get('/')
    await client.get('/', { ...head, headers: { 'cache-control': 'no-cache' } })
    const next = await client.get('/', { headers: { 'cache-control': 'max-stale' } })
    expect(next.decision).toMatchObject({ outcome: 'validated', reason: 'stale' })
  })

  it.each([404, 410, 403, 500])('UPD-09: a HEAD answered %i changes no response to GET', async (status) => {
    const answer = { ...ok('no-store', { 'Content-Length': '99' }), status }
    const client = await setUp(makeStore(), answering(ok('max-age=60', etag), answer))
    await client.get('/')
    expect((await client.get('/', { ...head, headers: { 'cache-control': 'no-cache' } })).status).toBe(status)
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
  })

  it('UPD-09: every response to GET that could have answered is compared', async () => {
    const varied = ok('max-age=10', { ...etag, Vary: 'Foo' })
    const client = await setUp(
      makeStore(),
      answering(varied, varied, ok('max-age=1000', { ...etag, Vary: 'Foo' }), notModified())
    )
    await client.get('/', { headers: { foo: '1' } })
    await client.get('/', { headers: { foo: '2' } })
    client.clock.advance(20)
    await client.get('/', { ...head, headers: { foo: '1' } })
    expect((await client.get('/', { headers: { foo: '1' } })).decision.outcome).toBe('hit')
    expect((await client.get('/', { headers: { foo: '2' } })).decision.outcome).toBe('validated')
  })

  it('UPD-09: the fields of the HEAD are taken over', async () => {
    const client = await setUp(
      makeStore(),
      answering(ok('max-age=10', { ...etag, X: '1', Y: '1' }), ok('max-age=60', { ...etag, X: '2' }))
    )
    await client.get('/')
    client.clock.advance(20)
    await client.get('/', head)
    expect(await client.get('/')).toMatchObject({ text: 'body 0', headers: { x: '2', y: '1', age: '0' } })
  })
})
