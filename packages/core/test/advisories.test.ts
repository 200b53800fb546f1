import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type CacheDecision, cacheInterceptor } from '@cc/core'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Agent, type Dispatcher, interceptors, request, upgrade } from 'undici'
import { answering, ask, Barrier, decided, ok } from './answers.js'
import { FaultyStore } from './faulty-store.js'
import { setUp, stores } from './harness.js'
import { leakClient, type Planting, type User } from './leak-client.js'
import { turns } from './no-stray-errors.js'
import { rawOrigin, writeRaw } from './raw-origin.js'
import { Recorder } from './recorder.js'

const agents: Agent[] = []

afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.destroy()
})

const types = ['shared', 'private'] as const
const ann: User = { name: 'ann', headers: { authorization: 'Bearer ann', cookie: 'id=ann' } }
const bob: User = { name: 'bob', headers: { authorization: 'Bearer bob', cookie: 'id=bob' } }
const nobody: User = { name: 'nobody', headers: {} }

function answer(cacheControl: string | string[], fields: Readonly<Record<string, string>> = {}): Planting {
  return (_received, response, secret) => {
    response.setHeader('Cache-Control', cacheControl).setHeader('ETag', '"page"')
    for (const [name, value] of Object.entries(fields)) response.setHeader(name, value.replaceAll('%', secret))
    response.end(secret)
  }
}

