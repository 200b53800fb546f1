import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { Dispatcher } from 'undici'

export interface ReverseProxy {
  readonly url: string
  /** Cuts every connection and stops listening. */
  close(): Promise<void>
}

type Headers = Record<string, string | string[] | undefined>

/**
 * Fields that concern one connection only (RFC 9110 §7.6.1), beside those that `Connection` names. `Expect` is answered
 * by this server, and `Trailer` would need a framing that is not known yet.
 */
const ofOneConnection = [
  'connection',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade'
]

/** Starts a reverse proxy on a free port: each request goes to `origin` through `dispatcher`, under its own Host. */
export async function startReverseProxy(origin: string, dispatcher: Dispatcher): Promise<ReverseProxy> {
  const server = createServer((message, response) => void forward(origin, dispatcher, message, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    }
  }
}

async function forward(
  origin: string,
  dispatcher: Dispatcher,
  message: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  const { method = 'GET', url = '/' } = message
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  try {
    const answer = await dispatcher.request({
      origin,
      path: url,
      method: method as Dispatcher.HttpMethod,
      headers: requestFields(message),
      body: hasContent(message) ? message : null,
      signal: gone.signal,
      onInfo: ({ statusCode, headers }) => writeInterim(response, statusCode, headers)
    })
    response.writeHead(answer.statusCode, answer.statusText, endToEnd(answer.headers))
    await writeContent(method, answer, response)
  } catch {
    // What has begun can only be cut, so that nobody takes it for complete.
    if (response.headersSent) response.destroy()
    else response.writeHead(502, { 'content-type': 'text/plain' }).end('No answer from the origin')
  }
}

async function writeContent(method: string, answer: Dispatcher.ResponseData, response: ServerResponse): Promise<void> {
  if (method === 'HEAD' || answer.statusCode === 204 || answer.statusCode === 304) {
    // undici may wait in vain for as many bytes as the Content-Length of a 304 says.
    answer.body.on('error', () => {}).resume()
    response.end()
    return
  }
  response.flushHeaders()
  await pipeline(answer.body, response, { end: false })
  response.addTrailers(answer.trailers)
  response.end()
}

/** The field lines to send on, as a flat list. */
function requestFields({ rawHeaders, headers, httpVersion }: IncomingMessage): string[] {
  const dropped = droppedNames(headers.connection)
  const isKept = (_: string, i: number) => !dropped.has(rawHeaders[i - (i % 2)]?.toLowerCase() ?? '')
  return [...rawHeaders.filter(isKept), 'Via', `${httpVersion} cc`]
}

/** The fields of a response but for those of its connection; repeated lines stay lines of their own. */
function endToEnd(headers: Headers): Headers {
  const dropped = droppedNames(headers.connection)
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name.toLowerCase())))
}

function droppedNames(connection: string | string[] | undefined): Set<string> {
  const named = String(connection ?? '').split(',')
  return new Set([...ofOneConnection, ...named.map((name) => name.trim().toLowerCase())])
}

function hasContent({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Writes a 1xx response; node has methods for some of them only. HTTP/1.0 knows none (RFC 9110 §15.2). */
function writeInterim(response: ServerResponse, status: number, headers: Headers): void {
  if (response.req.httpVersion === '1.0') return
  const lines = Object.entries(endToEnd(headers)).flatMap(([name, value]) =>
    [value].flat().map((line) => `${name}: ${line}\r\n`)
  )
  response.socket?.write(`HTTP/1.1 ${status} \r\n${lines.join('')}\r\n`, 'latin1')
}
