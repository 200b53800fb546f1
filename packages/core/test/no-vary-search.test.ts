import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { slotOf } from '../src/rules/storable-head.js'
import type { Found } from '../src/store.js'
import { digest } from '../src/stored-responses.js'
import { answering, ask, Barrier, decided, notModified, type OriginAnswer, ok, send } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'
import { paths } from './listing.js'
import { MapStore } from './map-store.js'
import { storedWith } from './rule-inputs.js'

const on = { noVarySearch: true }
const saying = (rules: string, fields = {}): OriginAnswer => ok('max-age=600', { 'No-Vary-Search': rules, ...fields })
const utm = saying('params=("utm")')
const swr = ok('max-age=600, stale-while-revalidate=60', { 'No-Vary-Search': 'params=("utm")', ETag: '"a"' })
const staleIfError = ok('max-age=600, stale-if-error=60', { 'No-Vary-Search': 'params=("utm")', ETag: '"a"' })

/** Answers what changes something with 204, and everything else with `answer`. */
function origin(answer: OriginAnswer) {
  return (client: SetUp, { method }: { method: string }, response: Parameters<typeof send>[0], n: number) =>
    send(response, method === 'GET' || method === 'HEAD' ? answer : { status: 204, body: '' }, client.clock, n)
}

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => {
  jest.restoreAllMocks()
})

