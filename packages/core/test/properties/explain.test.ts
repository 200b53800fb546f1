import { type CacheDecision, type CacheOptions, createCache, type ExplainedRequest, explain } from '@cc/core'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Agent, type Dispatcher, request } from 'undici'
import { TestClock } from '../harness.js'
import { MapStore } from '../map-store.js'
import { Origin } from '../origin.js'
import { requestDirectives, reuseDirectives, storingDirectives } from './reuse-oracle.js'

const directives = [...reuseDirectives, ...reuseDirectives, ...storingDirectives, 'no-store', 'private', 'max-age=x']
const listed = (all: readonly string[]) => fc.subarray([...all], { maxLength: 3 }).map((some) => some.join(', '))

const asking = fc.record(
  {
    method: fc.constantFrom<Dispatcher.HttpMethod>('GET', 'GET', 'GET', 'HEAD', 'OPTIONS'),
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
      Vary: fc.constantFrom('Foo', '*', 'Cookie')
    },
    { requiredKeys: ['Cache-Control'] }
  )
})

const settings: fc.Arbitrary<CacheOptions> = fc.record({
  type: fc.constantFrom('shared' as const, 'private' as const),
  bypassAuthorized: fc.boolean(),
  sMaxAgeAllowsStale: fc.boolean(),
  keyFields: fc.constantFrom([], ['foo']),
  maxEntryBytes: fc.constantFrom(3, 100, 100, 100)
})

const answers = new Map<string, { status: number; fields: Record<string, string | readonly string[]> }>()
let origin: Origin
let agent: Agent

beforeAll(async () => {
  agent = new Agent()
  origin = await Origin.start(({ path }, response) => {
    const { status, fields } = answers.get(path) ?? { status: 500, fields: {} }
    for (const [name, value] of Object.entries(fields)) response.setHeader(name, value)
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
      fc.constantFrom(0, 6, 12, 22, 100)
    )
    const property = fc.asyncProperty(inputs, async ([first, other, isSame, answer, options, seconds]) => {
      const path = `/${n++}`
      answers.set(path, answer)
      const url = origin.url + path
      const clock = new TestClock()
      const decisions: CacheDecision[] = []
      const onDecision = (decision: CacheDecision) => void (decision.background || decisions.push(decision))
      const all: CacheOptions = { ...options, clock: () => clock.now }
      const cache = createCache({ ...all, store: new MapStore({ sync: true, keepsObjects: true }), onDecision })
      const dispatcher = agent.compose(cache.interceptor)
      const asked = { url, ...first }
      const again = { url, ...(isSame ? first : other) }

      const bare = await request(url, { dispatcher: agent, method: first.method })
      const bodyBytes = (await bare.body.bytes()).byteLength
      const times = { requestTime: clock.now, responseTime: clock.now }
      const response = { status: bare.statusCode, headers: bare.headers, bodyBytes, ...times }

      const before = explain(asked, response, all)
      const decided = await ask(dispatcher, asked, decisions)
      const { action, reason } = before.request
      const muted = [first.headers['cache-control']?.includes('only-if-cached'), first.cacheMode === 'only-if-cached']
      const looked = muted.includes(true) ? /^(gateway-timeout|network-error)$/ : /^miss$/
      expect(decided.outcome).toMatch(action === 'look-up' || action === 'forward' ? looked : new RegExp(`^${action}$`))
      if (reason !== undefined) expect(decided.reason).toBe(reason)
      if (decided.outcome === 'miss') {
        expect(decided.stored).toBe(before.storing?.store)
        if (before.storing?.store === false) expect(decided.notStored).toEqual(before.storing)
        else expect([decided.lifetime, decided.heuristic]).toEqual([before.lifetime, before.heuristic])
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
    const ours = { type: 'private' as const, bypassAuthorized: false, sMaxAgeAllowsStale: false, keyFields: [] }
    const example = { status: 200 as const, fields }
    await fc.assert(property, {
      numRuns: 300,
      examples: [
        [[plain, plain, true, example, { ...ours, maxEntryBytes: 100 }, 12]],
        [[plain, only, false, example, { ...ours, maxEntryBytes: 100 }, 22]],
        [[plain, only, false, example, { ...ours, maxEntryBytes: 100 }, 6]],
        [[plain, plain, true, example, { ...ours, maxEntryBytes: 100 }, 22]]
      ]
    })
    expect([...seen].sort()).toEqual(
      expect.arrayContaining(['bypass', 'forward', 'gateway-timeout', 'serve', 'serve-and-validate', 'validate'])
    )
  }, 60_000)
})
