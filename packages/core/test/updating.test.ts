import { describe, expect, it } from '@jest/globals'
import {
  answering,
  ask,
  Barrier,
  decided,
  type FieldsGiven,
  notModified,
  type OriginAnswer,
  ok,
  send
} from './answers.js'
import { setUp, stores } from './harness.js'

const lastModified = 'Sun, 04 Jan 2026 12:00:00 GMT'
const earlier = 'Sat, 03 Jan 2026 12:00:00 GMT'
const foo = { headers: { foo: '1' } }
const fooBar = { headers: { foo: '1', bar: '1' } }
const reload = (headers: Record<string, string>) => ({ headers: { ...headers, 'cache-control': 'no-cache' } })

describe.each(stores)('which stored response a 304 updates in %s (RFC 9111 §4.3.4)', (_name, makeStore) => {
  /** A client whose cache holds two stale responses for requests with Foo and Bar: first one by Vary: Foo, then one by Vary: Bar. */
  const two = async (older: FieldsGiven, newer: FieldsGiven, ...next: [OriginAnswer, ...OriginAnswer[]]) => {
    const first = ok('max-age=10', { ...older, Vary: 'Foo', 'X-N': 'older' })
    const second = ok('max-age=10', { ...newer, Vary: 'Bar', 'X-N': 'newer' })
    const client = await setUp(makeStore(), answering(first, second, ...next))
    await client.get('/', fooBar)
    client.clock.advance(1)
    await client.get('/', reload({ foo: '1', bar: '1' }))
    client.clock.advance(20)
    return client
  }

  /** A client whose cache holds one stale response with these fields. */
  const one = async (fields: FieldsGiven, ...next: [OriginAnswer, ...OriginAnswer[]]) => {
    const client = await setUp(makeStore(), answering(ok('max-age=10', fields), ...next))
    await client.get('/')
    client.clock.advance(20)
    return client
  }

  it('UPD-01: a strong tag updates every response of this tag that could have answered', async () => {
    const client = await two({ ETag: '"a"' }, { ETag: '"a"' }, notModified({ ETag: '"a"', 'X-M': '1' }))
    expect(await client.get('/', fooBar)).toMatchObject({ text: 'body 1', headers: { 'x-n': 'newer', 'x-m': '1' } })
    expect(await client.get('/', foo)).toMatchObject({
      text: 'body 0',
      headers: { 'x-n': 'older', 'x-m': '1' },
      decision: { outcome: 'hit' }
    })
    expect(await client.get('/', { headers: { bar: '1' } })).toMatchObject({
      text: 'body 1',
      decision: { outcome: 'hit' }
    })
    expect(client.asked).toBe(3)
  })

  it('UPD-01: a strong tag updates no response of another tag', async () => {
    const client = await two({ ETag: '"a"' }, { ETag: '"b"' }, notModified({ ETag: '"b"' }))
    expect((await client.get('/', fooBar)).text).toBe('body 1')
    expect((await client.get('/', foo)).decision.outcome).not.toBe('hit')
  })

  it('UPD-01: a strong tag can be that of another response than the one that was to be validated', async () => {
    const client = await two({ ETag: '"a"' }, { ETag: '"b"' }, notModified({ ETag: '"a"' }))
    const headers = { ...fooBar.headers, 'if-none-match': '"a"' }
    expect(await client.get('/', { headers })).toMatchObject({ status: 304, decision: { outcome: 'validated' } })
    expect(client.origin.requests[2]?.headers['if-none-match']).toBe('"a", "b"')
    expect(await client.get('/', foo)).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
    expect((await client.get('/', { headers: { bar: '1' } })).decision.outcome).not.toBe('hit')
  })

  it('UPD-01: a variant that could not have answered is not updated, same tag or not', async () => {
    const client = await setUp(
      makeStore(),
      answering(
        ok('max-age=10', { ETag: '"a"', Vary: 'Foo' }),
        ok('max-age=10', { ETag: '"a"', Vary: 'Foo' }),
        notModified({ ETag: '"a"' })
      )
    )
    await client.get('/', foo)
    await client.get('/', { headers: { foo: '2' } })
    client.clock.advance(20)
    expect((await client.get('/', foo)).decision.outcome).toBe('validated')
    expect((await client.get('/', { headers: { foo: '2' } })).decision).toMatchObject({ outcome: 'validated' })
    expect(client.asked).toBe(4)
  })

  it.each([
    ['W/"a"', '"a"'],
    ['"a"', 'W/"a"']
  ])(
    'UPD-02: what was validated by %s alone is meant by a 304 with %s, and keeps its tag',
    async (stored, received) => {
      const client = await one({ ETag: stored }, notModified({ ETag: received }))
      expect(await client.get('/')).toMatchObject({ text: 'body 0', headers: { etag: stored } })
      expect(await client.get('/')).toMatchObject({ headers: { etag: stored }, decision: { outcome: 'hit' } })
      expect(client.asked).toBe(2)
    }
  )

  it('UPD-02: it is not meant if the caller sent tags too', async () => {
    const client = await one({ ETag: 'W/"a"' }, notModified({ ETag: '"a"' }), ok('max-age=10'))
    const answer = await client.get('/', { headers: { 'if-none-match': '"x"' } })
    expect(answer).toMatchObject({ status: 200, text: 'body 2' })
    expect(client.origin.requests[2]?.headers['if-none-match']).toBe('"x"')
  })

  it.each<[FieldsGiven, FieldsGiven, boolean]>([
    [{ 'Last-Modified': lastModified }, { 'Last-Modified': lastModified }, true],
    [{ 'Last-Modified': lastModified }, { 'Last-Modified': 'Sunday, 04-Jan-26 12:00:00 GMT' }, true],
    [{ 'Last-Modified': lastModified }, { 'Last-Modified': earlier }, false],
    [{ 'Last-Modified': lastModified }, { 'Last-Modified': 'x' }, false],
    [{ ETag: 'W/"a"', 'Last-Modified': lastModified }, { ETag: 'W/"a"', 'Last-Modified': lastModified }, true],
    [{ ETag: 'W/"a"', 'Last-Modified': lastModified }, { ETag: 'W/"a"', 'Last-Modified': earlier }, false],
    [{ ETag: 'W/"a"', 'Last-Modified': lastModified }, { ETag: 'W/"b"', 'Last-Modified': lastModified }, false],
    [{ ETag: 'W/"a"', 'Last-Modified': lastModified }, { 'Last-Modified': lastModified }, true],
    [{ ETag: 'W/"a"' }, { 'Last-Modified': lastModified }, false],
    [{ 'Last-Modified': lastModified }, { ETag: 'W/"a"' }, false]
  ])('UPD-03: what is stored with %j is meant by a 304 with %j: %s', async (stored, received, isMeant) => {
    const client = await one(stored, notModified(received), ok('max-age=10'))
    expect(await client.get('/')).toMatchObject({ status: 200, text: isMeant ? 'body 0' : 'body 2' })
    expect((await client.get('/')).decision.outcome).toBe('hit')
  })

  it('UPD-03: of several that agree the most recent is updated', async () => {
    const client = await two({ ETag: 'W/"a"' }, { ETag: 'W/"a"' }, notModified({ ETag: 'W/"a"' }))
    expect((await client.get('/', fooBar)).headers['x-n']).toBe('newer')
    expect((await client.get('/', { headers: { bar: '1' } })).decision.outcome).toBe('hit')
    expect((await client.get('/', foo)).decision.outcome).not.toBe('hit')
  })

  it.each<FieldsGiven>([
    { ETag: '"a"' },
    { 'Last-Modified': lastModified },
    { ETag: 'W/"a"', 'Last-Modified': lastModified }
  ])('UPD-04: a 304 without validator means what was validated by its own %j, which keeps them', async (fields) => {
    const client = await one(fields, notModified({ 'X-M': '1' }))
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'validated', stored: true })
    const lower = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]))
    expect(await client.get('/')).toMatchObject({ headers: { ...lower, 'x-m': '1' }, decision: { outcome: 'hit' } })
  })

  it('UPD-04: a 304 without validator means nothing if the caller sent tags too', async () => {
    const client = await one({ ETag: '"a"' }, notModified(), ok('max-age=10'))
    expect((await client.get('/', { headers: { 'if-none-match': '"x"' } })).text).toBe('body 2')
  })

  it('UPD-01, ROB-04: a 304 that comes after the response was replaced does not touch the new one', async () => {
    const barrier = new Barrier()
    const respond: Parameters<typeof setUp>[1] = ({ clock }, received, response, n) => {
      if (received.headers['x-hold'])
        barrier.hold(() => send(response, notModified({ ETag: '"a"', 'X-N': '304' }), clock))
      else send(response, ok('max-age=10', { ETag: n === 0 ? '"a"' : '"b"', 'X-N': String(n) }), clock, n)
    }
    const client = await setUp(makeStore(), respond, { collapse: false })
    await client.get('/')
    client.clock.advance(20)
    const validated = ask(client, '/', { headers: { 'x-hold': '1' } })
    await barrier.held(1)
    client.clock.advance(1)
    expect(await ask(client, '/')).toMatchObject({ text: 'body 2', headers: { etag: '"b"' } })
    await decided(client, 2)
    barrier.release(0)
    expect(await validated).toMatchObject({ status: 200, text: 'body 0', headers: { etag: '"a"', 'x-n': '304' } })
    await decided(client, 3)
    const hit = await client.get('/')
    expect(hit).toMatchObject({ text: 'body 2', headers: { etag: '"b"', 'x-n': '2' }, decision: { outcome: 'hit' } })
  })
})
