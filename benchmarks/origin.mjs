import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

/** Body sizes in bytes, by the name that paths and the command line use. */
export const sizes = { '1KiB': 1024, '100KiB': 100 * 1024, '5MiB': 5 * 1024 * 1024 }
/** Those for stores on disk. */
export const fileSizes = { ...sizes, '100MiB': 100 * 1024 * 1024 }
/** A body of this name comes as it is read, a MiB at a time. */
const longBody = { name: '1GiB', bytes: 1024 ** 3 }

const thisFile = fileURLToPath(import.meta.url)
const lastModified = new Date(Date.now() - 86_400_000).toUTCString()

/**
 * Starts the origin in a process of its own, so that it takes no time from what is measured.
 * `/<size>/<anything>` answers with a body of that size, fresh for an hour; each path is another URL to a cache.
 */
export async function startOrigin() {
  const child = fork(thisFile, { execArgv: [] })
  const ask = async () => {
    child.send('requests')
    return (await once(child, 'message'))[0]
  }
  const [url] = await once(child, 'message')
  return { url, pid: child.pid, requests: ask, close: () => child.disconnect() }
}

function serve() {
  const bodies = new Map(Object.entries(fileSizes).map(([name, bytes]) => [name, randomBytes(bytes)]))
  let requests = 0

  const server = createServer((request, response) => {
    requests += 1
    const [, size] = request.url.split('/', 2)
    if (size === longBody.name) {
      sendLong(response, bodies.get('5MiB').subarray(0, 1024 ** 2))
      return
    }
    const body = bodies.get(size)
    if (!body) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, {
      Server: 'origin',
      'Content-Type': 'application/octet-stream',
      'Content-Length': body.length,
      'Cache-Control': 'public, max-age=3600',
      ETag: `"${size}-5f2b1c9d"`,
      'Last-Modified': lastModified,
      Vary: 'Accept-Encoding',
      'Accept-Ranges': 'bytes',
      'X-Content-Type-Options': 'nosniff',
      'X-Request-Id': `${requests}`
    })
    response.end(body)
  })
  server.keepAliveTimeout = 600_000 // a contender waits its turn without losing its connection

  process.on('message', () => process.send(requests))
  process.on('disconnect', () => process.exit())
  server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`))
}

function sendLong(response, piece) {
  response.writeHead(200, { 'Content-Length': longBody.bytes, 'Cache-Control': 'public, max-age=3600' })
  let sent = 0
  const send = () => {
    while (sent < longBody.bytes) {
      sent += piece.byteLength
      if (!response.write(piece)) {
        response.once('drain', send)
        return
      }
    }
    response.end()
  }
  send()
}

if (process.send && process.argv[1] === thisFile) serve()
