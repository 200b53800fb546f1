import { describe, expect, it } from '@jest/globals'
import { fetch, interceptors, request, WebSocket } from 'undici'
import { setUp, stores } from './harness.js'
import { MapStore } from './map-store.js'
import { turns } from './no-stray-errors.js'
import { rawOrigin, writeRaw } from './raw-origin.js'
import { generations, Recorder } from './recorder.js'

const final = ['HTTP/1.1 200 OK', 'Cache-Control: max-age=60', 'ETag: "a"', 'Content-Length: 4']

describe.each(stores)('messages through a cache that keeps its responses in %s', (_name, makeStore) => {
  describe('interim responses (RFC 9110 §15.2)', () => {
    it.each(generations)(
      'MSG-01: reach the caller at once, and only him who asked the origin (%s handler)',
      async (generation) => {
        let sendFinal = () => {}
        const raw = await rawOrigin((socket) => {
          writeRaw(socket, ['HTTP/1.1 102 Processing', 'X-Interim: 1'])
          writeRaw(socket, ['HTTP/1.1 103 Early Hints', 'Link: </style.css>', 'Cache-Control: no-store', 'Date: never'])
          sendFinal = () => writeRaw(socket, final, 'body')
        })
        const client = await setUp(makeStore(), (_setUp, _request, response) => response.end())
        const ask = () => {
          const recorder = new Recorder(generation)
          client.dispatcher.dispatch({ origin: raw.url, path: '/', method: 'GET' }, recorder.handler)
          return recorder
        }
        const decided = client.nextDecision()
        const asked = ask()
        await asked.seen('head 103')
        expect(asked.events).toEqual(['start', 'head 102', 'head 103'])
        sendFinal()
        await asked.over
        expect(asked.events).toEqual(['start', 'head 102', 'head 103', 'head 200', 'data 4', 'end'])
        expect(await decided).toMatchObject({ stored: true })
        const hit = ask()
        await hit.over
        expect(hit.events).toEqual(['start', 'head 200', 'data 4', 'end'])
        expect(hit.rawHeaders.map(String)).not.toContain('Link')
        expect(raw.requests).toHaveLength(1)
      }
    )

    it('MSG-01: are not when the response arrived: its age counts from the final one', async () => {
      const raw = await rawOrigin((socket) => {
        writeRaw(socket, ['HTTP/1.1 103 Early Hints', 'Link: </style.css>'])
        sendFinal = () => writeRaw(socket, final, 'body')
      })
      let sendFinal = () => {}
      const client = await setUp(makeStore(), (_setUp, _request, response) => response.end())
      const recorder = new Recorder('new')
      const decided = client.nextDecision()
      client.dispatcher.dispatch({ origin: raw.url, path: '/', method: 'GET' }, recorder.handler)
      await recorder.seen('head 103')
      client.clock.advance(7)
      sendFinal()
      await decided
      client.clock.advance(2)
      expect((await client.get('/', { origin: raw.url })).headers).toMatchObject({ age: '9' })
    })

    it('MSG-01: come through onInfo of request, also while a stored response is validated', async () => {
      const raw = await rawOrigin((socket, n) => {
        writeRaw(socket, ['HTTP/1.1 103 Early Hints', `Link: <${n}>`])
        if (n === 0) writeRaw(socket, final, 'body')
        else writeRaw(socket, ['HTTP/1.1 304 Not Modified', 'ETag: "a"'])
      })
      const client = await setUp(makeStore(), (_setUp, _request, response) => response.end())
      const links: unknown[] = []
      const ask = async () => {
        const decided = client.nextDecision()
        const { body, headers } = await request(raw.url, {
          dispatcher: client.dispatcher,
          onInfo: ({ statusCode, headers }) => links.push([statusCode, headers.link])
        })
        return [await body.text(), headers.link, (await decided).outcome]
      }
      expect(await ask()).toEqual(['body', undefined, 'miss'])
      client.clock.advance(61)
      expect(await ask()).toEqual(['body', undefined, 'validated'])
      expect(links).toEqual([
        [103, '<0>'],
        [103, '<1>']
      ])
    })
  })

  describe('trailer fields (RFC 9110 §6.5)', () => {
    it.each(generations)(
      'MSG-04: reach who asked the origin, decide nothing and are not kept (%s handler)',
      async (generation) => {
        const raw = await rawOrigin((socket) => {
          const head = [
            'HTTP/1.1 200 OK',
            'Cache-Control: max-age=60',
            'Transfer-Encoding: chunked',
            'Trailer: X-Sum, Cache-Control'
          ]
          writeRaw(socket, head, '4\r\nbody\r\n0\r\nX-Sum: 5\r\nCache-Control: no-store\r\n\r\n')
        })
        const client = await setUp(makeStore(), (_setUp, _request, response) => response.end())
        const ask = async () => {
          const decided = client.nextDecision()
          const recorder = new Recorder(generation)
          client.dispatcher.dispatch({ origin: raw.url, path: '/', method: 'GET' }, recorder.handler)
          await Promise.all([recorder.over, decided])
          return recorder
        }
        const miss = await ask()
        const trailers = { 'x-sum': '5', 'cache-control': 'no-store' }
        if (generation === 'new') expect(miss.trailers).toEqual(trailers)
        else expect((miss.trailers as Buffer[]).map(String)).toEqual(['X-Sum', '5', 'Cache-Control', 'no-store'])
        const hit = await ask()
        expect(hit).toMatchObject({ text: 'body', trailers: generation === 'new' ? {} : [] })
        const raws = hit.rawHeaders.map(String)
        expect(raws).toEqual(expect.arrayContaining(['Trailer', 'X-Sum, Cache-Control', 'max-age=60']))
        expect(raws).not.toContain('X-Sum')
        expect(raw.requests).toHaveLength(1)
      }
    )
  })

  describe('redirects (RFC 9110 §15.4)', () => {
    it.each([301, 302, 303, 307, 308])('MSG-05: a %i is kept as what it is and followed by nobody', async (status) => {
      const client = await setUp(makeStore(), (_setUp, { path }, response) => {
        response.setHeader('Cache-Control', 'max-age=60')
        if (path === '/from') response.writeHead(status, { Location: '/to' })
        response.end(`at ${path}`)
      })
      const moved = { status, text: 'at /from', headers: { location: '/to' } }
      expect(await client.get('/from')).toMatchObject({ ...moved, decision: { stored: true } })
      expect(await client.get('/from')).toMatchObject({ ...moved, decision: { outcome: 'hit' } })
      expect(await client.get('/to')).toMatchObject({ decision: { outcome: 'miss' } })
      expect(client.asked).toBe(2)
    })

    it.each([
      [301, 'hit'],
      [302, 'miss'],
      [303, 'miss'],
      [307, 'miss'],
      [308, 'hit']
    ])('MSG-05: a %i without explicit freshness, but old, is a %s', async (status, outcome) => {
      const client = await setUp(makeStore(), ({ clock }, _request, response) => {
        const age = { Date: clock.date(), 'Last-Modified': clock.date(-10_000) }
        response.writeHead(status, { ...age, Location: '/to' }).end()
      })
      await client.get('/')
      expect(await client.get('/')).toMatchObject({ status, decision: { outcome } })
    })

    it('MSG-05: above the cache both steps come from it, each under its own URI', async () => {
      const client = await setUp(makeStore(), (_setUp, { path }, response) => {
        response.setHeader('Cache-Control', 'max-age=60')
        if (path === '/from') response.writeHead(302, { Location: '/to' })
        response.end(path)
      })
      const dispatcher = client.dispatcher.compose(interceptors.redirect({ maxRedirections: 3 }))
      const ask = async () => await (await request(`${client.origin.url}/from`, { dispatcher })).body.text()
      for (let i = 0; i < 2; i++) {
        const decided = [client.nextDecision(), client.nextDecision()]
        expect(await ask()).toBe('/to')
        await Promise.all(decided)
      }
      const fetched = await fetch(`${client.origin.url}/from`, { dispatcher: client.dispatcher })
      expect([await fetched.text(), fetched.redirected]).toEqual(['/to', true])
      expect(client.origin.requests.map(({ path }) => path)).toEqual(['/from', '/to'])
    })
  })
})

