// What the cache does, seen on a real local origin: run it with `npm start`.
//
// The cache is `private`: this process acts for one user. A service that acts for many keeps the default, `shared`.

import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { Agent, request } from 'undici'

/** What a request to this origin takes, as one to a real API would. */
const latencyMs = 25
const large = Buffer.alloc(4 * 1024 * 1024, 'All work and no play makes Jack a dull boy. ')

/** Path → fields and content of its response. */
const resources = {
  '/news': () => ({ fields: { 'Cache-Control': 'max-age=60' }, content: 'fresh for a minute' }),
  '/profile': () => ({ fields: { 'Cache-Control': 'no-cache', ETag: '"v1"' }, content: 'validated before each use' }),
  '/greeting': ({ headers }) => ({
    fields: { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' },
    content: headers['accept-language'] === 'de' ? 'Guten Tag' : 'Good morning'
  }),
  '/weather': () => ({
    // Five seconds old on arrival, so stale at once, and good enough while it is validated.
    fields: { 'Cache-Control': 'max-age=1, stale-while-revalidate=60', Age: '5', ETag: '"w1"' },
    content: 'served stale, validated behind the scenes'
  }),
  '/balance': () => ({ fields: { 'Cache-Control': 'no-store' }, content: 'never stored' }),
  '/film': () => ({ fields: { 'Cache-Control': 'max-age=3600' }, content: large })
}

const script = [
  { path: '/news' },
  { path: '/news' },
  { path: '/profile' },
  { path: '/profile' },
  { path: '/greeting', headers: { 'accept-language': 'en' } },
  { path: '/greeting', headers: { 'accept-language': 'de' } },
  { path: '/greeting', headers: { 'accept-language': 'de' } },
  { path: '/weather' },
  { path: '/weather' },
  { path: '/balance' },
  { path: '/balance' },
  { path: '/film' },
  { path: '/film' },
  { path: '/news', method: 'POST' },
  { path: '/news' }
]

let answered = 0
const origin = createServer((message, response) => {
  answered++
  const { fields, content } = resources[message.url](message)
  setTimeout(() => {
    for (const [name, value] of Object.entries(fields)) response.setHeader(name, value)
    response.statusCode = fields.ETag !== undefined && message.headers['if-none-match'] === fields.ETag ? 304 : 200
    response.setHeader('Content-Length', response.statusCode === 304 ? 0 : Buffer.byteLength(content))
    response.end(response.statusCode === 304 ? undefined : content)
  }, latencyMs)
})
await new Promise((resolve) => origin.listen(0, '127.0.0.1', resolve))
const base = `http://127.0.0.1:${origin.address().port}`

const foreground = []
const background = []
const plain = new Agent()
const cached = new Agent().compose(
  cacheInterceptor({
    type: 'private',
    store: new DictStore(),
    onDecision: (decision) => (decision.background ? background : foreground).push(decision)
  })
)

/** Asks once, and reads the answer to its end. */
async function ask(dispatcher, { path, method = 'GET', headers = {} }) {
  const began = performance.now()
  const { statusCode, body } = await request(base + path, { dispatcher, method, headers })
  const bytes = Buffer.from(await body.arrayBuffer())
  const digest = createHash('sha256').update(bytes).digest('hex')
  return { status: statusCode, digest, ms: performance.now() - began }
}

/** How the request that was asked last went. It is told when all is done, storing included. */
async function nextDecision() {
  while (foreground.length === 0) await new Promise((resolve) => setImmediate(resolve))
  return foreground.shift()
}

/** A decision in words. */
function inWords({ outcome, stale, reason, stored, notStored }) {
  if (outcome === 'stale-hit') return `stale hit (${stale})`
  if (outcome === 'validated') return 'validated'
  if (outcome === 'bypass') return reason === 'method' ? 'passed on (unsafe method)' : 'bypass'
  if (outcome !== 'miss') return outcome
  const then = stored ? 'stored' : `not stored: ${notStored.reason} [${notStored.requirement}]`
  return `miss (${reason}), ${then}`
}

// The first request of each client connects, and warms the code up: it is left out.
for (const dispatcher of [plain, cached]) await ask(dispatcher, { path: '/balance' })
await nextDecision()
answered = 0

const rows = []
for (const step of script) {
  const plainly = await ask(plain, step)
  const fromCache = await ask(cached, step)
  const decision = await nextDecision()
  if (plainly.digest !== fromCache.digest) throw new Error(`${step.path}: the cache changed the body`)
  const language = step.headers?.['accept-language']
  rows.push([
    `${step.method ?? 'GET'} ${step.path}${language ? ` (${language})` : ''}`,
    inWords(decision),
    String(fromCache.status),
    `${plainly.ms.toFixed(1)} ms`,
    `${fromCache.ms.toFixed(1)} ms`
  ])
}
while (background.length === 0) await new Promise((resolve) => setImmediate(resolve))

const head = ['request', 'decision', 'status', 'without', 'with cache']
const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i].length)))
const line = (row) => row.map((cell, i) => (i > 2 ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ')
console.log(`\n${line(head)}\n${line(widths.map((width) => '-'.repeat(width)))}`)
for (const row of rows) console.log(line(row))

const without = script.length
const asked = answered - without
console.log(
  `\n${script.length} requests: ${without} went to the origin without a cache, ${asked} with it` +
    ` (${background.length} of these validated in the background): ${without - asked} saved. Every body was the same.`
)
await Promise.all([plain.close(), cached.close()])
origin.close()
