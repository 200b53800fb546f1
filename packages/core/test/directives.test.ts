import { describe, expect, it } from '@jest/globals'
import { answering, ok } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'

describe.each(stores)('reading Cache-Control, with %s (RFC 9111 §5.2)', (_name, makeStore) => {
  const client = (...args: Parameters<typeof ok>) => setUp(makeStore(), answering(ok(...args)))

  it.each([
    ['on two lines with empty members', [', ,max-age=60,,', 'public']],
    ['beside quoted text that looks like directives', 'ext="no-store, max-age=9", MAX-AGE=60'],
    ['as a quoted string', 'max-age="60"'],
    ['with leading zeros', 'max-age=0000060'],
    ['repeated', 'max-age=60, max-age=1800']
  ])('PARSE-01, PARSE-02, PARSE-03, PARSE-04, PARSE-06: a max-age of 60 %s', async (_how, cacheControl) => {
    const { get, clock } = bound(await client(cacheControl))
    expect((await get('/')).decision).toMatchObject({ stored: true, lifetime: 60 })
    clock.advance(59)
    expect((await get('/')).decision.outcome).toBe('hit')
    clock.advance(1)
    expect((await get('/')).decision.outcome).toBe('miss')
  })

  it('PARSE-04: a lifetime beyond all numbers is 2^31 seconds', async () => {
    const { get, clock } = bound(await client('max-age=99999999999999999999'))
    expect((await get('/')).decision.lifetime).toBe(2_147_483_648)
    clock.advance(2_147_483_647)
    expect((await get('/')).decision).toMatchObject({ outcome: 'hit', age: 2_147_483_647 })
    clock.advance(1)
    expect((await get('/')).decision.outcome).toBe('miss')
  })

  it.each(['max-age= 60', 'max-age=60.0', 'max-age', 'max-age=60, max-age=x'])(
    'PARSE-05, PARSE-06: %s is stale at once',
    async (cacheControl) => {
      const { get, clock } = bound(
        await client(cacheControl, { ETag: '"a"', Expires: new Date(2 ** 42).toUTCString() })
      )
      expect((await get('/')).decision).toMatchObject({ stored: true, lifetime: 0 })
      clock.advance(0)
      expect((await get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'stale' })
    }
  )

  it.each(['max-age=x', 'min-fresh=x', 'min-fresh', 'max-age'])(
    'PARSE-05: request %s acts as no-cache',
    async (cacheControl) => {
      const { get } = bound(await client('max-age=60', { ETag: '"a"' }))
      await get('/')
      expect((await get('/', { headers: { 'cache-control': cacheControl } })).decision).toMatchObject({
        outcome: 'miss',
        reason: 'request'
      })
      expect((await get('/')).decision.outcome).toBe('hit')
    }
  )

  it('PARSE-05: an invalid request max-stale, and invalid stale windows, allow nothing', async () => {
    const fields = { ETag: '"a"' }
    const { get, clock } = bound(await client('max-age=1, stale-while-revalidate=x, stale-if-error= 60', fields))
    await get('/')
    clock.advance(2)
    expect((await get('/', { headers: { 'cache-control': 'max-stale=x' } })).decision.outcome).toBe('miss')
    clock.advance(2)
    expect((await get('/', { headers: { 'cache-control': 'max-stale' } })).decision.outcome).toBe('stale-hit')
  })

  it.each([
    ['public, private, max-age=60', 'STORE-01'],
    ['max-age=60, no-store', 'STORE-03'],
    ['x="a, no-store, max-age=60', 'STORE-03'],
    ['max-age=60, no-store=foo', 'STORE-03'],
    ['max-age=60, private="', 'STORE-01'],
    ['max-age=60, no-store, must-understand="x"', 'STORE-03']
  ])('PARSE-07, PARSE-08: %s is not stored', async (cacheControl, requirement) => {
    const { get } = bound(await client(cacheControl))
    expect((await get('/')).decision.notStored?.requirement).toBe(requirement)
    expect((await get('/')).text).toBe('body 1')
  })

  it('PARSE-07: no-cache outweighs any lifetime, and a bar any permission to serve stale', async () => {
    const { get, clock } = bound(await client('max-age=60, no-cache', { ETag: '"a"' }))
    await get('/')
    expect((await get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'stale' })
    const other = bound(await client('max-age=1, must-revalidate, stale-while-revalidate=60', { ETag: '"a"' }))
    await other.get('/')
    other.clock.advance(2)
    clock.advance(2)
    expect((await other.get('/', { headers: { 'cache-control': 'max-stale' } })).decision.outcome).toBe('miss')
  })
})

function bound(client: SetUp) {
  return { get: client.get.bind(client), clock: client.clock }
}
