import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import {
  answering,
  ask,
  Barrier,
  backgroundDecision,
  disconnect,
  notModified,
  ok,
  send,
  withStatus
} from './answers.js'
import { setUp, stores } from './harness.js'

const etag = { ETag: '"a"' }
const stored = ok('max-age=1, stale-while-revalidate=60, stale-if-error=60', etag)

let created = 0
const count: ChannelListener = () => {
  created++
}

/** Begins to count the requests that undici makes, from the moment they are made. */
function countRequests(): void {
  created = 0
  subscribe('undici:request:create', count)
}

afterEach(() => {
  unsubscribe('undici:request:create', count)
})

describe.each(stores)('validation in the background with %s (RFC 5861 §3)', (_name, makeStore) => {
  it('STALE-04: ten concurrent stale hits start one conditional request', async () => {
    const barrier = new Barrier()
    const client = await setUp(makeStore(), ({ clock }, _request, response, n) => {
      if (n === 0) send(response, stored, clock, n)
      else barrier.hold(() => send(response, notModified(), clock, n))
    })
    await client.get('/')
    client.clock.advance(5)
    countRequests()
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(client, '/')))
    expect(answers.map(({ text }) => text)).toEqual(Array(10).fill('body 0'))
    await barrier.held(1)
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'stale-hit', stale: 'stale-while-revalidate' })
    expect(created).toBe(1)
    barrier.release(0)
    expect(await backgroundDecision(client)).toMatchObject({
      outcome: 'validated',
      reason: 'stale',
      background: true,
      stored: true
    })
    expect(client.asked).toBe(2)
    expect(client.origin.requests[1]?.headers['if-none-match']).toBe('"a"')
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'hit', age: 0 })
  })

  it('STALE-04: different stored responses are validated side by side', async () => {
    const barrier = new Barrier()
    const client = await setUp(makeStore(), ({ clock }, _request, response, n) => {
      if (n === 0) send(response, stored, clock, n)
      else barrier.hold(() => send(response, notModified(), clock, n))
    })
    await client.get('/a')
    await client.get('/b')
    client.clock.advance(5)
    await client.get('/a')
    await client.get('/b')
    await barrier.held(2)
    barrier.release(0)
    barrier.release(1)
    expect(client.asked).toBe(4)
    await backgroundDecision(client, 2)
  })

  it('STALE-04: a connection that breaks in the meantime is left alone by the requests that come then (row P2)', async () => {
    const barrier = new Barrier()
    const client = await setUp(makeStore(), ({ clock }, _request, response, n) => {
      if (n === 1) barrier.hold(() => response.destroy())
      else send(response, stored, clock, n)
    })
    await client.get('/')
    client.clock.advance(5)
    const sockets: Socket[] = []
    const note: ChannelListener = (message) => void sockets.push((message as { socket: Socket }).socket)
    subscribe('undici:client:sendHeaders', note)
    await client.get('/')
    await barrier.held(1)
    unsubscribe('undici:client:sendHeaders', note)
    expect(sockets).toHaveLength(1)
    const [socket] = sockets as [Socket]
    socket.destroy()
    const others = Array.from({ length: 12 }, (_, i) => ask(client, `/${i}`))
    expect(socket.listenerCount('connect')).toBe(0)
    await Promise.all(others)
    expect(socket.listenerCount('connect')).toBe(0)
    barrier.release(0)
    expect(await backgroundDecision(client)).toMatchObject({ outcome: 'miss', stored: false })
  })

  it('STALE-04: a new response replaces what is stored', async () => {
    const client = await setUp(makeStore(), answering(stored, ok('max-age=60')))
    await client.get('/')
    client.clock.advance(5)
    expect((await client.get('/')).text).toBe('body 0')
    expect(await backgroundDecision(client)).toMatchObject({
      outcome: 'miss',
      reason: 'stale',
      status: 200,
      stored: true
    })
    expect(await client.get('/')).toMatchObject({ text: 'body 1', decision: { outcome: 'hit' } })
  })

  it('STALE-04: it leaves out Range, the preconditions of the caller and nothing else', async () => {
    const client = await setUp(makeStore(), answering(stored, notModified()))
    await client.get('/')
    client.clock.advance(5)
    const headers = {
      'if-none-match': '"x"',
      'if-modified-since': client.clock.date(-100),
      'if-range': '"x"',
      'x-other': '1',
      'cache-control': 'max-stale=0'
    }
    expect((await client.get('/', { headers })).decision.stale).toBe('stale-while-revalidate')
    await backgroundDecision(client)
    const sent = client.origin.requests[1]?.headers
    expect(sent).toMatchObject({ 'if-none-match': '"a"', 'x-other': '1', 'cache-control': 'max-stale=0' })
    for (const name of ['if-modified-since', 'if-range', 'range']) expect(sent).not.toHaveProperty(name)
  })

  it('STALE-04: it is built from the request that started it, variant included', async () => {
    const varied = ok('max-age=1, stale-while-revalidate=60', { ...etag, Vary: 'Foo' })
    const client = await setUp(makeStore(), answering(varied, notModified()))
    await client.get('/', { headers: { foo: '1' } })
    client.clock.advance(5)
    await client.get('/', { headers: { foo: '1' } })
    await backgroundDecision(client)
    expect(client.origin.requests[1]?.headers.foo).toBe('1')
    expect((await client.get('/', { headers: { foo: '1' } })).decision.outcome).toBe('hit')
  })

  it.each([500, 503])(
    'STALE-04: a %i in the background reaches no caller, drops nothing and is not followed at once by another',
    async (status) => {
      const client = await setUp(makeStore(), answering(stored, withStatus(status)))
      await client.get('/')
      client.clock.advance(5)
      await client.get('/')
      expect(await backgroundDecision(client)).toMatchObject({ outcome: 'miss', status, stored: false })
      countRequests()
      expect((await client.get('/')).decision.outcome).toBe('stale-hit')
      expect((await client.get('/')).decision.outcome).toBe('stale-hit')
      expect(created).toBe(0)
    }
  )

  it.each(['throw', '504'] as const)(
    'STALE-04: an unreachable origin is no error of the caller (onDisconnect %s)',
    async (onDisconnect) => {
      const client = await setUp(makeStore(), answering(stored), { onDisconnect })
      await client.get('/')
      client.clock.advance(5)
      const get = await disconnect(client)
      expect(await get('/')).toMatchObject({ status: 200, text: 'body 0' })
      expect(await backgroundDecision(client)).toMatchObject({ outcome: 'miss', reason: 'stale', stored: false })
      countRequests()
      expect((await get('/')).decision.outcome).toBe('stale-hit')
      expect(created).toBe(0)
    }
  )

  it('STALE-04: a 410 in the background drops what is stored', async () => {
    const client = await setUp(makeStore(), answering(stored, { ...ok('no-store'), status: 410 }))
    await client.get('/')
    client.clock.advance(5)
    await client.get('/')
    expect(await backgroundDecision(client)).toMatchObject({ status: 410 })
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss', status: 410 })
  })

  it('STALE-04: a HEAD that was served stale is validated by a HEAD', async () => {
    const client = await setUp(makeStore(), answering(stored, ok('max-age=60', etag)))
    await client.get('/')
    client.clock.advance(5)
    expect((await client.get('/', { method: 'HEAD' })).decision.stale).toBe('stale-while-revalidate')
    await backgroundDecision(client)
    expect(client.origin.requests[1]).toMatchObject({ method: 'HEAD' })
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'hit', lifetime: 60 } })
  })
})
