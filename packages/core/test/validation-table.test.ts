import { describe, expect, it } from '@jest/globals'
import { answering, disconnect, notModified, type OriginAnswer, ok, withStatus } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'

const etag = { ETag: '"a"' }
const stored = ok('max-age=10, stale-if-error=60', etag)
const barred = ok('max-age=10, must-revalidate, stale-if-error=60', etag)

describe.each(stores)('what comes of a forward for a stored response (Table B), with %s', (_name, makeStore) => {
  const stale = async (first: OriginAnswer, ...next: OriginAnswer[]): Promise<SetUp> => {
    const client = await setUp(makeStore(), answering(first, ...next))
    await client.get('/')
    client.clock.advance(20)
    return client
  }

  it('VAL-09: row B1, a 304 about it: updated and served', async () => {
    const client = await stale(stored, notModified({ X: '1' }))
    const answer = await client.get('/')
    expect(answer).toMatchObject({ status: 200, text: 'body 0', headers: { x: '1' } })
    expect(answer.decision).toMatchObject({
      outcome: 'validated',
      reason: 'stale',
      status: 200,
      lifetime: 10,
      stored: true
    })
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'hit', age: 0 })
  })

  it('VAL-10: row B2, a 304 about something else: marked invalid, and the request sent once more', async () => {
    const client = await stale(stored, notModified({ ETag: '"b"' }), withStatus(503), notModified())
    const answer = await client.get('/')
    expect(answer).toMatchObject({
      status: 503,
      decision: { outcome: 'miss', reason: 'stale', status: 503, stored: false }
    })
    expect(client.asked).toBe(3)
    expect((await client.get('/', { headers: { 'cache-control': 'max-stale' } })).decision.outcome).toBe('validated')
  })

  it('VAL-10: row B2, a 412 to the preconditions of the cache: the request sent once more', async () => {
    const client = await stale(stored, withStatus(412), stored)
    expect(await client.get('/')).toMatchObject({
      text: 'body 2',
      decision: { outcome: 'miss', reason: 'stale', stored: true }
    })
  })

  it('STALE-05: row B3, a 503 where stale-if-error applies: served stale, the error not stored, nothing dropped', async () => {
    const client = await stale(stored, { ...ok('max-age=60'), status: 503 }, notModified())
    const answer = await client.get('/')
    expect(answer).toMatchObject({ status: 200, text: 'body 0', headers: { age: '20' } })
    expect(answer.decision).toMatchObject({ outcome: 'stale-hit', stale: 'stale-if-error', age: 20, stored: false })
    expect((await client.get('/')).decision.outcome).toBe('validated')
  })

  it.each<[string, OriginAnswer, OriginAnswer, object, object]>([
    ['a 200 that is stored', stored, ok('max-age=60'), { status: 200, stored: true }, { outcome: 'hit' }],
    [
      'a 404 that is stored',
      stored,
      { ...ok('max-age=60'), status: 404 },
      { status: 404, stored: true },
      { outcome: 'hit', status: 404 }
    ],
    [
      'a 200 that is not stored',
      stored,
      ok('no-store'),
      { status: 200, stored: false },
      { outcome: 'miss', reason: 'uri-miss' }
    ],
    ['a 403', stored, withStatus(403), { status: 403, stored: false }, { outcome: 'miss', reason: 'stale' }],
    [
      'a 500 outside row B3',
      barred,
      withStatus(500),
      { status: 500, stored: false },
      { outcome: 'miss', reason: 'stale' }
    ],
    [
      'a 503 that is stored',
      barred,
      { ...ok('max-age=60'), status: 503 },
      { status: 503, stored: true },
      { outcome: 'hit', status: 503 }
    ]
  ])(
    'VAL-11: row B4, %s: passed on, and what is stored replaced, dropped or kept',
    async (_what, first, next, told, after) => {
      const client = await stale(first, next)
      const answer = await client.get('/')
      expect(answer).toMatchObject({ text: 'body 1', decision: { outcome: 'miss', reason: 'stale', ...told } })
      expect((await client.get('/')).decision).toMatchObject(after)
    }
  )

  it('STALE-06: row B6, no response where stale-if-error applies: served stale', async () => {
    const client = await stale(stored)
    const get = await disconnect(client)
    const answer = await get('/')
    expect(answer).toMatchObject({ status: 200, text: 'body 0' })
    expect(answer.decision).toMatchObject({ outcome: 'stale-hit', stale: 'stale-if-error', age: 20, stored: false })
  })

  it('STALE-08: row B7, no response otherwise: the error goes to the caller, and nothing is dropped', async () => {
    const client = await setUp(makeStore(), (client, received, response, n) => {
      if (n === 1) response.destroy()
      else answering(barred, notModified())(client, received, response, n)
    })
    await client.get('/')
    client.clock.advance(20)
    await expect(client.get('/')).rejects.toThrow()
    expect(client.decisions[1]).toMatchObject({ outcome: 'miss', reason: 'stale', stored: false })
    expect(client.decisions[1]).not.toHaveProperty('status')
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'validated' } })
  })

  it('MSG-03: row B8, a failure after the head: the error goes to the caller, what is stored stays as it was', async () => {
    const client = await setUp(makeStore(), (client, received, response, n) => {
      if (n !== 1) return answering(stored, notModified())(client, received, response, n)
      response.setHeader('Cache-Control', 'max-age=600').setHeader('ETag', '"b"').setHeader('Content-Length', '100')
      response.write('cut', () => response.destroy())
    })
    await client.get('/')
    client.clock.advance(20)
    await expect(client.get('/')).rejects.toThrow()
    expect(client.decisions[1]).toMatchObject({ outcome: 'miss', reason: 'stale', status: 200, stored: false })
    const next = await client.get('/')
    expect(next).toMatchObject({ text: 'body 0', headers: { etag: '"a"' }, decision: { outcome: 'validated' } })
    expect(client.origin.requests[2]?.headers['if-none-match']).toBe('"a"')
  })
})
