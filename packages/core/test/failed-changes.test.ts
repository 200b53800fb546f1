import { cacheInterceptor } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { Agent, type Dispatcher, request } from 'undici'
import type { Found, Mark } from '../src/store.js'
import { answering, ask, Barrier, decided, notModified, ok, send } from './answers.js'
import { setUp, stores, type TestClock } from './harness.js'
import { MapStore } from './map-store.js'

const fresh = ok('max-age=600', { ETag: '"a"' })

describe.each(stores)('unsafe requests that fail, with %s (RFC 9111 §4.4)', (_name, makeStore) => {
  it('INV-07: a POST whose connection ends before its answer may have changed something', async () => {
    const client = await setUp(makeStore(), (client, received, response, n) => {
      if (received.method === 'POST') response.destroy()
      else answering(fresh, notModified())(client, received, response, n)
    })
    await client.get('/')
    await expect(ask(client, '/', { method: 'POST', body: 'x' })).rejects.toThrow()
    await decided(client, 2)
    expect(client.decisions[1]).toMatchObject({ outcome: 'bypass', reason: 'method', stored: false })
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'validated', reason: 'stale' })
  })

  it('INV-07: so may one that its caller gave up', async () => {
    const barrier = new Barrier()
    const client = await setUp(makeStore(), ({ clock }, received, response, n) => {
      if (received.method === 'POST') barrier.hold(() => response.end())
      else send(response, fresh, clock, n)
    })
    await client.get('/')
    const aborter = new AbortController()
    const { signal } = aborter
    const posted = request(`${client.origin.url}/`, { method: 'POST', dispatcher: client.dispatcher, signal })
    await barrier.held(1)
    aborter.abort()
    await expect(posted).rejects.toThrow()
    await decided(client, 2)
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'stale' })
  })

  it('INV-07: one that was never handed to the network has changed nothing', async () => {
    const client = await setUp(makeStore(), answering(fresh))
    const refusing: Dispatcher.DispatcherComposeInterceptor = (dispatch) =>
      function refusing(opts, handler) {
        if (opts.method === 'POST') throw new Error('not sent')
        return dispatch(opts, handler)
      }
    const outcomes: string[] = []
    const agent = new Agent()
    const interceptor = cacheInterceptor({
      store: makeStore(),
      clock: () => client.clock.now,
      onDecision: ({ outcome }) => outcomes.push(outcome)
    })
    const dispatcher = agent.compose(refusing, interceptor)
    const send = async (method: 'GET' | 'POST') =>
      (await request(client.origin.url, { dispatcher, method })).body.dump()
    await send('GET')
    await expect(send('POST')).rejects.toThrow('not sent')
    await send('GET')
    await agent.close()
    expect(outcomes.sort()).toEqual(['bypass', 'hit', 'miss'])
  })

  it('INV-01: a 2xx whose body breaks off has changed something all the same', async () => {
    const client = await setUp(makeStore(), (client, received, response, n) => {
      if (received.method !== 'POST') return answering(fresh)(client, received, response, n)
      response.setHeader('Content-Length', '100')
      response.write('cut', () => response.destroy())
    })
    await client.get('/')
    await expect(ask(client, '/', { method: 'POST' })).rejects.toThrow()
    await decided(client, 2)
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'stale' })
  })
})

/** A store whose marks are written only after a while, and which says when they are. */
class SlowlyMarkingStore extends MapStore {
  readonly marking = new Barrier()

  override mark(key: string, mark: Mark): Promise<void> {
    return new Promise((resolve) => this.marking.hold(() => Promise.resolve(super.mark(key, mark)).then(resolve)))
  }
}

it('INV-01: the caller sees the answer to an unsafe request only once what is stored is invalid', async () => {
  const store = new SlowlyMarkingStore()
  const client = await setUp(store, answering(fresh, { status: 204, body: '' }, notModified()), {
    storeTimeoutMs: 60_000
  })
  await client.get('/')
  let hasAnswer = false
  const changed = ask(client, '/', { method: 'PUT' }).then(() => {
    hasAnswer = true
  })
  await store.marking.held(1)
  // While the mark is being written nothing is served, and the caller of the PUT has no answer yet.
  expect((await ask(client, '/')).text).toBe('')
  expect(hasAnswer).toBe(false)
  store.marking.release(0)
  await changed
  expect(client.origin.requests.map(({ method }) => method)).toEqual(['GET', 'PUT', 'GET'])
})

/** A store that drops marks as soon as it may: at their time, where nothing is stored under their key. */
class ForgetfulStore extends MapStore {
  clock: TestClock | undefined

  constructor() {
    super({ sync: true })
  }

  override get(key: string): Found {
    const { mark, ...found } = super.get(key) as Found
    if (mark === undefined || found.responses.length > 0) return mark === undefined ? found : { ...found, mark }
    return mark.dropAt > (this.clock?.now ?? 0) ? { ...found, mark } : found
  }
}

it('INV-01: an invalidation outlasts its mark, also for what is stored under another key than the target', async () => {
  const store = new ForgetfulStore()
  const client = await setUp(
    store,
    ({ clock }, { method, headers }, response, n) => {
      const stored = ok('max-age=100000', { ETag: '"a"' })
      send(
        response,
        method === 'PUT' ? { status: 204, body: '' } : headers['if-none-match'] ? notModified() : stored,
        clock,
        n
      )
    },
    { keyFields: ['X-Tenant'] }
  )
  store.clock = client.clock
  const tenant = { headers: { 'x-tenant': '1' } }
  await client.get('/', tenant)
  expect((await client.get('/', tenant)).decision.outcome).toBe('hit')
  client.clock.advance(3601)
  // The mark is gone: nobody can tell whether there was an invalidation.
  expect((await client.get('/', tenant)).decision.outcome).toBe('validated')
  expect((await client.get('/', tenant)).decision.outcome).toBe('hit')
  await client.get('/', { method: 'PUT' })
  client.clock.advance(3601)
  expect((await client.get('/', tenant)).decision).toMatchObject({ outcome: 'validated', reason: 'stale' })
})
