import { createServer } from 'node:http'
import { Clients } from './clients.mjs'
import { cellsOf, columns, printTable, total } from './report.mjs'

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

/** Shows what the cache does with an origin on this machine. */
export async function showTour() {
  const origin = createServer(answer)
  await new Promise((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${origin.address().port}`
  const clients = new Clients(30_000)
  const ask = ({ path, ...step }) => clients.ask({ url: base + path, ...step })

  // The first request of each client connects, and warms the code up: it is left out.
  await ask({ path: '/balance' })
  clients.sent = 0

  const rows = []
  for (const step of script) {
    const asked = await ask(step)
    if (asked.plain.digest !== asked.fromCache.digest) throw new Error(`${step.path}: the cache changed the body`)
    const language = step.headers?.['accept-language']
    const name = `${step.method ?? 'GET'} ${step.path}${language ? ` (${language})` : ''}`
    rows.push(cellsOf(name, asked))
    if (asked.decision.outcome === 'stale-hit') await clients.backgroundValidation()
  }
  console.log()
  printTable(columns, rows)
  const remark = ' (1 of these validated in the background)'
  console.log(`\n${total(script.length, clients.sent, remark)} Every body was the same.`)
  await clients.close()
  origin.close()
}

function answer(message, response) {
  const { fields, content } = resources[message.url](message)
  setTimeout(() => {
    for (const [name, value] of Object.entries(fields)) response.setHeader(name, value)
    response.statusCode = fields.ETag !== undefined && message.headers['if-none-match'] === fields.ETag ? 304 : 200
    response.setHeader('Content-Length', response.statusCode === 304 ? 0 : Buffer.byteLength(content))
    response.end(response.statusCode === 304 ? undefined : content)
  }, latencyMs)
}
