import { describe, expect, it } from '@jest/globals'
import { answering, type OriginAnswer, ok, withStatus } from './answers.js'
import { setUp, stores } from './harness.js'
import { MapStore } from './map-store.js'

/** A store that tells what was written to it. */
class WatchedStore extends MapStore {
  writes = 0

  override set(...args: Parameters<MapStore['set']>): ReturnType<MapStore['set']> {
    this.writes++
    return super.set(...args)
  }

  override update(...args: Parameters<MapStore['update']>): ReturnType<MapStore['update']> {
    this.writes++
    return super.update(...args)
  }

  override mark(...args: Parameters<MapStore['mark']>): ReturnType<MapStore['mark']> {
    this.writes++
    return super.mark(...args)
  }
}

describe.each(stores)('storing in %s (RFC 9111 §3)', (_name, makeStore) => {
  const ask = async (answer: OriginAnswer, options: Parameters<typeof setUp>[2] = {}) => {
    const client = await setUp(makeStore(), answering(answer), options)
    const first = await client.get('/')
    const second = await client.get('/')
    return { client, first, second, asked: client.asked }
  }

  it('GEN-01: without options the cache is shared: what is private is not stored', async () => {
    const { first, asked } = await ask(ok('private, max-age=60'))
    expect(asked).toBe(2)
    expect(first.decision).toMatchObject({
      outcome: 'miss',
      stored: false,
      notStored: { requirement: 'STORE-01', option: "type: 'private'" }
    })
  })

  it('GEN-01: a private cache stores what is private', async () => {
    const { first, second, asked } = await ask(ok('private, max-age=60'), { type: 'private' })
    expect(asked).toBe(1)
    expect(first.decision).toMatchObject({
      outcome: 'miss',
      reason: 'uri-miss',
      status: 200,
      stored: true,
      lifetime: 60
    })
    expect(second).toMatchObject({ text: 'body 0', decision: { outcome: 'hit', stored: false } })
  })

  it('GEN-01: two users of a private cache are kept apart by a partition', async () => {
    const client = await setUp(makeStore(), answering(ok('private, max-age=60')), {
      type: 'private',
      partition: (request) => request.field('x-user') ?? ''
    })
    await client.get('/', { headers: { 'x-user': 'ann' } })
    expect(await client.get('/', { headers: { 'x-user': 'bob' } })).toMatchObject({ text: 'body 1' })
    expect(await client.get('/', { headers: { 'x-user': 'ann' } })).toMatchObject({ text: 'body 0' })
  })

  it('STORE-01: a status that needs permission to be stored does not get it from a validator', async () => {
    const { first, asked } = await ask(withStatus(302, { ETag: '"a"', Location: '/b' }))
    expect(asked).toBe(2)
    expect(first.decision.notStored).toMatchObject({ requirement: 'STORE-01' })
  })

  it.each([
    ['public', ok('public', { ETag: '"a"' }), {}],
    ['max-age', ok('max-age=60'), {}],
    ['s-maxage', ok('s-maxage=60'), {}],
    ['private in a private cache', ok('private', { ETag: '"a"' }), { type: 'private' }]
  ] as const)('STORE-01: %s permits storing a status that needs permission', async (_what, answer, options) => {
    const { first } = await ask({ ...answer, status: 302 }, options)
    expect(first.decision).toMatchObject({ status: 302, stored: true })
  })

  it('STORE-01: Expires permits storing a status that needs permission', async () => {
    const { first, second } = await ask(withStatus(302, { Expires: 'Fri, 01 Jan 2027 00:00:00 GMT' }))
    expect(first.decision.stored).toBe(true)
    expect(second.decision.outcome).toBe('hit')
  })

  it.each([
    ['s-maxage in a private cache', ok('s-maxage=60', { ETag: '"a"' }), { type: 'private' }],
    ['a private that names fields, in a private cache', ok('private="x"', { ETag: '"a"' }), { type: 'private' }],
    ['must-revalidate', ok('must-revalidate', { ETag: '"a"' }), {}],
    ['stale-while-revalidate', ok('stale-while-revalidate=60', { ETag: '"a"' }), {}]
  ] as const)('STORE-01: %s does not permit storing such a status', async (_what, answer, options) => {
    const { first } = await ask({ ...answer, status: 302 }, options)
    expect(first.decision).toMatchObject({ stored: false, notStored: { requirement: 'STORE-01' } })
  })

  it('STORE-02: a 206 is not stored', async () => {
    const fields = { 'Cache-Control': 'max-age=60', 'Content-Range': 'bytes 0-5/10' }
    const { first, asked } = await ask(withStatus(206, fields))
    expect(asked).toBe(2)
    expect(first.decision.notStored).toMatchObject({ requirement: 'STORE-02' })
  })

  it('STORE-02: a 304 that nobody asked for is passed on and not stored', async () => {
    const { first, second, asked } = await ask({ ...ok('max-age=60', { ETag: '"a"' }), status: 304, body: '' })
    expect([first.status, second.status, asked]).toEqual([304, 304, 2])
    expect(first.decision.notStored).toMatchObject({ requirement: 'STORE-02' })
  })

  it.each(['shared', 'private'] as const)(
    'STORE-03: nothing of a no-store response reaches the store (%s)',
    async (type) => {
      const store = new WatchedStore()
      const answer = ok(['max-age=60', 'No-Store'], { ETag: '"a"' })
      const client = await setUp(store, answering(answer), { type })
      expect(await client.get('/')).toMatchObject({
        text: 'body 0',
        decision: { notStored: { requirement: 'STORE-03' } }
      })
      expect(await client.get('/')).toMatchObject({ text: 'body 1' })
      expect(store.writes).toBe(0)
    }
  )

  it.each([
    [200, true],
    [404, true],
    [599, false],
    [403, false]
  ])('STORE-04: must-understand lifts no-store from status %i: %s', async (status, isStored) => {
    const { first } = await ask({ ...ok('max-age=60, no-store, must-understand'), status })
    expect(first.decision.stored).toBe(isStored)
    if (!isStored) expect(first.decision.notStored).toMatchObject({ requirement: 'STORE-04' })
  })

  it('STORE-04: with must-understand a status that is not understood is not stored, also without no-store', async () => {
    const { first, asked } = await ask({ ...ok('max-age=60, must-understand'), status: 599 })
    expect(asked).toBe(2)
    expect(first.decision.notStored).toMatchObject({ requirement: 'STORE-04' })
  })

  it.each([
    [200, true],
    [203, true],
    [204, true],
    [300, true],
    [301, true],
    [308, true],
    [404, true],
    [405, true],
    [410, true],
    [414, true],
    [451, true],
    [501, true],
    [302, false],
    [303, false],
    [307, false],
    [400, false],
    [403, false],
    [500, false],
    [503, false]
  ])('STORE-05: a heuristic gives status %i a lifetime: %s', async (status, isStored) => {
    const client = await setUp(
      makeStore(),
      answering((_request, clock) =>
        withStatus(status, { 'Last-Modified': clock.date(-86_400), 'Content-Length': '0' })
      )
    )
    const first = await client.get('/')
    const second = await client.get('/')
    expect(first.decision.stored).toBe(isStored)
    expect(second.decision.outcome).toBe(isStored ? 'hit' : 'miss')
    if (isStored) expect(second.decision).toMatchObject({ heuristic: true, lifetime: 8640 })
  })

  it.each([
    [599, ok('max-age=60')],
    [499, ok('public, max-age=60')],
    [299, ok('s-maxage=60')],
    [500, ok('max-age=60')]
  ])('STORE-06: status %i is stored and served with explicit freshness', async (status, answer) => {
    const { second, asked } = await ask({ ...answer, status })
    expect(asked).toBe(1)
    expect(second).toMatchObject({ status, text: 'body 0', decision: { outcome: 'hit', status } })
  })

  it.each([428, 429, 431, 511, 407, 421, 425])('STORE-07: status %i is never stored', async (status) => {
    const { first, asked } = await ask({ ...ok('public, max-age=60', { ETag: '"a"' }), status })
    expect(asked).toBe(2)
    expect(first.decision.notStored).toMatchObject({ requirement: 'STORE-07' })
  })

  it.each([600, 999])('STORE-11: status %i, of no known class, is passed on and not stored', async (status) => {
    const { first, second, asked } = await ask({ ...ok('public, max-age=60'), status })
    expect([first.status, second.status, asked]).toEqual([status, status, 2])
    expect(first.decision.notStored).toMatchObject({ requirement: 'STORE-11' })
  })
})
