import { type CacheDecision, type Explanation, explain } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { request } from 'undici'
import { answering, ok, send } from '../answers.js'
import { setUp, stores } from '../harness.js'
import { Representation } from '../ranged-origin.js'

type Reuse = Explanation['reuse']

/** Whether a decision is what was told of it before. */
function expectTold(decision: CacheDecision, reuse: Reuse): void {
  const { outcome, reason, stale, status } = decision
  switch (reuse?.action) {
    case 'serve':
    case 'serve-and-validate':
      expect({ outcome, stale, status }).toEqual({
        outcome: reuse.stale === undefined ? 'hit' : 'stale-hit',
        stale: reuse.stale,
        status: reuse.status
      })
      break
    case 'validate':
      expect({ outcome, reason }).toEqual({
        outcome: expect.stringMatching(/^(miss|validated)$/),
        reason: reuse.reason
      })
      break
    case 'complete':
      expect({ outcome, reason }).toEqual({ outcome: 'miss', reason: 'partial' })
      break
    case 'forward':
      expect({ outcome, reason }).toEqual({ outcome: 'miss', reason: reuse.reason })
      break
    default:
      expect(outcome).toBe(reuse?.action)
  }
}

/** What the origin answers without a cache, to be explained. */
async function bare(url: string, headers: Record<string, string>) {
  const { statusCode: status, headers: received, body } = await request(url, { headers })
  const bodyBytes = (await body.bytes()).byteLength
  return { status, headers: received, bodyBytes }
}

