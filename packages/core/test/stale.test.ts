import { describe, expect, it } from '@jest/globals'
import { request } from 'undici'
import {
  answering,
  Barrier,
  backgroundDecision,
  decided,
  disconnect,
  notModified,
  type OriginAnswer,
  ok,
  send,
  withStatus
} from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'

const etag = { ETag: '"a"' }
/** What undici says of an origin that is gone, before and after it has noticed. */
const unreachable = { code: expect.stringMatching(/^(ECONNREFUSED|ECONNRESET|UND_ERR_SOCKET)$/) }
const asking = (cacheControl: string) => ({ headers: { 'cache-control': cacheControl } })

describe.each(stores)('serving stale responses from %s (RFC 9111 §4.2.4, RFC 5861)', (_name, makeStore) => {
  type Options = Parameters<typeof setUp>[2]

  async function holding(stored: OriginAnswer, seconds: number, next: OriginAnswer, options?: Options): Promise<SetUp> {
    const client = await setUp(makeStore(), answering(stored, next), options)
    await client.get('/')
    client.clock.advance(seconds)
    return client
  }

  it('STALE-01: without permission a stale response is not served, also when the origin cannot be reached', async () => {
    const client = await holding(ok('max-age=10', etag), 15, notModified())
    const get = await disconnect(client)
    await expect(get('/')).rejects.toMatchObject(unreachable)
    expect(client.decisions.at(-1)).toMatchObject({ outcome: 'miss', reason: 'stale', stored: false })
  })

  it('STALE-01: without permission an error of the origin is passed on, and what is stored stays', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=10', etag), withStatus(503), notModified()))
    await client.get('/')
    client.clock.advance(15)
    expect(await client.get('/')).toMatchObject({
      status: 503,
      text: 'body 1',
      decision: { outcome: 'miss', reason: 'stale' }
    })
    expect(await client.get('/')).toMatchObject({ status: 200, text: 'body 0', decision: { outcome: 'validated' } })
  })

  it('STALE-02: s-maxage bars stale-while-revalidate and stale-if-error of the same response', async () => {
    const stored = ok('s-maxage=1, stale-while-revalidate=60, stale-if-error=60', etag)
    const client = await holding(stored, 5, withStatus(503))
    expect(await client.get('/')).toMatchObject({ status: 503, decision: { outcome: 'miss', reason: 'stale' } })
  })

  it('STALE-02: sMaxAgeAllowsStale lets stale-while-revalidate of the same response through', async () => {
    const stored = ok('s-maxage=1, stale-while-revalidate=60', etag)
    const client = await holding(stored, 5, notModified(), { sMaxAgeAllowsStale: true })
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'stale-hit', stale: 'stale-while-revalidate' })
    await backgroundDecision(client)
  })

  it('STALE-02: sMaxAgeAllowsStale lets stale-if-error of the same response through', async () => {
    const stored = ok('s-maxage=1, stale-if-error=60', etag)
    const client = await holding(stored, 5, withStatus(503), { sMaxAgeAllowsStale: true })
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'stale-hit', stale: 'stale-if-error' })
  })

  it.each([
    ['max-stale of a request', 's-maxage=1', asking('max-stale'), {}],
    ['stale-if-error of a request', 's-maxage=1', asking('stale-if-error=60'), {}],
    ['staleIfErrorSeconds', 's-maxage=1', {}, { staleIfErrorSeconds: 60 }],
    ['another bar', 's-maxage=1, must-revalidate, stale-if-error=60', {}, {}],
    ['another bar for shared caches', 's-maxage=1, proxy-revalidate, stale-if-error=60', {}, {}]
  ])('STALE-02: sMaxAgeAllowsStale does not extend to %s', async (_what, directives, asked, options) => {
    const client = await holding(ok(directives, etag), 5, withStatus(503), { sMaxAgeAllowsStale: true, ...options })
    expect(await client.get('/', asked)).toMatchObject({ status: 503, decision: { reason: 'stale' } })
  })

  it.each([
    [5, 'stale-hit'],
    [61, 'stale-hit'],
    [61.1, 'validated'],
    [62, 'validated']
  ])('STALE-03: max-age=1 with stale-while-revalidate=60 at age %d: %s (A18)', async (age, outcome) => {
    const client = await holding(ok('max-age=1, stale-while-revalidate=60', etag), age, notModified())
    const answer = await client.get('/')
    expect(answer).toMatchObject({ text: 'body 0', decision: { outcome } })
    if (outcome === 'validated') return expect(answer.decision.reason).toBe('stale')
    expect(answer.headers.age).toBe(String(Math.floor(age)))
    expect(answer.decision).toMatchObject({ stale: 'stale-while-revalidate', age, lifetime: 1 })
    await backgroundDecision(client)
  })

  it.each(['max-age=100', 'min-fresh=0'])(
    'STALE-03: %s in a request makes it wait for the validation',
    async (asked) => {
      const client = await holding(ok('max-age=1, stale-while-revalidate=60', etag), 5, notModified())
      expect((await client.get('/', asking(asked))).decision).toMatchObject({ outcome: 'validated', reason: 'stale' })
    }
  )

  it.each([
    [900, 200],
    [1800, 200],
    [1801, 500]
  ])('STALE-05: max-age=600 with stale-if-error=1200 and a 500 at age %i: the caller gets %i', async (age, status) => {
    const client = await holding(ok('max-age=600, stale-if-error=1200', etag), age, withStatus(500))
    const answer = await client.get('/')
    expect(answer.status).toBe(status)
    if (status === 500) return expect(answer.decision).toMatchObject({ outcome: 'miss', reason: 'stale', status: 500 })
    expect(answer).toMatchObject({ text: 'body 0', headers: { age: String(age) } })
    expect(answer.decision).toMatchObject({ outcome: 'stale-hit', stale: 'stale-if-error', age, stored: false })
  })

  it.each([
    ['stale-if-error=5', 'stale-if-error=100', {}],
    ['stale-if-error=100', 'stale-if-error=5', {}],
    ['x', 'stale-if-error=5', { staleIfErrorSeconds: 100 }]
  ])('STALE-05: one window that is wide enough is enough (%s, %s, %j)', async (response, request, options) => {
    const client = await holding(ok(`max-age=10, ${response}`, etag), 60, withStatus(502), options)
    expect((await client.get('/', asking(request))).decision.stale).toBe('stale-if-error')
  })

  it('STALE-05: the staleness counts when the error comes, not when the request went out', async () => {
    const client = await setUp(makeStore(), (client, received, response, n) => {
      if (n > 0) client.clock.advance(20)
      answering(ok('max-age=10, stale-if-error=10', etag), withStatus(503))(client, received, response, n)
    })
    await client.get('/')
    client.clock.advance(15)
    expect((await client.get('/')).status).toBe(503)
  })

  it('STALE-05: it counts for a request without preconditions too', async () => {
    const client = await holding(ok('max-age=10, stale-if-error=60'), 15, withStatus(503))
    expect((await client.get('/')).decision.stale).toBe('stale-if-error')
    expect(client.origin.requests[1]?.headers).not.toHaveProperty('if-none-match')
  })

  it('STALE-05: after an error the stored response is neither updated nor dropped', async () => {
    const client = await setUp(
      makeStore(),
      answering(ok('max-age=10, stale-if-error=60', etag), { ...ok('max-age=600'), status: 503 }, notModified())
    )
    await client.get('/')
    client.clock.advance(15)
    expect((await client.get('/')).decision.stale).toBe('stale-if-error')
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'validated', reason: 'stale' })
  })

  it.each([500, 502, 503, 504])('STALE-06: %i is an error that a stale response stands in for', async (status) => {
    const client = await holding(ok('max-age=10, stale-if-error=60', etag), 15, withStatus(status))
    expect(await client.get('/')).toMatchObject({
      status: 200,
      decision: { outcome: 'stale-hit', stale: 'stale-if-error' }
    })
  })

  it.each([501, 505, 507, 599, 400, 403, 404, 429])('STALE-06: %i is passed on', async (status) => {
    const client = await holding(ok('max-age=10, stale-if-error=60', etag), 15, withStatus(status))
    expect(await client.get('/')).toMatchObject({ status, text: 'body 1', decision: { outcome: 'miss', status } })
  })

  it('STALE-06: an origin that cannot be reached is such an error', async () => {
    const client = await holding(ok('max-age=10, stale-if-error=60', etag), 15, notModified())
    const get = await disconnect(client)
    expect(await get('/')).toMatchObject({
      text: 'body 0',
      headers: { age: '15' },
      decision: { stale: 'stale-if-error' }
    })
  })

  it('STALE-06: a connection that ends before the head is such an error', async () => {
    const client = await setUp(makeStore(), (client, received, response, n) => {
      if (n > 0) response.destroy()
      else answering(ok('max-age=10, stale-if-error=60', etag))(client, received, response, n)
    })
    await client.get('/')
    client.clock.advance(15)
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { stale: 'stale-if-error' } })
  })

  it('STALE-06: a body that breaks off is an error of that answer', async () => {
    const client = await setUp(makeStore(), (client, received, response, n) => {
      if (n !== 1)
        return answering(ok('max-age=10, stale-if-error=60', etag), notModified())(client, received, response, n)
      response.setHeader('Content-Length', '100')
      response.write('cut', () => response.destroy())
    })
    await client.get('/')
    client.clock.advance(15)
    await expect(client.get('/')).rejects.toThrow()
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'validated' } })
  })

  it('STALE-06: an abort by the caller is no such error', async () => {
    const barrier = new Barrier()
    const client = await setUp(makeStore(), ({ clock }, _request, response, n) => {
      if (n === 0) send(response, ok('max-age=10, stale-if-error=60', etag), clock, n)
      else barrier.hold(() => response.end())
    })
    await client.get('/')
    client.clock.advance(15)
    const aborter = new AbortController()
    const asked = request(`${client.origin.url}/`, { dispatcher: client.dispatcher, signal: aborter.signal })
    await barrier.held(1)
    aborter.abort()
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' })
    await decided(client, 2)
    expect(client.decisions[1]?.outcome).not.toBe('stale-hit')
  })

  it('STALE-05: an error with a long body is read no further than it needs, and the next request goes on as ever', async () => {
    const client = await setUp(
      makeStore(),
      answering(
        ok('max-age=10, stale-if-error=60', etag),
        { status: 503, body: Buffer.alloc(2_000_000) },
        notModified()
      )
    )
    await client.get('/')
    client.clock.advance(15)
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { stale: 'stale-if-error' } })
    expect((await client.get('/')).decision.outcome).toBe('validated')
  })

  it('STALE-07: staleIfErrorSeconds covers every stale response that nothing bars', async () => {
    const options = { staleIfErrorSeconds: 60 }
    const client = await holding(ok('max-age=10', etag), 40, notModified(), options)
    const get = await disconnect(client)
    expect((await get('/')).decision).toMatchObject({ outcome: 'stale-hit', stale: 'stale-if-error', age: 40 })
    client.clock.advance(31)
    await expect(get('/')).rejects.toThrow()
    const barred = await holding(ok('max-age=10, must-revalidate', etag), 40, withStatus(503), options)
    expect((await barred.get('/')).status).toBe(503)
  })

  it('STALE-08: with onDisconnect 504 the cache makes a 504 where it had to validate and could not', async () => {
    const client = await holding(ok('max-age=10, must-revalidate', etag), 15, notModified(), { onDisconnect: '504' })
    const get = await disconnect(client)
    const answer = await get('/')
    expect(answer).toMatchObject({ status: 504, text: '', decision: { outcome: 'miss', reason: 'stale', status: 504 } })
  })

  it('STALE-08: onDisconnect 504 changes nothing for a miss and for an error status', async () => {
    const client = await holding(ok('max-age=10, must-revalidate', etag), 15, withStatus(503), { onDisconnect: '504' })
    expect(await client.get('/')).toMatchObject({ status: 503, text: 'body 1' })
    const get = await disconnect(client)
    await expect(get('/other')).rejects.toMatchObject(unreachable)
  })

  it('STALE-09: a stale answer has its real age and the fields it was stored with', async () => {
    const client = await holding(ok('max-age=10', { ...etag, 'X-A': '1' }), 15, notModified())
    const date = client.clock.date(-15)
    const { headers } = await client.get('/', asking('max-stale'))
    expect(headers).toMatchObject({ age: '15', date, etag: '"a"', 'x-a': '1', 'cache-control': 'max-age=10' })
    expect(headers).not.toHaveProperty('warning')
  })
})
