import { once } from 'node:events'
import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request
} from 'node:http'
import { cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Agent } from 'undici'
import { Origin } from '../../packages/core/test/origin.js'
import { type RawOrigin, type RawRespond, rawOrigin, writeRaw } from '../../packages/core/test/raw-origin.js'
import { type ReverseProxy, startReverseProxy } from './reverse-proxy.js'

const cleanUps: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

async function proxyOf(origin: string): Promise<ReverseProxy> {
  const agent = new Agent()
  const cache = cacheInterceptor({ type: 'shared', sharedSetCookie: 'rfc', store: new DictStore() })
  const proxy = await startReverseProxy(origin, agent.compose(cache))
  cleanUps.push(() => proxy.close().then(() => agent.destroy()))
  return proxy
}

async function setUp(respond: RawRespond): Promise<{ origin: RawOrigin; proxy: ReverseProxy }> {
  const origin = await rawOrigin(respond)
  return { origin, proxy: await proxyOf(origin.url) }
}

interface Ask {
  path?: string
  method?: string
  headers?: OutgoingHttpHeaders
  body?: readonly string[]
}

interface Answer {
  status: number | undefined
  reason: string | undefined
  lines: string[]
  headers: IncomingHttpHeaders
  trailers: NodeJS.Dict<string>
  text: string
  /** Whether the body ended as its framing said it would. */
  isComplete: boolean
}

/** Field lines as they came, such as `name: value`. */
const fieldLines = ({ rawHeaders }: { rawHeaders: string[] }) =>
  rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [`${name.toLowerCase()}: ${rawHeaders[i + 1]}`] : []))

function send({ url }: ReverseProxy, { path = '/', method = 'GET', headers = {}, body = [] }: Ask = {}) {
  const sent = request(url + path, { method, headers, agent: false })
  for (const chunk of body) sent.write(chunk)
  sent.end()
  return sent
}

const ask = (proxy: ReverseProxy, what: Ask = {}) => answerTo(send(proxy, what))

async function answerTo(sent: ClientRequest): Promise<Answer> {
  const [message] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  message.setEncoding('latin1').on('data', (chunk) => {
    text += chunk
  })
  message.on('error', () => {})
  await new Promise((resolve) => message.on('close', resolve))
  const { statusCode: status, statusMessage: reason, headers, trailers, complete } = message
  return { status, reason, lines: fieldLines(message), headers, trailers, text, isComplete: complete }
}

