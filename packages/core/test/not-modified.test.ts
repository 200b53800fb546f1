import { describe, expect, it } from '@jest/globals'
import { answering, notModified, type OriginAnswer, ok, withStatus } from './answers.js'
import { setUp, stores } from './harness.js'
import { MapStore } from './map-store.js'

const lastModified = 'Sun, 04 Jan 2026 12:00:00 GMT'
const earlier = 'Sat, 03 Jan 2026 12:00:00 GMT'
const later = 'Mon, 05 Jan 2026 11:59:00 GMT'
const asking = (headers: Record<string, string>) => ({ headers })

/** A store that loses bodies when told so. */
class LosingStore extends MapStore {
  loses = false

  override openBody(...args: Parameters<MapStore['openBody']>): ReturnType<MapStore['openBody']> {
    return this.loses ? undefined : super.openBody(...args)
  }
}

describe.each(stores)('answering 304 from %s (RFC 9110 §13.2, §15.4.5)', (_name, makeStore) => {
  const fresh = async (answer: OriginAnswer) => {
    const client = await setUp(makeStore(), answering(answer))
    await client.get('/')
    return client
  }

  it.each<[Record<string, string>, Record<string, string>, number]>([
    [{ ETag: '"a"' }, { 'if-none-match': '"a"' }, 304],
    [{ ETag: '"a"' }, { 'if-none-match': 'W/"a"' }, 304],
    [{ ETag: 'W/"a"' }, { 'if-none-match': '"x", "a"' }, 304],
    [{ ETag: '"a"' }, { 'if-none-match': ' , "a" ,' }, 304],
    [{ ETag: '"a"' }, { 'if-none-match': '*' }, 304],
    [{}, { 'if-none-match': '*' }, 304],
    [{ ETag: '"a"' }, { 'if-none-match': '"x"' }, 200],
    [{ ETag: '"a"' }, { 'if-none-match': 'a' }, 200],
    [{ ETag: '"a"' }, { 'if-none-match': '"a" "b"' }, 200],
    [{ ETag: '"a"' }, { 'if-none-match': '"a", *' }, 200],
    [{}, { 'if-none-match': '"a"' }, 200],
    [{ ETag: '"a"', 'Last-Modified': later }, { 'if-none-match': 'W/"a"', 'if-modified-since': earlier }, 304],
    [{ ETag: '"a"', 'Last-Modified': earlier }, { 'if-none-match': '"x"', 'if-modified-since': later }, 200],
    [{ ETag: '"a"', 'Last-Modified': earlier }, { 'if-none-match': 'broken', 'if-modified-since': later }, 200],
    [{ 'Last-Modified': lastModified }, { 'if-modified-since': lastModified }, 304],
    [{ 'Last-Modified': lastModified }, { 'if-modified-since': later }, 304],
    [{ 'Last-Modified': lastModified }, { 'if-modified-since': earlier }, 200],
    [{ 'Last-Modified': lastModified }, { 'if-modified-since': 'yesterday' }, 200],
    [{ 'Last-Modified': lastModified }, { 'if-modified-since': `${later}, ${later}` }, 200],
    [{ Date: lastModified }, { 'if-modified-since': lastModified }, 304],
    [{ Date: lastModified }, { 'if-modified-since': earlier }, 200],
    [{ 'Last-Modified': '0', Date: lastModified }, { 'if-modified-since': lastModified }, 304]
  ])('VAL-07: what is stored with %j answers %j with %i', async (fields, headers, status) => {
    const client = await fresh(ok('max-age=864000', fields))
    for (const method of ['GET', 'HEAD']) {
      const answer = await client.get('/', { headers, method })
      expect(answer).toMatchObject({ status, decision: { outcome: 'hit', status } })
      expect(answer.text).toBe(status === 200 && method === 'GET' ? 'body 0' : '')
    }
    expect(client.asked).toBe(1)
  })

  it.each([
    [203, 304],
    [404, 404],
    [301, 301],
    [204, 204]
  ])('VAL-07: a stored %i answers a precondition that holds with %i', async (status, expected) => {
    const client = await fresh({ ...ok('max-age=60', { ETag: '"a"' }), status })
    expect((await client.get('/', asking({ 'if-none-match': '"a"' }))).status).toBe(expected)
  })

  it('VAL-08: a 304 made by the cache has the fields a 304 is to have, and no others', async () => {
    const fields = {
      ETag: '"a"',
      'Last-Modified': lastModified,
      Expires: 'Fri, 01 Jan 2027 00:00:00 GMT',
      Vary: 'Accept',
      'Content-Location': '/b',
      'Content-Length': '6',
      'Content-Type': 'text/plain',
      'X-A': '1'
    }
    const client = await fresh(ok('max-age=60', fields))
    const date = client.clock.date()
    client.clock.advance(7)
    const { headers, text, status } = await client.get('/', asking({ 'if-none-match': '"a"' }))
    expect({ status, text, headers }).toEqual({
      status: 304,
      text: '',
      headers: {
        'cache-control': 'max-age=60',
        'content-location': '/b',
        date,
        etag: '"a"',
        expires: fields.Expires,
        vary: 'Accept',
        age: '7'
      }
    })
  })

  it('VAL-08: without ETag it has Last-Modified', async () => {
    const client = await fresh(ok('max-age=60', { 'Last-Modified': lastModified }))
    const { headers } = await client.get('/', asking({ 'if-modified-since': later }))
    expect(headers).toMatchObject({ 'last-modified': lastModified, age: '0' })
  })

  it('VAL-07: a stale response served by permission is judged as well', async () => {
    const client = await fresh(ok('max-age=10', { ETag: '"a"' }))
    client.clock.advance(15)
    const answer = await client.get('/', asking({ 'if-none-match': '"a"', 'cache-control': 'max-stale' }))
    expect(answer).toMatchObject({
      status: 304,
      headers: { age: '15' },
      decision: { outcome: 'stale-hit', status: 304 }
    })
  })
})