describe.each(stores)('cache.explain, with %s', (_name, makeStore) => {
  const position = fc.integer({ min: 0, max: 11 })
  const range = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(position, position).map(([a, b]) => `bytes=${Math.min(a, b)}-${Math.max(a, b)}`) },
    { weight: 2, arbitrary: position.map((first) => `bytes=${first}-`) },
    { weight: 2, arbitrary: position.map((last) => `bytes=-${last}`) },
    { weight: 1, arbitrary: fc.constantFrom('bytes=5-2', 'lines=1') },
    { weight: 3, arbitrary: fc.constant(undefined) }
  )
  const asking = fc.record({
    range,
    control: fc.constantFrom(undefined, undefined, undefined, 'no-cache', 'only-if-cached'),
    conditional: fc.constantFrom(undefined, undefined, ['if-none-match', '"0"'] as const, ['if-range', '"0"'] as const),
    change: fc.constantFrom(false, false, false, false, true),
    seconds: fc.constantFrom(0, 0, 0, 61)
  })

  type Asked = typeof asking extends fc.Arbitrary<infer T> ? T : never
  const headersOf = ({ range, control, conditional }: Pick<Asked, 'range' | 'control' | 'conditional'>) => ({
    ...(range !== undefined && { range }),
    ...(control !== undefined && { 'cache-control': control }),
    ...(conditional !== undefined && { [conditional[0]]: conditional[1] })
  })

  it('RNG-09, RNG-10: tells what becomes of ranges, which parts are stored, and what they make up', async () => {
    const seen = new Set<string>()
    const property = fc.asyncProperty(
      fc.constantFrom('strong', 'weak', 'none'),
      fc.array(asking, { minLength: 3, maxLength: 8 }),
      async (kind, asked) => {
        let version = 0
        const fields = (): Record<string, string> => ({
          'Cache-Control': 'max-age=60',
          ...(kind !== 'none' && { ETag: `${kind === 'weak' ? 'W/' : ''}"${version}"` })
        })
        const representation = new Representation('0123456789', fields())
        const client = await setUp(makeStore(), answering(representation.answer), { ranges: 'store' })
        const url = `${client.origin.url}/`
        for (const [at, { change, seconds, ...one }] of asked.entries()) {
          client.clock.advance(seconds)
          if (change) version++
          representation.fields = fields()
          const headers = headersOf(one)
          const before = await client.cache.explain({ url, headers })
          if (before.request.action !== 'look-up') {
            expect((await client.get('/', { headers })).decision.outcome).toBe(before.request.action)
            continue
          }
          const { reuse } = before
          seen.add(reuse?.action ?? '')
          const response = await bare(url, headers)
          const told = await client.cache.explain({ url, headers }, response)
          const other = { url, headers: headersOf(asked[(at + 1) % asked.length] ?? one) }
          const toldOther = await client.cache.explain(other, { ...response, answerTo: { url, headers } })
          const { decision } = await client.get('/', { headers })
          expectTold(decision, reuse)
          if (reuse?.action === 'complete') {
            const { first, last, total } = reuse.missing ?? { first: 0, last: 0, total: 0 }
            const expected = `bytes=${first}-${last === total - 1 ? '' : last}`
            expect(client.origin.requests.map(({ headers }) => headers.range)).toContain(expected)
          }
          if (reuse?.action !== 'forward') continue
          expect(decision.stored).toBe(told.storing?.store)
          expect((await client.cache.explain({ url, headers })).reuse).toEqual(
            told.storing?.store ? told.reuse : expect.anything()
          )
          if (told.storing?.store !== true) continue
          expect((await client.cache.explain(other)).reuse).toEqual(toldOther.reuse)
          const { combined, part = { first: 0, last: 9, total: 10 } } = told.storing
          const { responses } = await client.store.get(url)
          expect(
            responses.map(({ response: { part, bodyBytes } }) => {
              const first = part?.first ?? 0
              return { first, last: first + bodyBytes - 1, total: part?.total ?? bodyBytes }
            })
          ).toContainEqual(combined ?? part)
          seen.add(combined === undefined ? 'part' : combined.last - combined.first === 9 ? 'whole' : 'combined')
        }
        await client.origin.stop()
      }
    )
    const plain = { control: undefined, conditional: undefined, change: false, seconds: 0 as const }
    const ranges = (...all: (string | undefined)[]) => all.map((range) => ({ ...plain, range }))
    await fc.assert(property, {
      numRuns: 40,
      examples: [
        ['strong', ranges('bytes=0-2', 'bytes=3-5', undefined)],
        ['strong', ranges('bytes=0-4', 'bytes=-5', 'bytes=1-8')],
        ['weak', ranges('bytes=0-2', 'bytes=5-8', 'bytes=0-1')]
      ]
    })
    for (const what of ['serve', 'complete', 'forward', 'part', 'combined', 'whole']) expect(seen).toContain(what)
  })

  const query = fc.constantFrom('?id=1', '?id=1&utm=a', '?utm=b&id=1', '?id=2', '?x=1&id=1', '')
  const rules = fc.constantFrom('params=("utm")', 'params=("utm" "x")', 'key-order', 'except=("id")', 'params=utm')
  const cacheControl = fc.constantFrom(
    'max-age=10',
    'max-age=5, stale-while-revalidate=20',
    'max-age=5, stale-if-error=20',
    'max-age=5, must-revalidate',
    'no-store'
  )

  it('NVS-01: tells what is done with what is stored for other queries', async () => {
    const seen = new Set<string>()
    const step = fc.record({
      query,
      rules,
      cacheControl,
      seconds: fc.constantFrom(0, 0, 6, 12),
      control: fc.constantFrom(undefined, undefined, undefined, 'only-if-cached', 'max-stale=3', 'no-cache')
    })
    const property = fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 6 }), async (steps) => {
      let answer = ok('no-store')
      const client = await setUp(
        makeStore(),
        ({ clock }, _request, response, n) => send(response, { ...answer, body: `body ${n}` }, clock, n),
        { noVarySearch: true }
      )
      const clock = () => client.clock.now
      for (const [at, { query, rules, cacheControl, seconds, control }] of steps.entries()) {
        client.clock.advance(seconds)
        answer = ok(cacheControl, { ETag: '"a"', 'No-Vary-Search': rules })
        const headers: Record<string, string> = control === undefined ? {} : { 'cache-control': control }
        const url = `${client.origin.url}/p${query}`
        const { reuse } = await client.cache.explain({ url, headers })
        const { decision } = await client.get(`/p${query}`, { headers })
        expectTold(decision, reuse)
        seen.add(`${reuse?.action}${reuse?.elsewhere ? ' elsewhere' : ''}`)
        // What is asked in the background is stored before the next step.
        await client.cache.close()
        if (at > 0 || !decision.stored) continue
        const response = await bare(url, headers)
        const [, { query: other, control: control2, seconds: later } = { query, control, seconds }] = steps
        const responseTime = client.clock.now
        client.clock.advance(later)
        const asked = {
          url: `${client.origin.url}/p${other}`,
          headers: control2 === undefined ? {} : { 'cache-control': control2 }
        }
        const given = { ...response, requestTime: responseTime, responseTime, answerTo: { url, headers } }
        const told = explain(asked, given, { noVarySearch: true, clock })
        expect(told.reuse).toEqual((await client.cache.explain(asked)).reuse)
        if (told.reuse?.elsewhere) seen.add('told')
      }
      await client.origin.stop()
    })
    // The seconds of a second step go by twice: before the response of the first is explained, and again before it is asked.
    const first = { query: '?id=1', rules: 'params=("utm")', seconds: 0, control: undefined } as const
    const other = { ...first, query: '?utm=b&id=1', cacheControl: 'no-store' } as const
    const fresh = { ...first, cacheControl: 'max-age=10' } as const
    await fc.assert(property, {
      numRuns: 100,
      examples: [
        [[fresh, other]],
        [[fresh, fresh]],
        [
          [
            { ...first, cacheControl: 'max-age=5, stale-while-revalidate=20' },
            { ...other, seconds: 6 }
          ]
        ],
        [
          [
            { ...first, cacheControl: 'max-age=5, must-revalidate' },
            { ...other, seconds: 6 }
          ]
        ],
        [[{ ...fresh, control: 'only-if-cached' }, other]]
      ]
    })
    expect([...seen]).toEqual(
      expect.arrayContaining([
        'serve',
        'serve elsewhere',
        'serve-and-validate elsewhere',
        'forward elsewhere',
        'forward',
        'gateway-timeout',
        'told'
      ])
    )
  })
})
