import { type Channel, channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { channels, type LookupEvent, type StoreEvent, type ValidateEvent } from '@cc/core'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { FaultyStore } from './faulty-store.js'
import { type SetUp, setUp, stores } from './harness.js'
import { MapStore } from './map-store.js'
import { turns, until } from './no-stray-errors.js'

const published: Record<string, unknown[]> = {}
const collect = (message: unknown, name: string | symbol) => void published[String(name)]?.push(message)
const ownChannels = Object.values(channels)

function told<Event>(name: string): Event[] {
  return published[name] as Event[]
}

beforeEach(() => {
  for (const name of ownChannels) {
    published[name] = []
    subscribe(name, collect)
  }
})

afterEach(() => {
  for (const name of ownChannels) unsubscribe(name, collect)
  jest.restoreAllMocks()
})

/** An origin whose answers are fresh for ten seconds, and confirmed unless the path says otherwise. */
const respond: Parameters<typeof setUp>[1] = ({ clock }, { path, headers }, response, n) => {
  response.setHeader('Date', clock.date()).setHeader('Cache-Control', 'max-age=10, stale-if-error=60')
  response.setHeader('ETag', path === '/changes' ? `"${n}"` : '"a"')
  if (path === '/gone' && n > 0) return void response.destroy()
  if (path === '/fails' && n > 0) return void response.writeHead(503).end()
  if (path === '/confused' && headers['if-none-match'] !== undefined) {
    return void response.setHeader('ETag', '"other"').writeHead(304).end()
  }
  const isSame = path !== '/changes' && headers['if-none-match'] !== undefined
  if (isSame) response.writeHead(304).end()
  else response.end('body')
}

describe.each(stores)('events (CS-05), with %s', (_name, makeStore) => {
  const url = (client: SetUp, path: string) => client.origin.url + path

  it('tell of look-ups: what was found, and how long it took', async () => {
    const client = await setUp(makeStore(), respond)
    await client.get('/')
    await client.get('/')
    await client.get('/', { method: 'OPTIONS' })
    const common = { method: 'GET', url: url(client, '/'), milliseconds: expect.any(Number) }
    expect(told<LookupEvent>(channels.lookup)).toEqual([
      { ...common, found: 0 },
      { ...common, found: 1 }
    ])
    for (const { milliseconds } of told<LookupEvent>(channels.lookup)) expect(milliseconds).toBeGreaterThanOrEqual(0)
  })

  it('tell of what was stored, and of what was updated', async () => {
    const client = await setUp(makeStore(), respond, { keepStaleSeconds: 100 })
    await client.get('/')
    const stored: StoreEvent = {
      method: 'GET',
      url: url(client, '/'),
      action: 'stored',
      status: 200,
      bodyBytes: 4,
      keptUntil: client.clock.now + 110_000
    }
    expect(told(channels.store)).toEqual([stored])
    client.clock.advance(20)
    await client.get('/')
    await until(() => told(channels.store).length === 2)
    expect(told(channels.store)[1]).toEqual({ ...stored, action: 'updated', keptUntil: client.clock.now + 110_000 })
    await client.get('/unstored', { headers: { 'cache-control': 'no-store' } })
    expect(told(channels.store)).toHaveLength(2)
  })

  it.each<[path: string, expected: Partial<ValidateEvent>]>([
    ['/', { outcome: 'confirmed', status: 304 }],
    ['/changes', { outcome: 'replaced', status: 200 }],
    ['/fails', { outcome: 'served-stale', status: 503 }],
    ['/gone', { outcome: 'failed' }],
    ['/confused', { outcome: 'sent-again', status: 304 }]
  ])('tell of validations and what came of them: %s', async (path, expected) => {
    const client = await setUp(makeStore(), respond)
    await client.get(path)
    client.clock.advance(20)
    await client.get(path)
    const common = { method: 'GET', url: url(client, path), reason: 'stale', conditional: true }
    expect(told(channels.validate)).toEqual([{ ...common, ...expected, age: 20, lifetime: 10, background: false }])
  })

  it('tell of what had no validator to ask with, and of a 304 that is the caller’s own', async () => {
    const client = await setUp(makeStore(), ({ clock }, { headers, path }, response) => {
      response.setHeader('Date', clock.date()).setHeader('Cache-Control', 'max-age=10, stale-if-error=60')
      if (path === '/own' && headers['if-none-match'] !== undefined) return void response.writeHead(304).end()
      response.end('body')
    })
    await client.get('/')
    await client.get('/own')
    client.clock.advance(20)
    await client.get('/')
    await client.get('/own', { headers: { 'if-none-match': '"x"' } })
    expect(told(channels.validate)).toMatchObject([
      { outcome: 'replaced', conditional: false, status: 200 },
      { outcome: 'relayed', conditional: false, status: 304 }
    ])
  })

  it('are not made where nobody listens', async () => {
    for (const name of ownChannels) unsubscribe(name, collect)
    const publish = ownChannels.map((name) => jest.spyOn(channel(name) as Channel, 'publish'))
    const client = await setUp(makeStore(), respond)
    for (const path of ['/', '/', '/changes', '/gone']) await client.get(path)
    client.clock.advance(20)
    for (const path of ['/', '/changes', '/gone']) await client.get(path)
    for (const spy of publish) expect(spy).not.toHaveBeenCalled()
  })

  it('hide the values of redactQuery, by default of what is a secret by custom (SEC-03)', async () => {
    const client = await setUp(makeStore(), respond)
    await client.get('/?access_token=secret&a=b')
    client.clock.advance(20)
    await client.get('/?access_token=secret&a=b')
    await turns()
    const all = Object.values(published).flat() as { url: string }[]
    expect(all.length).toBeGreaterThanOrEqual(7)
    for (const event of all) expect(event.url).toBe(url(client, '/?access_token=***&a=b'))
    expect(client.origin.requests[0]?.path).toBe('/?access_token=secret&a=b')
    const open = await setUp(makeStore(), respond, { redactQuery: [] })
    const { decision } = await open.get('/?access_token=secret')
    expect(decision.url).toBe(url(open, '/?access_token=secret'))
  })
})

describe('events (CS-05)', () => {
  it('say that it cannot be known what is stored', async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const store = new FaultyStore()
    store.faults.get = () => Promise.reject(new Error('broken'))
    const client = await setUp(store, respond)
    await client.get('/')
    expect(told(channels.lookup)).toMatchObject([{ found: undefined }])
    expect(told(channels.store)).toEqual([])
  })

  it('do not tell of an update that the store has not taken', async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const store = new FaultyStore()
    const client = await setUp(store, respond)
    await client.get('/')
    store.faults.update = () => false
    client.clock.advance(20)
    await client.get('/')
    await turns()
    expect(told(channels.store)).toMatchObject([{ action: 'stored' }])
  })

  it('tell of an update that moves a response to another place (UPD-08)', async () => {
    const client = await setUp(new MapStore(), ({ clock }, { headers }, response) => {
      response.setHeader('Date', clock.date()).setHeader('Cache-Control', 'max-age=10').setHeader('ETag', '"a"')
      if (headers['if-none-match'] !== undefined) response.setHeader('Vary', 'Foo').writeHead(304).end()
      else response.end('body')
    })
    await client.get('/')
    client.clock.advance(20)
    await client.get('/')
    await until(() => told(channels.store).length === 2)
    expect(told(channels.store)[1]).toMatchObject({ action: 'updated', bodyBytes: 4 })
  })
})
