import { describe, expect, it } from '@jest/globals'
import { answering, notModified, ok, send } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'

/** What only fresh responses are good enough for. */
const onlyIfCached = { headers: { 'cache-control': 'only-if-cached, max-stale' } }

/** Has the clock say what no clock says. */
function breakClock(client: SetUp, time: number | (() => never)): void {
  Object.defineProperty(client.clock, 'now', {
    configurable: true,
    get: typeof time === 'function' ? time : () => time
  })
}

function repairClock(client: SetUp, now: number): void {
  Object.defineProperty(client.clock, 'now', { configurable: true, writable: true, value: now })
}

describe.each(stores)('the clock, with %s (RFC 9111 §4.2.3)', (_name, makeStore) => {
  it('CLK-01: only the injected clock tells the time, with its fractions', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60')))
    await client.get('/')
    client.clock.advance(59.9)
    expect(await client.get('/')).toMatchObject({ headers: { age: '59' }, decision: { outcome: 'hit' } })
    client.clock.advance(0.099)
    expect((await client.get('/')).decision.outcome).toBe('hit')
    client.clock.advance(0.001)
    expect((await client.get('/')).decision.outcome).toBe('miss')
  })

  it('CLK-02: set back by a minute, what is stored counts as not a moment older', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=10', { Age: '4' })))
    await client.get('/')
    client.clock.advance(-60)
    expect(await client.get('/')).toMatchObject({ headers: { age: '4' }, decision: { outcome: 'hit' } })
  })

  it('CLK-02: set back by more, every use is validated, and no permission helps', async () => {
    const respond = answering(ok('max-age=7200, stale-while-revalidate=7200, stale-if-error=7200', { ETag: '"a"' }), {
      status: 503
    })
    const client = await setUp(makeStore(), respond, { staleIfErrorSeconds: 7_200 })
    await client.get('/')
    client.clock.advance(-60.001)
    expect((await client.get('/', onlyIfCached)).status).toBe(504)
    expect((await client.get('/')).status).toBe(503)
    expect(client.origin.requests[1]?.headers['if-none-match']).toBe('"a"')
  })

  it('CLK-02: what was validated after the clock was set back is fresh by the new time', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=10', { ETag: '"a"' }), notModified({ ETag: '"a"' })))
    await client.get('/')
    client.clock.advance(-3_600)
    expect((await client.get('/')).decision.outcome).toBe('validated')
    client.clock.advance(9)
    expect((await client.get('/')).decision.outcome).toBe('hit')
    client.clock.advance(1)
    expect((await client.get('/')).decision.outcome).toBe('validated')
  })

  it('CLK-02: what replaces a response from the future is kept', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=10', { ETag: '"a"' })))
    await client.get('/')
    client.clock.advance(-3_600)
    expect(await client.get('/')).toMatchObject({ text: 'body 1', decision: { stored: true } })
    expect(await client.get('/')).toMatchObject({ text: 'body 1', decision: { outcome: 'hit' } })
  })

  it.each([
    ['no number', Number.NaN],
    ['endless', Number.POSITIVE_INFINITY],
    ['endless the other way', Number.NEGATIVE_INFINITY],
    [
      'an error',
      () => {
        throw new Error('no time')
      }
    ]
  ])('CLK-02: a clock that says %s makes every use a validation', async (_what, time) => {
    const fields = { Date: 'x', ETag: '"a"' }
    const respond = answering(({ headers }) =>
      headers['if-none-match'] ? notModified(fields) : ok('max-age=60', fields)
    )
    const client = await setUp(makeStore(), respond)
    await client.get('/')
    const { now } = client.clock
    breakClock(client, time)
    expect((await client.get('/', onlyIfCached)).status).toBe(504)
    for (let i = 0; i < 2; i++) {
      expect(await client.get('/')).toMatchObject({ status: 200, text: 'body 0', decision: { outcome: 'validated' } })
    }
    repairClock(client, now)
  })

  it('CLK-02: what came while the clock told no time is not fresh when it does again', async () => {
    for (const when of ['request', 'response'] as const) {
      const client: SetUp = await setUp(makeStore(), ({ clock }, _request, response, n) => {
        if (when === 'response' && n === 0) breakClock(client, Number.NaN)
        send(response, ok('max-age=60', { Date: 'Mon, 05 Jan 2026 12:00:00 GMT', ETag: '"a"' }), clock, n)
      })
      const { now } = client.clock
      if (when === 'request') breakClock(client, Number.NaN)
      expect(await client.get('/')).toMatchObject({ status: 200, text: 'body 0' })
      repairClock(client, now)
      expect(await client.get('/')).toMatchObject({ text: 'body 1', decision: { outcome: 'miss' } })
      expect(await client.get('/')).toMatchObject({
        text: 'body 1',
        headers: { date: 'Mon, 05 Jan 2026 12:00:00 GMT' }
      })
    }
  })
})
