import { describe, expect, it } from '@jest/globals'
import { answering, notModified, ok, send } from './answers.js'
import { setUp, stores } from './harness.js'

describe.each(stores)('fields of a stored response, with %s (RFC 9111 §3.1)', (_name, makeStore) => {
  it('FLD-01: unknown fields and every Set-Cookie line are served again, apart and in order', async () => {
    const fields = { 'X-New': 'a', 'Set-Cookie': ['a=1', 'b=2, c'], 'X-Lines': ['1', '2'], Trailer: 'x' }
    const client = await setUp(makeStore(), answering(ok('max-age=60', fields)), { type: 'private' })
    const relayed = await client.get('/')
    const { headers, decision } = await client.get('/')
    expect(decision.outcome).toBe('hit')
    expect(headers).toMatchObject({
      'x-new': 'a',
      'set-cookie': ['a=1', 'b=2, c'],
      'x-lines': ['1', '2'],
      trailer: 'x'
    })
    const { connection, 'keep-alive': _keepAlive, 'transfer-encoding': _coding, ...others } = relayed.headers
    expect(headers).toEqual({ ...others, age: '0' })
  })

  it('FLD-02: Connection and what it names do not come from the cache, but do from the network', async () => {
    const fields = { Connection: 'X-Hop, x-other', 'X-Hop': '1', 'X-OTHER': '2', 'X-Kept': '3' }
    const client = await setUp(makeStore(), answering(ok('max-age=60', fields)))
    expect((await client.get('/')).headers).toMatchObject({ 'x-hop': '1', 'x-other': '2', 'x-kept': '3' })
    const { headers, decision } = await client.get('/')
    expect(decision.outcome).toBe('hit')
    expect(headers['x-kept']).toBe('3')
    for (const name of ['connection', 'x-hop', 'x-other']) expect(headers).not.toHaveProperty([name])
  })

  it('FLD-02: what is decided is decided by the fields as received', async () => {
    for (const cacheControl of ['no-store', 'max-age=60, no-store', 'private']) {
      const client = await setUp(
        makeStore(),
        answering(ok(cacheControl, { Connection: 'a, cache-control', ETag: '"a"' }))
      )
      expect((await client.get('/')).decision.stored).toBe(false)
      expect((await client.get('/')).text).toBe('body 1')
    }
  })

  it('FLD-02: a field that Connection names still forbids what it forbids', async () => {
    const lastModified = 'Mon, 05 Jan 2025 12:00:00 GMT'
    const fields = { Connection: 'Pragma', Pragma: 'no-cache', 'Last-Modified': lastModified }
    const client = await setUp(makeStore(), answering({ fields }))
    await client.get('/')
    expect((await client.get('/')).decision.outcome).toBe('miss')
  })

  it('FLD-02: a field named in Connection by a 304 is not taken over', async () => {
    const client = await setUp(
      makeStore(),
      answering(
        ok('max-age=1', { ETag: '"a"', 'X-Hop': 'old' }),
        notModified({ ETag: '"a"', Connection: 'x-hop', 'X-Hop': 'new' })
      )
    )
    await client.get('/')
    client.clock.advance(1)
    expect(await client.get('/')).toMatchObject({ headers: { 'x-hop': 'old' }, decision: { outcome: 'validated' } })
    expect(await client.get('/')).toMatchObject({ headers: { 'x-hop': 'old' }, decision: { outcome: 'hit' } })
  })

  it('FLD-03, FLD-04: fields of the connection and of proxies do not come from the cache', async () => {
    const fields = {
      'Keep-Alive': 'timeout=9',
      'Proxy-Connection': 'close',
      TE: 'trailers',
      Upgrade: 'h2c',
      'Proxy-Authenticate': 'Basic',
      'Proxy-Authentication-Info': 'x',
      'Proxy-Authorization': 'x'
    }
    const client = await setUp(makeStore(), answering(ok('max-age=60', fields)))
    await client.get('/')
    const { headers, decision } = await client.get('/')
    expect(decision.outcome).toBe('hit')
    for (const name of Object.keys(fields)) expect(headers).not.toHaveProperty([name.toLowerCase()])
    expect(headers).not.toHaveProperty('transfer-encoding')
  })

  it('FLD-05: with two different ETag lines no tag is sent; with two equal ones it is', async () => {
    const client = await setUp(makeStore(), ({ clock }, { path }, response, n) => {
      const ETag = path === '/two' ? ['"a"', '"b"'] : ['"a"', '"a"']
      send(response, ok('max-age=1', { ETag, 'Last-Modified': clock.date(-60) }), clock, n)
    })
    for (const path of ['/two', '/one']) await client.get(path)
    client.clock.advance(1)
    for (const path of ['/two', '/one']) await client.get(path)
    const [, , two, one] = client.origin.requests
    expect(two?.headers['if-none-match']).toBeUndefined()
    expect(two?.headers['if-modified-since']).toBeDefined()
    expect(one?.headers['if-none-match']).toBe('"a"')
  })

  it('FLD-05: a HEAD that repeats a validator says the same as one that does not', async () => {
    const client = await setUp(
      makeStore(),
      answering(ok('max-age=1', { ETag: '"a"' }), ok('max-age=60', { ETag: ['"a"', '"a"'] }))
    )
    await client.get('/')
    client.clock.advance(1)
    await client.get('/', { method: 'HEAD' })
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
  })

  it('FLD-06: a missing Date is the receipt, in the stored copy alone', async () => {
    const client = await setUp(makeStore(), ({ clock }, _request, response, n) => {
      clock.advance(2)
      send(response, ok('max-age=60', { Date: '' }), clock, n)
    })
    expect((await client.get('/')).headers).not.toHaveProperty('date')
    const receipt = client.clock.date()
    client.clock.advance(5)
    expect((await client.get('/')).headers).toMatchObject({ date: receipt, age: '7' })
  })

  it('FLD-06: Date lines that differ are invalid; equal ones are one', async () => {
    const client = await setUp(makeStore(), ({ clock }, { path }, response, n) => {
      const dates = [clock.date(-30), clock.date(path === '/same' ? -30 : -40)]
      send(response, ok('max-age=60', { Date: dates }), clock, n)
    })
    for (const path of ['/same', '/other']) await client.get(path)
    expect((await client.get('/same')).headers.age).toBe('30')
    expect((await client.get('/other')).headers).toMatchObject({ date: client.clock.date(), age: '0' })
  })

  it('FLD-07: what is served stale has the stored Date and Expires, and no Warning of our making', async () => {
    const client = await setUp(
      makeStore(),
      answering((_request, clock) => ({ fields: { Expires: clock.date(1), ETag: '"a"' } }))
    )
    const { headers } = await client.get('/')
    client.clock.advance(10)
    const stale = await client.get('/', { headers: { 'cache-control': 'max-stale' } })
    expect(stale.decision.outcome).toBe('stale-hit')
    expect(stale.headers).toMatchObject({ date: headers.date, expires: headers.expires, age: '10' })
    expect(stale.headers).not.toHaveProperty('warning')
  })

  it('FLD-07: a Warning that came is a field as any other', async () => {
    const warnings = ['110 - "stale"', '299 - "x"']
    const client = await setUp(makeStore(), answering(ok('max-age=60', { Warning: warnings })))
    await client.get('/')
    expect((await client.get('/')).headers.warning).toEqual(warnings)
  })
})
