import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { type CacheOptions, cacheInterceptor, channels } from '@cc/core'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { Agent } from 'undici'
import { TestClock } from './harness.js'
import { turns } from './no-stray-errors.js'
import { Origin, type Respond } from './origin.js'
import { Recorder } from './recorder.js'
import { RecordingStore } from './recording-store.js'

/** What no store, event, warning or error may hold, by where it was put. */
const planted = (...names: string[]) => Object.fromEntries(names.map((name) => [name, `planted-${name}-Zq9`]))
const asked = planted(
  'authorization',
  'cookie',
  'proxy',
  'key',
  'token',
  'content',
  'password',
  'username',
  'fragment',
  'integrity'
)
/** Stores need the whole URL; nobody else is told. */
const inQuery = planted('query', 'own-parameter')
const answered = planted('set-cookie', 'private-field', 'no-cache-field', 'no-store', 'unauthorized', 'of-post', 'hop')

/** A text in all the ways that it could be written down. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const hex = bytes.toString('hex')
  // In base64 a text looks different behind one and two other bytes; its ends depend on what stands beside it.
  const base64 = ['', ':', '::'].map((before) =>
    Buffer.from(before + secret)
      .toString('base64')
      .slice(4, -4)
  )
  const escaped = [...bytes].map((byte) => `%${byte.toString(16)}`).join('')
  return [secret, ...base64, hex, hex.toUpperCase(), escaped, [...bytes].join(','), bytes.toString('utf16le')]
}

/** The names of the secrets that are found in a text, in whatever form. */
function secretsIn(text: string, secrets: Readonly<Record<string, string>>): string[] {
  const lower = text.toLowerCase()
  return Object.keys(secrets).filter((name) =>
    formsOf(secrets[name] as string).some((form) => lower.includes(form.toLowerCase()))
  )
}

const everything = { depth: Number.POSITIVE_INFINITY, showHidden: true, maxArrayLength: null, maxStringLength: null }
const events: unknown[] = []
const note = (message: unknown) => void events.push(message)
const cleanUps: (() => Promise<unknown>)[] = []

beforeEach(() => {
  events.length = 0
  for (const name of Object.values(channels)) subscribe(name, note)
  jest.spyOn(process, 'emitWarning').mockImplementation((...args: unknown[]) => note(args))
})

