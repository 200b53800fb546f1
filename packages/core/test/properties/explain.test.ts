import { type CacheDecision, type CacheOptions, createCache, type ExplainedRequest, explain } from '@cc/core'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Agent, type Dispatcher, interceptors, request } from 'undici'
import { TestClock } from '../harness.js'
import { MapStore } from '../map-store.js'
import { Origin } from '../origin.js'
import { requestDirectives, reuseDirectives, storingDirectives } from './reuse-oracle.js'

const directives = [...reuseDirectives, ...reuseDirectives, ...storingDirectives, 'no-store', 'private', 'max-age=x']
const listed = (all: readonly string[]) => fc.subarray([...all], { maxLength: 3 }).map((some) => some.join(', '))

const asking = fc.record(
  {
    method: fc.constantFrom<NonNullable<ExplainedRequest['method']>>(
      'GET',
      'GET',
      'GET',
      'HEAD',
      'OPTIONS',
      'POST',
      'POST',
      'QUERY',
      'QUERY'
    ),
    headers: fc.record(
      {
        'cache-control': fc.oneof({ weight: 3, arbitrary: fc.constant('x') }, listed(requestDirectives)),
        authorization: fc.constantFrom('a', 'b'),
        cookie: fc.constantFrom('a', 'b'),
        foo: fc.constantFrom('a', 'b'),
        'if-none-match': fc.constant('"a"'),
        'if-match': fc.constant('"a"'),
        range: fc.constantFrom('bytes=1-2', 'bytes=9-', 'lines=1'),
        'x-http-method': fc.constant('PUT')
      },
      { requiredKeys: [] }
    ),
    cacheMode: fc.constantFrom(
      'default' as const,
      'force-cache' as const,
      'no-cache' as const,
      'only-if-cached' as const
    )
  },
  { requiredKeys: ['method', 'headers'] }
)
/** What is sent with those that have content; now and then with one that has none. */
const contentOf = (method: string | undefined) => (method === 'POST' || method === 'QUERY' ? { body: 'content' } : {})
/** Mostly with few fields: many together seldom come to a look at what is stored. */
const fewer = asking.map(({ headers, ...rest }) => ({
  ...rest,
  headers: Object.fromEntries(Object.entries(headers).slice(0, 1)) as typeof headers
}))

const answering = fc.record({
  status: fc.constantFrom(200, 200, 200, 404, 302, 428, 599),
  fields: fc.record(
    {
      'Cache-Control': listed(directives),
      Date: fc.constantFrom(-30, 0).map((seconds) => new TestClock().date(seconds)),
      Age: fc.constantFrom('3', 'x'),
      Expires: fc.constantFrom(-5, 15).map((seconds) => new TestClock().date(seconds)),
      'Last-Modified': fc.constantFrom(-200, -1_000_000).map((seconds) => new TestClock().date(seconds)),
      ETag: fc.constantFrom('"a"', 'a'),
      'Set-Cookie': fc.constant(['a=1', 'b=2']),
      Vary: fc.constantFrom('Foo', '*', 'Cookie'),
      'Content-Location': fc.constantFrom('.', '.', '.', '/other')
    },
    { requiredKeys: ['Cache-Control'] }
  )
})

const settings: fc.Arbitrary<CacheOptions> = fc.record({
  type: fc.constantFrom('shared' as const, 'private' as const),
  bypassAuthorized: fc.boolean(),
  sMaxAgeAllowsStale: fc.boolean(),
  keyFields: fc.constantFrom([], ['foo']),
  maxEntryBytes: fc.constantFrom(3, 100, 100, 100),
  storePostAsGet: fc.constantFrom(true, true, false)
})

const answers = new Map<string, { status: number; fields: Record<string, string | readonly string[]> }>()
let origin: Origin
let agent: Agent

beforeAll(async () => {
  agent = new Agent()
  origin = await Origin.start(({ path }, response) => {
    if (path.startsWith('/moved')) {
      response.writeHead(302, { location: path.slice('/moved'.length) }).end()
      return
    }
    const { status, fields } = answers.get(path) ?? { status: 500, fields: {} }
    for (const [name, value] of Object.entries(fields)) response.setHeader(name, value === '.' ? path : value)
    response.writeHead(status).end('body')
  })
})
afterAll(async () => {
  await agent.destroy()
  await origin.stop()
})

/** Asks through the cache; resolves with its decision, whether or not there was an answer. */
async function ask(
  dispatcher: Dispatcher,
  asked: ExplainedRequest,
  decisions: CacheDecision[]
): Promise<CacheDecision> {
  const { url, ...options } = asked
  const before = decisions.length
  const answer = await request(url, { ...(options as object), dispatcher }).catch(() => undefined)
  await answer?.body.dump()
  for (let turn = 0; decisions.length === before && turn < 1_000; turn++)
    await new Promise((next) => setImmediate(next))
  return decisions[before] as CacheDecision
}

