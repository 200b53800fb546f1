import { describe, expect, it } from '@jest/globals'
import { answering, ok } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'

const foo = (value: string) => ({ headers: { foo: value } })

async function countStored({ store, origin }: SetUp, path = '/'): Promise<number> {
  return (await store.get(`${origin.url}${path}`)).responses.length
}

describe.each(stores)('variants, with %s (RFC 9111 §4.1)', (_name, makeStore) => {
  it('VARY-08: of two that match, the one with the later Date is served, whichever came last', async () => {
    const client = await setUp(
      makeStore(),
      answering(
        (_request, clock) => ok('max-age=600', { Vary: 'A', Date: clock.date(-10) }),
        (_request, clock) => ok('max-age=600', { Vary: 'B', Date: clock.date(-99) })
      )
    )
    await client.get('/', { headers: { a: '1', b: '2' } })
    client.clock.advance(5)
    await client.get('/', { headers: { a: '2', b: '1' } })
    expect(client.asked).toBe(2)
    expect(await client.get('/', { headers: { a: '1', b: '1' } })).toMatchObject({
      text: 'body 0',
      decision: { outcome: 'hit' }
    })
    expect((await client.get('/', { headers: { a: '3', b: '1' } })).text).toBe('body 1')
  })

  it('VARY-08: with equal dates, the one that came last', async () => {
    const date = 'Mon, 05 Jan 2026 11:59:00 GMT'
    const client = await setUp(
      makeStore(),
      answering(ok('max-age=600', { Vary: 'A', Date: date }), ok('max-age=600', { Vary: 'B', Date: date }))
    )
    await client.get('/', { headers: { a: '1', b: '2' } })
    client.clock.advance(5)
    await client.get('/', { headers: { a: '2', b: '1' } })
    expect((await client.get('/', { headers: { a: '1', b: '1' } })).text).toBe('body 1')
  })

  it('VARY-08: a stale one that is newer is validated, though an older one were fresh', async () => {
    const client = await setUp(
      makeStore(),
      answering(
        (_request, clock) => ok('max-age=600', { Vary: 'A', Date: clock.date(-99) }),
        ok('max-age=1', { Vary: 'B', ETag: '"b"' })
      )
    )
    await client.get('/', { headers: { a: '1', b: '2' } })
    await client.get('/', { headers: { a: '2', b: '1' } })
    client.clock.advance(2)
    expect((await client.get('/', { headers: { a: '1', b: '1' } })).decision).toMatchObject({
      outcome: 'miss',
      reason: 'stale'
    })
    expect(client.origin.requests[2]?.headers['if-none-match']).toBe('"b"')
  })

  it('VARY-08: order and weights of what is accepted make no choice', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60', { Vary: 'Accept-Language' })))
    const asking = (value: string) => ({ headers: { 'accept-language': value } })
    await client.get('/', asking('en'))
    await client.get('/', asking('de'))
    expect((await client.get('/', asking('de;q=1, en;q=0.5'))).decision.reason).toBe('vary-miss')
  })

  it('VARY-09: one that matches through its Vary comes before a newer one without', async () => {
    const client = await setUp(
      makeStore(),
      answering((_request, clock) => ok('max-age=600', { Vary: 'Foo', Date: clock.date(-60) }), ok('max-age=600'))
    )
    await client.get('/', foo('1'))
    client.clock.advance(5)
    await client.get('/', foo('2'))
    expect(client.asked).toBe(2)
    expect(await client.get('/', foo('1'))).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
    expect(await client.get('/', foo('3'))).toMatchObject({ text: 'body 1', decision: { outcome: 'hit' } })
  })

  it('VARY-10: variants stand side by side', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60', { Vary: 'Foo' })))
    for (const value of ['1', '2', '3']) await client.get('/', foo(value))
    expect(await countStored(client)).toBe(3)
    expect((await client.get('/', foo('1'))).text).toBe('body 0')
    expect((await client.get('/', foo('2'))).text).toBe('body 1')
  })

  it('VARY-10: a new response replaces that with the same names and values alone', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60', { Vary: 'Foo, Bar' })))
    for (const value of ['1', '2']) await client.get('/', foo(value))
    await client.get('/', { headers: { foo: '1', 'cache-control': 'no-cache' } })
    expect(await countStored(client)).toBe(2)
    expect((await client.get('/', foo('1'))).text).toBe('body 2')
    expect((await client.get('/', foo('2'))).text).toBe('body 1')
  })

  it('VARY-10: GET and HEAD, and other names in Vary, make variants too', async () => {
    const client = await setUp(
      makeStore(),
      answering(ok('max-age=60', { Vary: 'Foo' }), ok('max-age=60', { Vary: 'Foo' }), ok('max-age=60', { Vary: 'Bar' }))
    )
    await client.get('/', { method: 'HEAD', ...foo('1') })
    await client.get('/', foo('1'))
    await client.get('/', foo('2'))
    expect(await countStored(client)).toBe(3)
  })

  it('VARY-10: above maxVariants the least recently stored goes', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60', { Vary: 'Foo' })), { maxVariants: 2 })
    for (const value of ['1', '2', '3']) {
      await client.get('/', foo(value))
      client.clock.advance(1)
    }
    expect((await client.get('/', foo('3'))).text).toBe('body 2')
    expect((await client.get('/', foo('2'))).text).toBe('body 1')
    expect(await countStored(client)).toBe(2)
    expect((await client.get('/', foo('1'))).decision.reason).toBe('vary-miss')
  })

  it('VARY-10: as many as maxVariants stay; it is 32 if unset', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60', { Vary: 'Foo' })))
    for (let value = 0; value < 33; value++) {
      await client.get('/', foo(String(value)))
      client.clock.advance(0.01)
    }
    expect(await countStored(client)).toBe(32)
    expect((await client.get('/', foo('1'))).decision.outcome).toBe('hit')
    expect((await client.get('/', foo('0'))).decision.outcome).toBe('miss')
  })

  it('VARY-10, KEY-01: maxVariants counts all that is under one key, without Vary too', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60')), { maxVariants: 1 })
    await client.get('/', { method: 'HEAD' })
    client.clock.advance(1)
    await client.get('/')
    expect((await client.get('/')).decision.outcome).toBe('hit')
    expect(await countStored(client)).toBe(1)
  })
})
