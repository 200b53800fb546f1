import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import {
  answering,
  ask,
  Barrier,
  decided,
  type FieldsGiven,
  notModified,
  type OriginAnswer,
  ok,
  send
} from './answers.js'
import { FaultyStore, Gate, never } from './faulty-store.js'
import { type Ask, type SetUp, setUp, stores } from './harness.js'

type Options = Parameters<typeof setUp>[2]

const created: FieldsGiven = { 'Content-Location': '/a', ETag: '"posted"' }
const posted = ok('max-age=60', created)
const post: Ask = { method: 'POST', body: 'a change' }

/** Answers POST with `answer`, and everything else with what was there. */
function origin(answer: OriginAnswer = posted, stored: OriginAnswer = ok('max-age=600', { ETag: '"old"' })) {
  return (client: SetUp, { method }: { method: string }, response: Parameters<typeof send>[0], n: number) =>
    send(response, method === 'POST' ? answer : stored, client.clock, n)
}

describe.each(stores)('an answer to POST that says it is that to GET, in %s (RFC 9110 §9.3.3)', (_name, makeStore) => {
  it('METH-05: answers GET and HEAD, and no POST', async () => {
    const client = await setUp(makeStore(), origin())
    const first = await client.get('/a', post)
    expect(first).toMatchObject({ status: 200, text: 'body 0' })
    expect(first.decision).toMatchObject({ outcome: 'bypass', reason: 'method', stored: true, lifetime: 60 })
    expect(await client.get('/a')).toMatchObject({ text: 'body 0', decision: { outcome: 'hit', method: 'GET' } })
    expect((await client.get('/a', { method: 'HEAD' })).decision.outcome).toBe('hit')
    expect(await client.get('/a', post)).toMatchObject({ text: 'body 1', decision: { outcome: 'bypass' } })
    expect(await client.get('/a')).toMatchObject({ text: 'body 1', decision: { outcome: 'hit' } })
    expect(client.origin.requests.map(({ method }) => method)).toEqual(['POST', 'POST'])
  })

  it('METH-05: becomes stale and is validated as any other', async () => {
    const client = await setUp(makeStore(), answering(posted, notModified()))
    await client.get('/a', post)
    client.clock.advance(61)
    expect(await client.get('/a')).toMatchObject({ text: 'body 0', decision: { outcome: 'validated' } })
    expect(client.origin.requests[1]).toMatchObject({ method: 'GET', headers: { 'if-none-match': '"posted"' } })
  })

  it.each<[what: string, answer: OriginAnswer]>([
    ['another status', { ...posted, status: 201 }],
    ['no Content-Location', ok('max-age=60')],
    ['the Content-Location of another path', ok('max-age=60', { 'Content-Location': '/b' })],
    ['that of another query', ok('max-age=60', { 'Content-Location': '/a?' })],
    ['that of another origin', ok('max-age=60', { 'Content-Location': 'http://localhost:1/a' })],
    ['two of them', ok('max-age=60', { 'Content-Location': ['/a', '/b'] })],
    ['no freshness', { fields: created }],
    ['a heuristic lifetime only', { fields: { ...created, 'Last-Modified': 'Thu, 01 Jan 2026 00:00:00 GMT' } }],
    ['no time to be fresh', ok('max-age=0', created)],
    ['a lifetime that cannot be read', ok('max-age=x', created)],
    ['no-store (STORE-03)', ok('max-age=60, no-store', created)],
    ['private (STORE-01)', ok('max-age=60, private', created)],
    ['Vary: * (VARY-02)', ok('max-age=60', { ...created, Vary: '*' })],
    ['a cookie (AUTH-06)', ok('max-age=60', { ...created, 'Set-Cookie': 'a=1' })]
  ])('METH-05: is not stored with %s', async (_what, answer) => {
    await expectNotStored(answer)
  })

  it.each([
    ['Authorization (AUTH-01)', { authorization: 'Basic x' }],
    ['no-store (REQ-05)', { 'cache-control': 'no-store' }],
    ['a method override (METH-06)', { 'x-http-method-override': 'DELETE' }]
  ])('METH-05: is not stored if the POST has %s', async (_what, headers) => {
    await expectNotStored(posted, headers)
  })

  it('METH-05: is not stored if the options forbid it', async () => {
    await expectNotStored(posted, {}, { storePostAsGet: false })
    await expectNotStored(posted, {}, { methods: ['HEAD'] })
    const authorized = ok('public, max-age=60', created)
    await expectNotStored(authorized, { authorization: 'Basic x' }, { bypassAuthorized: true })
  })

  async function expectNotStored(answer: OriginAnswer, headers: Record<string, string> = {}, options: Options = {}) {
    const client = await setUp(makeStore(), origin(answer), options)
    const { decision } = await client.get('/a', { ...post, headers })
    expect(decision).toMatchObject({ outcome: 'bypass', stored: false })
    expect((await client.get('/a')).text).toBe('body 1')
  }

  it.each(['Authorization', 'Cookie', 'X-Tenant'])(
    'METH-05, VARY-01: is selected by the %s of the POST',
    async (name) => {
      const answer = ok('max-age=60, must-revalidate', { ...created, Vary: 'X-Tenant' })
      const client = await setUp(makeStore(), origin(answer), { type: 'private' })
      await client.get('/a', { ...post, headers: { [name]: 'ann' } })
      expect((await client.get('/a', { headers: { [name]: 'ann' } })).text).toBe('body 0')
      expect((await client.get('/a', { headers: { [name]: 'bob' } })).decision).toMatchObject({ reason: 'vary-miss' })
      expect((await client.get('/a')).text).not.toBe('body 0')
    }
  )

  it('METH-05, KEY-01: is kept where a GET with its key fields and over its connection looks', async () => {
    const client = await setUp(makeStore(), origin(), { keyFields: ['X-Tenant'] })
    const ann = { 'x-tenant': 'ann', host: 'a.example' }
    await client.get('/a', { ...post, headers: ann })
    expect((await client.get('/a', { headers: ann })).decision.outcome).toBe('hit')
    expect((await client.get('/a', { headers: { ...ann, 'x-tenant': 'bob' } })).decision.outcome).toBe('miss')
    expect((await client.get('/a', { headers: { 'x-tenant': 'ann' } })).decision.outcome).toBe('miss')
  })

  it('INV-08: takes the place of what it has invalidated', async () => {
    const client = await setUp(makeStore(), origin())
    await client.get('/a')
    await client.get('/a', post)
    expect(await client.get('/a')).toMatchObject({ text: 'body 1', decision: { outcome: 'hit' } })
  })

  it('INV-08: invalidates the variants that it does not replace', async () => {
    const client = await setUp(
      makeStore(),
      origin(ok('max-age=60', { ...created, Vary: 'X' }), ok('max-age=600', { Vary: 'X' }))
    )
    for (const x of ['1', '2']) await client.get('/a', { headers: { x } })
    await client.get('/a', { ...post, headers: { x: '1' } })
    expect(await client.get('/a', { headers: { x: '1' } })).toMatchObject({
      text: 'body 2',
      decision: { outcome: 'hit' }
    })
    expect((await client.get('/a', { headers: { x: '2' } })).decision.outcome).toBe('miss')
  })

  it('INV-08: is not replaced by the answer to a GET that was sent before', async () => {
    const { client, barrier } = await held('GET')
    const slow = ask(client, '/a')
    await barrier.held(1)
    client.clock.advance(1)
    await client.get('/a', post)
    barrier.release(0)
    await slow
    await decided(client, 2)
    expect(await client.get('/a')).toMatchObject({ text: 'body 1', decision: { outcome: 'hit' } })
  })

  it.each(['PUT', 'POST'])('INV-06, INV-08: is not stored if a %s was answered in the meantime', async (method) => {
    const { client, barrier } = await held('POST')
    const slow = ask(client, '/a', post)
    await barrier.held(1)
    await client.get('/a', { method })
    barrier.release(0)
    expect((await slow).text).toBe('body 0')
    await decided(client, 2)
    expect(client.decisions[1]).toMatchObject({ stored: false, notStored: { requirement: 'INV-06' } })
    expect((await client.get('/a')).decision.outcome).toBe('miss')
  })

  it('INV-06, INV-08: nor if another cache that shares the store had one answered', async () => {
    const store = makeStore()
    const { client, barrier } = await held('POST', store)
    const other = await setUp(store, answering(ok('max-age=600')))
    const slow = ask(client, '/a', post)
    await barrier.held(1)
    await other.get('/a', { method: 'PUT', origin: client.origin.url })
    barrier.release(0)
    await slow
    await decided(client, 1)
    expect((await client.get('/a')).decision.outcome).toBe('miss')
  })

  it('INV-06, INV-08: is invalid once it was stored and another one was answered', async () => {
    const client = await setUp(makeStore(), origin())
    await client.get('/a', post)
    await client.get('/a', { method: 'PUT' })
    expect((await client.get('/a')).decision).toMatchObject({ outcome: 'miss', reason: 'stale' })
  })

  /** An origin that holds back its first answer to `method`. */
  async function held(method: string, store = makeStore()) {
    const barrier = new Barrier()
    let isHeld = false
    const client = await setUp(store, (client, received, response, n) => {
      const go = () => send(response, received.method === 'POST' ? posted : ok('max-age=600'), client.clock, n)
      if (received.method !== method || isHeld) return go()
      isHeld = true
      barrier.hold(go)
    })
    return { client, barrier }
  }
})

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => {
  jest.restoreAllMocks()
})