describe('explain', () => {
  it('tells what the cache then does, for any request, response and options', async () => {
    let n = 0
    const seen = new Set<string>()
    const inputs = fc.tuple(
      fc.oneof(fewer, asking),
      fc.oneof(fewer, asking),
      fc.boolean(),
      answering,
      settings,
      fc.constantFrom(0, 6, 12, 22, 100),
      fc.constantFrom(false, false, false, true)
    )
    const property = fc.asyncProperty(inputs, async ([first, other, isSame, answer, options, seconds, isMoved]) => {
      const path = `/${n++}`
      answers.set(path, answer)
      const redirected = isMoved && (first.method === 'GET' || first.method === 'HEAD')
      const url = origin.url + (redirected ? '/moved' : '') + path
      const clock = new TestClock()
      const decisions: CacheDecision[] = []
      const onDecision = (decision: CacheDecision) => void (decision.background || decisions.push(decision))
      const all: CacheOptions = { ...options, clock: () => clock.now }
      const cache = createCache({ ...all, store: new MapStore({ sync: true, keepsObjects: true }), onDecision })
      const below = redirected ? [interceptors.redirect({ maxRedirections: 1 })] : []
      const dispatcher = agent.compose(...below, cache.interceptor)
      const asked = { url, ...first, ...contentOf(first.method) }
      const again = isSame ? asked : { url, ...other, ...contentOf(other.method) }

      const bare = await request(origin.url + path, { dispatcher: agent, method: first.method as 'GET' })
      const bodyBytes = (await bare.body.bytes()).byteLength
      const times = { requestTime: clock.now, responseTime: clock.now }
      const response = { status: bare.statusCode, headers: bare.headers, bodyBytes, redirected, ...times }

      const before = explain(asked, response, all)
      const decided = await ask(dispatcher, asked, decisions)
      const { action, reason } = before.request
      const muted = [first.headers['cache-control']?.includes('only-if-cached'), first.cacheMode === 'only-if-cached']
      const looked = muted.includes(true) ? /^(gateway-timeout|network-error)$/ : /^miss$/
      const expected = action === 'forward-unsafe' ? /^bypass$/ : new RegExp(`^${action}$`)
      expect(decided.outcome).toMatch(action === 'look-up' || action === 'forward' ? looked : expected)
      if (reason !== undefined) expect(decided.reason).toBe(reason)
      if (decided.outcome === 'miss' || action === 'forward-unsafe') {
        expect(decided.stored).toBe(before.storing?.store ?? false)
        if (decided.notStored !== undefined) expect(decided.notStored).toEqual(before.storing)
        if (decided.stored) expect([decided.lifetime, decided.heuristic]).toEqual([before.lifetime, before.heuristic])
      }
      const found = await cache.explain(asked)
      if (decided.stored && before.request.action === 'look-up') expect(found.reuse).toEqual(before.reuse)

      clock.advance(seconds)
      const after = decided.stored
        ? explain(again, { ...response, answerTo: asked }, all)
        : explain(again, undefined, all)
      const foundAfter = await cache.explain(again)
      if (decided.stored) expect(foundAfter.reuse).toEqual(after.reuse)
      const { outcome, stale, age, lifetime, status, ...rest } = await ask(dispatcher, again, decisions)
      const reuse = foundAfter.reuse
      seen.add(reuse === undefined ? after.request.action : reuse.action)
      seen.add(
        `${first.method} ${decided.stored ? 'stored' : before.storing?.store === false && before.storing.requirement}`
      )
      if (reuse?.action === 'serve') seen.add(`${again.method} served`)
      switch (reuse?.action) {
        case 'serve':
        case 'serve-and-validate':
          expect({ outcome, stale, age, lifetime, status }).toEqual({
            outcome: reuse.stale === undefined ? 'hit' : 'stale-hit',
            stale: reuse.stale,
            age: after.age,
            lifetime: after.lifetime,
            status: reuse.status
          })
          break
        case 'validate':
        case 'forward':
          expect({ outcome, reason: rest.reason }).toEqual({ outcome: 'miss', reason: reuse.reason })
          break
        case 'gateway-timeout':
        case 'network-error':
          expect(outcome).toBe(reuse.action)
          break
        case undefined:
          expect(['hit', 'stale-hit', 'validated']).not.toContain(outcome)
          if (after.request.action === 'bypass')
            expect({ outcome, reason: rest.reason }).toEqual({ outcome: 'bypass', reason: after.request.reason })
      }
      await cache.close()
      answers.delete(path)
    })
    const plain = { method: 'GET' as const, headers: {} }
    const only = { method: 'GET' as const, headers: { 'cache-control': 'only-if-cached' } }
    const fields = { 'Cache-Control': 'max-age=10, stale-while-revalidate=10', Date: new TestClock().date() }
    const posting = { method: 'POST' as const, headers: {} }
    const querying = { method: 'QUERY' as const, headers: {} }
    const ours: CacheOptions = { type: 'private', maxEntryBytes: 100 }
    const example = { status: 200 as const, fields }
    const located = { status: 200 as const, fields: { ...fields, 'Content-Location': '.' } }
    await fc.assert(property, {
      numRuns: 300,
      examples: [
        [[plain, plain, true, example, ours, 12, false]],
        [[plain, only, false, example, ours, 22, false]],
        [[plain, only, false, example, ours, 6, false]],
        [[plain, plain, true, example, ours, 22, false]],
        [[plain, plain, true, example, ours, 6, true]],
        [[posting, plain, false, located, ours, 6, false]],
        [[posting, plain, false, example, ours, 6, false]],
        [[posting, plain, false, located, { ...ours, keyFields: ['foo'] }, 6, false]],
        [[querying, plain, true, example, ours, 6, false]]
      ]
    })
    expect([...seen].sort()).toEqual(
      expect.arrayContaining([
        'GET stored',
        'GET GEN-03',
        'POST stored',
        'POST METH-05',
        'QUERY stored',
        'QUERY served',
        'bypass',
        'forward',
        'forward-unsafe',
        'gateway-timeout',
        'serve',
        'serve-and-validate',
        'validate'
      ])
    )
  }, 60_000)
})
