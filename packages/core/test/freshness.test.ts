import { expiresAfter, lastModified } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { answering, ok } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'

/** How many whole seconds a response is served for, up to a limit. */
async function freshFor(client: SetUp, limit: number): Promise<number> {
  await client.get('/')
  for (let age = 0; age < limit; age++) {
    if ((await client.get('/', { headers: { 'cache-control': 'only-if-cached' } })).status === 504) return age
    client.clock.advance(1)
  }
  return limit
}

describe.each(stores)('freshness, with %s (RFC 9111 §4.2)', (_name, makeStore) => {
  it.each([
    ['shared', 6],
    ['private', 1]
  ] as const)('FRESH-01, RESP-06: with max-age=1, s-maxage=6 a %s cache serves for %i s', async (type, seconds) => {
    expect(await freshFor(await setUp(makeStore(), answering(ok('max-age=1, s-maxage=6')), { type }), 9)).toBe(seconds)
  })

  it('FRESH-01, FRESH-03: Expires minus Date, whatever our clock says', async () => {
    const respond = answering((_request, clock) => ({ fields: { Date: clock.date(60), Expires: clock.date(63) } }))
    expect(await freshFor(await setUp(makeStore(), respond), 9)).toBe(3)
  })

  it('FRESH-02, FRESH-05: a max-age displaces Expires, be it 0 or invalid', async () => {
    for (const cacheControl of ['max-age=0', 'max-age=x', 'max-age']) {
      const respond = answering((_request, clock) =>
        ok(cacheControl, { Expires: clock.date(9), 'Last-Modified': clock.date(-900) })
      )
      expect(await freshFor(await setUp(makeStore(), respond), 2)).toBe(0)
    }
  })

  it('FRESH-03: an Expires that is no date is in the past, and no heuristic is tried', async () => {
    const respond = answering((_request, clock) => ({ fields: { Expires: '0', 'Last-Modified': clock.date(-900) } }))
    expect(await freshFor(await setUp(makeStore(), respond), 2)).toBe(0)
  })

  it('FRESH-04: what is exactly as old as its lifetime is stale', async () => {
    expect(await freshFor(await setUp(makeStore(), answering(ok('max-age=5, stale-if-error=9'))), 9)).toBe(5)
  })

  it('FRESH-06: a tenth of the time since the last modification', async () => {
    const client = await setUp(
      makeStore(),
      answering((_request, clock) => ({ fields: { 'Last-Modified': clock.date(-1_000) } }))
    )
    expect((await client.get('/')).decision).toMatchObject({ stored: true, lifetime: 100, heuristic: true })
    client.clock.advance(99.9)
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'hit', heuristic: true, lifetime: 100 })
    client.clock.advance(0.1)
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'stale' })
  })

  it('FRESH-07: without explicit freshness and Last-Modified there is no lifetime, with a query or without', async () => {
    for (const path of ['/', '/?a=b']) {
      const client = await setUp(makeStore(), answering({}))
      expect((await client.get(path)).decision).toMatchObject({ stored: false, notStored: { requirement: 'STORE-08' } })
      expect((await client.get(path)).text).toBe('body 1')
    }
  })

  it('FRESH-07: a query is no reason against a heuristic', async () => {
    const client = await setUp(
      makeStore(),
      answering((_request, clock) => ({ fields: { 'Last-Modified': clock.date(-1_000) } }))
    )
    await client.get('/?a=b')
    expect((await client.get('/?a=b')).decision.outcome).toBe('hit')
  })

  it('FRESH-08: Pragma in a response forbids a heuristic, and nothing else', async () => {
    const respond = answering((request, clock) => {
      const fields = { Pragma: 'no-cache', 'Last-Modified': clock.date(-1_000) }
      return request.path === '/explicit' ? ok('max-age=60', fields) : { fields }
    })
    const client = await setUp(makeStore(), respond)
    for (const path of ['/', '/explicit']) await client.get(path)
    expect((await client.get('/explicit')).decision.outcome).toBe('hit')
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'stale' })
  })

  it('FRESH-09: an hour for every response that says nothing of its freshness', async () => {
    const client = await setUp(makeStore(), answering({}), { heuristic: expiresAfter({ hours: 1 }) })
    expect((await client.get('/')).decision).toMatchObject({ stored: true, lifetime: 3_600, heuristic: true })
    client.clock.advance(3_599)
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'hit', heuristic: true })
    client.clock.advance(1)
    expect((await client.get('/')).text).toBe('body 1')
  })

  it.each([
    ['no-store', 'STORE-03'],
    ['private', 'STORE-01'],
    ['no-cache', 'STORE-08']
  ])('FRESH-09: it does not lift %s', async (cacheControl, requirement) => {
    const client = await setUp(makeStore(), answering(ok(cacheControl)), { heuristic: expiresAfter({ hours: 1 }) })
    expect((await client.get('/')).decision.notStored?.requirement).toBe(requirement)
  })

  it('FRESH-09: nor what keeps users apart', async () => {
    const client = await setUp(makeStore(), answering({}), { heuristic: expiresAfter({ hours: 1 }) })
    const asked = { headers: { authorization: 'x' } }
    expect((await client.get('/', asked)).decision.notStored?.requirement).toBe('AUTH-01')
    await client.get('/cookie', { headers: { cookie: 'a=1' } })
    expect((await client.get('/cookie', { headers: { cookie: 'a=2' } })).decision.reason).toBe('vary-miss')
  })

  it('FRESH-09: it is not asked about statuses that allow no heuristic, nor with explicit freshness', async () => {
    const asked: number[] = []
    const heuristic = ({ status }: { status: number }) => {
      asked.push(status)
      return 60
    }
    const client = await setUp(
      makeStore(),
      answering((request) =>
        request.path === '/explicit' ? ok('max-age=0') : { status: Number(request.path.slice(1)) }
      ),
      { heuristic }
    )
    for (const path of ['/403', '/302', '/503', '/explicit'])
      expect((await client.get(path)).decision.stored).toBe(false)
    expect(asked).toEqual([])
    expect((await client.get('/404')).decision.stored).toBe(true)
    expect(new Set(asked)).toEqual(new Set([404]))
  })

  it('FRESH-09: false keeps no heuristics at all, and fractions are configurable', async () => {
    const respond = answering((_request, clock) => ({ fields: { 'Last-Modified': clock.date(-10) } }))
    expect(await freshFor(await setUp(makeStore(), respond, { heuristic: false }), 2)).toBe(0)
    expect(await freshFor(await setUp(makeStore(), respond, { heuristic: lastModified({ fraction: 0.5 }) }), 9)).toBe(5)
    expect(
      await freshFor(await setUp(makeStore(), respond, { heuristic: lastModified({ fraction: 1, maxSeconds: 3 }) }), 9)
    ).toBe(3)
  })
})