describe.each(stores)('No-Vary-Search with %s', (_name, makeStore) => {
  const start = (answer: OriginAnswer, options = {}) => setUp(makeStore(), origin(answer), { ...on, ...options })

  it('NVS-01: a response answers requests for other queries that make no difference', async () => {
    const client = await start(utm)
    await client.get('/p?id=1&utm=a')
    expect(await client.get('/p?utm=b&id=1')).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
    expect((await client.get('/p?id=1')).decision.outcome).toBe('hit')
    expect((await client.get('/p?id=2')).decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss' })
    expect((await client.get('/p?id=2&utm=c', { method: 'HEAD' })).decision.outcome).toBe('hit')
    expect(client.asked).toBe(2)
  })

  it('NVS-01: without the option the field means nothing', async () => {
    const client = await start(utm, { noVarySearch: false })
    await client.get('/p?utm=a')
    expect((await client.get('/p?utm=b')).decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss' })
  })

  it('NVS-01: without the option the store is asked for nothing more, and with it not for a hit', async () => {
    const keys: string[] = []
    class Watched extends MapStore {
      override get(key: string) {
        keys.push(key)
        return super.get(key)
      }
    }
    for (const noVarySearch of [false, true]) {
      const client = await setUp(new Watched(), origin(utm), { noVarySearch })
      await client.get('/p?utm=a')
      expect(keys.some((key) => key.startsWith('*'))).toBe(noVarySearch)
      keys.length = 0
      expect((await client.get('/p?utm=a')).decision.outcome).toBe('hit')
      expect(keys).toEqual([`${client.origin.url}/p?utm=a`])
      keys.length = 0
    }
  })

  it('NVS-01, INV-08: the answer to a POST is stored beside it', async () => {
    const posted = ok('max-age=60', { 'Content-Location': '/p?utm=a' })
    const client = await setUp(
      makeStore(),
      ({ clock }, { method }, response, n) => send(response, method === 'POST' ? posted : utm, clock, n),
      on
    )
    await client.get('/p?utm=b')
    expect((await client.get('/p?utm=a', { method: 'POST' })).decision.stored).toBe(true)
    expect(await client.get('/p?utm=a')).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
    expect((await client.get('/p?utm=b')).text).toBe('body 1')
  })

  it('NVS-01: what was stored for the very URI comes first', async () => {
    const client = await setUp(
      makeStore(),
      (client, { path }, response, n) => send(response, { ...utm, body: path }, client.clock, n),
      on
    )
    await client.get('/p?utm=a')
    await client.get('/p?utm=b', { headers: { 'cache-control': 'no-cache' } })
    expect((await client.get('/p?utm=a')).text).toBe('/p?utm=a')
    client.clock.advance(1)
  })

  it('NVS-01: a stale one is not validated for another URI: its validators are not those of that one', async () => {
    const client = await start(saying('params=("utm")', { ETag: '"a"' }))
    await client.get('/p?utm=a')
    client.clock.advance(601)
    expect((await client.get('/p?utm=b')).decision).toMatchObject({ outcome: 'miss', reason: 'stale' })
    expect(client.origin.requests[1]?.headers).not.toHaveProperty('if-none-match')
    expect((await client.get('/p?utm=c')).decision.outcome).toBe('hit')
  })

  it('NVS-01, STALE-03: a stale one is served at once if it says so, and the origin is asked for the URI itself', async () => {
    const client = await start(swr)
    await client.get('/p?utm=a')
    client.clock.advance(601)
    const served = client.get('/p?utm=b', { headers: { 'if-none-match': '"b"' } })
    const refreshed = client.nextDecision()
    expect(await served).toMatchObject({
      text: 'body 0',
      headers: { age: '601' },
      decision: { outcome: 'stale-hit', stale: 'stale-while-revalidate' }
    })
    expect(await refreshed).toMatchObject({ outcome: 'miss', reason: 'stale', background: true, stored: true })
    expect(client.origin.requests[1]).toMatchObject({ path: '/p?utm=b' })
    expect(client.origin.requests[1]?.headers).not.toHaveProperty('if-none-match')
    // What came in the background is newer than what was served.
    expect(await client.get('/p?utm=c')).toMatchObject({ decision: { outcome: 'hit', age: 0 } })
    expect((await client.get('/p?utm=a')).decision.outcome).toBe('stale-hit')
  })

  it('NVS-01, STALE-04: once at a time for what is stale, whichever queries it answers', async () => {
    const barrier = new Barrier()
    const client = await setUp(
      makeStore(),
      (client, _request, response, n) => {
        const go = () => send(response, swr, client.clock, n)
        if (client.asked === 2) barrier.hold(go)
        else go()
      },
      on
    )
    await client.get('/p?utm=a')
    client.clock.advance(601)
    const answers = await Promise.all(['b', 'c', 'd', 'd'].map((utm) => ask(client, `/p?utm=${utm}`)))
    expect(answers.map(({ text }) => text)).toEqual(['body 0', 'body 0', 'body 0', 'body 0'])
    await barrier.held(1)
    barrier.release(0)
    await client.cache.close()
    expect(client.asked).toBe(2)
  })

  it('NVS-01: of several, what can be served stale comes before what may stand in for a failure', async () => {
    const lasting = (cacheControl: string) => ok(cacheControl, { 'No-Vary-Search': 'params=("utm")' })
    const answers = [
      'max-age=2, stale-if-error=60',
      'max-age=1, stale-while-revalidate=60',
      'max-age=2, stale-if-error=60'
    ]
    const client = await setUp(
      makeStore(),
      ({ clock }, _request, response) => send(response, lasting(answers.shift() ?? 'max-age=60'), clock),
      on
    )
    const newly = { headers: { 'cache-control': 'no-cache' } }
    await client.get('/p?utm=a', newly)
    client.clock.advance(1)
    await client.get('/p?utm=b', newly)
    client.clock.advance(1)
    await client.get('/p?utm=c', newly)
    client.clock.advance(10)
    expect((await client.get('/p?utm=d')).decision).toMatchObject({ outcome: 'stale-hit', age: 11 })
    await client.cache.close()
  })

  it('NVS-01: what is fresh is served, though something newer is stale', async () => {
    const rules = { 'No-Vary-Search': 'params=("utm")' }
    const lasting = ['max-age=60', 'max-age=1, stale-while-revalidate=60'].map((cacheControl) =>
      ok(cacheControl, rules)
    )
    const client = await setUp(
      makeStore(),
      ({ clock }, _request, response) => send(response, lasting.shift() ?? utm, clock),
      on
    )
    await client.get('/p?utm=a')
    client.clock.advance(1)
    await client.get('/p?utm=b', { headers: { 'cache-control': 'no-cache' } })
    client.clock.advance(10)
    expect((await client.get('/p?utm=c')).decision).toMatchObject({ outcome: 'hit', age: 11 })
  })

  it('NVS-01: a 304 to the caller is about his URI alone', async () => {
    const client = await setUp(
      makeStore(),
      ({ clock }, { path }, response) =>
        send(response, path === '/p?utm=a' ? swr : notModified({ ETag: '"a"' }), clock),
      on
    )
    await client.get('/p?utm=a')
    client.clock.advance(661)
    const answer = await client.get('/p?utm=b', { headers: { 'if-none-match': '"a"' } })
    expect(answer).toMatchObject({ status: 304, decision: { outcome: 'miss', reason: 'stale' } })
    expect((await client.get('/p?utm=a', { headers: { 'cache-control': 'only-if-cached' } })).status).toBe(504)
  })

  it.each([
    ['a status that stands for it', 503],
    ['no answer', 0]
  ])('NVS-01, STALE-05: a stale one stands in for a failure of the origin, %s', async (_how, status) => {
    const client = await setUp(
      makeStore(),
      ({ clock }, { path }, response, n) => {
        if (path === '/p?utm=a') send(response, staleIfError, clock, n)
        else if (status === 0) response.destroy()
        else send(response, { status }, clock, n)
      },
      { ...on, cacheStatus: 'c' }
    )
    await client.get('/p?utm=a')
    client.clock.advance(602)
    const forwarded = status === 0 ? {} : { forwardStatus: status }
    expect(await client.get('/p?utm=b', { headers: { 'if-none-match': '"b"' } })).toMatchObject({
      status: 200,
      text: 'body 0',
      headers: { 'cache-status': expect.stringMatching(/^c; fwd=stale;.* ttl=-2; detail=stale-if-error$/) },
      decision: { outcome: 'stale-hit', reason: 'stale', stale: 'stale-if-error', ...forwarded }
    })
    expect(client.origin.requests[1]?.headers).toMatchObject({ 'if-none-match': '"b"' })
  })

  it('NVS-01, STALE-05: and for nothing else, nor for longer, nor once it was invalidated in the meantime', async () => {
    const barrier = new Barrier()
    const client = await setUp(
      makeStore(),
      ({ clock }, { method, path }, response, n) => {
        if (method === 'PUT') send(response, { status: 204, body: '' }, clock, n)
        else if (path === '/p?utm=a') send(response, staleIfError, clock, n)
        else if (path === '/p?utm=b') send(response, { status: 501 }, clock, n)
        else if (path === '/p?utm=c') barrier.hold(() => send(response, { status: 503 }, clock, n))
        else send(response, { status: 503 }, clock, n)
      },
      on
    )
    await client.get('/p?utm=a')
    client.clock.advance(602)
    expect((await client.get('/p?utm=b')).status).toBe(501)
    expect((await client.get('/p?id=1')).status).toBe(503)
    const waiting = ask(client, '/p?utm=c')
    await barrier.held(1)
    await ask(client, '/p?utm=a', { method: 'PUT' })
    barrier.release(0)
    expect((await waiting).status).toBe(503)
    await client.get('/p?utm=a')
    client.clock.advance(600 + 61)
    expect((await client.get('/p?utm=d')).status).toBe(503)
  })

  it('NVS-01, COLL-01: who asks the same at the same time shares the request, and the failure', async () => {
    const barrier = new Barrier()
    const client = await setUp(
      makeStore(),
      ({ clock }, { path }, response, n) => {
        if (path === '/p?utm=a') send(response, staleIfError, clock, n)
        else barrier.hold(() => send(response, { status: 503 }, clock, n))
      },
      on
    )
    await client.get('/p?utm=a')
    client.clock.advance(602)
    const waiting = Array.from({ length: 5 }, () => ask(client, '/p?utm=b'))
    await barrier.held(1)
    barrier.release(0)
    for (const answer of await Promise.all(waiting)) expect(answer).toMatchObject({ status: 200, text: 'body 0' })
    expect(client.asked).toBe(2)
  })

  it('NVS-01, REQ-06: with only-if-cached a stale one is served if it says so, and nothing is asked', async () => {
    const client = await start(swr)
    await client.get('/p?utm=a')
    client.clock.advance(601)
    const headers = { 'cache-control': 'only-if-cached' }
    expect((await client.get('/p?utm=b', { headers })).decision.outcome).toBe('stale-hit')
    client.clock.advance(61)
    expect((await client.get('/p?utm=b', { headers })).status).toBe(504)
    expect(client.asked).toBe(1)
  })

  it('NVS-01: one that was validated is found again', async () => {
    const client = await setUp(makeStore(), answering(saying('params=("utm")', { ETag: '"a"' }), notModified()), on)
    await client.get('/p?utm=a')
    client.clock.advance(86_900)
    expect((await client.get('/p?utm=a')).decision.outcome).toBe('validated')
    // What was known of it before is dropped by now.
    client.clock.advance(200)
    expect((await client.get('/p?utm=b')).decision.outcome).toBe('hit')
  })

  it('NVS-02: rules that cannot be read have no effect', async () => {
    for (const rules of ['params=("utm"), except=("b")', 'params=utm', 'key-order=1', 'params=("utm"', '']) {
      const client = await start(saying(rules))
      await client.get('/p?utm=a')
      expect((await client.get('/p?utm=b')).decision.outcome).toBe('miss')
    }
  })

  it('NVS-03: key-order alone, and with except', async () => {
    const client = await start(saying('key-order'))
    await client.get('/p?a=1&b=2&a=3')
    expect((await client.get('/p?b=2&a=1&a=3')).decision.outcome).toBe('hit')
    expect((await client.get('/p?b=2&a=3&a=1')).decision.outcome).toBe('miss')
    const other = await start(saying('key-order, except=("a" "b")'))
    await other.get('/p?a=1&b=2')
    expect((await other.get('/p?x=1&b=2&y=2&a=1')).decision.outcome).toBe('hit')
  })

  it('NVS-03: it crosses neither path, origin, partition, key field, method nor Vary', async () => {
    const client = await start(saying('params=("utm")', { Vary: 'Foo' }), {
      keyFields: ['X-Key'],
      partition: (request: { field(name: string): string | undefined }) => request.field('x-user') ?? ''
    })
    const asked = { headers: { foo: '1', 'x-key': '1', 'x-user': '1' } }
    await client.get('/p?utm=a', asked)
    expect((await client.get('/p?utm=b', asked)).decision.outcome).toBe('hit')
    const others = [
      client.get('/q?utm=b', asked),
      client.get('/p?utm=b', { headers: { ...asked.headers, foo: '2' } }),
      client.get('/p?utm=b', { headers: { ...asked.headers, 'x-key': '2' } }),
      client.get('/p?utm=b', { headers: { ...asked.headers, 'x-user': '2' } }),
      client.get('/p?utm=b', { headers: { ...asked.headers, host: 'b.example' } }),
      client.get('/p?utm=b', { ...asked, method: 'QUERY' })
    ]
    for (const other of others) expect((await other).decision.outcome).not.toBe('hit')
    const heads = await start(utm)
    await heads.get('/p?utm=a', { method: 'HEAD' })
    expect((await heads.get('/p?utm=b')).decision.outcome).toBe('miss')
  })

  it('NVS-03: an invalidation covers what answers its URI', async () => {
    const client = await start(utm)
    await client.get('/p?id=1&utm=a')
    await client.get('/p?id=1&utm=b', { method: 'PUT' })
    expect((await client.get('/p?id=1&utm=c')).decision.outcome).toBe('miss')
    const other = await start(utm)
    await other.get('/p?id=1&utm=a')
    await other.get('/p?id=1&utm=b', { method: 'PUT' })
    expect((await other.get('/p?id=1&utm=a')).decision).toMatchObject({ outcome: 'miss' })
    expect((await other.get('/p?id=1&utm=c')).decision.outcome).toBe('hit')
  })

  it('NVS-03: so does one by hand, and what is listed are the responses alone', async () => {
    const client = await start(utm)
    await client.get('/p?utm=a')
    expect(await paths(client)).toEqual(['/p?utm=a'])
    await client.cache.invalidate(`${client.origin.url}/p?utm=b`)
    expect((await client.get('/p?utm=c')).decision.outcome).toBe('miss')
  })

  it('NVS-03: so does one by another cache that shares the store', async () => {
    const store = makeStore()
    const client = await setUp(store, origin(utm), on)
    const other = await setUp(store, origin(utm), on)
    await client.get('/p?utm=a')
    await other.get('/p?utm=b', { method: 'PUT', origin: client.origin.url })
    expect((await client.get('/p?utm=c')).decision.outcome).toBe('miss')
  })

  it('NVS-03, INV-06: a response that was requested before is not found, nor used for its own URI', async () => {
    const barrier = new Barrier()
    const client = await setUp(
      makeStore(),
      (client, { method }, response, n) => {
        const go = () => send(response, method === 'GET' ? utm : { status: 204, body: '' }, client.clock, n)
        if (method === 'GET' && client.asked === 1) barrier.hold(go)
        else go()
      },
      on
    )
    const slow = ask(client, '/p?utm=a')
    await barrier.held(1)
    await ask(client, '/p?utm=b', { method: 'PUT' })
    barrier.release(0)
    await slow
    await decided(client, 2)
    expect((await client.get('/p?utm=a')).text).toBe('body 1')
    expect((await client.get('/p?utm=c')).decision.outcome).toBe('hit')
  })

  it('NVS-01: a response that says something else now answers no other query by what it said before', async () => {
    const client = await setUp(makeStore(), answering(utm, saying('params=("x")')), on)
    await client.get('/p?utm=a')
    await client.get('/p?utm=a', { headers: { 'cache-control': 'no-cache' } })
    expect((await client.get('/p?utm=b')).decision.outcome).toBe('miss')
    expect((await client.get('/p?utm=a&x')).decision.outcome).toBe('hit')
  })

  it('NVS-01, VARY-08: rules of a path change, and what is stored under the old ones counts until it is stale', async () => {
    const client = await setUp(makeStore(), answering(utm, saying('params=("x")')), on)
    await client.get('/p?utm=a')
    expect((await client.get('/p?utm=b&x=1')).decision.outcome).toBe('miss')
    expect((await client.get('/p?utm=b')).decision.outcome).toBe('hit')
    expect((await client.get('/p?x=2&utm=b')).decision.outcome).toBe('miss')
  })

  it('REQ-06: only-if-cached finds it, too', async () => {
    const client = await start(utm)
    await client.get('/p?utm=a')
    const headers = { 'cache-control': 'only-if-cached' }
    expect((await client.get('/p?utm=b', { headers })).decision.outcome).toBe('hit')
    expect((await client.get('/q?utm=b', { headers })).status).toBe(504)
  })

  it('NVS-03: nor is anything found that could not be told to be covered', async () => {
    const faults = { isOn: false }
    class Forgetful extends MapStore {
      override get(key: string) {
        if (faults.isOn && key.startsWith('*[')) throw new Error('broken')
        return super.get(key)
      }
    }
    const client = await setUp(new Forgetful(), origin(utm), on)
    await client.get('/p?utm=a')
    faults.isOn = true
    await client.get('/p?utm=b', { method: 'PUT' })
    faults.isOn = false
    expect((await client.get('/p?utm=c')).decision.outcome).toBe('miss')
  })

  it('ROB-02: nothing is lost with a store that fails for the index alone', async () => {
    class Failing extends MapStore {
      override get(key: string) {
        if (key.startsWith('*')) throw new Error('broken')
        return super.get(key)
      }
    }
    const client = await setUp(new Failing(), origin(utm), on)
    await client.get('/p?utm=a')
    expect((await client.get('/p?utm=b')).text).toBe('body 0')
    expect((await client.get('/p?utm=a')).text).toBe('body 0')
  })

  it('NVS-01: rules of a path, and responses to a query, are known up to a limit; the latest are', async () => {
    const store = makeStore()
    const client = await setUp(
      store,
      ({ clock }, { path }, response, n) => {
        const rules = new URL(path, 'http://a').searchParams.get('rules')
        send(response, saying(`params=("utm" "x${rules}")`, { Vary: 'Foo' }), clock, n)
      },
      on
    )
    for (let n = 0; n < 12; n++) {
      await client.get(`/p?rules=${n}`)
      await client.get(`/q?utm=${n}&rules=0`, { headers: { foo: `${n}` } })
      client.clock.advance(1)
    }
    const listed: number[] = []
    for await (const key of store.keys()) {
      if (key.startsWith('*')) listed.push((await store.get(key)).responses.length)
    }
    expect(Math.max(...listed)).toBe(8)
    expect(listed.filter((count) => count > 4)).toHaveLength(1)
    expect((await client.get('/p?rules=11&utm=x')).decision.outcome).toBe('hit')
    expect((await client.get('/p?rules=0&utm=x')).decision.outcome).toBe('miss')
    expect((await client.get('/q?rules=0', { headers: { foo: '11' } })).decision.outcome).toBe('hit')
    expect((await client.get('/q?rules=0', { headers: { foo: '0' } })).decision.outcome).toBe('miss')
  })
})

describe('No-Vary-Search in a store that others can write into (SEC-05)', () => {
  /** Hands out an index in which every response is said to answer every query. */
  class Misleading extends MapStore {
    constructor(readonly lie: string) {
      super()
    }

    override async get(key: string): Promise<Found> {
      const { responses, ...mark } = await super.get(key)
      const isPointer = key.startsWith('*["') && key.includes('[[')
      if (!isPointer || responses.length > 0) return { responses, ...mark }
      const selecting = [['value', this.lie]] as const
      const slot = slotOf('GET', selecting, digest)
      const [, origin] = /"(http:[^"]*)\/p"/.exec(key) ?? []
      const marks = { [`*${origin}/p`]: (await super.get(`*${origin}/p`)).mark?.value ?? '' }
      return {
        responses: [{ response: { ...storedWith([]), key, slot, selecting, marks, bodyBytes: 0, digests: [] } }]
      }
    }
  }

  it.each(['/secret', '/p?id=1&utm=a'])('NVS-01: what it leads to is compared again: %s', async (path) => {
    const store = new Misleading('')
    const client = await setUp(store, origin(utm), on)
    Object.assign(store, { lie: client.origin.url + path })
    await client.get('/secret')
    await client.get('/p?id=1&utm=a')
    expect((await client.get('/p?id=2&utm=a')).decision.outcome).toBe('miss')
    expect((await client.get('/p?id=1&utm=b')).decision.outcome).toBe('hit')
  })

  it('NVS-01: under integrityKey only what was signed counts', async () => {
    const client = await setUp(new MapStore(), origin(utm), { ...on, integrityKey: 'k'.repeat(32) })
    await client.get('/p?utm=a')
    expect((await client.get('/p?utm=b')).decision.outcome).toBe('hit')
  })
})
