import { describe, expect, it } from '@jest/globals'
import { answering, disconnect, type FieldsGiven, notModified, type OriginAnswer, ok, withStatus } from './answers.js'
import { type Ask, type SetUp, setUp, stores } from './harness.js'

const ten = '0123456789'
const a = { ETag: '"a"' }
const fresh: OriginAnswer = { ...ok('max-age=60', a), body: ten }
const range = (value: string, headers: Record<string, string> = {}): Ask => ({ headers: { range: value, ...headers } })

/** A 206 with some bytes of `whole`. */
function part(first: number, last: number, fields: FieldsGiven = a, whole = ten): OriginAnswer {
  const all = { 'Cache-Control': 'max-age=60', 'Content-Range': `bytes ${first}-${last}/${whole.length}`, ...fields }
  return { status: 206, fields: all, body: whole.slice(first, last + 1) }
}

describe.each(stores)('ranges of complete responses, with %s (RFC 9110 §14)', (_name, makeStore) => {
  /** A client that has asked for the whole, some seconds ago, of an origin that then has other answers. */
  async function holding(
    first: OriginAnswer,
    seconds = 3,
    next: OriginAnswer = withStatus(500),
    options = {}
  ): Promise<SetUp> {
    const client = await setUp(makeStore(), answering(first, next), options)
    await client.get('/')
    client.clock.advance(seconds)
    return client
  }

  it('RNG-02: one range is a 206 with the slice, and all other stored fields', async () => {
    const client = await holding({
      ...ok('max-age=60', { ...a, 'Content-Type': 'text/plain', 'X-New': ['1', '2'] }),
      body: ten
    })
    const answer = await client.get('/', range('bytes=2-4'))
    expect(answer).toMatchObject({
      status: 206,
      text: '234',
      headers: {
        'content-range': 'bytes 2-4/10',
        'content-length': '3',
        'content-type': 'text/plain',
        'x-new': ['1', '2'],
        etag: '"a"',
        age: '3'
      },
      decision: { outcome: 'hit', status: 206, age: 3, lifetime: 60, servedBytes: 3 }
    })
    expect(client.asked).toBe(1)
    expect(await client.get('/')).toMatchObject({ status: 200, text: ten, decision: { outcome: 'hit' } })
  })

  it.each([
    ['bytes=-4', '6789', 'bytes 6-9/10'],
    ['bytes=6-99', '6789', 'bytes 6-9/10'],
    ['bytes=6-', '6789', 'bytes 6-9/10'],
    ['bytes=0-', ten, 'bytes 0-9/10'],
    ['bytes=9-9', '9', 'bytes 9-9/10']
  ])('RNG-03: %s is %s', async (asked, text, contentRange) => {
    const client = await holding(fresh)
    expect(await client.get('/', range(asked))).toMatchObject({
      status: 206,
      text,
      headers: { 'content-range': contentRange, 'content-length': String(text.length) }
    })
  })

  it('RNG-03: of an empty body nothing is cut', async () => {
    const client = await holding({ ...ok('max-age=60', a), body: '' })
    expect(await client.get('/', range('bytes=0-'))).toMatchObject({
      status: 200,
      text: '',
      decision: { outcome: 'hit' }
    })
  })

  it('RNG-04: no such bytes: a 416 that tells the length, without the stored body', async () => {
    const client = await holding(fresh)
    const answer = await client.get('/', range('bytes=10-'))
    expect(answer).toMatchObject({
      status: 416,
      text: '',
      headers: { 'content-range': 'bytes */10', 'content-length': '0', age: '3' },
      decision: { outcome: 'hit', status: 416 }
    })
    expect(answer.headers).not.toHaveProperty('cache-control')
    expect(client.asked).toBe(1)
  })

  it('RNG-05: a range that cannot be read is ignored', async () => {
    const client = await holding(fresh)
    expect(await client.get('/', range('bytes=5-2'))).toMatchObject({
      status: 200,
      text: ten,
      decision: { outcome: 'hit' }
    })
  })

  it.each(['bytes=0-1,4-5', 'lines=0-1'])(
    'RNG-05: %s goes past the cache, and what comes is not stored',
    async (asked) => {
      const client = await holding(fresh, 3, { ...ok('max-age=60', { ETag: '"b"' }), body: 'all of b' })
      expect(await client.get('/', range(asked))).toMatchObject({
        text: 'all of b',
        decision: { outcome: 'bypass', reason: 'bypass', stored: false }
      })
      expect((await client.get('/')).text).toBe(ten)
    }
  )

  it('RNG-05: HEAD has no ranges', async () => {
    const client = await holding(fresh)
    for (const asked of ['bytes=2-4', 'bytes=10-', 'bytes=0-1,4-5']) {
      const answer = await client.get('/', { ...range(asked), method: 'HEAD' })
      expect(answer).toMatchObject({ status: 200, headers: { 'content-length': '10' }, decision: { outcome: 'hit' } })
    }
  })

  it('RNG-06: If-Range decides whether the range counts', async () => {
    const client = await holding(fresh)
    expect(await client.get('/', range('bytes=2-4', { 'if-range': '"a"' }))).toMatchObject({ status: 206, text: '234' })
    expect(await client.get('/', range('bytes=2-4', { 'if-range': '"b"' }))).toMatchObject({ status: 200, text: ten })
    expect(await client.get('/', { headers: { 'if-range': '"b"' } })).toMatchObject({ status: 200, text: ten })
    const weak = await holding({ ...ok('max-age=60', { ETag: 'W/"a"' }), body: ten })
    expect(await weak.get('/', range('bytes=2-4', { 'if-range': 'W/"a"' }))).toMatchObject({ status: 200, text: ten })
  })

  it('RNG-06: If-None-Match comes first', async () => {
    const client = await holding(fresh)
    const headers = { 'if-none-match': '"a"', 'if-range': '"b"' }
    expect(await client.get('/', range('bytes=2-4', headers))).toMatchObject({ status: 304, text: '' })
  })

  it('RNG-07: a stored 404 has no ranges', async () => {
    const client = await holding({ ...withStatus(404, { 'Cache-Control': 'max-age=60' }), body: ten })
    for (const asked of ['bytes=2-4', 'bytes=10-']) {
      expect(await client.get('/', range(asked))).toMatchObject({
        status: 404,
        text: ten,
        decision: { outcome: 'hit' }
      })
    }
  })

  it('RNG-01: with `off` a range goes past the cache', async () => {
    const client = await holding(fresh, 3, part(2, 4), { ranges: 'off' })
    for (const asked of ['bytes=2-4', 'bytes=5-2']) {
      const { decision } = await client.get('/', range(asked))
      expect(decision).toMatchObject({ outcome: 'bypass', reason: 'bypass' })
    }
    expect((await client.get('/', { ...range('bytes=2-4'), method: 'HEAD' })).decision.outcome).toBe('hit')
    expect((await client.get('/')).text).toBe(ten)
  })

  it('RNG-08: on a miss the range is forwarded, a 206 is relayed and not stored', async () => {
    const client = await setUp(makeStore(), answering(part(2, 4), fresh))
    const miss = await client.get('/', range('bytes=2-4', { 'if-range': '"a"' }))
    expect(miss).toMatchObject({
      status: 206,
      text: '234',
      decision: { outcome: 'miss', reason: 'uri-miss', stored: false }
    })
    expect(miss.decision.notStored).toMatchObject({ requirement: 'STORE-02' })
    expect(client.origin.requests[0]?.headers).toMatchObject({ range: 'bytes=2-4', 'if-range': '"a"' })
    expect(await client.get('/', range('bytes=2-4'))).toMatchObject({
      status: 200,
      text: ten,
      decision: { stored: true }
    })
    expect(await client.get('/', range('bytes=2-4'))).toMatchObject({
      status: 206,
      text: '234',
      decision: { outcome: 'hit' }
    })
    expect(client.asked).toBe(2)
  })

  it.each([416, 400, 404, 302])('RNG-08: a %i to a range is not stored: it may be about the range', async (status) => {
    const answer = withStatus(status, { 'Cache-Control': 'max-age=60', 'Content-Range': 'bytes */10' })
    const client = await setUp(makeStore(), answering(answer, fresh))
    const { decision } = await client.get('/', range('bytes=10-'))
    expect(decision).toMatchObject({ status, stored: false, notStored: { requirement: 'RNG-08' } })
    expect(await client.get('/')).toMatchObject({ status: 200, text: ten })
  })

  it('RNG-08: a 304 lets what is stale be cut here', async () => {
    const client = await holding(fresh, 61, notModified({ ...a, 'X-New': 'b' }))
    expect(await client.get('/', range('bytes=2-4'))).toMatchObject({
      status: 206,
      text: '234',
      headers: { 'content-range': 'bytes 2-4/10', 'x-new': 'b' },
      decision: { outcome: 'validated', reason: 'stale', status: 206, stored: true }
    })
    expect(client.origin.requests[1]?.headers).toMatchObject({ range: 'bytes=2-4', 'if-none-match': '"a"' })
    expect(await client.get('/', range('bytes=20-'))).toMatchObject({ status: 416, decision: { outcome: 'hit' } })
    client.clock.advance(61)
    expect(await client.get('/', range('bytes=20-'))).toMatchObject({
      status: 416,
      text: '',
      decision: { outcome: 'validated' }
    })
  })

  it('VAL-02: by its date alone no part is validated', async () => {
    const dated = { 'Last-Modified': 'Mon, 05 Jan 2026 11:00:00 GMT' }
    const client = await setUp(makeStore(), answering({ ...ok('max-age=60', dated), body: ten }, part(2, 4, {})))
    await client.get('/')
    client.clock.advance(61)
    expect(await client.get('/', range('bytes=2-4'))).toMatchObject({
      status: 206,
      text: '234',
      decision: { outcome: 'miss' }
    })
    expect(client.origin.requests[1]?.headers).not.toHaveProperty('if-modified-since')
    const both = await holding({ ...ok('max-age=60', { ...a, ...dated }), body: ten }, 61, part(2, 4))
    await both.get('/', range('bytes=2-4'))
    expect(both.origin.requests[1]?.headers).toMatchObject({ 'if-none-match': '"a"' })
    expect(both.origin.requests[1]?.headers).not.toHaveProperty('if-modified-since')
  })

  it('RNG-08: a 206 of the same version leaves what is stored (B5)', async () => {
    const client = await holding(fresh, 61, part(2, 4))
    expect(await client.get('/', range('bytes=2-4'))).toMatchObject({
      status: 206,
      text: '234',
      decision: { outcome: 'miss', reason: 'stale', stored: false }
    })
    expect(await client.get('/', { headers: { 'cache-control': 'max-stale' } })).toMatchObject({
      text: ten,
      decision: { outcome: 'stale-hit' }
    })
  })

  it.each<[what: string, fields: FieldsGiven]>([
    ['entity tag', { ETag: '"b"' }],
    ['date', { 'Last-Modified': 'Mon, 05 Jan 2026 11:00:00 GMT' }]
  ])('RNG-08: a 206 with another %s drops what is stored (B5)', async (_what, fields) => {
    const client = await holding(fresh, 61, part(2, 4, fields, 'abcdefghij'))
    expect(await client.get('/', range('bytes=2-4'))).toMatchObject({ status: 206, text: 'cde' })
    const { decision } = await client.get('/', { headers: { 'cache-control': 'max-stale' } })
    expect(decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss' })
  })

  it('RNG-08: a 200 to the validation is whole for the caller and replaces what is stored', async () => {
    const client = await holding(fresh, 61, { ...ok('max-age=60', { ETag: '"b"' }), body: 'abcdefghij' })
    expect(await client.get('/', range('bytes=2-4'))).toMatchObject({
      status: 200,
      text: 'abcdefghij',
      decision: { stored: true }
    })
    expect(await client.get('/', range('bytes=2-4'))).toMatchObject({
      status: 206,
      text: 'cde',
      decision: { outcome: 'hit' }
    })
  })

  it('RNG-08: a 304 that is about another version asks once more, for the same range', async () => {
    const client = await setUp(
      makeStore(),
      answering(fresh, notModified({ ETag: '"b"' }), part(2, 4, { ETag: '"b"' }, 'abcdefghij'))
    )
    await client.get('/')
    client.clock.advance(61)
    expect(await client.get('/', range('bytes=2-4'))).toMatchObject({ status: 206, text: 'cde' })
    expect(client.origin.requests[2]?.headers).toMatchObject({ range: 'bytes=2-4' })
    expect(client.origin.requests[2]?.headers).not.toHaveProperty('if-none-match')
  })

  it('STALE-05: a range is cut in place of a failure', async () => {
    const client = await holding({ ...ok('max-age=60, stale-if-error=60', a), body: ten }, 61, withStatus(503))
    const expected = {
      status: 206,
      text: '234',
      decision: { outcome: 'stale-hit', stale: 'stale-if-error', status: 206 }
    }
    expect(await client.get('/', range('bytes=2-4'))).toMatchObject(expected)
    expect(await (await disconnect(client))('/', range('bytes=2-4'))).toMatchObject(expected)
  })

  it('RNG-02: only-if-cached is answered with a range, too', async () => {
    const client = await holding(fresh)
    const asked = range('bytes=2-4', { 'cache-control': 'only-if-cached' })
    expect(await client.get('/', asked)).toMatchObject({ status: 206, text: '234' })
  })
})
