import { describe, expect, it } from '@jest/globals'
import { answering, ask, Barrier, decided, notModified, type OriginAnswer, ok, send, withStatus } from './answers.js'
import { setUp, stores } from './harness.js'

const etag = { ETag: '"a"' }

/** An origin whose answers wait until the barrier lets them go. */
function held(
  barrier: Barrier,
  answer: (n: number) => OriginAnswer = () => ok('max-age=60')
): Parameters<typeof setUp>[1] {
  return ({ clock }, _request, response, n) => barrier.hold(() => send(response, answer(n), clock, n))
}

describe.each(stores)('what is kept, replaced and dropped in %s (RFC 9111 §3, §4)', (_name, makeStore) => {
  it.each<[string, OriginAnswer, boolean]>([
    ['no lifetime and no validator', ok('max-age=0'), false],
    ['nothing at all', withStatus(200), false],
    ['an ETag', ok('max-age=0', etag), true],
    ['an ETag that cannot be read', ok('max-age=0', { ETag: 'a' }), false],
    ['a Last-Modified', ok('max-age=0', { 'Last-Modified': 'Sun, 04 Jan 2026 12:00:00 GMT' }), true],
    ['a lifetime that its age exceeds', ok('max-age=1500', { Age: '2000' }), true],
    ['a stale-while-revalidate window', ok('max-age=0, stale-while-revalidate=60'), true],
    ['a stale-if-error window', ok('max-age=0, stale-if-error=60'), true],
    ['a window of no length', ok('max-age=0, stale-while-revalidate=0'), false],
    ['a window that cannot be read', ok('max-age=0, stale-while-revalidate=x'), false],
    ['a window that must-revalidate bars', ok('max-age=0, stale-if-error=60, must-revalidate'), false],
    ['a window that s-maxage bars', ok('s-maxage=0, stale-if-error=60'), false],
    ['no-cache with a lifetime', ok('max-age=60, no-cache'), false],
    ['no-cache with an ETag', ok('max-age=60, no-cache', etag), true]
  ])('STORE-08: a response is kept only if it can be of use: %s', async (_what, answer, isStored) => {
    const client = await setUp(makeStore(), answering(answer))
    const { decision } = await client.get('/')
    expect(decision.stored).toBe(isStored)
    if (!isStored) expect(decision.notStored).toMatchObject({ requirement: 'STORE-08' })
  })

  it('STORE-08: where s-maxage lets a response be served stale, its window is of use', async () => {
    const answer = ok('s-maxage=0, stale-while-revalidate=60')
    const client = await setUp(makeStore(), answering(answer), { sMaxAgeAllowsStale: true })
    expect((await client.get('/')).decision.stored).toBe(true)
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'stale-hit', stale: 'stale-while-revalidate' })
  })

  it('STORE-08: private caches look past s-maxage and proxy-revalidate', async () => {
    const answer = ok('max-age=0, s-maxage=0, proxy-revalidate, stale-if-error=60')
    const client = await setUp(makeStore(), answering(answer), { type: 'private' })
    expect((await client.get('/')).decision.stored).toBe(true)
  })

  it('STORE-09: of two overlapping forwards the one sent later stays, though the other finishes last', async () => {
    const barrier = new Barrier()
    const client = await setUp(makeStore(), held(barrier), { collapse: false })
    const first = ask(client, '/')
    await barrier.held(1)
    client.clock.advance(1)
    const second = ask(client, '/')
    await barrier.held(2)
    barrier.release(1)
    expect((await second).text).toBe('body 1')
    barrier.release(0)
    expect((await first).text).toBe('body 0')
    await decided(client, 2)
    expect(await client.get('/')).toMatchObject({ text: 'body 1', decision: { outcome: 'hit' } })
  })

  it('STORE-09: of two overlapping forwards the one sent later replaces the other when it finishes last', async () => {
    const barrier = new Barrier()
    const client = await setUp(makeStore(), held(barrier), { collapse: false })
    const first = ask(client, '/')
    await barrier.held(1)
    client.clock.advance(1)
    const second = ask(client, '/')
    await barrier.held(2)
    barrier.release(0)
    await first
    barrier.release(1)
    await second
    await decided(client, 2)
    expect((await client.get('/')).text).toBe('body 1')
  })

  it('STORE-09: a response to HEAD and one to GET do not replace each other', async () => {
    const client = await setUp(
      makeStore(),
      answering(ok('max-age=60', { 'X-N': '0' }), ok('max-age=60', { 'X-N': '1' }))
    )
    await client.get('/', { method: 'HEAD' })
    await client.get('/')
    expect(await client.get('/')).toMatchObject({ text: 'body 1', decision: { outcome: 'hit' } })
    expect(client.asked).toBe(2)
  })

  const reloaded = { headers: { 'cache-control': 'no-cache' } }

  it.each([
    ['a 200 with no-store', ok('no-store'), true],
    ['a 204 with no-store', { ...ok('no-store'), status: 204 }, true],
    ['a 301 with no-store', { ...ok('no-store'), status: 301 }, true],
    ['a 302 that cannot be stored', withStatus(302), true],
    ['a 404 with no-store', { ...ok('no-store'), status: 404 }, true],
    ['a 410 with no-store', { ...ok('no-store'), status: 410 }, true],
    ['a 200 with Set-Cookie', ok('max-age=60', { 'Set-Cookie': 'a=1' }), true],
    ['a 206', withStatus(206, { 'Content-Range': 'bytes 0-5/10' }), false],
    ['a 403', withStatus(403), false],
    ['a 429', { ...ok('max-age=60'), status: 429 }, false],
    ['a 500', { ...ok('no-store'), status: 500 }, false],
    ['a 599', withStatus(599), false]
  ] as const)(
    'STORE-10: %s that is not stored shows what is stored to be outdated: %s',
    async (_what, answer, isDropped) => {
      const client = await setUp(makeStore(), answering(ok('max-age=60', etag), answer, ok('no-store')))
      await client.get('/')
      const reload = await client.get('/', reloaded)
      expect(reload).toMatchObject({ status: answer.status ?? 200, decision: { outcome: 'miss', stored: false } })
      const after = await client.get('/')
      expect(after.decision).toMatchObject(isDropped ? { outcome: 'miss', reason: 'uri-miss' } : { outcome: 'hit' })
      expect(after.text).toBe(isDropped ? 'body 2' : 'body 0')
    }
  )

  it('STORE-10: only what could have answered the request is dropped', async () => {
    const varied = ok('max-age=60', { Vary: 'Foo', ETag: '"a"' })
    const client = await setUp(makeStore(), answering(varied, varied, ok('no-store')))
    await client.get('/', { headers: { foo: '1' } })
    await client.get('/', { headers: { foo: '2' } })
    await client.get('/', { headers: { foo: '2', 'cache-control': 'no-cache' } })
    expect((await client.get('/', { headers: { foo: '1' } })).decision.outcome).toBe('hit')
    expect((await client.get('/', { headers: { foo: '2' } })).decision).toMatchObject({ reason: 'vary-miss' })
  })

  it.each([
    ['was sent before it', [0, 1], 'body 0', 'miss'],
    ['was sent after it', [1, 0], 'body 1', 'hit']
  ] as const)(
    'STORE-10: what was stored meanwhile is dropped too if it %s',
    async (_what, [stored, refused], text, outcome) => {
      const barrier = new Barrier()
      const respond = held(barrier, (n) => (n === refused ? ok('no-store') : ok('max-age=60')))
      const client = await setUp(makeStore(), respond, { collapse: false })
      const first = ask(client, '/')
      await barrier.held(1)
      client.clock.advance(1)
      const second = ask(client, '/')
      await barrier.held(2)
      const overlapping = [first, second]
      barrier.release(stored)
      expect((await overlapping[stored])?.text).toBe(text)
      await decided(client, 1)
      barrier.release(refused)
      await overlapping[refused]
      await decided(client, 2)
      const third = ask(client, '/')
      if (outcome === 'miss') {
        await barrier.held(3)
        barrier.release(2)
      }
      expect((await third).text).toBe(outcome === 'miss' ? 'body 2' : text)
    }
  )

  it('STORE-10: an answer refused for its Authorization alone drops nothing', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60', etag), ok('max-age=60')))
    await client.get('/')
    const own = await client.get('/', { headers: { authorization: 'Bearer x', 'cache-control': 'no-cache' } })
    expect(own).toMatchObject({ text: 'body 1', decision: { notStored: { requirement: 'AUTH-01' } } })
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
  })

  it('STORE-10: a request that bypasses the cache drops nothing', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60'), ok('no-store')))
    await client.get('/')
    await client.get('/', { headers: { 'cache-control': 'no-store' } })
    expect((await client.get('/')).decision.outcome).toBe('hit')
  })

  it('STORE-10: an answer cut in the middle drops nothing', async () => {
    const client = await setUp(makeStore(), ({ clock }, _request, response, n) => {
      if (n !== 1) return send(response, ok('max-age=60', etag), clock, n)
      response.setHeader('Content-Length', '100').setHeader('Cache-Control', 'no-store')
      response.write('cut', () => response.destroy())
    })
    await client.get('/')
    await expect(client.get('/', reloaded)).rejects.toThrow()
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
  })

  it('STORE-12: a stale response that can be validated is kept for so long, and no longer', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60', etag), notModified(), ok('no-store')), {
      keepStaleSeconds: 100
    })
    await client.get('/')
    client.clock.advance(159)
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'validated', reason: 'stale' })
    client.clock.advance(161)
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss' })
    expect(client.origin.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"a"', undefined])
  })

  it('STORE-12: without validator the longest window for serving stale is how long it is kept', async () => {
    const answer = ok('max-age=10, stale-while-revalidate=20, stale-if-error=30')
    const client = await setUp(makeStore(), answering(answer, withStatus(503)))
    await client.get('/')
    client.clock.advance(39)
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'stale-hit', stale: 'stale-if-error' })
    client.clock.advance(1)
    expect((await client.get('/')).decision).toMatchObject({ reason: 'uri-miss', status: 503 })
  })

  it('STORE-12: the option staleIfErrorSeconds extends how long it is kept', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=10'), withStatus(503)), { staleIfErrorSeconds: 30 })
    await client.get('/')
    client.clock.advance(39)
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'stale-hit', stale: 'stale-if-error' })
  })

  it('STORE-12: the age it arrived with shortens how long it is kept', async () => {
    const answer = ok('max-age=60', { Age: '50', ...etag })
    const client = await setUp(makeStore(), answering(answer, ok('no-store')), { keepStaleSeconds: 10 })
    await client.get('/')
    client.clock.advance(20)
    expect((await client.get('/')).decision.reason).toBe('uri-miss')
  })
})
