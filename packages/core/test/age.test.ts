import { describe, expect, it } from '@jest/globals'
import { answering, backgroundDecision, notModified, ok, send } from './answers.js'
import { type Answer, setUp, stores } from './harness.js'

/** Every Age an answer has. */
const ages = ({ headers }: Answer) => [headers.age ?? []].flat()

describe.each(stores)('age, with %s (RFC 9111 §4.2.3, §5.1)', (_name, makeStore) => {
  it('AGE-01: the received Age, the time the response took and the time in the store add up', async () => {
    const client = await setUp(makeStore(), ({ clock }, _request, response, n) => {
      clock.advance(2)
      send(response, ok('max-age=60', { Age: '10' }), clock, n)
    })
    await client.get('/')
    client.clock.advance(3)
    expect(await client.get('/')).toMatchObject({ headers: { age: '15' }, decision: { outcome: 'hit', age: 15 } })
  })

  it('AGE-01: what came before the final response has no part in it', async () => {
    const client = await setUp(makeStore(), ({ clock }, _request, response, n) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' }, () => {
        clock.advance(30)
        send(response, ok('max-age=60'), clock, n)
      })
    })
    await client.get('/')
    expect((await client.get('/')).headers.age).toBe('30')
  })

  it('AGE-02: a Date two hours old makes the response that old, unless dates are not trusted', async () => {
    const respond = answering((_request, clock) => ok('max-age=3600', { Date: clock.date(-7_200), ETag: '"a"' }))
    const trusting = await setUp(makeStore(), respond)
    await trusting.get('/')
    expect((await trusting.get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'stale' })
    const other = await setUp(makeStore(), respond, { trustDate: false })
    await other.get('/')
    expect(await other.get('/')).toMatchObject({ headers: { age: '0' }, decision: { outcome: 'hit' } })
  })

  it('AGE-02: a Date ahead of us makes nothing younger', async () => {
    const client = await setUp(
      makeStore(),
      answering((_request, clock) => ok('max-age=60', { Date: clock.date(7_200), Age: '5' }))
    )
    await client.get('/')
    expect((await client.get('/')).headers.age).toBe('5')
  })

  it.each<[string | string[], string | undefined]>([
    ['7200, 0', undefined],
    [['7200', '0'], undefined],
    ['0, 7200', '0'],
    ['-5', '0'],
    ['abc', '0'],
    ['59.5', '0'],
    ['100;a', '0'],
    ['4000000000', undefined]
  ])('AGE-03: with max-age=3600 and Age: %j', async (age, served) => {
    const client = await setUp(makeStore(), answering(ok('max-age=3600', { Age: age, ETag: '"a"' })))
    await client.get('/')
    const { headers, decision } = await client.get('/')
    if (served === undefined) expect(decision).toMatchObject({ outcome: 'miss', reason: 'stale' })
    else expect({ age: headers.age, outcome: decision.outcome }).toEqual({ age: served, outcome: 'hit' })
  })

  it('AGE-04: what comes from the store has one Age, in whole seconds, whatever it came with', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=600', { Age: ['30', '40'], ETag: '"a"' })))
    await client.get('/')
    client.clock.advance(3.9)
    expect(ages(await client.get('/'))).toEqual(['33'])
    expect(ages(await client.get('/', { method: 'HEAD' }))).toEqual(['33'])
    const notModified = await client.get('/', { headers: { 'if-none-match': '"a"' } })
    expect({ status: notModified.status, ages: ages(notModified) }).toEqual({ status: 304, ages: ['33'] })
  })

  it('AGE-04: so has what is served stale, by each permission', async () => {
    const client = await setUp(
      makeStore(),
      answering(ok('max-age=1, stale-while-revalidate=9, stale-if-error=99', { Age: '0', ETag: '"a"' }), {
        status: 503
      })
    )
    await client.get('/')
    client.clock.advance(5)
    const maxStale = await client.get('/', { headers: { 'cache-control': 'max-stale' } })
    expect({ ages: ages(maxStale), stale: maxStale.decision.stale }).toEqual({ ages: ['5'], stale: 'max-stale' })
    const whileRevalidating = await client.get('/')
    expect({ ages: ages(whileRevalidating), stale: whileRevalidating.decision.stale }).toEqual({
      ages: ['5'],
      stale: 'stale-while-revalidate'
    })
    await backgroundDecision(client)
    client.clock.advance(10)
    const ifError = await client.get('/')
    expect({ ages: ages(ifError), stale: ifError.decision.stale }).toEqual({ ages: ['15'], stale: 'stale-if-error' })
  })

  it('AGE-05: what the network sent gets no Age of ours and keeps its own', async () => {
    const client = await setUp(makeStore(), ({ clock }, { path }, response, n) => {
      clock.advance(4)
      send(response, ok('max-age=60', path === '/aged' ? { Age: '7' } : {}), clock, n)
    })
    expect((await client.get('/')).headers).not.toHaveProperty('age')
    expect((await client.get('/aged')).headers.age).toBe('7')
  })

  it('AGE-05: what a validation confirmed has an Age only if the 304 had one', async () => {
    const client = await setUp(
      makeStore(),
      answering(
        ok('max-age=1', { Age: '0', ETag: '"a"' }),
        notModified({ ETag: '"a"' }),
        notModified({ ETag: '"a"', Age: '9' })
      )
    )
    await client.get('/')
    client.clock.advance(2)
    const withoutAge = await client.get('/')
    expect(withoutAge).toMatchObject({ status: 200, decision: { outcome: 'validated' } })
    expect(ages(withoutAge)).toEqual([])
    client.clock.advance(2)
    const withAge = await client.get('/')
    expect(withAge.decision.outcome).toBe('validated')
    expect(ages(withAge)).toEqual(['9'])
  })
})
