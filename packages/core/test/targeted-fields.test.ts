import { describe, expect, it } from '@jest/globals'
import { type Answering, answering, disconnect, notModified, type OriginAnswer, ok, withStatus } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'

const options = { targetedFields: ['CDN-Cache-Control'] }
const etag = { ETag: '"a"' }

/** A 200 with a targeted field beside `Cache-Control`. */
const targeted = (cdn: string, cacheControl: string, fields = {}) =>
  ok(cacheControl, { 'CDN-Cache-Control': cdn, ...fields })

describe.each(stores)('targeted fields with %s (RFC 9213)', (_name, makeStore) => {
  type Options = Parameters<typeof setUp>[2]

  async function holding(stored: OriginAnswer, seconds: number, next: OriginAnswer, more?: Options): Promise<SetUp> {
    const client = await setUp(makeStore(), answering(stored, next), { ...options, ...more })
    await client.get('/')
    client.clock.advance(seconds)
    return client
  }

  it('TGT-01: the field decides in place of Cache-Control and Expires, and all are passed on', async () => {
    const client = await holding(targeted('max-age=60', 'no-store', { Expires: '0' }), 59, ok('no-store'))
    expect(await client.get('/')).toMatchObject({
      text: 'body 0',
      headers: { 'cdn-cache-control': 'max-age=60', 'cache-control': 'no-store', expires: '0' },
      decision: { outcome: 'hit', lifetime: 60 }
    })
    client.clock.advance(1)
    expect((await client.get('/')).decision.outcome).toBe('miss')
  })

  it('TGT-01: Expires is no lifetime beside a field that has none', async () => {
    const expiring: Answering = (_request, clock) =>
      targeted('public', 'max-age=60', { Expires: clock.date(3_600), ...etag })
    const client = await setUp(makeStore(), answering(expiring), options)
    await client.get('/')
    expect((await client.get('/')).decision).toMatchObject({ reason: 'stale' })
  })

  it.each(['no-store', 'private'])(
    'TGT-01: with %s in it nothing is stored, whatever Cache-Control says',
    async (cdn) => {
      const client = await holding(targeted(cdn, 'public, max-age=60'), 0, ok('max-age=60'))
      expect((await client.get('/')).decision.outcome).toBe('miss')
    }
  )

  it('TGT-01: by default no field is for this cache', async () => {
    const client = await setUp(makeStore(), answering(targeted('no-store', 'max-age=60')))
    await client.get('/')
    expect((await client.get('/')).decision.outcome).toBe('hit')
  })

  it.each(['MaX-Age=60', 'max-age =60', 'max-age="60"', ''])(
    'TGT-02, TGT-03: with %j in it Cache-Control decides',
    async (cdn) => {
      const client = await holding(targeted(cdn, 'no-store'), 0, ok('no-store'))
      expect((await client.get('/')).decision.outcome).toBe('miss')
      const other = await holding(targeted(cdn, 'max-age=60'), 0, ok('no-store'))
      expect((await other.get('/')).decision.outcome).toBe('hit')
    }
  )

  it('TGT-04: stale-while-revalidate in it', async () => {
    const client = await holding(
      targeted('max-age=1, stale-while-revalidate=60', 'max-age=1'),
      5,
      targeted('max-age=60', 'no-store')
    )
    expect(await client.get('/')).toMatchObject({
      text: 'body 0',
      headers: { age: '5' },
      decision: { outcome: 'stale-hit', stale: 'stale-while-revalidate' }
    })
    await client.nextDecision()
    expect(await client.get('/')).toMatchObject({ text: 'body 1', decision: { outcome: 'hit' } })
  })

  it('TGT-04: stale-if-error in it, and must-revalidate in it against the option', async () => {
    const forgiving = await holding(targeted('max-age=1, stale-if-error=60', 'max-age=1'), 5, withStatus(503))
    expect(await forgiving.get('/')).toMatchObject({ status: 200, decision: { stale: 'stale-if-error' } })
    const strict = await holding(targeted('max-age=1, must-revalidate', 'max-age=1', etag), 5, withStatus(503), {
      staleIfErrorSeconds: 60
    })
    expect(await strict.get('/')).toMatchObject({ status: 503 })
  })

  it('TGT-04: fields that no-cache names in it are left out of what is stored', async () => {
    const client = await holding(
      targeted('max-age=60, no-cache="a"', 'no-store', { A: '1', B: '2' }),
      0,
      ok('no-store')
    )
    const hit = await client.get('/')
    expect(hit).toMatchObject({ headers: { b: '2' }, decision: { outcome: 'hit' } })
    expect(hit.headers).not.toHaveProperty('a')
  })

  it('TGT-04: public in it lets a shared cache keep an answer to Authorization', async () => {
    const client = await setUp(makeStore(), answering(targeted('public, max-age=60', 'private')), options)
    const asked = { headers: { authorization: 'Basic x' } }
    await client.get('/', asked)
    expect((await client.get('/', asked)).decision.outcome).toBe('hit')
  })

  it('TGT-04: Age, Date and Expires are not adjusted', async () => {
    const fields = { Age: '30', Expires: 'Mon, 05 Jan 2026 12:00:10 GMT' }
    const client = await holding(targeted('max-age=60', 'max-age=10', fields), 20, ok('no-store'))
    expect((await client.get('/')).headers).toMatchObject({
      age: '50',
      date: 'Mon, 05 Jan 2026 12:00:00 GMT',
      expires: fields.Expires
    })
  })

  it('TGT-01, UPD-05: a 304 without the field leaves it in force', async () => {
    const client = await holding(
      targeted('max-age=10', 'no-store', etag),
      10,
      notModified({ 'Cache-Control': 'no-store', Expires: '0', ...etag })
    )
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'validated', lifetime: 10, stored: true })
    client.clock.advance(9)
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'hit', lifetime: 10 })
  })

  it('TGT-01, UPD-05: a 304 with the field changes what is in force', async () => {
    const client = await holding(
      targeted('max-age=10', 'no-store', etag),
      10,
      notModified({ 'CDN-Cache-Control': 'max-age=100', ...etag })
    )
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'validated', lifetime: 100, stored: true })
    client.clock.advance(99)
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'hit', lifetime: 100 })
  })

  it('TGT-01, UPD-06: what a 304 may change is decided by the stored field where it brings none', async () => {
    const client = await holding(
      targeted('public, max-age=10', 'private', etag),
      10,
      notModified({ 'Cache-Control': 'private', 'Set-Cookie': 'a=1', ...etag })
    )
    await client.get('/')
    expect(await client.get('/')).toMatchObject({ headers: { 'set-cookie': 'a=1' }, decision: { outcome: 'hit' } })
  })

  it.each(['no-store', 'x="'])('TGT-01, UPD-08: a 304 with %s in the field ends its being stored', async (cdn) => {
    const client = await holding(
      targeted('max-age=10', 'no-store', etag),
      10,
      notModified({ 'CDN-Cache-Control': cdn, ...etag })
    )
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'validated', stored: false })
    expect((await client.get('/')).decision).toMatchObject({ reason: 'uri-miss' })
  })

  it('VAL-08: a 304 made by the cache has the field', async () => {
    const client = await holding(targeted('max-age=60', 'no-store', { ...etag, X: '1' }), 0, ok('no-store'))
    const answer = await client.get('/', { headers: { 'if-none-match': '"a"' } })
    expect(answer).toMatchObject({ status: 304, headers: { 'cdn-cache-control': 'max-age=60' } })
    expect(answer.headers).not.toHaveProperty('x')
  })

  it('TGT-01, STORE-03: a cache that does not read the field uses nothing that says no-store to it', async () => {
    const store = makeStore()
    const reading = await setUp(store, answering(targeted('max-age=60', 'no-store')), options)
    await reading.get('/')
    const origin = reading.origin.url
    const other = await setUp(store, answering(ok('no-store')))
    expect((await other.get('/', { origin })).decision).toMatchObject({ reason: 'uri-miss' })
    expect((await reading.get('/')).decision.outcome).toBe('hit')
  })

  it('STALE-08: must-revalidate in it is not overruled by Cache-Control', async () => {
    const client = await holding(
      targeted('max-age=1, must-revalidate', 'max-age=1, stale-if-error=60', etag),
      5,
      withStatus(200)
    )
    const get = await disconnect(client)
    await expect(get('/')).rejects.toThrow()
  })
})