describe('what is no exchange of messages (METH-02)', () => {
  it('an upgrade passes untouched, with the socket, and the cache stays as it was', async () => {
    const raw = await rawOrigin((socket, _n, head) => {
      if (!/^upgrade:/im.test(head)) return writeRaw(socket, final, 'body')
      writeRaw(socket, [
        'HTTP/1.1 101 Switching Protocols',
        'Connection: upgrade',
        'Upgrade: other',
        'Cache-Control: max-age=60'
      ])
      socket.write('hello')
    })
    const client = await setUp(new MapStore(), (_setUp, _request, response) => response.end())
    await client.get('/', { origin: raw.url })
    for (const method of ['GET', 'POST']) {
      const { socket, headers } = await client.dispatcher.upgrade({
        origin: raw.url,
        path: '/',
        method,
        protocol: 'other'
      } as never)
      expect(headers).toMatchObject({ upgrade: 'other' })
      const greeting = await new Promise<Buffer>((resolve) => socket.once('data', resolve))
      expect(greeting.toString()).toBe('hello')
      socket.destroy()
    }
    expect(client.decisions.slice(1)).toMatchObject([{ outcome: 'bypass' }, { outcome: 'bypass' }])
    expect(await client.get('/', { origin: raw.url })).toMatchObject({ decision: { outcome: 'hit' } })
  })

  it('a WebSocket passes', async () => {
    const raw = await rawOrigin((socket, _n, head) => {
      expect(head).toMatch(/^sec-websocket-key:/im)
      writeRaw(socket, ['HTTP/1.1 400 Bad Request', 'Content-Length: 0'])
    })
    const client = await setUp(new MapStore(), (_setUp, _request, response) => response.end())
    const socket = new WebSocket(raw.url.replace('http', 'ws'), { dispatcher: client.dispatcher })
    await new Promise((resolve) => socket.addEventListener('error', resolve))
    expect(client.decisions).toMatchObject([{ outcome: 'bypass', reason: 'bypass' }])
  })

  it('CONNECT passes, with the socket', async () => {
    const raw = await rawOrigin((socket) => {
      writeRaw(socket, ['HTTP/1.1 200 Connection established', 'Cache-Control: max-age=60'])
      socket.write('through')
    })
    const client = await setUp(new MapStore(), (_setUp, _request, response) => response.end())
    const { statusCode, socket } = await client.dispatcher.connect({
      origin: raw.url,
      path: 'example.com:443'
    } as never)
    const first = await new Promise<Buffer>((resolve) => socket.once('data', resolve))
    expect([statusCode, first.toString()]).toEqual([200, 'through'])
    socket.destroy()
    await turns()
    expect(client.decisions).toMatchObject([{ method: 'CONNECT', outcome: 'bypass' }])
  })
})
