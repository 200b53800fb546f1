import { type CacheDecision, type CacheOptions, createCache, explain } from '@cc/core'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { Agent, request } from 'undici'
import { FaultyStore } from './faulty-store.js'
import { TestClock } from './harness.js'
import { MapStore } from './map-store.js'
import { Origin } from './origin.js'

const { now } = new TestClock()
const url = 'https://a.example/?q=1'
const options: CacheOptions = { clock: () => now }
const times = { requestTime: now - 20_000, responseTime: now - 20_000 }
const date = new TestClock().date(-20)

const cleanUps: (() => Promise<unknown>)[] = []

afterEach(async () => {
  jest.restoreAllMocks()
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

describe('explain', () => {
  it('tells each rule that was asked, in order, with its section and whether it applies', () => {
    const response = { status: 200, headers: { 'cache-control': 'max-age=60', 'content-length': '4', date } }
    const { consulted, ...rest } = explain({ url }, { ...response, ...times }, options)
    expect(rest).toEqual({
      method: 'GET',
      url,
      request: { action: 'look-up' },
      storing: { store: true, selectedBy: [] },
      reuse: { action: 'serve', status: 200 },
      age: 20,
      lifetime: 60,
      heuristic: false,
      freshUntil: now + 40_000,
      keptUntil: now + 40_000
    })
    expect(consulted[0]).toEqual({
      step: 'request',
      requirement: 'METH-02',
      section: 'RFC 9111 §4',
      meaning: 'CONNECT, upgrades and unsafe requests go past the cache',
      applies: false
    })
    expect(consulted.filter(({ applies }) => applies).map(({ requirement }) => requirement)).toEqual([
      'FRESH-02',
      'FRESH-04'
    ])
    const steps = consulted.map(({ step }) => step)
    expect([...new Set(steps)]).toEqual(['request', 'storing', 'reuse'])
    expect(steps).toEqual(
      [...steps].sort((a, b) => ['request', 'storing', 'reuse'].indexOf(a) - ['request', 'storing', 'reuse'].indexOf(b))
    )
  })

  it('says why a response is not stored, and by which option it would be', () => {
    const request = { url, headers: { authorization: 'secret' } }
    const response = {
      status: 200,
      headers: [
        ['Cache-Control', 'max-age=60'],
        ['Content-Length', '4']
      ] as const
    }
    expect(explain(request, response)).toMatchObject({
      storing: { store: false, requirement: 'AUTH-01', option: "type: 'private'" },
      consulted: expect.arrayContaining([expect.objectContaining({ requirement: 'AUTH-01', applies: true })])
    })
    expect(explain(request, response)).not.toHaveProperty('reuse')
    expect(explain(request, response, { type: 'private' })).toMatchObject({
      storing: { store: true, selectedBy: ['authorization'] }
    })
  })

  it('says that another request selects another response (VARY-01)', () => {
    const headers = new Headers({ 'cache-control': 'max-age=60', 'content-length': '4', vary: 'Foo' })
    const answerTo = { url, headers: { foo: '1' } }
    const response = { status: 200, headers, answerTo }
    expect(explain({ url, headers: { foo: '1' } }, response).reuse).toEqual({ action: 'serve', status: 200 })
    expect(explain({ url, headers: { foo: '2' } }, response).reuse).toEqual({ action: 'forward', reason: 'vary-miss' })
    expect(explain({ url: `${url}&other` }, response).reuse).toEqual({ action: 'forward', reason: 'uri-miss' })
  })

  it('says that the caller has it already (VAL-07)', () => {
    const response = { status: 200, headers: ['Cache-Control', 'max-age=60', 'ETag', '"a"', 'Content-Length', '4'] }
    const { reuse } = explain({ url, headers: { 'if-none-match': '"a"' } }, response)
    expect(reuse).toEqual({ action: 'serve', status: 304 })
  })

  it('says what becomes of requests that are not looked up', () => {
    const response = { status: 200, headers: { 'cache-control': 'max-age=60', 'content-length': '4' } }
    const actionOf = (request: object, options?: CacheOptions) => explain({ url, ...request }, response, options)
    expect(actionOf({ method: 'POST' })).toMatchObject({ request: { action: 'forward-unsafe' } })
    expect(actionOf({ body: 'x' })).toMatchObject({ request: { action: 'bypass', requirement: 'METH-06' } })
    expect(actionOf({ cacheMode: 'no-store' })).toMatchObject({ request: { requirement: 'MODE-01' } })
    expect(actionOf({}, { enabled: () => false })).toMatchObject({ request: { action: 'pass-by' }, consulted: [] })
    expect(actionOf({ method: 'POST' })).toMatchObject({ storing: { requirement: 'METH-05' } })
    expect(actionOf({ body: 'x' })).not.toHaveProperty('storing')
  })

  it('knows what is longer than is kept (MSG-03)', () => {
    const response = { status: 200, headers: { 'cache-control': 'max-age=60', 'transfer-encoding': 'chunked' } }
    const bodyBytes = 200
    expect(explain({ url }, response, { maxEntryBytes: 100 }).storing).toMatchObject({ store: true })
    expect(explain({ url }, { ...response, bodyBytes }, { maxEntryBytes: 100 }).storing).toMatchObject({
      requirement: 'MSG-03'
    })
    const store = new MapStore({ maxEntryBytes: 100 })
    expect(explain({ url }, { ...response, bodyBytes }, { store }).storing).toMatchObject({ requirement: 'MSG-03' })
  })

  it('says by which rules the caller gets a part, or all (RNG-02 to RNG-07)', () => {
    const appliedTo = (headers: Record<string, string>, status = 200, bodyBytes = 4, length = '4') => {
      const fields = { 'cache-control': 'max-age=60', etag: '"a"', 'transfer-encoding': 'chunked' }
      const response = { status, headers: { ...fields, ...(length !== '' && { 'content-length': length }) }, bodyBytes }
      const { consulted, reuse } = explain({ url, headers }, response)
      return [reuse?.status, consulted.findLast(({ applies }) => applies)?.requirement]
    }
    const range = 'bytes=1-2'
    expect(appliedTo({ range })).toEqual([206, 'RNG-02'])
    expect(appliedTo({ range: 'bytes=4-' })).toEqual([416, 'RNG-04'])
    expect(appliedTo({ range, 'if-range': '"b"' })).toEqual([200, 'RNG-06'])
    expect(appliedTo({ range }, 200, 0, '')).toEqual([200, 'RNG-03'])
    expect(appliedTo({ range, 'if-none-match': '"a"' })).toEqual([304, 'VAL-07'])
    const answerTo = { url }
    const missing = { status: 404, headers: { 'cache-control': 'max-age=60', 'content-length': '4' }, answerTo }
    const { reuse, consulted } = explain({ url, headers: { range } }, missing)
    expect([reuse?.status, consulted.findLast(({ applies }) => applies)?.requirement]).toEqual([404, 'RNG-07'])
  })

  it('knows that redirects were followed below the cache (GEN-03)', () => {
    const response = { status: 200, headers: { 'cache-control': 'max-age=60', 'content-length': '4' } }
    expect(explain({ url }, { ...response, redirected: true }).storing).toMatchObject({ requirement: 'GEN-03' })
    expect(explain({ url }, { ...response, redirected: false }).storing).toMatchObject({ store: true })
  })

  it('knows what is stored of a body that broke off (MSG-02, RNG-09)', () => {
    const headers = { 'cache-control': 'max-age=60', 'content-length': '10', etag: '"a"' }
    const cut = { status: 200, headers, bodyBytes: 4, isCut: true }
    expect(explain({ url }, cut).storing).toMatchObject({ requirement: 'MSG-02', reason: 'it did not end well' })
    expect(explain({ url }, { ...cut, isCut: false }).storing).toMatchObject({ requirement: 'MSG-02' })
    const { storing, reuse } = explain({ url }, cut, { ranges: 'store' })
    expect(storing).toMatchObject({ store: true, part: { first: 0, last: 3, total: 10 } })
    expect(reuse).toEqual({ action: 'complete', missing: { first: 4, last: 9, total: 10 } })
    expect(explain({ url }, { ...cut, bodyBytes: 0 }, { ranges: 'store' }).storing).toMatchObject({ store: false })
  })

  it('says that a tape leaves no rule a say', () => {
    const response = { status: 200, headers: { 'cache-control': 'no-store' }, bodyBytes: 4 }
    const store = new MapStore({ maxEntryBytes: 4 })
    const record: CacheOptions = { tape: 'record', store }
    const storingOf = (changes: object, request: object = {}) =>
      explain({ url, ...request }, { ...response, ...changes }, record).storing
    expect(explain({ url }, response, record)).toMatchObject({ request: { action: 'record' }, consulted: [] })
    expect(storingOf({})).toEqual({ store: true, selectedBy: [] })
    expect(storingOf({ isCut: true })).toMatchObject({ requirement: 'MSG-02' })
    expect(storingOf({ bodyBytes: 5 })).toMatchObject({ requirement: 'MSG-03' })
    expect(storingOf({ status: 1000 })).toMatchObject({ requirement: 'SEC-05' })
    expect(explain({ url, method: 'CONNECT' }, response, record).request).toEqual({ action: 'pass-by' })
    const replayed = explain({ url }, undefined, { tape: 'replay', store })
    expect(replayed.request).toEqual({ action: 'replay' })
    expect(explain({ url, method: 'CONNECT' }, undefined, { tape: 'replay', store }).reuse).toEqual({
      action: 'tape-miss'
    })
  })

  it('refuses what is no URL, or no option', () => {
    expect(() => explain({ url: '/path' })).toThrow(new TypeError('explain: not an absolute URL'))
    expect(() => explain({ url }, undefined, { typ: 'shared' } as never)).toThrow(TypeError)
  })

  it('shows no secret (SEC-03)', () => {
    const secret = 'https://user:planted@a.example/?token=planted#planted'
    const headers = { authorization: 'planted', cookie: 'planted' }
    const response = { status: 200, headers: { 'set-cookie': 'planted', vary: 'cookie', 'cache-control': 'public' } }
    const told = JSON.stringify(explain({ url: secret, headers }, response, { type: 'private' }))
    expect(told).not.toContain('planted')
    expect(told).toContain('https://a.example/?token=***')
  })
})

describe('cache.explain()', () => {
  it('tells by what is stored why a request is answered as it is', async () => {
    const origin = await Origin.start((_request, response) =>
      response.setHeader('Cache-Control', 'max-age=60').end('body')
    )
    const clock = new TestClock()
    const agent = new Agent()
    cleanUps.push(
      () => agent.destroy(),
      () => origin.stop()
    )
    const cache = createCache({ store: new MapStore(), clock: () => clock.now })
    const asked = { url: `${origin.url}/` }
    expect(await cache.explain(asked)).toMatchObject({ reuse: { action: 'forward', reason: 'uri-miss' } })
    await (await request(asked.url, { dispatcher: agent.compose(cache.interceptor) })).body.dump()
    expect(await cache.explain(asked)).toMatchObject({ reuse: { action: 'serve' }, lifetime: 60 })
    clock.advance(100)
    expect((await cache.explain(asked)).reuse).toMatchObject({ action: 'forward' })
    await cache.invalidate(asked.url)
    expect(origin.requests).toHaveLength(1)
    const response = { status: 200, headers: { 'cache-control': 'no-store', 'content-length': '4' } }
    expect(await cache.explain(asked, response)).toMatchObject({ storing: { requirement: 'STORE-03' } })
    expect(await cache.explain({ ...asked, method: 'OPTIONS' })).toMatchObject({ request: { action: 'bypass' } })
  })

  it('tells what is recorded, for the request that comes next', async () => {
    let n = 0
    const origin = await Origin.start((_request, response) => {
      response.statusCode = 200 + n++
      response.end('body')
    })
    const agent = new Agent()
    cleanUps.push(
      () => agent.destroy(),
      () => origin.stop()
    )
    const store = new MapStore()
    const ask = async (tape: 'record' | 'replay', times: number) => {
      const decisions: CacheDecision[] = []
      const cache = createCache({ store, tape, onDecision: (decision) => void decisions.push(decision) })
      const told: unknown[] = []
      for (let i = 0; i < times; i++) {
        const asked = { url: `${origin.url}/`, method: 'PUT' as const, body: 'content' }
        const { request: about, reuse } = await cache.explain(asked)
        const { url, ...rest } = asked
        const dispatcher = agent.compose(cache.interceptor)
        await request(url, { ...rest, dispatcher }).then(
          ({ body }) => body.dump(),
          () => {}
        )
        const { outcome, status, tape: how } = decisions.at(-1) as CacheDecision
        told.push([about.action, reuse, outcome, status, how])
      }
      return told
    }
    expect(await ask('replay', 1)).toEqual([['replay', { action: 'tape-miss' }, 'miss', undefined, 'missing']])
    expect(await ask('record', 2)).toEqual([
      ['record', undefined, 'bypass', 200, 'recorded'],
      ['record', undefined, 'bypass', 201, 'recorded']
    ])
    expect(await ask('replay', 3)).toEqual([
      ['replay', { action: 'replay', status: 200 }, 'hit', 200, 'replayed'],
      ['replay', { action: 'replay', status: 201 }, 'hit', 201, 'replayed'],
      ['replay', { action: 'replay', status: 201 }, 'hit', 201, 'replayed']
    ])
  })

  it('rejects where the store cannot tell', async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const store = new FaultyStore()
    store.faults.get = () => Promise.reject(new Error('broken'))
    await expect(createCache({ store }).explain({ url })).rejects.toMatchObject({ code: 'CC_STORE_OPERATION' })
  })
})