describe('the reverse proxy of the public suite (RFC 9110 §7.6)', () => {
  it('sends no field of one connection on, in either direction, and signs the request', async () => {
    const { origin, proxy } = await setUp((socket) =>
      writeRaw(socket, [
        'HTTP/1.1 200 Fine',
        'Connection: keep-alive, X-Near',
        'Keep-Alive: timeout=77',
        'Proxy-Connection: close',
        'Upgrade: h3',
        'X-Near: origin',
        'X-Far: origin',
        'Content-Length: 0'
      ])
    )
    const { status, reason, headers } = await ask(proxy, {
      path: '/a?b',
      headers: {
        Connection: 'x-near, te, upgrade',
        Upgrade: 'h3',
        TE: 'trailers',
        'Keep-Alive': 'timeout=77',
        'Proxy-Connection': 'close',
        'X-Near': 'client',
        'X-Far': 'client',
        Host: 'proxy.example',
        Via: '1.0 before'
      }
    })
    const [line, ...lines] = (origin.requests[0] ?? '').split('\r\n').map((text) => text.toLowerCase())
    expect(line).toBe('get /a?b http/1.1')
    expect(lines.sort()).toEqual([
      'connection: keep-alive',
      'host: proxy.example',
      'via: 1.0 before',
      'via: 1.1 cc',
      'x-far: client'
    ])
    expect([status, reason]).toEqual([200, 'Fine'])
    expect(headers['x-far']).toBe('origin')
    for (const name of ['x-near', 'proxy-connection', 'upgrade']) expect(headers[name]).toBeUndefined()
    expect(headers['keep-alive']).not.toBe('timeout=77')
  })

  it('keeps repeated lines apart, on a miss and on a hit (GEN-02)', async () => {
    const { origin, proxy } = await setUp((socket) =>
      writeRaw(
        socket,
        ['HTTP/1.1 200 OK', 'Cache-Control: max-age=60', 'Set-Cookie: a=1', 'Set-Cookie: b=2', 'Content-Length: 2'],
        'ok'
      )
    )
    for (const _ of ['miss', 'hit']) {
      const { lines, text } = await ask(proxy)
      expect(lines.filter((line) => line.startsWith('set-cookie'))).toEqual(['set-cookie: a=1', 'set-cookie: b=2'])
      expect(text).toBe('ok')
    }
    expect(origin.requests).toHaveLength(1)
  })

  it('passes a 304 on, which has no body whatever its length says', async () => {
    const { proxy } = await setUp((socket, n) => {
      if (n === 0) writeRaw(socket, ['HTTP/1.1 304 Not Modified', 'ETag: "a"', 'Content-Length: 5'])
      else writeRaw(socket, ['HTTP/1.1 200 OK', 'Content-Length: 2'], 'ok')
    })
    const { status, headers, text, isComplete } = await ask(proxy, { headers: { 'If-None-Match': '"a"' } })
    expect([status, headers.etag, text, isComplete]).toEqual([304, '"a"', '', true])
    expect(await ask(proxy)).toMatchObject({ status: 200, text: 'ok' })
  })

  it('passes the length of a HEAD on, and no body', async () => {
    const { proxy } = await setUp((socket) => writeRaw(socket, ['HTTP/1.1 200 OK', 'Content-Length: 5']))
    const { status, headers, text, isComplete } = await ask(proxy, { method: 'HEAD' })
    expect([status, headers['content-length'], text, isComplete]).toEqual([200, '5', '', true])
  })

  it('passes interim responses on while they come, also those of unknown meaning (MSG-01)', async () => {
    let finish = () => {}
    const { proxy } = await setUp((socket) => {
      writeRaw(socket, ['HTTP/1.1 103 Early Hints', 'Link: </a>; rel=preload', 'Link: </b>; rel=preload'])
      writeRaw(socket, ['HTTP/1.1 104 Later', 'X-Far: 1'])
      finish = () => writeRaw(socket, ['HTTP/1.1 200 OK', 'Content-Length: 2'], 'ok')
    })
    const sent = send(proxy)
    const interim: string[][] = []
    sent.on('information', (info) => {
      interim.push([String(info.statusCode), ...fieldLines(info)])
      if (interim.length === 2) finish()
    })
    const { status, headers, text } = await answerTo(sent)
    expect(interim).toEqual([
      ['103', 'link: </a>; rel=preload', 'link: </b>; rel=preload'],
      ['104', 'x-far: 1']
    ])
    expect([status, headers.link, text]).toEqual([200, undefined, 'ok'])
  })

  it.each([
    ['Content-Length: 10', 'half'],
    ['Transfer-Encoding: chunked', '4\r\nhalf\r\n']
  ])('passes a body that was cut on as one that was cut, and stores none of it: %s (MSG-02)', async (framing, half) => {
    const { origin, proxy } = await setUp((socket) => {
      writeRaw(socket, ['HTTP/1.1 200 OK', 'Cache-Control: max-age=60', framing], half)
      socket.end()
    })
    for (const _ of ['first', 'again']) {
      const { status, text, isComplete } = await ask(proxy)
      expect([status, text, isComplete]).toEqual([200, 'half', false])
    }
    expect(origin.requests).toHaveLength(2)
  })

  it('lets go of the origin when the client is gone, before the head and after it', async () => {
    for (const head of [[], ['HTTP/1.1 200 OK', 'Content-Length: 10']]) {
      let left: Promise<unknown> = Promise.resolve()
      let asked = () => {}
      const arrived = new Promise<void>((resolve) => {
        asked = resolve
      })
      const { proxy } = await setUp((socket) => {
        left = once(socket, 'close')
        if (head.length > 0) writeRaw(socket, head, 'half')
        asked()
      })
      const sent = send(proxy).on('error', () => {})
      await arrived
      if (head.length > 0) {
        const [message] = (await once(sent, 'response')) as [IncomingMessage]
        message.on('error', () => {})
        await once(message, 'data')
      }
      sent.destroy()
      await left
    }
  })

  it('passes trailers on (MSG-04)', async () => {
    const { proxy } = await setUp((socket) =>
      writeRaw(
        socket,
        ['HTTP/1.1 200 OK', 'Trailer: X-Sum', 'Transfer-Encoding: chunked'],
        '2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n'
      )
    )
    expect(await ask(proxy)).toMatchObject({ text: 'ok', trailers: { 'x-sum': '1' }, isComplete: true })
  })

  it.each([{ 'Content-Length': '6' }, { 'Transfer-Encoding': 'chunked' }])(
    'sends the content of a request on whole: %j (METH-02)',
    async (headers) => {
      const origin = await Origin.start((_, response) => response.writeHead(201).end())
      cleanUps.push(() => origin.stop())
      const proxy = await proxyOf(origin.url)
      expect(await ask(proxy, { method: 'POST', headers, body: ['one', 'two'] })).toMatchObject({ status: 201 })
      expect(origin.requests.map(({ method, body }) => `${method} ${body}`)).toEqual(['POST onetwo'])
    }
  )

  it('says so when the origin does not answer', async () => {
    const { proxy } = await setUp((socket) => socket.destroy())
    expect(await ask(proxy)).toMatchObject({ status: 502, isComplete: true })
  })
})
