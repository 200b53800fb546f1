import { describe, expect, it } from '@jest/globals'
import { answering, backgroundDecision, notModified, type OriginAnswer, ok, withStatus } from './answers.js'
import { type Ask, type SetUp, setUp, stores, type TestClock } from './harness.js'

const etag = { ETag: '"a"' }
const varied = ok('max-age=60', { ...etag, Vary: 'Foo' })
const swr = 'max-age=60, stale-while-revalidate=60'

/** One case of the table: what is stored and how old it is when `asked` comes. */
interface Row {
  readonly title: string
  readonly stored?: OriginAnswer
  readonly seconds?: number
  readonly asked: Ask
  readonly next?: OriginAnswer
  /** What is told of the request, and how many requests the origin has then seen. */
  readonly decision: object
  readonly sent: number
}

const control = (value: string): Ask => ({ headers: { 'cache-control': value } })
const stored = ok('max-age=60', etag)

const rows: Row[] = [
  {
    title: 'METH-02: row A2, an unsafe method, is forwarded',
    asked: { method: 'DELETE' },
    next: { status: 204, body: '' },
    decision: { outcome: 'bypass', reason: 'method', stored: false },
    sent: 2
  },
  {
    title: 'METH-01: row A3, a safe method that is never stored, is forwarded untouched',
    asked: { method: 'OPTIONS' },
    next: ok('max-age=60'),
    decision: { outcome: 'bypass', reason: 'method', stored: false },
    sent: 2
  },
  {
    title: 'REQ-05: row A4, no-store of the request, bypasses',
    asked: control('no-store'),
    next: stored,
    decision: { outcome: 'bypass', reason: 'bypass', stored: false },
    sent: 2
  },
  {
    title: 'METH-06: row A4, content on GET, bypasses',
    asked: { body: 'x' },
    next: stored,
    decision: { outcome: 'bypass', reason: 'bypass', stored: false },
    sent: 2
  },
  {
    title: 'RNG-05: row A5, several ranges or another unit, bypasses',
    asked: { headers: { range: 'bytes=0-1,3-4' } },
    next: withStatus(206),
    decision: { outcome: 'bypass', reason: 'bypass', stored: false },
    sent: 2
  },
  {
    title: 'VAL-12: row A6, If-Match, is forwarded as it is and what comes may be stored',
    asked: { headers: { 'if-match': '"a"' } },
    next: stored,
    decision: { outcome: 'miss', reason: 'bypass', status: 200, stored: true },
    sent: 2
  },
  {
    title: 'STORE-01: row A9, no stored response matches by Vary: the request is forwarded and the answer stored',
    stored: varied,
    asked: { headers: { foo: '2' } },
    next: varied,
    decision: { outcome: 'miss', reason: 'vary-miss', status: 200, stored: true, lifetime: 60 },
    sent: 2
  },
  {
    title: 'RESP-01: row A11, no-cache of the response, is validated',
    stored: ok('max-age=60, no-cache', etag),
    asked: {},
    decision: { outcome: 'validated', reason: 'stale', status: 200, stored: true },
    sent: 2
  },
  {
    title: 'CLK-02: row A11, a clock set back, makes what is stored be validated',
    stored,
    seconds: -3600,
    asked: {},
    decision: { outcome: 'validated', reason: 'stale', status: 200 },
    sent: 2
  },
  {
    title: 'REQ-04: row A12, no-cache of the request on what is fresh, is validated',
    asked: control('no-cache'),
    decision: { outcome: 'validated', reason: 'request', status: 200, stored: true },
    sent: 2
  },
  {
    title: 'REQ-04: row A12, no-cache of the request on what is stale, is validated',
    seconds: 60,
    asked: control('no-cache, max-stale'),
    decision: { outcome: 'validated', reason: 'stale' },
    sent: 2
  },
  {
    title: 'REQ-08: row A12, Pragma of the request, is validated',
    asked: { headers: { pragma: 'no-cache' } },
    decision: { outcome: 'validated', reason: 'request' },
    sent: 2
  },
  {
    title: 'FRESH-04: row A14, what is fresh, is served',
    seconds: 59,
    asked: {},
    decision: { outcome: 'hit', status: 200, age: 59, lifetime: 60, heuristic: false, stored: false },
    sent: 1
  },
  {
    title: 'REQ-01, REQ-03: row A14, what is fresh and meets max-age and min-fresh, is served',
    seconds: 30,
    asked: control('max-age=30, min-fresh=30'),
    decision: { outcome: 'hit', age: 30 },
    sent: 1
  },
  {
    title: 'REQ-01: row A15, what is fresh but older than max-age, is validated',
    seconds: 30,
    asked: control('max-age=29'),
    decision: { outcome: 'validated', reason: 'request' },
    sent: 2
  },
  {
    title: 'REQ-03: row A15, what is fresh but not for as long as min-fresh, is validated',
    seconds: 30,
    asked: control('min-fresh=31'),
    decision: { outcome: 'validated', reason: 'request' },
    sent: 2
  },
  {
    title: 'STALE-02: row A16, what is stale and barred, is validated',
    stored: ok(`${swr}, must-revalidate`, etag),
    seconds: 60,
    asked: control('max-stale'),
    decision: { outcome: 'validated', reason: 'stale' },
    sent: 2
  },
  {
    title: 'REQ-02: row A17, what is stale within max-stale, is served',
    stored: ok(swr, etag),
    seconds: 70,
    asked: control('max-stale=10'),
    decision: { outcome: 'stale-hit', stale: 'max-stale', status: 200, age: 70, lifetime: 60 },
    sent: 1
  },
  {
    title: 'STALE-01: row A19, what is stale without permission, is validated',
    seconds: 60,
    asked: {},
    decision: { outcome: 'validated', reason: 'stale', status: 200, stored: true },
    sent: 2
  }
]

