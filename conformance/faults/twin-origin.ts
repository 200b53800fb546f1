import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { Origin, type ReceivedRequest } from '../../packages/core/test/origin.js'

type GivenFields = Readonly<Record<string, string | string[]>>

/** What is at a path, for one who has changed things there `changes` times. */
interface Resource {
  readonly status?: number
  readonly fields: GivenFields
  readonly body?: string | Buffer
  /** Sent without its length, in chunks. */
  readonly chunked?: true
  readonly trailers?: Readonly<Record<string, string>>
  readonly hint?: string
  /** Whether it answers preconditions. */
  readonly tag?: string
}

const long = Buffer.alloc(300 * 1024, 'a long body ')
const huge = Buffer.alloc(3 * 1024 * 1024 + 17, 'a body of more than a piece ')
const coded = gzipSync('text that was coded')

/** What is selected by another field once something has changed, and is the same all the time. */
function moving(changes: number, body: string | Buffer): Resource {
  const vary = changes === 0 ? 'Accept-Language' : 'X-Other'
  return { fields: { 'Cache-Control': 'max-age=1', Vary: vary }, body, tag: '"it stays"' }
}

/** All answers of the origin depend on the request and on how many unsafe requests came before it, and on nothing else. */
const resources: Record<string, (changes: number, headers: ReceivedRequest['headers'], content: Buffer) => Resource> = {
  fresh: (n) => ({
    fields: { 'Cache-Control': 'max-age=60', ETag: `"${n}"`, 'X-Two': ['a', 'b'] },
    body: `fresh ${n}`
  }),
  brief: (n) => ({ fields: { 'Cache-Control': 'max-age=1' }, body: `brief ${n}`, tag: `"${n}"` }),
  dated: (n) => ({
    fields: {
      'Cache-Control': 'max-age=1, must-revalidate',
      'Last-Modified': new Date(Date.UTC(2025, 0, 1, n)).toUTCString()
    },
    body: `dated ${n}`
  }),
  asked: (n) => ({ fields: { 'Cache-Control': 'no-cache' }, body: `asked ${n}`, tag: `"${n}"` }),
  lenient: (n) => ({
    fields: { 'Cache-Control': 'max-age=1, stale-while-revalidate=60, stale-if-error=60' },
    body: `lenient ${n}`,
    tag: `"${n}"`
  }),
  vary: (n, headers) => ({
    fields: { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' },
    body: `${headers['accept-language']} ${n}`
  }),
  passing: (n) => ({ fields: { 'Cache-Control': 'max-age=1' }, body: `passing ${n}` }),
  retired: (n) => ({ fields: { 'Cache-Control': n === 0 ? 'max-age=60' : 'no-store' }, body: `retired ${n}` }),
  removed: (n) => ({ status: n === 0 ? 200 : 410, fields: { 'Cache-Control': 'max-age=60' }, body: `removed ${n}` }),
  'no-store': (n) => ({ fields: { 'Cache-Control': 'no-store' }, body: `no-store ${n}` }),
  private: (n, { authorization }) => ({
    fields: { 'Cache-Control': 'private, max-age=60' },
    body: `${authorization} ${n}`
  }),
  public: (n, { authorization }) => ({
    fields: { 'Cache-Control': 'public, max-age=60', 'Set-Cookie': ['a=1', 'b=2'], Vary: 'Authorization' },
    body: `${authorization} ${n}`
  }),
  moved: () => ({ status: 302, fields: { 'Cache-Control': 'max-age=60', Location: '/elsewhere' }, body: 'moved' }),
  missing: (n) => ({ status: 404, fields: { 'Cache-Control': 'max-age=60' }, body: `missing ${n}` }),
  gone: () => ({ status: 410, fields: { 'Cache-Control': 'max-age=60', 'Content-Length': '0' } }),
  nothing: () => ({ status: 204, fields: { 'Cache-Control': 'max-age=60' } }),
  empty: () => ({ fields: { 'Cache-Control': 'max-age=60', 'Content-Length': '0' } }),
  coded: () => ({ fields: { 'Cache-Control': 'max-age=60', 'Content-Encoding': 'gzip' }, body: coded }),
  long: (n) => ({
    fields: { 'Cache-Control': 'max-age=60' },
    body: Buffer.concat([Buffer.from(`${n} `), long]),
    tag: `"${n}"`
  }),
  'long-brief': (n) => ({
    fields: { 'Cache-Control': 'max-age=1' },
    body: Buffer.concat([Buffer.from(`${n} `), long]),
    tag: `"${n}"`
  }),
  'short-moving': (n) => moving(n, 'it moves'),
  'long-moving': (n) => moving(n, long),
  'asked-by-content': (n, _headers, content) => ({
    fields: { 'Cache-Control': 'max-age=1' },
    body: `to ${content}: ${n}`,
    tag: `"${n}"`
  }),
  grouped: (n) => ({ fields: { 'Cache-Control': 'max-age=60', 'Cache-Groups': '"g"' }, body: `grouped ${n}` }),
  'grouped-too': (n) => ({
    fields: { 'Cache-Control': 'max-age=1', 'Cache-Groups': '"other", "g"' },
    body: `grouped, too ${n}`,
    tag: `"${n}"`
  }),
  searched: (n) => ({
    fields: { 'Cache-Control': 'max-age=1', 'No-Vary-Search': 'params=("utm")' },
    body: `searched ${n}`,
    tag: `"${n}"`
  }),
  posted: (n) => ({ fields: { 'Cache-Control': 'max-age=60', 'Content-Location': 'posted' }, body: `posted ${n}` }),
  targeted: (n) => ({
    fields: { 'Cache-Control': 'no-store', 'CDN-Cache-Control': 'max-age=1' },
    body: `targeted ${n}`,
    tag: `"${n}"`
  }),
  huge: () => ({ fields: { 'Cache-Control': 'max-age=60' }, body: huge }),
  chunked: (n) => ({ fields: { 'Cache-Control': 'max-age=60' }, body: `chunked ${n} `.repeat(10_000), chunked: true }),
  trailers: () => ({
    fields: { 'Cache-Control': 'max-age=60', Trailer: 'X-End' },
    body: 'with an end',
    chunked: true,
    trailers: { 'X-End': '1' }
  }),
  hinted: (n) => ({ fields: { 'Cache-Control': 'max-age=60' }, body: `hinted ${n}`, hint: '</style.css>; rel=preload' })
}

const safe = new Set(['GET', 'HEAD', 'QUERY'])

/**
 * An origin of which any number of clients can each see their own: the first segment of a path tells them apart, and what
 * one changes nobody else sees.
 */
export async function twinOrigin(): Promise<Origin> {
  const changes = new Map<string, number>()
  return await Origin.start((request, response) => {
    const [, client = '', name = ''] = request.path.split(/[/?]/)
    const changed = changes.get(client) ?? 0
    const { 'x-fail': failure } = request.headers
    if (failure === 'reset') return void response.destroy()
    if (failure !== undefined) return void response.writeHead(503).end('out of order')
    const now = (changes: number) =>
      resources[name]?.(changes, request.headers, request.body) ?? { status: 404, fields: {} }
    if (safe.has(request.method)) return give(response, request, now(changed))
    changes.set(client, changed + 1)
    if (name === 'posted' && request.method === 'POST') return give(response, request, now(changed + 1))
    if (name === 'of-the-group') response.setHeader('Cache-Group-Invalidation', '"g"')
    response.setHeader('Content-Length', 7).end('changed')
  })
}

function give(response: ServerResponse, { method, headers }: ReceivedRequest, resource: Resource): void {
  const { status = 200, fields, body = '', chunked, trailers, hint, tag } = resource
  if (hint !== undefined) response.writeEarlyHints({ link: hint })
  for (const [name, value] of Object.entries(fields)) response.setHeader(name, value)
  if (tag !== undefined) response.setHeader('ETag', tag)
  const { 'if-none-match': tags, 'if-modified-since': since } = headers
  const isKnown =
    tags !== undefined
      ? tag !== undefined && tags.split(', ').includes(tag)
      : since !== undefined && since === fields['Last-Modified']
  if (isKnown) return void response.writeHead(304).end()
  response.statusCode = status
  if (trailers !== undefined) response.addTrailers(trailers)
  const whole = Buffer.from(body)
  const range = chunked || status !== 200 || isOther(headers['if-range'], tag) ? undefined : rangeIn(headers.range)
  const sent = range === undefined ? whole : whole.subarray(range.first, range.last + 1)
  if (!chunked && body !== '') response.setHeader('Content-Length', sent.byteLength)
  if (range !== undefined) {
    const last = range.first + sent.byteLength - 1
    response.writeHead(206, { 'Content-Range': `bytes ${range.first}-${last}/${whole.byteLength}` })
  }
  if (method === 'HEAD') response.end()
  else if (!chunked) response.end(sent)
  else {
    response.write(sent.subarray(0, 5))
    response.end(sent.subarray(5))
  }
}

function isOther(asked: string | string[] | undefined, tag: string | undefined): boolean {
  return asked !== undefined && asked !== tag
}

function rangeIn(asked: string | undefined): { first: number; last: number } | undefined {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(asked ?? '') ?? []
  return first === undefined
    ? undefined
    : { first: Number(first), last: last ? Number(last) : Number.POSITIVE_INFINITY }
}