describe.each(stores)('what went wrong in other caches, with %s (row X9)', (_name, makeStore) => {
  /** Expects that neither user, nor one without credentials, sees what was for another, however often they ask. */
  async function expectApart(respond: Planting, type: 'shared' | 'private', users = [ann, bob, nobody]): Promise<void> {
    const { get } = await leakClient(makeStore(), respond, { type })
    for (const user of [...users, ...users]) {
      const got = await get('/account/style.css', user)
      expect(got).toContain(`secret-of-${user.name}`)
      for (const other of users) if (other !== user) expect(got).not.toContain(`secret-of-${other.name}`)
    }
  }

  describe.each(types)('in a %s cache', (type) => {
    it.each([
      'private=""',
      'private=',
      'private=" "',
      'private=","',
      'private, private="x"',
      'private="x", private',
      'private="", private="x"'
    ])(
      'CVE-2026-13697 (undici): %s is neither stored for others nor a reason to fail (RESP-03, PARSE-06, PARSE-08)',
      async (directive) => {
        await expectApart(answer(`${directive}, max-age=60`, { 'Set-Cookie': 'id=%' }), type)
        await expectApart(answer(['max-age=60', directive], { 'Set-Cookie': 'id=%' }), type)
      }
    )

    it.each([
      'no-cache = "authorization"',
      'no-cache ="authorization"',
      'no-cache= "authorization"',
      'private\t= "set-cookie"',
      'private =set-cookie',
      'no-cache=" authorization "'
    ])(
      'CVE-2026-9678 and CVE-2026-14643 (undici): blanks in %s do not undo it (PARSE-05, AUTH-01)',
      async (directive) => {
        await expectApart(answer(`${directive}, max-age=60`, { 'Set-Cookie': 'id=%' }), type)
      }
    )

    it.each([
      'private',
      'no-store',
      'no-cache',
      'Private, Max-Age=60',
      'private, no-store, max-age=60',
      'no-cache, max-age=60'
    ])(
      'CVE-2026-24472 (hono): %s is heeded, whatever the path looks like (STORE-01, STORE-03, RESP-01)',
      async (directives) => {
        await expectApart(answer(directives), type)
      }
    )

    it.each(['Authorization', 'Cookie', 'authorization, cookie', 'Accept, COOKIE,', '*'])(
      'CVE-2026-44457 (hono): Vary: %s keeps users apart, even where all the rest permits sharing (VARY-01, VARY-02)',
      async (vary) => {
        await expectApart(answer('public, s-maxage=60, max-age=60', { Vary: vary }), type)
      }
    )
  })

  it.each([
    '%0d%0aX-Injected:%201',
    '%00',
    'a%3bDomain=evil',
    'a%3D%3D',
    '%E4%BD%A0',
    '%',
    'SameSiteNone; SameSite=StrictLax'
  ])(
    'CVE-2026-9679 and CVE-2026-11525 (undici): Set-Cookie: a=%s is handed on and kept as it came, never decoded (FLD-01, GEN-02)',
    async (value) => {
      const cookie = `a=${value}; Path=/`
      for (const options of [{ type: 'private' as const }, { sharedSetCookie: 'rfc' as const }]) {
        const client = await setUp(makeStore(), answering(ok('max-age=60', { 'Set-Cookie': cookie })), options)
        for (const outcome of ['miss', 'hit']) {
          const { headers, decision } = await client.get('/')
          expect([[headers['set-cookie']].flat(), headers['x-injected'], decision.outcome]).toEqual([
            [cookie],
            undefined,
            outcome
          ])
        }
      }
    }
  )

  it('CVE-2026-2581 (undici): of many who ask for the same at once none makes the cache keep more than it may (MSG-03)', async () => {
    const pieces = 64
    const piece = Buffer.alloc(65_536, 'x')
    const users = 8
    const respond = (_setUp: unknown, _request: unknown, response: ServerResponse) => {
      response.setHeader('Cache-Control', 'max-age=60')
      for (let i = 0; i < pieces; i++) response.write(piece)
      response.end()
    }
    const client = await setUp(makeStore(), respond, {
      collapse: false,
      maxEntryBytes: 65_536,
      copyBufferBytes: 65_536
    })
    const answers = await Promise.all(Array.from({ length: users }, () => ask(client, '/')))
    await decided(client, users)
    for (const { text } of answers) expect(text).toHaveLength(pieces * piece.length)
    expect(client.decisions.map(({ stored, notStored }) => [stored, notStored?.requirement])).toEqual(
      Array(users).fill([false, 'MSG-03'])
    )
    expect(client.asked).toBe(users)
  })

  it('CVE-2026-2581 (undici): of an answer that many share nothing is gathered for who does not read it (COLL-01, MSG-03)', async () => {
    const pieces = 64
    const piece = Buffer.alloc(65_536, 'x')
    const barrier = new Barrier()
    const respond = (_setUp: unknown, _request: unknown, response: ServerResponse) => {
      response.setHeader('Cache-Control', 'max-age=60')
      barrier.hold(() => {
        for (let i = 0; i < pieces; i++) response.write(piece)
        response.end()
      })
    }
    const client = await setUp(makeStore(), respond, { maxEntryBytes: 65_536, copyBufferBytes: 65_536 })
    const given = { origin: client.origin.url, path: '/', method: 'GET' } as const
    const reader = new Recorder('new')
    const idle = Array.from(
      { length: 4 },
      () => new Recorder('new', (step, control) => step === 'head' && control.pause())
    )
    client.dispatcher.dispatch({ ...given }, reader.handler)
    await barrier.held(1)
    for (const { handler } of idle) client.dispatcher.dispatch({ ...given }, handler)
    await turns(20)
    expect(client.asked).toBe(1)
    barrier.release(0)
    await reader.over
    expect(reader.text).toHaveLength(pieces * piece.length)
    // What is not there any more each has to ask for, once he wants it.
    for (const { control } of idle) control.resume()
    await barrier.held(1 + idle.length)
    for (let n = 1; n <= idle.length; n++) barrier.release(n)
    for (const recorder of idle) {
      await recorder.over
      expect([recorder.errors, recorder.text === reader.text]).toEqual([[], true])
    }
  })

  it("CVE-2026-6733 (undici): an answer that nobody asked for is nobody's, and not kept (SEC-02)", async () => {
    const poison = 'poison'
    const plain = (socket: Socket, body: string) =>
      writeRaw(socket, ['HTTP/1.1 200 OK', 'Cache-Control: max-age=60', `Content-Length: ${body.length}`], body)
    const origin = await rawOrigin((socket, _n, head) => {
      plain(socket, head.split(' ')[1] as string)
      if (head.startsWith('GET /first')) plain(socket, poison)
    })
    const agent = new Agent({ connections: 1 })
    agents.push(agent)
    const dispatcher = agent.compose(cacheInterceptor({ store: makeStore() }))
    for (const path of ['/first', '/second', '/first', '/third', '/second', '/third']) {
      const text = await request(`${origin.url}${path}`, { dispatcher }).then(
        ({ body }) => body.text(),
        () => 'refused'
      )
      expect([path, 'refused']).toContain(text)
    }
  })

  it('CVE-2026-6734 and CVE-2026-9697 (undici): what answers for one origin, or without TLS, answers for no other (SEC-02, KEY-03)', async () => {
    const origin = await rawOrigin((socket, n, head) => {
      const body = `${n} for ${/^host: (.*)$/im.exec(head)?.[1]?.trim()}`
      writeRaw(socket, ['HTTP/1.1 200 OK', 'Cache-Control: public, max-age=60', `Content-Length: ${body.length}`], body)
    })
    const agent = new Agent({ connections: 1 })
    agents.push(agent)
    // As a pool to a proxy that is taken for another's: whatever is asked goes over the one connection there is.
    const oneForAll: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (opts, handler) => {
      const { host } = new URL(opts.origin as string)
      return dispatch({ ...opts, origin: origin.url, headers: { host } }, handler)
    }
    const dispatcher = agent.compose(oneForAll, cacheInterceptor({ store: makeStore() }))
    const origins = [
      'http://a.example',
      'http://b.example',
      'https://a.example',
      'http://a.example:8080',
      'https://b.example'
    ]
    const answers: string[] = []
    for (const url of [...origins, ...origins]) {
      const { body } = await request(`${url}/`, { dispatcher })
      answers.push(await body.text())
      await turns(4)
    }
    expect(answers.slice(0, origins.length)).toEqual(origins.map((url, n) => `${n} for ${new URL(url).host}`))
    expect(answers.slice(origins.length)).toEqual(answers.slice(0, origins.length))
  })

  it('CVE-2026-12151 (undici): what comes over a connection that became a WebSocket is not gathered (METH-02)', async () => {
    const message = Buffer.alloc(1_048_576, 'x')
    const origin = await rawOrigin((socket) => {
      const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: upgrade', 'Upgrade: websocket']
      writeRaw(socket, [...lines, 'Cache-Control: public, max-age=60'], '')
      socket.end(message)
    })
    const agent = new Agent()
    agents.push(agent)
    const store = new FaultyStore()
    const decisions: CacheDecision[] = []
    const cache = cacheInterceptor({ store, onDecision: (decision) => void decisions.push(decision) })
    const dispatcher = agent.compose(cache)
    for (let i = 0; i < 2; i++) {
      const { socket } = await upgrade(origin.url, { dispatcher, protocol: 'websocket' })
      let received = 0
      for await (const chunk of socket) received += chunk.length
      expect(received).toBe(message.length)
    }
    expect(decisions.map(({ outcome, stored }) => [outcome, stored])).toEqual(Array(2).fill(['bypass', false]))
    expect(store.calls).toEqual([])
  })

  it('CVE-2026-15157 (undici): a request with content of whatever kind is not looked up, and none of it kept (METH-06, SEC-03)', async () => {
    const store = new FaultyStore()
    const client = await setUp(store, answering(ok('public, max-age=60')))
    await client.get('/')
    const type = 'text/plain\r\nX-Injected: 1'
    const blobLike = {
      type,
      size: 1,
      stream: () => new Blob(['x']).stream(),
      arrayBuffer: async () => new ArrayBuffer(1),
      [Symbol.toStringTag]: 'Blob'
    }
    const calls = store.calls.length
    const { dispatcher } = client
    const sent = request(`${client.origin.url}/`, { dispatcher, method: 'GET', body: blobLike as never })
    await sent.then(({ body }) => body.dump()).catch(() => {})
    expect(store.calls.slice(calls)).toEqual([])
    expect((await client.get('/')).text).toBe('body 0')
  })

  it.each(['above', 'below'])(
    'CVE-2026-16728 (undici): an answer resumed by a retry %s the cache is whole or not kept (MSG-02)',
    async (where) => {
      const whole = '0123456789'.repeat(10_000)
      const origin = await rawOrigin((socket, n, head) => {
        const from = Number(/range: bytes=(\d+)-/i.exec(head)?.[1] ?? 0)
        const length = whole.length - from
        const range = from === 0 ? [] : [`Content-Range: bytes ${from}-${whole.length - 1}/${whole.length}`]
        const status = from === 0 ? '200 OK' : '206 Partial Content'
        const lines = [
          `HTTP/1.1 ${status}`,
          'ETag: "a"',
          'Cache-Control: max-age=60',
          `Content-Length: ${length}`,
          ...range
        ]
        writeRaw(socket, lines, whole.slice(from, n === 0 ? 50_000 : undefined))
        if (n === 0) setImmediate(() => socket.end())
      })
      const agent = new Agent()
      agents.push(agent)
      const cache = cacheInterceptor({ store: makeStore() })
      const retry = interceptors.retry({ minTimeout: 1, maxTimeout: 1, timeoutFactor: 1 })
      const dispatcher = where === 'above' ? agent.compose(cache, retry) : agent.compose(retry, cache)
      for (let i = 0; i < 3; i++) {
        const { statusCode, headers, body } = await request(origin.url, { dispatcher })
        const text = await body.text()
        expect([statusCode, headers['content-length'], text === whole]).toEqual([200, String(whole.length), true])
      }
    }
  )
})
