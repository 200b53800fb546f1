import { cacheInterceptor } from '@cc/core'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Agent } from 'undici'
import { whenReady } from '../src/awaitable.js'
import { ask, Barrier, backgroundDecision, decided, notModified, type OriginAnswer, ok, send } from './answers.js'
import { type Ask, type SetUp, setUp, stores } from './harness.js'
import type { MapStore } from './map-store.js'
import { turns } from './no-stray-errors.js'

const etag = { ETag: '"a"' }

const cleanUps: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

/** A client that has stored the first of these; the others wait for the test. */
async function withStale(
  store: ReturnType<(typeof stores)[number][1]>,
  first: OriginAnswer,
  then: OriginAnswer | 'cut',
  listens = true
): Promise<{ client: SetUp; barrier: Barrier }> {
  const barrier = new Barrier()
  const client = await setUp(store, ({ clock }, request, response, n) => {
    if (n === 0 || request.method === 'POST') send(response, first, clock, n)
    else barrier.hold(() => (then === 'cut' ? response.destroy() : send(response, then, clock, n)))
  })
  await client.get('/')
  client.clock.advance(100)
  if (listens) return { client, barrier }
  const silent = new Agent()
  cleanUps.push(() => silent.destroy())
  const dispatcher = silent.compose(cacheInterceptor({ store, clock: () => client.clock.now }))
  return { client: Object.assign(Object.create(client), { dispatcher }), barrier }
}

/** Has a store without any mark, until one is written. */
function loseMarks(store: MapStore): void {
  const [get, write] = [store.get.bind(store), store.mark.bind(store)]
  let areLost = true
  store.get = (key) => whenReady(get(key), (found) => (areLost ? { responses: found.responses } : found))
  store.mark = (key, mark) => {
    areLost = false
    return write(key, mark)
  }
}