describe('an answer to POST while the store fails (ROB-02)', () => {
  const storing = async (store: FaultyStore, between: () => void) => {
    const client = await setUp(store, (client, received, response, n) => {
      between()
      origin()(client, received, response, n)
    })
    return client
  }

  it.each(['get', 'mark', 'set'] as const)(
    'METH-05: reaches its caller, and is not stored if %s fails',
    async (operation) => {
      const store = new FaultyStore()
      const client = await storing(store, () => {
        store.faults[operation] = () => Promise.reject(new Error('broken'))
      })
      const { text, decision } = await client.get('/a', post)
      expect({ text, stored: decision.stored }).toEqual({ text: 'body 0', stored: false })
      store.faults = {}
      expect((await client.get('/a')).text).toBe('body 1')
    }
  )

  it('METH-05: does not look again in a store that has not answered what was stored before', async () => {
    const store = new FaultyStore()
    store.faults.get = never
    const client = await setUp(store, origin(), { storeTimeoutMs: 20 })
    expect((await ask(client, '/a', post)).text).toBe('body 0')
    // When it was sent, and for the groups of what is stored, which does not wait for long any more.
    expect(store.calls.filter((operation) => operation === 'get')).toHaveLength(2)
    await decided(client, 1)
    expect(client.decisions).toMatchObject([{ stored: false }])
  })

  it('INV-08: is not stored under a mark that another invalidation has replaced by then', async () => {
    const store = new FaultyStore()
    const client = await storing(store, () => {
      store.faults.mark = async (sound) => {
        store.faults = {}
        await sound()
        const key = `${client.origin.url}/a`
        await store.mark(key, { value: 'ab', at: client.clock.now, dropAt: client.clock.now + 3_600_000 })
      }
    })
    expect((await client.get('/a', post)).decision).toMatchObject({ stored: false })
    expect((await client.get('/a')).text).toBe('body 1')
  })

  it.each(['get', 'mark'] as const)(
    'INV-06, INV-08: is not stored if a PUT is answered while its own %s is under way',
    async (operation) => {
      const store = new FaultyStore()
      const gate = new Gate()
      const begun = new Gate()
      const client = await storing(store, () => {
        if (client.asked > 1) return
        // What is found, or written, is that of before or after the PUT, whichever is worse.
        store.faults.get = async (sound) => {
          if (operation !== 'get') return sound()
          store.faults = {}
          const found = await sound()
          begun.open()
          return gate.opened.then(() => found)
        }
        store.faults.mark = async (sound) => {
          store.faults = {}
          begun.open()
          await gate.opened
          return sound()
        }
      })
      const slow = ask(client, '/a', post)
      await begun.opened
      await client.get('/a', { method: 'PUT' })
      gate.open()
      expect((await slow).text).toBe('body 0')
      await decided(client, 2)
      expect(client.decisions[1]).toMatchObject({ notStored: { requirement: 'INV-06' } })
      expect((await client.get('/a')).text).toBe('body 2')
    }
  )
})
