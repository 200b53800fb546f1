import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { certificate } from './certificate.js'

export const protocols = ['http', 'https', 'h2'] as const
export type Protocol = (typeof protocols)[number]

type AnyRequest = IncomingMessage | Http2ServerRequest

export const text = 'some text '.repeat(10_000)

/** Answers a request whose body was read; `n` counts the requests for this path from 0. */
export type Respond = (response: ServerResponse, request: AnyRequest, body: string, n: number) => unknown

/** What each path answers, whatever the protocol. */
const answers: Readonly<Record<string, Respond>> = {
  '/fresh': (response) => end(response, { 'cache-control': 'max-age=60' }, text),
  '/unannounced': (response) => {
    head(response, 200, { 'cache-control': 'max-age=60' })
    response.write(text.slice(0, 50_000), () => response.end(text.slice(50_000)))
  },
  '/checked': (response, { headers }) => {
    const fields = { 'cache-control': 'no-cache', etag: '"one"' }
    if (headers['if-none-match'] !== '"one"') return end(response, fields, text)
    head(response, 304, fields)
    response.end()
  },
  '/changing': (response, { method }, body, n) =>
    end(response, { 'cache-control': method === 'GET' ? 'max-age=60' : 'no-store' }, `${method} ${n} ${body}`),
  '/moved': (response) => {
    head(response, 302, { 'cache-control': 'max-age=60', location: '/fresh' })
    response.end()
  },
  '/zipped': (response) => end(response, { 'cache-control': 'max-age=60', 'content-encoding': 'gzip' }, gzipSync(text)),
  '/failing': (response, _request, _body, n) => {
    if (n > 0) return end(response, { 'cache-control': 'max-age=60' }, text)
    head(response, 503, { 'retry-after': '0' })
    response.end('not yet')
  },
  '/missing': (response) => {
    head(response, 404, { 'cache-control': 'max-age=60' })
    response.end('missing')
  },
  '/personal': (response, { headers }) =>
    end(response, { 'cache-control': 'max-age=60' }, `for ${headers.authorization ?? 'nobody'}`),
  '/undelimited': (response) => {
    if (response.req.httpVersionMajor < 2) response.removeHeader('transfer-encoding')
    response.setHeader('cache-control', 'max-age=60')
    response.write(text, () => response.end())
  },
  '/cut': (response, _request, _body, n) => {
    if (n > 0) return end(response, { 'cache-control': 'max-age=60' }, text)
    head(response, 200, { 'cache-control': 'max-age=60', 'content-length': String(text.length) })
    response.write('half', () => cut(response))
  },
  '/cut-unannounced': (response, _request, _body, n) => {
    if (n > 0) return end(response, { 'cache-control': 'max-age=60' }, text)
    head(response, 200, { 'cache-control': 'max-age=60' })
    return response.write('half', () => cut(response))
  },
  '/stalling': (response) => {
    head(response, 200, { 'cache-control': 'max-age=60', 'content-length': '100' })
    response.write('half')
  }
}

/** A real server, the same for each protocol, that counts what it is asked. With HTTP/2 it offers HTTP/1.1, too. */
export class Origin {
  /** Such as `GET /fresh`. */
  readonly asked: string[] = []
  /** Such as `1.1`, of each request. */
  readonly versions = new Set<string>()
  readonly #answers = { ...answers }
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(
    readonly protocol: Protocol,
    readonly cert: string,
    key: string
  ) {
    // A response of HTTP/2 has all of it that is used here.
    const answer = (request: AnyRequest, response: ServerResponse | Http2ServerResponse) =>
      void this.#answer(request, response as ServerResponse)
    if (protocol === 'http') this.#server = createServer(answer)
    else if (protocol === 'https') this.#server = createTlsServer({ key, cert }, answer)
    else this.#server = createSecureServer({ key, cert, allowHTTP1: true }, answer).on('sessionError', () => {})
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {})
    })
  }

  /** On a free port of localhost; with `path` on a Unix socket. */
  static async start(protocol: Protocol, path?: string): Promise<Origin> {
    const { key, cert } = protocol === 'http' ? { key: '', cert: '' } : await certificate()
    const origin = new Origin(protocol, cert, key)
    await new Promise<void>((resolve) => {
      if (path === undefined) origin.#server.listen(0, 'localhost', resolve)
      else origin.#server.listen(path, resolve)
    })
    return origin
  }

  get url(): string {
    const address = this.#server.address() as AddressInfo | string
    const authority = typeof address === 'string' ? 'localhost' : `localhost:${address.port}`
    return `${this.protocol === 'http' ? 'http' : 'https'}://${authority}`
  }

  /** Answers a path as only one test wants it. */
  on(path: string, respond: Respond): void {
    this.#answers[path] = respond
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async #answer(request: AnyRequest, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '', 'http://localhost').pathname
    const n = this.asked.filter((asked) => asked.split(' ')[1] === path).length
    this.asked.push(`${request.method} ${path}`)
    this.versions.add(request.httpVersion)
    response.on('error', () => {})
    let body = ''
    try {
      for await (const chunk of request) body += chunk
    } catch {
      return
    }
    const respond = this.#answers[path]
    if (respond === undefined) throw new Error(`no answer for ${path}`)
    respond(response, request, body, n)
  }
}

function head(response: ServerResponse, status: number, fields: Record<string, string | number>): void {
  response.writeHead(status, fields)
}

function end(response: ServerResponse, fields: Record<string, string | number>, body: string | Buffer): void {
  head(response, 200, { 'content-length': Buffer.byteLength(body), ...fields })
  response.end(body)
}

/** Ends the connection, or the stream of HTTP/2, as something that broke. */
function cut(response: ServerResponse): void {
  if ('stream' in response) (response as unknown as Http2ServerResponse).stream.destroy(new Error('planted'))
  else response.socket?.destroy()
}
