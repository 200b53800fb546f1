import { describe, expect, it } from '@jest/globals'
import { answering, backgroundDecision, notModified, type OriginAnswer, ok, withStatus } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'

const etag = { ETag: '"a"' }
const asking = (cacheControl: string | string[]) => ({ headers: { 'cache-control': cacheControl } })

describe.each(stores)('request directives with %s (RFC 9111 §5.2.1)', (_name, makeStore) => {
  /** A client whose cache holds `stored`, so many seconds old, and whose origin then answers 304. */
  async function holding(stored: OriginAnswer, seconds: number, ...next: OriginAnswer[]): Promise<SetUp> {
    const client = await setUp(makeStore(), answering(stored, ...next, notModified()))
    await client.get('/')
    client.clock.advance(seconds)
    return client
  }

  it.each([
    [600, 599.9, 'hit'],
    [600, 600, 'hit'],
    [600, 600.1, 'validated'],
    [0, 1, 'validated'],
    [3600, 1800, 'hit']
  ])('REQ-01: max-age=%i at age %d: %s (A14, A15)', async (maxAge, age, outcome) => {
    const client = await holding(ok('max-age=3600', etag), age)
    const { decision } = await client.get('/', asking(`max-age=${maxAge}`))
    expect(decision).toMatchObject({ outcome, ...(outcome === 'validated' && { reason: 'request' }) })
  })

  it('REQ-01: with max-age a stale response is not served, be it young enough, also where it may be while validating', async () => {
    const client = await holding(ok('max-age=10, stale-while-revalidate=60', etag), 15)
    expect((await client.get('/', asking('max-age=100'))).decision).toMatchObject({
      outcome: 'validated',
      reason: 'stale'
    })
  })

  it('REQ-01, PARSE-05: a max-age that cannot be read acts as no-cache', async () => {
    const client = await holding(ok('max-age=60, stale-if-error=60', etag), 1, withStatus(503))
    expect((await client.get('/', asking('max-age=x'))).decision).toMatchObject({ status: 503, reason: 'request' })
  })

  it.each([
    ['max-stale=10', 5, 'stale-hit'],
    ['max-stale=5', 5, 'stale-hit'],
    ['max-stale=3', 5, 'validated'],
    ['max-stale', 80_000, 'stale-hit'],
    ['max-stale=x', 5, 'validated'],
    ['max-stale=10, max-age=65', 5, 'stale-hit'],
    ['max-stale=10, max-age=64', 5, 'validated'],
    ['max-stale=10, min-fresh=0', 5, 'validated'],
    ['max-stale=100, max-stale=3', 5, 'validated']
  ])('REQ-02: %s with a response %i s past its lifetime: %s (A17, A19)', async (directives, staleness, outcome) => {
    const client = await holding(ok('max-age=60', etag), 60 + staleness)
    const { decision, headers } = await client.get('/', asking(directives))
    expect(decision.outcome).toBe(outcome)
    if (outcome === 'validated') return expect(decision.reason).toBe('stale')
    expect(decision).toMatchObject({ stale: 'max-stale', age: 60 + staleness, lifetime: 60 })
    expect(headers.age).toBe(String(60 + staleness))
    expect(client.asked).toBe(1)
  })

  it.each(['must-revalidate', 'proxy-revalidate', 's-maxage=60'])(
    'REQ-02: max-stale does not outweigh %s',
    async (bar) => {
      const client = await holding(ok(`max-age=60, ${bar}`, etag), 61)
      expect((await client.get('/', asking('max-stale'))).decision).toMatchObject({
        outcome: 'validated',
        reason: 'stale'
      })
    }
  )

  it.each([
    [1000, 3100, 'validated'],
    [500, 3100, 'hit'],
    [501, 3100, 'validated'],
    [0, 3599, 'hit']
  ])('REQ-03: min-fresh=%i at age %i of 3600: %s (A14, A15)', async (minFresh, age, outcome) => {
    const client = await holding(ok('max-age=3600', etag), age)
    const { decision } = await client.get('/', asking(`min-fresh=${minFresh}`))
    expect(decision).toMatchObject({ outcome, ...(outcome === 'validated' && { reason: 'request' }) })
  })

  it.each(['max-age=60', 'min-fresh=100'])(
    'REQ-01, REQ-03: a fresh response that does not meet %s stands in for an error',
    async (directive) => {
      const client = await holding(ok('max-age=120, stale-if-error=10', etag), 90, withStatus(503))
      const answer = await client.get('/', asking(directive))
      expect(answer).toMatchObject({ status: 200, text: 'body 0', headers: { age: '90' }, decision: { age: 90 } })
      expect(client.asked).toBe(2)
    }
  )

  it.each(['max-age=60', 'max-age=60, immutable'])(
    'REQ-04: no-cache validates what is fresh with %s (A12)',
    async (directives) => {
      const client = await holding(ok(directives, etag), 1)
      const answer = await client.get('/', asking('no-cache'))
      expect(answer).toMatchObject({
        status: 200,
        text: 'body 0',
        decision: { outcome: 'validated', reason: 'request' }
      })
      expect(client.origin.requests[1]?.headers['if-none-match']).toBe('"a"')
      expect((await client.get('/')).decision.outcome).toBe('hit')
    }
  )

  it('REQ-04: after no-cache an error is passed on, whatever would permit a stale response', async () => {
    const client = await holding(ok('max-age=60, stale-if-error=600', etag), 1, withStatus(503))
    expect(await client.get('/', asking('no-cache, stale-if-error=600'))).toMatchObject({ status: 503 })
    expect((await client.get('/')).decision.outcome).toBe('hit')
  })

  it('REQ-04: no-cache on what is stale validates it as stale (A12)', async () => {
    const client = await holding(ok('max-age=60, stale-while-revalidate=60', etag), 61)
    expect((await client.get('/', asking('no-cache, max-stale'))).decision).toMatchObject({
      outcome: 'validated',
      reason: 'stale'
    })
  })

  it('REQ-05: no-store goes past the cache (A4) and leaves what is stored alone', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60', etag)))
    await client.get('/')
    const own = await client.get('/', asking('no-store'))
    expect(own).toMatchObject({ text: 'body 1', decision: { outcome: 'bypass', reason: 'bypass', stored: false } })
    expect(client.origin.requests[1]?.headers).not.toHaveProperty('if-none-match')
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
  })

  it('REQ-05: nothing of an exchange with no-store is stored', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60')))
    await client.get('/', asking('max-age=60, No-Store'))
    expect((await client.get('/')).text).toBe('body 1')
  })

  it.each(['GET', 'HEAD', 'QUERY'])(
    'REQ-06: only-if-cached without anything stored is a 504 without body, and %s is not sent',
    async (method) => {
      const client = await setUp(makeStore(), answering(ok('max-age=60')))
      const answer = await client.get('/', { method, ...asking('only-if-cached') })
      expect(answer).toMatchObject({ status: 504, text: '', headers: {} })
      expect(answer.headers).not.toHaveProperty('cache-status')
      expect(answer.decision).toMatchObject({ outcome: 'gateway-timeout', status: 504, stored: false })
      expect(answer.decision).not.toHaveProperty('reason')
      expect(client.asked).toBe(0)
    }
  )

  it('REQ-06: with only-if-cached what may be served is served, fresh or stale, and not validated in the background', async () => {
    const client = await holding(ok('max-age=10, stale-while-revalidate=60', etag), 5)
    expect((await client.get('/', asking('only-if-cached'))).decision.outcome).toBe('hit')
    client.clock.advance(10)
    const stale = await client.get('/', asking('only-if-cached'))
    expect(stale).toMatchObject({ status: 200, decision: { outcome: 'stale-hit', stale: 'stale-while-revalidate' } })
    client.clock.advance(60)
    const tooOld = await client.get('/', asking('only-if-cached'))
    expect(tooOld).toMatchObject({ status: 504, decision: { outcome: 'gateway-timeout' } })
    expect((await client.get('/', asking('only-if-cached, max-stale'))).decision.stale).toBe('max-stale')
    expect(client.asked).toBe(1)
  })

  it.each<[string, Record<string, string>]>([
    ['no-cache (A12)', { 'cache-control': 'only-if-cached, no-cache' }],
    ['no-store (A4)', { 'cache-control': 'only-if-cached, no-store' }],
    ['a max-age that is not met (A15)', { 'cache-control': 'only-if-cached, max-age=0' }],
    ['If-Match (A6)', { 'cache-control': 'only-if-cached', 'if-match': '"a"' }],
    ['another variant (A9)', { 'cache-control': 'only-if-cached', foo: '2' }],
    ['a method override (A4)', { 'cache-control': 'only-if-cached', 'x-http-method': 'GET' }],
    ['a range (A5)', { 'cache-control': 'only-if-cached', range: 'bytes=0-1,3-4' }]
  ])('REQ-06: only-if-cached turns a forward for %s into the 504', async (_what, headers) => {
    const client = await setUp(makeStore(), answering(ok('max-age=60', { ...etag, Vary: 'Foo' })))
    await client.get('/', { headers: { foo: '1' } })
    client.clock.advance(1)
    const answer = await client.get('/', { headers: { foo: '1', ...headers } })
    expect(answer).toMatchObject({ status: 504, text: '', decision: { outcome: 'gateway-timeout' } })
    expect(client.asked).toBe(1)
  })

  it('REQ-06, KEY-05: only-if-cached is a 504 also where no part of the cache can be told', async () => {
    const partition = () => {
      throw new Error('no user')
    }
    const client = await setUp(makeStore(), answering(ok('max-age=60')), { partition })
    expect(await client.get('/', asking('only-if-cached'))).toMatchObject({ status: 504 })
    expect(client.asked).toBe(0)
  })

  it('REQ-06: only-if-cached does not keep an unsafe request from the origin', async () => {
    const client = await setUp(makeStore(), answering(withStatus(204)))
    expect((await client.get('/', { method: 'PUT', ...asking('only-if-cached') })).status).toBe(204)
  })

  it.each([
    ['stale-if-error=10', 200],
    ['stale-if-error=5', 200],
    ['stale-if-error=4', 503],
    ['stale-if-error=x', 503]
  ])('REQ-07: %s in a request, 5 s past the lifetime, with a 503: the caller gets %i', async (directives, status) => {
    const client = await holding(ok('max-age=60', etag), 65, withStatus(503))
    const answer = await client.get('/', asking(directives))
    expect(answer.status).toBe(status)
    if (status === 200)
      expect(answer.decision).toMatchObject({ outcome: 'stale-hit', stale: 'stale-if-error', age: 65 })
  })

  it('REQ-08: Pragma: no-cache counts as no-cache only where there is no Cache-Control', async () => {
    const client = await holding(ok('max-age=60', etag), 1)
    const both = { headers: { pragma: 'no-cache', 'cache-control': 'x' } }
    expect((await client.get('/', both)).decision.outcome).toBe('hit')
    const alone = { headers: { pragma: 'x, No-Cache' } }
    expect((await client.get('/', alone)).decision).toMatchObject({ outcome: 'validated', reason: 'request' })
    expect((await client.get('/', { headers: { pragma: 'x' } })).decision.outcome).toBe('hit')
  })

  it('REQ-09: directives are forwarded as they are, and those of responses mean nothing in a request', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60', etag)))
    const value = 'immutable,  Public, private, s-maxage=0, must-revalidate, foo="a, no-store", max-age=5'
    expect((await client.get('/', asking(value))).decision.stored).toBe(true)
    expect(client.origin.requests[0]?.headers['cache-control']).toBe(value)
    expect((await client.get('/', asking(value))).decision.outcome).toBe('hit')
  })

  it('REQ-09: several lines are forwarded as several lines, also in a validation', async () => {
    const client = await holding(ok('max-age=60', etag), 61)
    await client.get('/', asking(['foo', 'max-stale=0']))
    const { rawHeaders = [] } = client.origin.requests[1] ?? {}
    const sent = rawHeaders.filter((_text, i) => rawHeaders[i - 1]?.toLowerCase() === 'cache-control' && i % 2 === 1)
    expect(sent).toEqual(['foo', 'max-stale=0'])
  })

  it('REQ-09: directives of requests mean nothing in a response', async () => {
    const client = await setUp(
      makeStore(),
      answering(ok('max-age=60, max-stale=100, min-fresh=100, only-if-cached', etag))
    )
    await client.get('/')
    expect((await client.get('/')).decision.outcome).toBe('hit')
    client.clock.advance(61)
    expect((await client.get('/')).decision.outcome).toBe('miss')
  })

  it('REQ-02, STALE-03: where both allow it max-stale comes first, and nothing is validated', async () => {
    const client = await holding(ok('max-age=10, stale-while-revalidate=60', etag), 15)
    expect((await client.get('/', asking('max-stale=60'))).decision.stale).toBe('max-stale')
    expect(client.asked).toBe(1)
    expect((await client.get('/', asking('max-stale=1'))).decision.stale).toBe('stale-while-revalidate')
    expect(await backgroundDecision(client)).toMatchObject({ outcome: 'validated', background: true })
  })
})
