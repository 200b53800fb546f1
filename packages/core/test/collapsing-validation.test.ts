import { cacheInterceptor } from '@cc/core'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Agent } from 'undici'
import { ask, Barrier, backgroundDecision, decided, notModified, type OriginAnswer, ok, send } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'
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
  then: OriginAnswer,
  listens = true
): Promise<{ client: SetUp; barrier: Barrier }> {
  const barrier = new Barrier()
  const client = await setUp(store, ({ clock }, request, response, n) => {
    if (n === 0 || request.method === 'POST') send(response, first, clock, n)
    else barrier.hold(() => send(response, then, clock, n))
  })
  await client.get('/')
  client.clock.advance(100)
  if (listens) return { client, barrier }
  const silent = new Agent()
  cleanUps.push(() => silent.destroy())
  const dispatcher = silent.compose(cacheInterceptor({ store, clock: () => client.clock.now }))
  return { client: Object.assign(Object.create(client), { dispatcher }), barrier }
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

  it('COLL-01: STALE-05: a failure that is answered with what is stored keeps nobody waiting, though nobody listens', async () => {
    const { client, barrier } = await withStale(
      makeStore(),
      ok('max-age=60, stale-if-error=600', etag),
      { status: 503 },
      false
    )
    const answers = [ask(client, '/'), ask(client, '/'), ask(client, '/')]
    await barrier.held(1)
    await turns(20)
    barrier.release(0)
    await barrier.held(3)
    for (const n of [1, 2]) barrier.release(n)
    for (const { status, text } of await Promise.all(answers)) expect([status, text]).toEqual([200, 'body 0'])
  })
})
