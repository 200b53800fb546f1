import { describe, expect, it } from '@jest/globals'
import { answering, notModified, type OriginAnswer, ok, withStatus } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'

const etag = { ETag: '"a"' }
const lastModified = 'Sun, 04 Jan 2026 12:00:00 GMT'
const earlier = 'Sat, 03 Jan 2026 12:00:00 GMT'
const later = 'Mon, 05 Jan 2026 11:59:00 GMT'
const asking = (headers: Record<string, string>) => ({ headers })

describe.each(stores)('validation requests with %s (RFC 9111 §4.3.1, §4.3.2)', (_name, makeStore) => {
  /** A client whose cache holds a stale response with these fields, and whose origin then answers `next`. */
  async function stale(fields: Record<string, string | string[]>, next: OriginAnswer = notModified()): Promise<SetUp> {
    const client = await setUp(makeStore(), answering(ok('max-age=10, stale-if-error=600', fields), next))
    await client.get('/')
    client.clock.advance(20)
    return client
  }

  const sent = (client: SetUp) => client.origin.requests[1]?.headers ?? {}

  it('VAL-01: a validation is the request as the caller made it, with the preconditions added', async () => {
    const client = await stale({ ...etag, Vary: 'Abc' })
    await client.get('/', asking({ accept: 'text/html' }))
    client.clock.advance(20)
    const request = { ...asking({ abc: '1', 'X-Other': 'b,  c' }) }
    await client.get('/', request)
    expect(client.origin.requests[2]?.headers).toMatchObject({ abc: '1', 'x-other': 'b,  c' })
    expect(client.origin.requests[1]).toMatchObject({
      method: 'GET',
      path: '/',
      headers: { accept: 'text/html', 'if-none-match': '"a"' }
    })
  })

  it('VAL-01: query and repeated lines go out as they came', async () => {
    const client = await setUp(makeStore(), answering(ok('no-cache', etag), notModified()))
    await client.get('/?b=1&a=2')
    await client.get('/?b=1&a=2', { headers: ['X-A', '1', 'X-A', '2'] })
    const { rawHeaders = [], path } = client.origin.requests[1] ?? {}
    expect(path).toBe('/?b=1&a=2')
    const names = rawHeaders.filter((_text, i) => i % 2 === 0).map((name) => name.toLowerCase())
    expect(names.filter((name) => name === 'x-a')).toHaveLength(2)
    expect(names.filter((name) => name === 'if-none-match')).toHaveLength(1)
  })

  it('VAL-02: both validators are sent exactly as they came', async () => {
    const date = 'Sunday, 04-Jan-26 12:00:00 GMT'
    const client = await stale({ ETag: 'W/"a,b"', 'Last-Modified': date })
    expect((await client.get('/')).decision.outcome).toBe('validated')
    expect(sent(client)).toMatchObject({ 'if-none-match': 'W/"a,b"', 'if-modified-since': date })
  })

  it('VAL-02: a Last-Modified alone is sent alone', async () => {
    const client = await stale({ 'Last-Modified': lastModified })
    await client.get('/')
    expect(sent(client)['if-modified-since']).toBe(lastModified)
    expect(sent(client)).not.toHaveProperty('if-none-match')
  })

  it('VAL-02: a HEAD gets no preconditions', async () => {
    const client = await stale({ ...etag, 'Last-Modified': lastModified }, ok('max-age=60', etag))
    expect((await client.get('/', { method: 'HEAD' })).decision).toMatchObject({ outcome: 'miss', reason: 'stale' })
    expect(client.origin.requests[1]).toMatchObject({ method: 'HEAD' })
    expect(sent(client)).not.toHaveProperty('if-none-match')
    expect(sent(client)).not.toHaveProperty('if-modified-since')
  })

  it.each<[string, string | string[]]>([
    ['without quotes', 'abc'],
    ['with a small w/', 'w/"abc"'],
    ['with a list', '"a", "b"'],
    ['with a space inside', '"a b"'],
    ['with another one on a second line', ['"a"', '"b"']]
  ])('VAL-03: an ETag %s is stored and handed out, never sent', async (_what, value) => {
    const client = await setUp(makeStore(), answering(ok('max-age=10', { ETag: value }), ok('max-age=10')))
    const first = await client.get('/')
    const hit = await client.get('/')
    expect(hit.decision.outcome).toBe('hit')
    expect(hit.headers.etag).toEqual(first.headers.etag)
    expect((await client.get('/', asking({ 'if-none-match': '"abc"' }))).status).toBe(200)
    client.clock.advance(10)
    expect((await client.get('/')).text).toBe('body 1')
    expect(sent(client)).not.toHaveProperty('if-none-match')
  })

  it('VAL-03: an ETag with octets beyond ASCII is sent and compared octet by octet', async () => {
    const tag = '"\u00e4\u00ff"'
    // With a string for a body Node would write the head as UTF-8.
    const first = { ...ok('max-age=10', { ETag: tag }), body: Buffer.from('text') }
    const client = await setUp(makeStore(), answering(first, notModified({ ETag: tag })))
    await client.get('/')
    expect((await client.get('/', asking({ 'if-none-match': tag }))).status).toBe(304)
    client.clock.advance(10)
    expect((await client.get('/')).decision.outcome).toBe('validated')
    expect(sent(client)['if-none-match']).toBe(tag)
  })

  it('VAL-03: a Last-Modified that is no date is not sent', async () => {
    const client = await stale({ 'Last-Modified': '0' }, ok('max-age=10'))
    await client.get('/')
    expect(sent(client)).not.toHaveProperty('if-modified-since')
  })

  it('VAL-04: without validator the request goes out as it is, and stale-if-error still counts', async () => {
    const client = await stale({}, withStatus(503))
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'stale-hit', stale: 'stale-if-error' })
    expect(sent(client)).not.toHaveProperty('if-none-match')
    expect(sent(client)).not.toHaveProperty('if-modified-since')
  })

  it.each([
    ['"x"', '"x", "a"'],
    ['W/"x", "y"', 'W/"x", "y", "a"'],
    ['"x", "a"', '"x", "a"'],
    ['"a"', '"a"'],
    ['*', '*'],
    ['x', 'x'],
    ['"x', '"x']
  ])('VAL-05: If-None-Match: %s of the caller goes out as %s', async (given, expected) => {
    const client = await stale(etag, ok('max-age=10', { ETag: '"new"' }))
    expect(await client.get('/', asking({ 'if-none-match': given }))).toMatchObject({ status: 200, text: 'body 1' })
    expect(sent(client)['if-none-match']).toBe(expected)
  })

  it('VAL-05: a response without ETag leaves the preconditions of the caller alone, and the 304 is his', async () => {
    const client = await stale({ 'Last-Modified': lastModified }, notModified({ ETag: '"x"' }))
    const answer = await client.get('/', asking({ 'if-none-match': '"x"', 'if-modified-since': later }))
    expect(answer).toMatchObject({ status: 304, text: '', decision: { outcome: 'miss', status: 304, stored: false } })
    expect(sent(client)).toMatchObject({ 'if-none-match': '"x"', 'if-modified-since': later })
  })

  it('VAL-05: such a 304 that names the Last-Modified of what is stored updates it', async () => {
    const client = await stale({ 'Last-Modified': lastModified }, notModified({ 'Last-Modified': lastModified }))
    await client.get('/', asking({ 'if-none-match': '"x"' }))
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'hit', age: 0 })
  })

  it('VAL-06: an If-Modified-Since of the caller gives way to the validators of what is stored', async () => {
    const client = await stale({ ...etag, 'Last-Modified': lastModified })
    const answer = await client.get('/', asking({ 'if-modified-since': earlier }))
    expect(sent(client)).toMatchObject({ 'if-none-match': '"a"', 'if-modified-since': lastModified })
    expect(answer).toMatchObject({ status: 200, text: 'body 0', decision: { outcome: 'validated', status: 200 } })
  })

  it('VAL-06: it gives way to an ETag alone too', async () => {
    const client = await stale(etag)
    await client.get('/', asking({ 'if-modified-since': earlier }))
    expect(sent(client)['if-none-match']).toBe('"a"')
    expect(sent(client)).not.toHaveProperty('if-modified-since')
  })

  it('VAL-06: after the 304 the If-Modified-Since of the caller is judged by the cache', async () => {
    const client = await stale({ 'Last-Modified': lastModified })
    const answer = await client.get('/', asking({ 'if-modified-since': lastModified }))
    expect(answer).toMatchObject({ status: 304, text: '', decision: { outcome: 'validated', status: 304 } })
    expect((await client.get('/')).text).toBe('body 0')
  })

  it('VAL-06: without anything to validate with, the If-Modified-Since of the caller goes out', async () => {
    const client = await stale({}, notModified())
    expect((await client.get('/', asking({ 'if-modified-since': earlier }))).status).toBe(304)
    expect(sent(client)['if-modified-since']).toBe(earlier)
  })

  it.each([{ 'if-match': '"x"' }, { 'if-match': '*' }, { 'if-unmodified-since': earlier }])(
    'VAL-12: with %j the origin decides, whatever is stored (A6)',
    async (headers) => {
      const client = await setUp(makeStore(), answering(ok('max-age=60', etag), withStatus(412)))
      await client.get('/')
      const answer = await client.get('/', { headers })
      expect(answer).toMatchObject({ status: 412, decision: { outcome: 'miss', reason: 'bypass', stored: false } })
      expect(sent(client)).toMatchObject(headers)
      expect(sent(client)).not.toHaveProperty('if-none-match')
      expect((await client.get('/')).text).toBe('body 0')
    }
  )

  it('VAL-12: an answer to such a request is stored if it may be', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60', etag)))
    await client.get('/')
    expect((await client.get('/', asking({ 'if-match': '"a"' }))).decision).toMatchObject({
      stored: true,
      reason: 'bypass'
    })
    expect(await client.get('/')).toMatchObject({ text: 'body 1', decision: { outcome: 'hit' } })
  })

  it('VAL-12: a 412 with explicit freshness is stored like any other status', async () => {
    const client = await setUp(makeStore(), answering({ ...ok('max-age=60'), status: 412 }))
    expect((await client.get('/', asking({ 'if-match': '"a"' }))).decision.stored).toBe(true)
  })

  it('VAL-13: where no variant matches, no validators of other variants are sent', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60', { ...etag, Vary: 'Foo' })))
    await client.get('/', asking({ foo: '1' }))
    const other = await client.get('/', asking({ foo: '2' }))
    expect(other).toMatchObject({ text: 'body 1', decision: { outcome: 'miss', reason: 'vary-miss' } })
    expect(sent(client)).not.toHaveProperty('if-none-match')
  })
})
