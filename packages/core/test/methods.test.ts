import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CacheDecision, cacheInterceptor } from '@cc/core'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Agent, type Dispatcher } from 'undici'
import { answering, ok } from './answers.js'
import { setUp, stores } from './harness.js'
import { turns } from './no-stray-errors.js'

const fresh = ok('max-age=60', { ETag: '"a"' })

describe.each(stores)('request methods with %s (RFC 9110 §9)', (_name, makeStore) => {
  it.each(['OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH'])(
    'METH-01, METH-03: %s is safe and goes past the cache (A3): nothing stored, nothing invalidated',
    async (method) => {
      const client = await setUp(makeStore(), answering(fresh))
      await client.get('/')
      for (const text of ['body 1', 'body 2']) {
        const { decision, ...answer } = await client.get('/', { method })
        expect(answer).toMatchObject({ status: 200, text })
        expect(decision).toMatchObject({ outcome: 'bypass', reason: 'method', stored: false, method })
      }
      expect((await client.get('/')).decision.outcome).toBe('hit')
    }
  )

  it.each(['PUT', 'PATCH', 'DELETE'])('METH-01: an answer to %s is never stored', async (method) => {
    const client = await setUp(makeStore(), answering(ok('public, max-age=60')))
    await client.get('/', { method })
    await client.get('/', { method })
    expect((await client.get('/')).text).toBe('body 2')
  })

  it('METH-01: methods can leave out HEAD, or GET', async () => {
    const client = await setUp(makeStore(), answering(fresh), { methods: ['GET'] })
    await client.get('/')
    const head = await client.get('/', { method: 'HEAD' })
    expect(head.decision).toMatchObject({ outcome: 'bypass', reason: 'method' })
    expect((await client.get('/')).decision.outcome).toBe('hit')
    const heads = await setUp(makeStore(), answering(fresh), { methods: ['HEAD'] })
    expect((await heads.get('/')).decision).toMatchObject({ outcome: 'bypass', reason: 'method' })
    await heads.get('/', { method: 'HEAD' })
    expect((await heads.get('/', { method: 'HEAD' })).decision.outcome).toBe('hit')
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'METH-02: %s always reaches the origin, body included (A2)',
    async (method) => {
      const client = await setUp(makeStore(), answering(fresh))
      await client.get('/')
      const { text, decision } = await client.get('/', { method, body: 'sent' })
      expect(text).toBe('body 1')
      expect(decision).toMatchObject({ outcome: 'bypass', reason: 'method', stored: false })
      expect(client.origin.requests[1]).toMatchObject({ method, body: Buffer.from('sent') })
    }
  )

  it('METH-03: a method of unknown safety counts as unsafe: its success makes what is stored invalid', async () => {
    const client = await setUp(makeStore(), answering(fresh))
    await client.get('/')
    await client.get('/', { method: 'M-SEARCH' })
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'stale' })
  })

  it('METH-04: a stored response to GET answers HEAD, without its body', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60', { 'Content-Length': '6', 'X-A': '1' })))
    await client.get('/')
    const head = await client.get('/', { method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, text: '', headers: { 'content-length': '6', 'x-a': '1', age: '0' } })
    expect(head.decision).toMatchObject({ outcome: 'hit', method: 'HEAD' })
    expect(client.asked).toBe(1)
  })

  it('METH-04: a stored response to HEAD answers HEAD, and no GET', async () => {
    const client = await setUp(makeStore(), answering(fresh))
    await client.get('/', { method: 'HEAD' })
    expect((await client.get('/', { method: 'HEAD' })).decision.outcome).toBe('hit')
    const get = await client.get('/')
    expect(get).toMatchObject({ text: 'body 1', decision: { outcome: 'miss', reason: 'uri-miss' } })
  })

  it('METH-04: of a response to HEAD and one to GET the more recent answers a HEAD', async () => {
    const of = (n: string) => ok('max-age=60', { 'X-N': n })
    for (const methods of [
      ['GET', 'HEAD'],
      ['HEAD', 'GET']
    ]) {
      const client = await setUp(makeStore(), answering(of('old'), of('new')))
      await client.get('/', { method: methods[0] as string })
      client.clock.advance(5)
      await client.get('/', { method: methods[1] as string, headers: { 'cache-control': 'no-cache' } })
      expect((await client.get('/', { method: 'HEAD' })).headers['x-n']).toBe('new')
      expect(client.asked).toBe(2)
    }
  })

  it.each(['GET', 'HEAD'])('METH-06: %s with content goes past the cache (A4)', async (method) => {
    const client = await setUp(makeStore(), answering(fresh))
    await client.get('/')
    const { decision } = await client.get('/', { method, body: 'a question' })
    expect(decision).toMatchObject({ outcome: 'bypass', reason: 'bypass', stored: false })
    expect(client.origin.requests[1]).toMatchObject({ method })
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
  })

  it('METH-06: an answer to GET with content is not stored', async () => {
    const client = await setUp(makeStore(), answering(fresh))
    await client.get('/', { body: 'a question' })
    expect((await client.get('/')).text).toBe('body 1')
  })

  it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])(
    'METH-06: a request with %s goes past the cache (A4)',
    async (name) => {
      const client = await setUp(makeStore(), answering(fresh))
      await client.get('/')
      const headers = { [name]: 'DELETE' }
      expect((await client.get('/', { headers })).decision).toMatchObject({ outcome: 'bypass', reason: 'bypass' })
      expect((await client.get('/', { headers, method: 'HEAD' })).decision).toMatchObject({ outcome: 'bypass' })
      expect((await client.get('/')).text).toBe('body 0')
    }
  )
})