describe.each(stores)('after validation with %s (RFC 9111 §4.3.3, §4.3.4)', (_name, makeStore) => {
  const stale = async (...next: [OriginAnswer, ...OriginAnswer[]]) => {
    const client = await setUp(makeStore(), answering(ok('max-age=10', { ETag: '"a"' }), ...next))
    await client.get('/')
    client.clock.advance(20)
    return client
  }

  it('VAL-09: a caller without preconditions gets the whole response after a 304 (B1)', async () => {
    const client = await stale(notModified())
    const answer = await client.get('/')
    expect(answer).toMatchObject({
      status: 200,
      text: 'body 0',
      decision: { outcome: 'validated', status: 200, stored: true }
    })
    expect(answer.decision).toMatchObject({ reason: 'stale', lifetime: 10 })
  })

  it('VAL-09: a caller whose own precondition holds gets the 304 (B1)', async () => {
    const client = await stale(notModified({ ETag: '"a"' }))
    const answer = await client.get('/', asking({ 'if-none-match': '"x", "a"' }))
    expect(answer).toMatchObject({
      status: 304,
      text: '',
      decision: { outcome: 'validated', status: 304, stored: true }
    })
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
  })

  it('VAL-09: a caller whose own precondition does not hold gets the whole response', async () => {
    const client = await stale(notModified({ ETag: '"a"' }))
    expect(await client.get('/', asking({ 'if-none-match': '"x"' }))).toMatchObject({ status: 200, text: 'body 0' })
  })

  it('VAL-10: a 304 about something else is not used: the request is sent once more, plain (B2)', async () => {
    const client = await stale(notModified({ ETag: '"b"' }), ok('max-age=10', { ETag: '"b"' }))
    expect(await client.get('/')).toMatchObject({
      status: 200,
      text: 'body 2',
      decision: { outcome: 'miss', stored: true }
    })
    expect(client.origin.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"a"', undefined])
    expect(await client.get('/')).toMatchObject({ text: 'body 2', decision: { outcome: 'hit' } })
  })

  it('VAL-10: the second answer is final, be it an error, and what is stored is invalid from then on', async () => {
    const client = await stale(notModified({ ETag: '"b"' }), withStatus(503), notModified())
    const asked = asking({ 'cache-control': 'stale-if-error=600' })
    expect(await client.get('/', asked)).toMatchObject({ status: 503, text: 'body 2' })
    const stillInvalid = asking({ 'cache-control': 'max-stale' })
    expect((await client.get('/', stillInvalid)).decision).toMatchObject({ outcome: 'validated', reason: 'stale' })
  })

  it('VAL-10: the second answer is final, be it a 304 again', async () => {
    const client = await stale(notModified({ ETag: '"b"' }))
    expect((await client.get('/')).status).toBe(304)
    expect(client.asked).toBe(3)
  })

  it('VAL-10: a 304 about a tag of the caller is his, and what is stored is invalid', async () => {
    const client = await stale(notModified({ ETag: '"x"' }), notModified())
    const answer = await client.get('/', asking({ 'if-none-match': '"x"' }))
    expect(answer).toMatchObject({
      status: 304,
      headers: { etag: '"x"' },
      decision: { outcome: 'miss', stored: false }
    })
    expect(client.asked).toBe(2)
    const next = await client.get('/', asking({ 'cache-control': 'max-stale' }))
    expect(next.decision).toMatchObject({ outcome: 'validated', reason: 'stale' })
  })

  it('VAL-10: where the cache added nothing, a 304 is passed on and what is stored stays as it was', async () => {
    const client = await stale(notModified({ ETag: '"b"' }), notModified())
    expect((await client.get('/', asking({ 'if-none-match': '*' }))).status).toBe(304)
    expect((await client.get('/', asking({ 'cache-control': 'max-stale' }))).decision.outcome).toBe('stale-hit')
  })

  it('VAL-10: a 412 to preconditions of the cache alone leads to a second, plain request (B2)', async () => {
    const client = await stale(withStatus(412), ok('max-age=10'))
    expect(await client.get('/')).toMatchObject({ status: 200, text: 'body 2' })
    expect(client.origin.requests[2]?.headers).not.toHaveProperty('if-none-match')
  })

  it('VAL-10: so does a 412 where the cache had put its own preconditions in place of those of the caller', async () => {
    const client = await stale(withStatus(412), ok('max-age=10'))
    const since = { 'if-modified-since': earlier }
    expect(await client.get('/', asking(since))).toMatchObject({ status: 200, text: 'body 2' })
    expect(client.origin.requests[2]?.headers).toMatchObject(since)
    expect(client.origin.requests[2]?.headers).not.toHaveProperty('if-none-match')
  })

  it('VAL-10: a 412 to preconditions of the caller is his', async () => {
    const client = await stale(withStatus(412))
    expect((await client.get('/', asking({ 'if-none-match': '"x"' }))).status).toBe(412)
    expect(client.asked).toBe(2)
  })

  it('VAL-11: a full response goes to the caller and replaces what is stored (B4)', async () => {
    const client = await stale(ok('max-age=10', { ETag: '"b"' }))
    const answer = await client.get('/')
    expect(answer).toMatchObject({
      text: 'body 1',
      headers: { etag: '"b"' },
      decision: { outcome: 'miss', reason: 'stale' }
    })
    expect(await client.get('/')).toMatchObject({ text: 'body 1', decision: { outcome: 'hit' } })
  })

  it('VAL-11: a full response that is not stored drops what is stored', async () => {
    const client = await stale(ok('no-store'))
    expect(await client.get('/')).toMatchObject({
      text: 'body 1',
      decision: { notStored: { requirement: 'STORE-03' } }
    })
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss' })
  })
})

describe('a body that is gone when the 304 comes', () => {
  it.each([{}, { sync: true, keepsObjects: true }])(
    'VAL-14: the request is sent once more, plain (%j)',
    async (options) => {
      const store = new LosingStore(options)
      const body = 'x'.repeat(70_000)
      const client = await setUp(
        store,
        answering({ ...ok('max-age=10', { ETag: '"a"' }), body }, notModified(), {
          ...ok('max-age=10'),
          body: `${body}!`
        })
      )
      await client.get('/')
      client.clock.advance(20)
      store.loses = true
      const answer = await client.get('/')
      expect(answer).toMatchObject({
        status: 200,
        text: `${body}!`,
        decision: { outcome: 'miss', reason: 'stale', stored: true }
      })
      expect(client.origin.requests.map(({ headers }) => headers['if-none-match'])).toEqual([
        undefined,
        '"a"',
        undefined
      ])
    }
  )

  it('VAL-14: without a 304 to fall back on, a hit whose body is gone is a miss', async () => {
    const store = new LosingStore()
    const client = await setUp(store, answering({ ...ok('max-age=10'), body: 'x'.repeat(70_000) }))
    await client.get('/')
    store.loses = true
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss', stored: true })
  })
})