afterEach(async () => {
  for (const name of Object.values(channels)) unsubscribe(name, note)
  jest.restoreAllMocks()
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

const credentials = {
  authorization: `Basic ${Buffer.from(`user:${asked.authorization}`).toString('base64')}`,
  cookie: `id=${asked.cookie}`,
  'proxy-authorization': `Bearer ${asked.proxy}`,
  'x-api-key': asked.key as string,
  'x-auth-token': asked.token as string
}

/** Answers that hold what may not be kept, each beside something that may; by path. */
const respond: Respond = ({ path, method, headers }, response, n) => {
  response.setHeader('ETag', '"a"').setHeader('Vary', 'Cookie, Authorization, X-Api-Key, X-Auth-Token, Accept')
  response.setHeader('X-Kept', 'kept-field')
  if (method === 'POST') {
    response.setHeader('Location', `http://${asked.username}:${asked.password}@${headers.host}/public?kept-location`)
    return void response.setHeader('Cache-Control', 'max-age=60').end(answered['of-post'])
  }
  if (headers['if-none-match'] !== undefined) {
    response
      .setHeader('Set-Cookie', `id=${answered['set-cookie']}`)
      .setHeader('X-Private', answered['private-field'] as string)
    return void response.writeHead(304, { 'Cache-Control': 'max-age=10, private="x-private, set-cookie"' }).end()
  }
  const answers: Record<string, readonly [fields: Record<string, string>, body?: string | undefined]> = {
    '/public': [{ 'Cache-Control': 'public, max-age=10' }],
    '/stale': [{ 'Cache-Control': 'public, max-age=10, stale-while-revalidate=5', 'No-Vary-Search': 'params=("own")' }],
    '/must-revalidate': [{ 'Cache-Control': 'max-age=10, must-revalidate' }],
    '/no-store': [{ 'Cache-Control': 'no-store' }, answered['no-store']],
    '/unauthorized': [{ 'Cache-Control': 'max-age=60' }, answered.unauthorized],
    '/set-cookie': [{ 'Cache-Control': 'max-age=60', 'Set-Cookie': `id=${answered['set-cookie']}` }],
    '/private-field': [
      { 'Cache-Control': 'public, max-age=60, private="x-private"', 'X-Private': answered['private-field'] as string }
    ],
    '/no-cache-field': [
      {
        'Cache-Control': 'public, max-age=60, no-cache="x-no-cache"',
        'X-No-Cache': answered['no-cache-field'] as string
      }
    ],
    '/hop': [
      {
        'Cache-Control': 'public, max-age=60',
        Connection: 'x-hop, keep-alive',
        'X-Hop': answered.hop as string,
        'Proxy-Authenticate': answered.hop as string
      }
    ]
  }
  if (path === '/cut')
    return void response.writeHead(200, { 'Content-Length': 100 }).write('a', () => response.destroy())
  const [fields, body = `kept-body ${n}`] = answers[path.split('?')[0] as string] ?? [
    { 'Cache-Control': 'public, max-age=60' }
  ]
  for (const [name, value] of Object.entries(fields)) response.setHeader(name, value)
  response.end(body)
}
const paths = [
  '/public',
  '/stale',
  '/must-revalidate',
  '/no-store',
  '/unauthorized',
  '/set-cookie',
  '/private-field',
  '/no-cache-field',
  '/hop',
  '/cut'
]

/** Asks for everything, with and without credentials, and lets all that can fail do so. */
async function useEverything(store: RecordingStore, options: Omit<CacheOptions, 'store' | 'clock'>): Promise<void> {
  const clock = new TestClock()
  const agent = new Agent()
  const origin = await Origin.start(respond)
  cleanUps.push(
    () => agent.destroy(),
    () => origin.stop()
  )
  const dispatcher = agent.compose(cacheInterceptor({ ...options, store, clock: () => clock.now, onDecision: note }))
  const { url: ownUrl } = origin
  const authority = ownUrl.slice('http://'.length)
  const withPassword = `http://${asked.username}:${asked.password}@${authority}`
  const ask = async (path: string, method = 'GET', headers: object = credentials, url = ownUrl) => {
    const recorder = new Recorder('new')
    const body = method === 'POST' || method === 'QUERY' ? { body: asked.content } : {}
    dispatcher.dispatch({ origin: url, path, method, headers: { ...headers }, ...body } as never, recorder.handler)
    await recorder.over
    await turns(6)
    for (const error of recorder.errors) note(error)
    return recorder
  }
  for (let round = 0; round < 3; round++) {
    for (const path of paths) {
      await ask(path)
      await ask(path)
      await ask(`${path}#${asked.fragment}`, 'GET', {}, withPassword)
      await ask(path, 'HEAD')
    }
    await ask('/public', 'POST')
    for (let i = 0; i < 2; i++) await ask('/stale', 'QUERY')
    for (const path of ['/public', '/stale', '/no-store']) {
      const query = `?a=1&Token=${inQuery.query}&own=${inQuery['own-parameter']}`
      for (const headers of [credentials, {}, { 'cache-control': 'no-cache' }]) await ask(path + query, 'GET', headers)
      await ask(`${withPassword}${path}${query}#${asked.fragment}`)
    }
    await ask(`http://${asked.username}:${asked.password}@${authority}/public`)
    await ask('/public', 'GET', { ...credentials, host: `${asked.username}:${asked.password}@${authority}` })
    // Stale enough to be served while it is validated, and then too stale for that.
    clock.advance(round === 0 ? 12 : 30)
  }
  const fail = () => {
    throw new Error('the store is broken')
  }
  store.faults = { get: fail, set: fail, update: fail, mark: fail, delete: fail, openBody: fail }
  for (const path of paths) await ask(path)
  await ask('/public', 'POST')
  await origin.stop()
  store.faults = {}
  clock.advance(100)
  for (const path of paths) await ask(path)
}

const settings: [what: string, options: Omit<CacheOptions, 'store' | 'clock'>][] = [
  ['shared', {}],
  ['shared, with keyFields', { keyFields: ['Authorization', 'X-Api-Key', 'Cookie'], maxVariants: 2 }],
  ['shared, with a key', { integrityKey: asked.integrity?.padEnd(40, 'x') as string }],
  ['shared, with noVarySearch', { noVarySearch: true }],
  ['shared, with Cache-Status', { cacheStatus: 'Test', cacheStatusKey: true }],
  ['private', { type: 'private' }],
  ['shared, with redactQuery', { redactQuery: ['OWN', 'token'] }],
  ['private, with keyFields', { type: 'private', keyFields: ['X-Auth-Token'] }]
]

describe('secrets (row X11)', () => {
  it.each(Object.keys({ ...asked, ...answered }))('are found in any form, the one in %s too', (name) => {
    const secret = { ...asked, ...answered }[name] as string
    const forms = formsOf(secret)
    for (const form of [
      secret,
      encodeURIComponent(secret),
      ...forms,
      Buffer.from(`user:${secret}`).toString('base64')
    ]) {
      expect(secretsIn(inspect({ deep: [new Error(form)] }, everything), { name: secret })).toEqual(['name'])
    }
  })

  describe.each([
    ['a store in memory', { sync: true, keepsObjects: true }],
    ['a store elsewhere', {}]
  ])('with %s', (_name, kind) => {
    it.each(settings)('of a request are in no store, event, warning or error: %s (SEC-03)', async (_what, options) => {
      const store = new RecordingStore(kind)
      await useEverything(store, options)
      const kept = store.given.join('\n')
      expect(secretsIn(kept, asked)).toEqual([])
      const all = inspect(events, everything)
      expect(secretsIn(all, { ...asked, ...(options.redactQuery && inQuery), query: inQuery.query as string })).toEqual(
        []
      )
      expect(secretsIn(all, inQuery)).toEqual(options.redactQuery ? [] : ['own-parameter'])
      // It is not that nothing was kept or told.
      const told = events.map(
        (event) =>
          (event as { outcome?: string; operation?: string }).outcome ?? (event as { operation?: string }).operation
      )
      for (const outcome of ['hit', 'stale-hit', 'validated', 'miss', 'bypass', 'get', 'mark', 'confirmed'])
        expect(told).toContain(outcome)
      for (const name of ['found', 'action', 'conditional', 'stored']) {
        const urls = events
          .filter((event) => Object.hasOwn(event as object, name))
          .map((event) => (event as { url: string }).url)
        expect(urls.some((url) => /\?a=1&Token=\*\*\*&own=/.test(url))).toBe(true)
      }
      expect(kept).toContain('kept-body')
      expect(kept).toContain('kept-field')
      expect(kept).toContain('kept-location')
      expect(kept).toContain('"method":"QUERY"')
      const digest = createHash('sha256').update(credentials.cookie).digest('hex')
      expect(kept.includes(digest)).toBe(options.integrityKey === undefined)
    })

    it('of an answer are in a shared store only as the response, if at all (SEC-03, STORE-03, AUTH-01, AUTH-06, RESP-02, RESP-03, FLD-02)', async () => {
      const store = new RecordingStore(kind)
      await useEverything(store, {})
      expect(secretsIn(store.given.join('\n'), answered)).toEqual([])
      expect(secretsIn(inspect(events, everything), answered)).toEqual([])
    })
  })
})