describe.each(stores)('exchanges that leave HTTP, with %s (RFC 9110 §7.8, §9.3.6)', (_name, makeStore) => {
  const cleanUps: (() => unknown)[] = []
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp()
  })

  /** An origin that upgrades and tunnels, and counts plain requests. */
  async function start() {
    const seen: string[] = []
    const server = createServer((message, response) => {
      seen.push(`${message.method} ${message.url}`)
      response.setHeader('Cache-Control', 'max-age=60').setHeader('ETag', '"a"').end('plain')
    })
    server.on('upgrade', (message, socket) => {
      seen.push(`upgrade ${message.method}`)
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
    })
    server.on('connect', (_message, socket) => {
      seen.push('connect')
      socket.end('HTTP/1.1 200 OK\r\n\r\n')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanUps.push(() => server.close())
    const decisions: CacheDecision[] = []
    const agent = new Agent()
    cleanUps.push(() => agent.destroy())
    const interceptor = cacheInterceptor({ store: makeStore(), onDecision: (decision) => decisions.push(decision) })
    const dispatcher = agent.compose(interceptor)
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const get = async () => {
      const { body } = await dispatcher.request({ origin, path: '/', method: 'GET' })
      await body.dump()
      // A miss is decided on once the caller has the answer.
      await turns()
    }
    return { seen, decisions, dispatcher, origin, get }
  }

  it('METH-02: CONNECT passes untouched (A1) and invalidates nothing', async () => {
    const { seen, decisions, dispatcher, origin, get } = await start()
    await get()
    const { statusCode, socket } = await dispatcher.connect({ origin, path: '/' })
    socket.destroy()
    expect(statusCode).toBe(200)
    expect(decisions[1]).toMatchObject({ outcome: 'bypass', reason: 'bypass', method: 'CONNECT' })
    await get()
    expect(decisions[2]).toMatchObject({ outcome: 'hit' })
    expect(seen).toEqual(['GET /', 'connect'])
  })

  it.each(['GET', 'POST'])(
    'METH-02: %s with Upgrade (A1) that ends in 101 passes untouched and invalidates nothing',
    async (method) => {
      const { seen, decisions, dispatcher, origin, get } = await start()
      await get()
      const asked = { origin, path: '/', method, protocol: 'x' } as Dispatcher.UpgradeOptions
      const { socket } = (await dispatcher.upgrade(asked)) as Dispatcher.UpgradeData
      socket.destroy()
      if (method === 'GET') expect(decisions[1]).toMatchObject({ outcome: 'bypass', reason: 'bypass', method })
      await get()
      expect(decisions.at(-1)).toMatchObject({ outcome: 'hit' })
      expect(seen).toEqual(['GET /', `upgrade ${method}`])
    }
  )
})