describe.each(stores)('collapsed validations with %s (RFC 9111 §4)', (_name, makeStore) => {
  it('COLL-01: a thousand concurrent requests for one stale response make one validation', async () => {
    const { client, barrier } = await withStale(makeStore(), ok('max-age=60', etag), notModified(etag))
    const answers = Promise.all(Array.from({ length: 1_000 }, () => ask(client, '/')))
    await barrier.held(1)
    await turns(20)
    barrier.release(0)
    for (const { status, text } of await answers) expect([status, text]).toEqual([200, 'body 0'])
    await decided(client, 1_001)
    expect(client.asked).toBe(2)
    const validated = client.decisions.filter(({ outcome }) => outcome === 'validated')
    expect(validated).toHaveLength(1_000)
    expect(validated.filter(({ collapsed, reason }) => collapsed && reason === 'stale')).toHaveLength(999)
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'hit', age: 0 })
  })

  it('COLL-01: STALE-04: a thousand stale hits under stale-while-revalidate make one validation', async () => {
    const { client, barrier } = await withStale(
      makeStore(),
      ok('max-age=1, stale-while-revalidate=600', etag),
      notModified(etag)
    )
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => ask(client, '/')))
    for (const { text } of answers) expect(text).toBe('body 0')
    await barrier.held(1)
    expect(client.asked).toBe(2)
    barrier.release(0)
    expect(await backgroundDecision(client)).toMatchObject({ outcome: 'validated', stored: true })
  })

  it('COLL-01: who has to wait joins a validation in the background', async () => {
    const { client, barrier } = await withStale(
      makeStore(),
      ok('max-age=60, stale-while-revalidate=600', etag),
      notModified(etag)
    )
    expect((await ask(client, '/')).text).toBe('body 0')
    const strict = ask(client, '/', { headers: { 'Cache-Control': 'max-age=50' } })
    await barrier.held(1)
    await turns(20)
    expect(client.asked).toBe(2)
    barrier.release(0)
    expect(await strict).toMatchObject({ text: 'body 0', headers: { age: '0' } })
    await decided(client, 4)
    expect(client.asked).toBe(2)
  })

  it('COLL-01: a new response that comes in place of a confirmation is shared too', async () => {
    const { client, barrier } = await withStale(makeStore(), ok('max-age=60', etag), ok('max-age=60'))
    const answers = [ask(client, '/'), ask(client, '/'), ask(client, '/', { method: 'HEAD' })]
    await barrier.held(1)
    await turns(20)
    barrier.release(0)
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(['body 1', 'body 1', ''])
    expect(client.asked).toBe(2)
    await decided(client, 4)
    expect(client.decisions.slice(1).map(({ outcome, reason }) => [outcome, reason])).toEqual(
      Array(3).fill(['miss', 'stale'])
    )
  })

  it('COLL-01: what is stale again at once is confirmed for each, and nobody waits next time', async () => {
    const { client, barrier } = await withStale(makeStore(), ok('max-age=0', etag), notModified(etag))
    const answers = [ask(client, '/'), ask(client, '/'), ask(client, '/')]
    await barrier.held(1)
    await turns(20)
    expect(client.asked).toBe(2)
    barrier.release(0)
    await barrier.held(3)
    for (const n of [1, 2]) barrier.release(n)
    await Promise.all(answers)
    await decided(client, 4)
    const next = [ask(client, '/'), ask(client, '/')]
    await barrier.held(5)
    for (const n of [3, 4]) barrier.release(n)
    expect((await Promise.all(next)).map(({ text }) => text)).toEqual(['body 0', 'body 0'])
    await decided(client, 6)
  })

  it('COLL-01: INV-06: who asks after an invalidation does not wait for what was asked before', async () => {
    const { client, barrier } = await withStale(makeStore(), ok('max-age=60', etag), ok('max-age=60'))
    const before = ask(client, '/')
    await barrier.held(1)
    await ask(client, '/', { method: 'POST' })
    const after = [ask(client, '/'), ask(client, '/')]
    await barrier.held(2)
    await turns(20)
    expect(client.asked).toBe(4)
    barrier.release(1)
    expect((await Promise.all(after)).map(({ text }) => text)).toEqual(['body 3', 'body 3'])
    barrier.release(0)
    expect((await before).text).toBe('body 1')
    await decided(client, 5)
  })

  it('COLL-01, GRP-02, INV-06: nor for a validation that was asked for before its group was invalidated', async () => {
    const grouped = { ...etag, 'Cache-Groups': '"g"' }
    const first = ok('max-age=60', { ...grouped, 'Cache-Group-Invalidation': '"g"' })
    const { client, barrier } = await withStale(makeStore(), first, notModified(grouped))
    const before = ask(client, '/')
    await barrier.held(1)
    await ask(client, '/other', { method: 'POST' })
    const after = [ask(client, '/'), ask(client, '/')]
    await turns(20)
    barrier.release(0)
    expect((await before).text).toBe('body 0')
    await barrier.held(2)
    await turns(20)
    for (let n = 1; n < client.asked - 2; n++) barrier.release(n)
    for (const { status, text } of await Promise.all(after)) expect([status, text]).toEqual([200, 'body 0'])
    await decided(client, 5)
  })

  it.each<[what: string, failure: OriginAnswer | 'cut', listens: boolean]>([
    ['a failure', { status: 503 }, true],
    ['no answer', 'cut', true],
    ['a failure, though nobody listens', { status: 503 }, false]
  ])('COLL-01: STALE-05: %s is answered with what is stored, for all that wait', async (_what, failure, listens) => {
    const { client, barrier } = await withStale(
      makeStore(),
      ok('max-age=60, stale-if-error=600', etag),
      failure,
      listens
    )
    const answers = [ask(client, '/'), ask(client, '/'), ask(client, '/', { method: 'HEAD' })]
    await barrier.held(1)
    await turns(20)
    barrier.release(0)
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(['body 0', 'body 0', ''])
    expect(client.asked).toBe(2)
    if (!listens) return
    await decided(client, 4)
    const forwardStatus = failure === 'cut' ? {} : { forwardStatus: 503 }
    const told = { outcome: 'stale-hit', stale: 'stale-if-error', reason: 'stale', ...forwardStatus }
    expect(client.decisions.slice(1)).toMatchObject([told, told, told])
    expect(client.decisions.filter(({ collapsed }) => collapsed)).toHaveLength(2)
  })

  it('COLL-01, QRY-01: so are those of a QUERY whose mark the store has lost', async () => {
    const store = makeStore()
    const barrier = new Barrier()
    const client = await setUp(store, ({ clock }, _request, response, n) => {
      if (n === 0) send(response, ok('max-age=60', etag), clock, n)
      else barrier.hold(() => send(response, notModified(etag), clock, n))
    })
    const query: Ask = { method: 'QUERY', headers: { 'content-type': 'text/plain' }, body: 'a' }
    await client.get('/', query)
    loseMarks(store)
    const answers = [1, 2, 3].map(() => ask(client, '/', query))
    await barrier.held(1)
    await turns(20)
    for (let n = 0; n < client.asked - 1; n++) barrier.release(n)
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(Array(3).fill('body 0'))
    expect(client.asked).toBe(2)
    await decided(client, 4)
  })

  it('COLL-01: STALE-05: who may not be served a stale response asks for himself when the validation fails', async () => {
    const { client, barrier } = await withStale(makeStore(), ok('max-age=60', etag), { status: 503 })
    const lenient: Ask = { headers: { 'Cache-Control': 'stale-if-error=600' } }
    const answers = [ask(client, '/', lenient), ask(client, '/'), ask(client, '/', lenient)]
    await barrier.held(1)
    await turns(20)
    barrier.release(0)
    await barrier.held(2)
    barrier.release(1)
    expect((await Promise.all(answers)).map(({ status, text }) => `${status} ${text}`)).toEqual([
      '200 body 0',
      '503 body 2',
      '200 body 0'
    ])
    expect(client.asked).toBe(3)
    await decided(client, 4)
  })

  it('COLL-01: STALE-05: nor does the failure of a validation in the background fail who has joined it', async () => {
    const { client, barrier } = await withStale(
      makeStore(),
      ok('max-age=60, stale-while-revalidate=600, stale-if-error=600', etag),
      { status: 503 }
    )
    await ask(client, '/')
    const strict = [1, 2].map(() => ask(client, '/', { headers: { 'Cache-Control': 'max-age=50' } }))
    await barrier.held(1)
    await turns(20)
    barrier.release(0)
    for (const { status, text } of await Promise.all(strict)) expect([status, text]).toEqual([200, 'body 0'])
    expect(client.asked).toBe(2)
    await decided(client, 5)
  })

  it('COLL-01: STALE-05: INV-06: what was invalidated meanwhile stands in for no failure', async () => {
    const { client, barrier } = await withStale(makeStore(), ok('max-age=60, stale-if-error=600', etag), {
      status: 503
    })
    const answers = [ask(client, '/'), ask(client, '/')]
    await barrier.held(1)
    await turns(20)
    await ask(client, '/', { method: 'POST' })
    barrier.release(0)
    await barrier.held(2)
    barrier.release(1)
    expect((await Promise.all(answers)).map(({ status, text }) => `${status} ${text}`)).toEqual([
      '503 body 1',
      '503 body 3'
    ])
    await decided(client, 4)
  })

  it('CS-03: Cache-Status tells who was answered together with another one', async () => {
    const barrier = new Barrier()
    const answers = [ok('max-age=60, stale-if-error=600', etag), notModified(etag), { status: 503 }]
    const client = await setUp(
      makeStore(),
      ({ clock }, _request, response, n) => barrier.hold(() => send(response, answers[n] as OriginAnswer, clock, n)),
      { cacheStatus: 'c' }
    )
    const shown: unknown[] = []
    for (const n of answers.keys()) {
      const together = [ask(client, '/'), ask(client, '/')]
      await barrier.held(n + 1)
      await turns(20)
      barrier.release(n)
      shown.push((await Promise.all(together))[1]?.headers['cache-status'])
      client.clock.advance(100)
    }
    expect(shown).toEqual([
      'c; fwd=uri-miss; collapsed; fwd-status=200; ttl=60',
      'c; fwd=stale; collapsed; fwd-status=304; ttl=60',
      'c; fwd=stale; collapsed; fwd-status=503; ttl=-40; detail=stale-if-error'
    ])
    await decided(client, 6)
  })
})
