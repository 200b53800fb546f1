// An origin whose resources change, and which fails as the field X-Fault of a request asks it to.
import { createServer } from 'node:http'
import { bodyOf, kindOf } from './content.mjs'

const versions = new Map()
const failed = {}
let asked = 0

const server = createServer((request, response) => {
  response.sendDate = false
  asked++
  request.resume()
  request.on('end', () => respond(request, response))
})

function respond(request, response) {
  const { method, url, headers } = request
  if (url === '/counts') return response.end(JSON.stringify({ asked, failed }))
  const { n, fields, status = 200 } = kindOf(url)
  const isUnsafe = method === 'POST'
  // Every 20th answer is about something new, so that validations end either way.
  const changes = isUnsafe || asked % 20 === 0
  const version = (versions.get(url) ?? 1) + (changes ? 1 : 0)
  versions.set(url, version)
  const fault = headers['x-fault']
  if (fault !== undefined) failed[fault] = (failed[fault] ?? 0) + 1
  if (fault === 'no head') return
  if (fault === 'reset') return request.socket.resetAndDestroy()
  response.setHeader('X-Version', version).setHeader('ETag', `"${version}"`)
  for (const [name, value] of Object.entries(fields)) response.setHeader(name, value)
  if (fault === 'status') return response.writeHead(503).end('unavailable')
  if (!isUnsafe && headers['if-none-match'] === `"${version}"`) return response.writeHead(304).end()
  const variant = 'Vary' in fields ? headers['accept-language'] : ''
  const body = isUnsafe ? Buffer.from('changed') : bodyOf(url, version, variant)
  if (n % 2 === 0 && fault !== 'chunks') response.setHeader('Content-Length', body.byteLength)
  response.writeHead(isUnsafe ? 200 : status)
  if (fault === undefined) return response.end(body)
  response.write(body.subarray(0, body.byteLength >> 1), () => cut(request.socket, fault))
}

function cut(socket, fault) {
  if (fault === 'stall') return
  if (fault === 'rst') socket.resetAndDestroy()
  else socket.end()
}

// An idle connection that the origin closes by itself would fail requests that are not meant to fail.
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.once('disconnect', () => process.exit())