describe.each(stores)('what happens to a request (Table A), with %s', (_name, makeStore) => {
  const holding = async (first: OriginAnswer, next: OriginAnswer): Promise<SetUp> => {
    const client = await setUp(makeStore(), answering(first, next))
    await client.get('/', { headers: { foo: '1' } })
    return client
  }

  it.each(rows)(
    '$title',
    async ({ stored: first = stored, seconds = 0, asked, next = notModified(), decision, sent }) => {
      const client = await holding(first, next)
      client.clock.advance(seconds)
      const { headers, ...rest } = asked
      const answer = await client.get('/', { ...rest, headers: { foo: '1', ...(headers as object) } })
      expect(answer.decision).toMatchObject(decision)
      expect(client.asked).toBe(sent)
      expect(answer.decision).not.toHaveProperty('background')
    }
  )

  it('STORE-01: row A8, nothing stored: the request is forwarded as it is and the answer stored', async () => {
    const client = await setUp(makeStore(), answering(stored))
    const { decision } = await client.get('/')
    expect(decision).toEqual({
      method: 'GET',
      url: `${client.origin.url}/`,
      outcome: 'miss',
      reason: 'uri-miss',
      status: 200,
      stored: true,
      lifetime: 60,
      heuristic: false
    })
    expect(client.origin.requests[0]?.headers).not.toHaveProperty('if-none-match')
  })

  it('AUTH-03: row A9, no stored response matches by Authorization: the request is forwarded', async () => {
    const client = await setUp(makeStore(), answering(stored), { type: 'private' })
    await client.get('/', { headers: { authorization: 'Bearer a' } })
    const { decision } = await client.get('/', { headers: { authorization: 'Bearer b' } })
    expect(decision).toMatchObject({ outcome: 'miss', reason: 'vary-miss', stored: true })
  })

  it('INV-04: row A11, what is invalid, is validated', async () => {
    const client = await setUp(makeStore(), answering(stored, { status: 204, body: '' }, notModified()))
    await client.get('/')
    await client.get('/', { method: 'PUT' })
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'validated', reason: 'stale' })
  })

  it('CLK-02: row A11, a clock that fails, makes what is stored be validated', async () => {
    const client = await setUp(makeStore(), answering(stored, notModified()))
    await client.get('/')
    ;(client.clock as Pick<TestClock, 'now'>).now = Number.NaN
    expect((await client.get('/')).decision.outcome).not.toBe('hit')
  })

  it('STALE-03: row A18, what is stale within stale-while-revalidate, is served and validated in the background', async () => {
    const client = await holding(ok(swr, etag), notModified())
    client.clock.advance(70)
    const { decision } = await client.get('/')
    expect(decision).toMatchObject({
      outcome: 'stale-hit',
      stale: 'stale-while-revalidate',
      age: 70,
      lifetime: 60,
      stored: false
    })
    expect(await backgroundDecision(client)).toMatchObject({ outcome: 'validated', reason: 'stale', stored: true })
    expect(client.asked).toBe(2)
  })

  it('STALE-05: rows A15 and A19 fall back on what is stored when the origin fails, rows A11, A12 and A16 do not', async () => {
    const fallBack = 'stale-if-error=600'
    const cases: [string, number, string, number][] = [
      ['A15', 30, 'max-age=1', 200],
      ['A19', 70, 'x', 200],
      ['A12', 30, 'no-cache', 503],
      ['A12', 70, 'no-cache', 503]
    ]
    for (const [row, seconds, asked, status] of cases) {
      const client = await holding(ok(`max-age=60, ${fallBack}`, etag), withStatus(503))
      client.clock.advance(seconds)
      expect([row, (await client.get('/', control(`${asked}, ${fallBack}`))).status]).toEqual([row, status])
    }
    for (const bar of ['no-cache', 'must-revalidate']) {
      const client = await holding(ok(`max-age=60, ${fallBack}, ${bar}`, etag), withStatus(503))
      client.clock.advance(70)
      expect([bar, (await client.get('/', control(fallBack))).status]).toEqual([bar, 503])
    }
  })
})
