import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ask } from '../answers.js'
import { type SetUp, setUp, stores } from '../harness.js'
import { turns } from '../no-stray-errors.js'

const fields = fc.record(
  {
    authorization: fc.constantFrom('Bearer a', 'Bearer b'),
    cookie: fc.constantFrom('id=a', 'id=b'),
    'x-api-key': fc.constantFrom('a', 'b'),
    'accept-language': fc.constantFrom('de', 'en'),
    'cache-control': fc.constantFrom('max-age=10', 'min-fresh=5', 'min-fresh=90', 'no-cache', 'max-stale')
  },
  { requiredKeys: [] }
)

const answer = fc.record({
  status: fc.constantFrom(200, 200, 200, 204, 301, 302, 404, 500),
  cacheControl: fc
    .subarray([
      'public',
      'private',
      'max-age=60',
      's-maxage=60',
      'no-cache',
      'no-store',
      'must-revalidate',
      'private="x"'
    ])
    .map((directives) => directives.join(', ')),
  vary: fc.constantFrom('', '', 'Cookie', 'Accept-Language', 'Authorization, Accept-Language', '*'),
  setsCookie: fc.boolean()
})

/** Who asked, as the origin saw it. */
function whoAsked(headers: Record<string, unknown>): string {
  return JSON.stringify(
    ['authorization', 'cookie', 'x-api-key', 'accept-language'].map((name) => headers[name] ?? null)
  )
}

describe.each(['shared', 'private'] as const)('collapsed requests of a %s cache', (type) => {
  it.each(stores)(
    'COLL-01: AUTH-03: AUTH-07: who asks at the same time gets what he would get a moment later, with %s',
    async (_name, makeStore) => {
      let given: Parameters<typeof respondWith>[1] = { status: 200, cacheControl: '', vary: '', setsCookie: false }
      let held: (() => void)[] | undefined
      function respondWith(
        response: Parameters<Parameters<typeof setUp>[1]>[2],
        {
          status,
          cacheControl,
          vary,
          setsCookie
        }: { status: number; cacheControl: string; vary: string; setsCookie: boolean },
        who: string
      ): void {
        response.statusCode = status
        response.setHeader('X-Who', who)
        if (cacheControl !== '') response.setHeader('Cache-Control', cacheControl)
        if (vary !== '') response.setHeader('Vary', vary)
        if (setsCookie) response.setHeader('Set-Cookie', 'id=c')
        response.end(status === 204 ? '' : who)
      }
      const respond: Parameters<typeof setUp>[1] = (_setUp, { headers }, response) => {
        const go = () => respondWith(response, given, whoAsked(headers))
        if (held === undefined) go()
        else held.push(go)
      }
      const together = await setUp(makeStore(), respond, { type })
      const apart = await setUp(makeStore(), respond, { type, collapse: false })
      let run = 0
      const seen = ({ status, headers, text }: Awaited<ReturnType<typeof ask>>) => [status, headers['x-who'], text]
      const inTurn = async (client: SetUp, path: string, one: object, other: object) => {
        await ask(client, path, { headers: one as never })
        await turns(6)
        return seen(await ask(client, path, { headers: other as never }))
      }
      await fc.assert(
        fc.asyncProperty(answer, fields, fields, async (response, one, other) => {
          given = response
          const path = `/${run++}`
          const expected = await inTurn(apart, path, one, other)
          held = []
          const asking = [ask(together, path, { headers: one as never })]
          while (held.length === 0) await turns(1)
          asking.push(ask(together, path, { headers: other as never }))
          await turns(12)
          const waiting = held
          held = undefined
          for (const go of waiting) go()
          const [first, second] = await Promise.all(asking)
          expect(first && seen(first)).toEqual([
            response.status,
            whoAsked(one as never),
            response.status === 204 ? '' : whoAsked(one as never)
          ])
          expect(second && seen(second)).toEqual(expected)
        }),
        { numRuns: 100 }
      )
    },
    60_000
  )
})
