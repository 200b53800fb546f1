import { gzipSync } from 'node:zlib'
import { cacheInterceptor } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { Agent, interceptors, request } from 'undici'
import { answering, decided, ok, send, withStatus } from './answers.js'
import { setUp, stores } from './harness.js'
import { turns } from './no-stray-errors.js'

describe.each(stores)('what is served from %s is what came (RFC 9111 §2)', (_name, makeStore) => {
  it('GEN-02: coded content is served with the very bytes and the coding it came with', async () => {
    const coded = gzipSync('some text '.repeat(1000))
    const fields = { 'Content-Encoding': 'gzip', 'Content-Length': String(coded.byteLength) }
    const client = await setUp(makeStore(), answering({ ...ok('max-age=60, no-transform', fields), body: coded }))
    await client.get('/')
    const { headers, body } = await request(`${client.origin.url}/`, { dispatcher: client.dispatcher })
    expect(Buffer.from(await body.arrayBuffer()).equals(coded)).toBe(true)
    expect(headers).toMatchObject({ 'content-encoding': 'gzip', 'content-length': String(coded.byteLength), age: '0' })
    expect(client.asked).toBe(1)
  })

  it('GEN-02: status, reason and fields are those that came, repeated and odd ones included; only Age is added', async () => {
    const client = await setUp(makeStore(), ({ clock }, _request, response, n) => {
      response.statusMessage = 'Quite Fine'
      const fields = { 'X-Odd': ['b', 'a', 'b'], 'X-Empty': '', 'Content-Type': 'text/x; a="b"', 'Content-Length': '6' }
      send(response, ok(['max-age=60', 'public'], fields), clock, n)
    })
    const first = await client.get('/')
    client.clock.advance(5)
    const second = await client.get('/')
    const { connection, 'keep-alive': _keepAlive, ...stored } = first.headers
    expect(second.headers).toEqual({ ...stored, age: '5' })
    expect(second).toMatchObject({
      status: 200,
      text: first.text,
      headers: { 'x-odd': ['b', 'a', 'b'], 'x-empty': '' }
    })
    const again = await request(`${client.origin.url}/`, { dispatcher: client.dispatcher })
    expect(again.statusText).toBe('Quite Fine')
    await again.body.dump()
  })

  it.each([0, 1, 65_536, 65_537, 3_000_000])('GEN-02: a body of %i bytes is served whole', async (length) => {
    const body = Buffer.from(Array.from({ length }, (_byte, i) => i % 251))
    const client = await setUp(makeStore(), answering({ ...ok('max-age=60'), body }))
    for (let i = 1; i <= 3; i++) {
      const answer = await request(`${client.origin.url}/`, { dispatcher: client.dispatcher })
      expect(Buffer.from(await answer.body.arrayBuffer()).equals(body)).toBe(true)
      await decided(client, i)
    }
    expect(client.asked).toBe(1)
  })

  it('GEN-02: what a caller does to the headers and bytes he got reaches nobody else', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60', { 'X-A': ['1', '2'] })))
    await client.get('/')
    const { headers, body } = await request(`${client.origin.url}/`, { dispatcher: client.dispatcher })
    delete headers.date
    ;(headers['x-a'] as string[]).push('3')
    for await (const chunk of body) (chunk as Buffer).fill(0)
    expect(await client.get('/')).toMatchObject({
      text: 'body 0',
      headers: { 'x-a': ['1', '2'], date: client.clock.date() }
    })
  })

  it('GEN-03: a response for which redirects were followed below the cache is not stored', async () => {
    const client = await setUp(makeStore(), (setUp, received, response, n) => {
      const target = withStatus(302, { Location: '/b' })
      answering(received.path === '/a' ? target : ok('max-age=60'))(setUp, received, response, n)
    })
    const decisions: unknown[] = []
    const agent = new Agent()
    const dispatcher = agent.compose(
      interceptors.redirect({ maxRedirections: 3 }),
      cacheInterceptor({ store: makeStore(), onDecision: (decision) => decisions.push(decision) })
    )
    for (const expected of ['body 0', 'body 1']) {
      const { statusCode, body } = await request(`${client.origin.url}/a`, { dispatcher })
      expect([statusCode, await body.text()]).toEqual([200, expected])
    }
    await turns()
    await agent.close()
    expect(client.origin.requests.map(({ path }) => path)).toEqual(['/a', '/b', '/a', '/b'])
    expect(decisions).toMatchObject([
      { notStored: { requirement: 'GEN-03' } },
      { notStored: { requirement: 'GEN-03' } }
    ])
  })

  it('GEN-03: below redirect handling each hop is stored under its own URI', async () => {
    const client = await setUp(makeStore(), (setUp, received, response, n) => {
      const hop = { ...ok('max-age=60', { Location: '/b' }), status: 302 }
      answering(received.path === '/a' ? hop : ok('max-age=60'))(setUp, received, response, n)
    })
    const dispatcher = client.dispatcher.compose(interceptors.redirect({ maxRedirections: 3 }))
    for (let i = 0; i < 2; i++) {
      const { body } = await request(`${client.origin.url}/a`, { dispatcher })
      expect(await body.text()).toBe('body 0')
    }
    expect(client.decisions.map(({ outcome }) => outcome).sort()).toEqual(['hit', 'hit', 'miss', 'miss'])
    expect(client.asked).toBe(2)
  })
})
