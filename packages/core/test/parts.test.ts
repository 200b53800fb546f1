import type { CacheOptions } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { request } from 'undici'
import {
  answering,
  ask,
  decided,
  disconnect,
  type FieldsGiven,
  notModified,
  type OriginAnswer,
  withStatus
} from './answers.js'
import { type Ask, type SetUp, setUp, stores, TestClock } from './harness.js'
import { MapStore } from './map-store.js'
import { Representation } from './ranged-origin.js'

const ten = '0123456789'
const strong = { ETag: '"a"', 'Cache-Control': 'max-age=60' }
const range = (value: string, headers: Record<string, string> = {}): Ask => ({ headers: { range: value, ...headers } })

describe.each(stores)('parts, with %s (RFC 9111 §3.3, §3.4)', (_name, makeStore) => {
  /** A client with `ranges: 'store'`, and what its origin has. */
  async function clientOf(fields: Record<string, string> = strong, options: CacheOptions = {}) {
    const representation = new Representation(ten, fields)
    const client = await setUp(makeStore(), answering(representation.answer), { ranges: 'store', ...options })
    return { client, representation }
  }

  async function storedUnder(client: SetUp) {
    const { responses } = await client.store.get(`${client.origin.url}/`)
    return responses.map(({ response }) => response)
  }

  it('RNG-09: a part answers ranges that lie wholly inside it', async () => {
    const { client } = await clientOf({ ...strong, 'Content-Type': 'text/plain' })
    expect(await client.get('/', range('bytes=0-4'))).toMatchObject({
      status: 206,
      decision: { outcome: 'miss', reason: 'uri-miss', stored: true, lifetime: 60 }
    })
    client.clock.advance(5)
    for (const [asked, text, positions] of [
      ['bytes=1-3', '123', '1-3'],
      ['bytes=0-4', '01234', '0-4'],
      ['bytes=4-4', '4', '4-4']
    ] as const) {
      expect(await client.get('/', range(asked))).toMatchObject({
        status: 206,
        text,
        headers: {
          'content-range': `bytes ${positions}/10`,
          'content-length': String(text.length),
          'content-type': 'text/plain',
          age: '5'
        },
        decision: { outcome: 'hit', status: 206, servedBytes: text.length }
      })
    }
    expect(client.asked).toBe(1)
  })

  it.each<[what: string, ask: Ask]>([
    ['no range', {}],
    ['a range that begins before it', range('bytes=1-3')],
    ['a range that ends after it', range('bytes=4-7')],
    ['the rest', range('bytes=4-')],
    ['the last bytes', range('bytes=-4')],
    ['bytes beyond the end', range('bytes=10-')],
    ['a range that cannot be read', range('bytes=5-2')],
    ['a range of another version', range('bytes=3-4', { 'if-range': '"b"' })],
    ['only the head', { method: 'HEAD' }]
  ])('RNG-09: row A10, a part does not answer %s', async (_what, ask) => {
    const { client } = await clientOf()
    await client.get('/', range('bytes=2-5'))
    const whole = await client.get('/', ask)
    expect(whole.decision).toMatchObject({ outcome: 'miss', reason: 'partial' })
    expect(client.asked).toBe(2)
  })

  it.each<[what: string, fields: (date: string) => Record<string, string>]>([
    ['Expires', (date) => ({ ETag: '"a"', Expires: date })],
    ['a heuristic', () => ({ ETag: '"a"', 'Last-Modified': 'Sun, 04 Jan 2026 12:00:00 GMT' })]
  ])('RNG-10, FRESH-03, FRESH-06: parts are put together and completed, fresh by %s', async (_what, fieldsOf) => {
    const fields = fieldsOf(new TestClock().date(60))
    const { client } = await clientOf(fields)
    await client.get('/', range('bytes=0-3'))
    await client.get('/', range('bytes=4-6'))
    expect(await client.get('/', range('bytes=2-5'))).toMatchObject({ text: '2345', decision: { outcome: 'hit' } })
    expect(await client.get('/')).toMatchObject({ status: 200, text: ten, decision: { reason: 'partial' } })
    expect(client.origin.requests[2]?.headers.range).toBe('bytes=7-')
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'hit', heuristic: !('Expires' in fields) })
  })

  it('REQ-06: a part that does not have it all is no answer to only-if-cached', async () => {
    const { client } = await clientOf()
    await client.get('/', range('bytes=2-5'))
    const headers = { 'cache-control': 'only-if-cached' }
    expect(await client.get('/', { headers })).toMatchObject({ status: 504, decision: { outcome: 'gateway-timeout' } })
    expect(await client.get('/', range('bytes=2-5', headers))).toMatchObject({ status: 206, text: '2345' })
    expect(client.asked).toBe(1)
  })

  it('RNG-09: a part has to be validated as a whole has', async () => {
    const { client, representation } = await clientOf()
    await client.get('/', range('bytes=0-4'))
    client.clock.advance(61)
    representation.fields = { ...strong, 'X-New': 'b' }
    expect(await client.get('/', range('bytes=1-3'))).toMatchObject({
      status: 206,
      text: '123',
      headers: { 'content-range': 'bytes 1-3/10', 'x-new': 'b' },
      decision: { outcome: 'validated', status: 206, stored: true }
    })
    expect(client.origin.requests[1]?.headers).toMatchObject({ range: 'bytes=1-3', 'if-none-match': '"a"' })
    expect(await client.get('/', range('bytes=0-4'))).toMatchObject({ text: '01234', decision: { outcome: 'hit' } })
  })

  it('RNG-09: an invalidated part is validated', async () => {
    const { client } = await clientOf()
    await client.get('/', range('bytes=0-4'))
    await client.get('/', { method: 'POST' })
    expect((await client.get('/', range('bytes=0-4'))).decision).toMatchObject({ outcome: 'validated' })
  })

  it('RNG-01: by default no part is stored', async () => {
    const { client } = await clientOf(strong, { ranges: 'serve' })
    const { decision } = await client.get('/', range('bytes=0-4'))
    expect(decision).toMatchObject({ stored: false, notStored: { requirement: 'STORE-02', option: "ranges: 'store'" } })
  })

  const part: FieldsGiven = { ...strong, 'Content-Range': 'bytes 0-4/10' }
  it.each<[what: string, answer: OriginAnswer, ask: Ask]>([
    [
      'several parts',
      withStatus(206, { ...strong, 'Content-Type': 'multipart/byteranges; boundary=x' }),
      range('bytes=0-4')
    ],
    [
      'an unknown length',
      { ...withStatus(206, { ...part, 'Content-Range': 'bytes 0-4/*' }), body: '01234' },
      range('bytes=0-4')
    ],
    [
      'no positions',
      { ...withStatus(206, { ...part, 'Content-Range': 'bytes */10' }), body: '01234' },
      range('bytes=0-4')
    ],
    [
      'another unit',
      { ...withStatus(206, { ...part, 'Content-Range': 'lines 0-4/10' }), body: '01234' },
      range('bytes=0-4')
    ],
    [
      'an end before its beginning',
      { ...withStatus(206, { ...part, 'Content-Range': 'bytes 4-0/10' }), body: '01234' },
      range('bytes=0-4')
    ],
    [
      'an end beyond the whole',
      { ...withStatus(206, { ...part, 'Content-Range': 'bytes 6-10/10' }), body: '01234' },
      range('bytes=6-')
    ],
    [
      'two ranges',
      { ...withStatus(206, { ...part, 'Content-Range': ['bytes 0-4/10', 'bytes 5-9/10'] }), body: '01234' },
      range('bytes=0-4')
    ],
    ['more bytes than it says', { ...withStatus(206, part), body: '012345' }, range('bytes=0-4')],
    ['fewer bytes than it says', { ...withStatus(206, part), body: '0123' }, range('bytes=0-4')],
    ['nobody asking for it', { ...withStatus(206, part), body: '01234' }, {}],
    [
      'perhaps not all fields, for If-Range',
      { ...withStatus(206, part), body: '01234' },
      range('bytes=0-4', { 'if-range': '"a"' })
    ]
  ])('RNG-09: a 206 with %s is not stored', async (_what, answer, ask) => {
    const client = await setUp(makeStore(), answering(answer), { ranges: 'store' })
    const { decision } = await client.get('/', ask)
    expect(decision).toMatchObject({ status: 206, stored: false, notStored: { requirement: 'RNG-09' } })
    expect(await storedUnder(client)).toEqual([])
  })

  it('MSG-02: a 206 without a length has that of its range', async () => {
    const sent = ['01234', '0123']
    const client = await setUp(
      makeStore(),
      (_setUp, _request, response, n) => {
        response.writeHead(206, { ...(part as Record<string, string>), Date: client.clock.date() })
        response.write('01')
        response.end(sent[n]?.slice(2))
      },
      { ranges: 'store' }
    )
    expect((await client.get('/', range('bytes=0-4'))).decision.stored).toBe(true)
    expect((await client.get('/', range('bytes=0-5'))).decision).toMatchObject({
      stored: false,
      notStored: { requirement: 'MSG-02' }
    })
    expect((await client.get('/', range('bytes=1-4'))).text).toBe('1234')
  })

  it('STORE-04: must-understand lets a part be stored where they are', async () => {
    const fields = { ...strong, 'Cache-Control': 'max-age=60, must-understand, no-store' }
    expect((await (await clientOf(fields)).client.get('/', range('bytes=0-4'))).decision.stored).toBe(true)
    const { client } = await clientOf(fields, { ranges: 'serve' })
    expect((await client.get('/', range('bytes=0-4'))).decision.stored).toBe(false)
  })

  it('RNG-10: parts that adjoin or overlap become one, and in the end the whole', async () => {
    const { client } = await clientOf()
    for (const [asked, extents] of [
      ['bytes=2-3', ['2+2/10']],
      ['bytes=6-7', ['2+2/10', '6+2/10']],
      ['bytes=3-6', ['2+6/10']],
      ['bytes=8-', ['2+8/10']],
      ['bytes=0-1', ['0+10']]
    ] as const) {
      client.clock.advance(1)
      expect((await client.get('/', range(asked))).status).toBe(206)
      const stored = await storedUnder(client)
      const shown = stored.map(({ part, bodyBytes }) =>
        part ? `${part.first}+${bodyBytes}/${part.total}` : `0+${bodyBytes}`
      )
      expect(shown.sort()).toEqual(extents)
    }
    expect(client.asked).toBe(5)
    const whole = await client.get('/')
    expect(whole).toMatchObject({
      status: 200,
      text: ten,
      headers: { 'content-length': '10', etag: '"a"' },
      decision: { outcome: 'hit' }
    })
    expect(whole.headers).not.toHaveProperty('content-range')
    expect(await client.get('/', range('bytes=1-8'))).toMatchObject({
      status: 206,
      text: '12345678',
      decision: { outcome: 'hit' }
    })
  })

  it('MSG-03: parts that would be too long together stay apart', async () => {
    const { client } = await clientOf(strong, { maxEntryBytes: 6 })
    await client.get('/', range('bytes=0-4'))
    await client.get('/', range('bytes=5-9'))
    expect((await storedUnder(client)).map(({ bodyBytes }) => bodyBytes)).toEqual([5, 5])
    expect((await client.get('/')).text).toBe(ten)
  })

  it('RNG-10: the newer fields are those of the whole, and the others are kept', async () => {
    const { client, representation } = await clientOf({ ...strong, 'X-Old': 'a', 'X-Both': 'a' })
    await client.get('/', range('bytes=0-4'))
    client.clock.advance(30)
    representation.fields = { ...strong, 'X-Both': 'b' }
    await client.get('/', range('bytes=5-9'))
    client.clock.advance(40)
    expect(await client.get('/')).toMatchObject({
      text: ten,
      headers: { 'x-old': 'a', 'x-both': 'b', age: '40' },
      decision: { outcome: 'hit', age: 40 }
    })
  })

  it('RNG-10: a 206 with all bytes is the whole', async () => {
    const { client } = await clientOf({ 'Cache-Control': 'max-age=60' })
    expect((await client.get('/', range('bytes=0-'))).decision.stored).toBe(true)
    expect(await client.get('/')).toMatchObject({
      status: 200,
      text: ten,
      headers: { 'content-length': '10' },
      decision: { outcome: 'hit' }
    })
  })

  const dated = (seconds: number) => ({
    'Cache-Control': 'max-age=60',
    'Last-Modified': new Date(Date.parse('2026-01-05T12:00:00Z') + seconds * 1000).toUTCString()
  })
  it.each<[validator: string, fields: Record<string, string>, isStrong: boolean]>([
    ['a strong entity tag', strong, true],
    ['a strong date', dated(-60), true],
    ['a weak entity tag', { ...strong, ETag: 'W/"a"' }, false],
    ['an entity tag that cannot be read', { ...strong, ETag: 'a' }, false],
    ['a weak entity tag beside a date', { ...dated(-60), ETag: 'W/"a"' }, false],
    ['a date of the same second', dated(0), false],
    ['no validator', { 'Cache-Control': 'max-age=60' }, false]
  ])('RNG-10: with %s parts are combined, or the new one replaces the old', async (_what, fields, isStrong) => {
    const { client } = await clientOf(fields)
    await client.get('/', range('bytes=0-4'))
    await client.get('/', range('bytes=5-9'))
    const [one, ...others] = await storedUnder(client)
    expect(others).toEqual([])
    expect({ part: one?.part, bodyBytes: one?.bodyBytes }).toEqual(
      isStrong ? { part: undefined, bodyBytes: 10 } : { part: { first: 5, total: 10 }, bodyBytes: 5 }
    )
    const before = client.asked
    expect((await client.get('/')).text).toBe(ten)
    expect(client.asked).toBe(isStrong ? before : before + 1)
  })

  it('RNG-10: a part of another version drops the parts and the whole of the old one', async () => {
    const { client, representation } = await clientOf()
    await client.get('/', range('bytes=0-4'))
    Object.assign(representation, { body: 'abcdefghij', fields: { ...strong, ETag: '"b"' } })
    expect((await client.get('/', range('bytes=5-9'))).text).toBe('fghij')
    expect((await storedUnder(client)).map(({ part }) => part?.first)).toEqual([5])
    expect((await client.get('/')).text).toBe('abcdefghij')
    Object.assign(representation, { body: 'ABCDEFGHIJ', fields: { ...strong, ETag: '"c"' } })
    expect(
      (await client.get('/', range('bytes=0-4', { 'cache-control': 'no-cache', 'if-none-match': '"x"' }))).text
    ).toBe('ABCDE')
    expect((await client.get('/', range('bytes=5-9'))).text).toBe('FGHIJ')
    expect((await client.get('/')).text).toBe('ABCDEFGHIJ')
  })

  it('RNG-10: of another length is another version, whatever the tag says', async () => {
    const { client, representation } = await clientOf()
    await client.get('/', range('bytes=0-4'))
    representation.body = `${ten}x`
    await client.get('/', range('bytes=5-10'))
    expect((await storedUnder(client)).map(({ part }) => part)).toEqual([{ first: 5, total: 11 }])
    expect((await client.get('/')).text).toBe(`${ten}x`)
    expect(client.asked).toBe(3)
  })

  it('RNG-10: parts that are selected by other fields are not combined', async () => {
    const { client, representation } = await clientOf({ ...strong, Vary: 'Foo' })
    await client.get('/', range('bytes=0-4', { foo: '1' }))
    representation.body = 'abcdefghij'
    await client.get('/', range('bytes=5-9', { foo: '2' }))
    expect((await client.get('/', range('bytes=0-4', { foo: '1' }))).text).toBe('01234')
    expect((await client.get('/', range('bytes=5-9', { foo: '2' }))).text).toBe('fghij')
    expect(client.asked).toBe(2)
  })

  it('RNG-10: parts that a request selects by different fields stay apart', async () => {
    const { client, representation } = await clientOf()
    await client.get('/', range('bytes=0-4'))
    representation.fields = { ...strong, Vary: 'Foo' }
    await client.get('/', range('bytes=5-9', { foo: '1' }))
    expect((await storedUnder(client)).map(({ bodyBytes }) => bodyBytes)).toEqual([5, 5])
  })

  it('RNG-08: a 304 that may be about a part is no answer for who wants the whole', async () => {
    const weak = { 'Cache-Control': 'max-age=60', ETag: 'W/"a"' }
    const first = { ...withStatus(206, { ...weak, 'Content-Range': 'bytes 0-4/10' }), body: '01234' }
    const whole: OriginAnswer = { fields: weak, body: ten }
    const client = await setUp(makeStore(), answering(whole, first, notModified(weak), whole), { ranges: 'store' })
    await client.get('/')
    client.clock.advance(61)
    await client.get('/', range('bytes=0-4'))
    expect((await storedUnder(client)).length).toBe(2)
    client.clock.advance(61)
    expect(await client.get('/')).toMatchObject({ status: 200, text: ten })
  })

  it('RNG-10: a whole response takes the place of the parts', async () => {
    const { client } = await clientOf()
    await client.get('/', range('bytes=0-1'))
    await client.get('/', range('bytes=8-9'))
    await client.get('/', { headers: { 'cache-control': 'no-cache' } })
    expect((await storedUnder(client)).map(({ part, bodyBytes }) => ({ part, bodyBytes }))).toEqual([{ bodyBytes: 10 }])
  })

  it('RNG-10: parts that were invalidated are not combined with new ones', async () => {
    const { client, representation } = await clientOf()
    await client.get('/', range('bytes=0-4'))
    await client.get('/', { method: 'POST' })
    representation.body = 'abcdefghij'
    await client.get('/', range('bytes=5-9'))
    expect((await client.get('/')).text).toBe('abcdefghij')
  })

  it('VARY-10: no more than 32 parts are kept beside the whole responses', async () => {
    const { client, representation } = await clientOf(strong, { maxVariants: 1 })
    representation.body = 'x'.repeat(100)
    for (let first = 0; first < 80; first += 2) {
      client.clock.advance(1)
      await client.get('/', range(`bytes=${first}-${first}`))
    }
    await client.get('/', range('bytes=90-90', { foo: '1' }))
    expect((await storedUnder(client)).length).toBeLessThanOrEqual(32)
    expect((await client.get('/', range('bytes=78-78'))).decision.outcome).toBe('hit')
  })

  it('RNG-09: a cache that stores no parts uses those of one that does', async () => {
    const { client, representation } = await clientOf()
    await client.get('/', range('bytes=0-4'))
    const other = await setUp(client.store, answering(representation.answer))
    const ask = { ...range('bytes=1-3'), origin: client.origin.url }
    expect(await other.get('/', ask)).toMatchObject({ text: '123', decision: { outcome: 'hit' } })
    expect(await other.get('/', { origin: client.origin.url })).toMatchObject({
      text: ten,
      decision: { reason: 'partial', stored: true }
    })
  })

  it('RNG-10: row A10, the one part that is missing is asked for, and the caller gets the whole', async () => {
    const { client } = await clientOf({ ...strong, 'Content-Type': 'text/plain' })
    await client.get('/', range('bytes=0-4'))
    const whole = await client.get('/')
    expect(whole).toMatchObject({
      status: 200,
      text: ten,
      headers: { 'content-length': '10', 'content-type': 'text/plain', etag: '"a"' },
      decision: { outcome: 'miss', reason: 'partial', status: 200, stored: true }
    })
    for (const name of ['content-range', 'age']) expect(whole.headers).not.toHaveProperty(name)
    expect(client.origin.requests[1]?.headers).toMatchObject({ range: 'bytes=5-', 'if-range': '"a"' })
    expect(await client.get('/')).toMatchObject({ text: ten, decision: { outcome: 'hit' } })
    expect(client.asked).toBe(2)
  })

  it.each([
    [['bytes=5-'], 'bytes=0-4'],
    [['bytes=0-1', 'bytes=8-9'], 'bytes=2-7'],
    [['bytes=0-3', 'bytes=2-5'], 'bytes=6-'],
    [['bytes=0-8'], 'bytes=9-']
  ])('RNG-10: of what %j bring, %s is missing', async (parts, missing) => {
    const { client } = await clientOf()
    for (const part of parts) await client.get('/', range(part))
    expect((await client.get('/')).text).toBe(ten)
    expect(client.origin.requests[parts.length]?.headers).toMatchObject({ range: missing, 'if-range': '"a"' })
    expect((await storedUnder(client)).map(({ part, bodyBytes }) => ({ part, bodyBytes }))).toEqual([{ bodyBytes: 10 }])
  })

  it('RNG-10: a strong date serves as If-Range where there is no tag', async () => {
    const { client } = await clientOf(dated(-60))
    await client.get('/', range('bytes=0-4'))
    expect((await client.get('/')).text).toBe(ten)
    expect(client.origin.requests[1]?.headers).toMatchObject({
      range: 'bytes=5-',
      'if-range': dated(-60)['Last-Modified']
    })
  })

  it('RNG-10: stale parts are completed, too, for If-Range validates them', async () => {
    const { client, representation } = await clientOf()
    await client.get('/', range('bytes=0-4'))
    client.clock.advance(100)
    representation.fields = { ...strong, 'X-New': 'b' }
    expect(await client.get('/')).toMatchObject({
      text: ten,
      headers: { 'x-new': 'b' },
      decision: { reason: 'partial' }
    })
    expect(await client.get('/')).toMatchObject({
      text: ten,
      headers: { 'x-new': 'b' },
      decision: { outcome: 'hit', age: 0 }
    })
  })

  it.each<[what: string, parts: string[], fields: Record<string, string>, ask: Ask]>([
    ['two parts are missing', ['bytes=2-3'], strong, {}],
    ['the validator is weak', ['bytes=0-4'], { ...strong, ETag: 'W/"a"' }, {}],
    ['there is no validator', ['bytes=0-4'], { 'Cache-Control': 'max-age=60' }, {}],
    ['the caller has a precondition', ['bytes=0-4'], strong, { headers: { 'if-none-match': '"x"' } }],
    ['the caller asks for the head', ['bytes=0-4'], strong, { method: 'HEAD' }]
  ])('RNG-10: the request goes out plain where %s', async (_what, parts, fields, ask) => {
    const { client } = await clientOf(fields)
    for (const part of parts) await client.get('/', range(part))
    expect(await client.get('/', ask)).toMatchObject({ status: 200, decision: { reason: 'partial' } })
    const sent = client.origin.requests[parts.length]?.headers
    for (const name of ['range', 'if-range']) expect(sent).not.toHaveProperty(name)
  })

  it('RNG-10: a 200 instead of the missing part replaces what is stored', async () => {
    const { client, representation } = await clientOf()
    await client.get('/', range('bytes=0-4'))
    Object.assign(representation, { body: 'abcdefghijk', fields: { ...strong, ETag: '"b"' } })
    expect(await client.get('/')).toMatchObject({ status: 200, text: 'abcdefghijk', decision: { stored: true } })
    expect(client.origin.requests[1]?.headers).toMatchObject({ range: 'bytes=5-' })
    expect(await client.get('/', range('bytes=0-4'))).toMatchObject({ text: 'abcde', decision: { outcome: 'hit' } })
  })

  const rest = { ...strong, 'Content-Range': 'bytes 5-9/10' }
  it.each<[what: string, answer: OriginAnswer]>([
    ['of another version', { ...withStatus(206, { ...rest, ETag: '"b"' }), body: 'fghij' }],
    ['of a version that is not said', { ...withStatus(206, { 'Content-Range': 'bytes 5-9/10' }), body: 'fghij' }],
    ['of a weaker tag', { ...withStatus(206, { ...rest, ETag: 'W/"a"' }), body: 'fghij' }],
    ['of other bytes', { ...withStatus(206, { ...rest, 'Content-Range': 'bytes 4-8/10' }), body: 'fghij' }],
    ['of fewer bytes', { ...withStatus(206, { ...rest, 'Content-Range': 'bytes 5-8/10' }), body: 'fghi' }],
    ['of a longer whole', { ...withStatus(206, { ...rest, 'Content-Range': 'bytes 5-9/11' }), body: 'fghij' }],
    ['without positions', { ...withStatus(206, strong), body: 'fghij' }]
  ])('RNG-10: after a 206 %s the parts are dropped and the request is sent as it was (B9)', async (_what, answer) => {
    const first = { ...withStatus(206, { ...strong, 'Content-Range': 'bytes 0-4/10' }), body: '01234' }
    const plain: OriginAnswer = { fields: { ...strong, ETag: '"b"' }, body: 'abcdefghij' }
    const client = await setUp(makeStore(), answering(first, answer, plain), { ranges: 'store' })
    await client.get('/', range('bytes=0-4'))
    expect(await client.get('/')).toMatchObject({ status: 200, text: 'abcdefghij', decision: { stored: true } })
    expect(client.origin.requests[2]?.headers).not.toHaveProperty('range')
    expect((await storedUnder(client)).map(({ bodyBytes }) => bodyBytes)).toEqual([10])
  })

  it.each([304, 400, 412, 416])('RNG-10: a %i, which may be about the range, is not for the caller', async (status) => {
    const first = { ...withStatus(206, { ...strong, 'Content-Range': 'bytes 0-4/10' }), body: '01234' }
    const answer = { ...withStatus(status), body: status === 304 ? '' : 'refused' }
    const client = await setUp(makeStore(), answering(first, answer, { fields: strong, body: ten }), {
      ranges: 'store'
    })
    await client.get('/', range('bytes=0-4'))
    expect(await client.get('/')).toMatchObject({ status: 200, text: ten })
  })

  it.each([404, 503])('RNG-10: a %i is for the caller', async (status) => {
    const first = { ...withStatus(206, { ...strong, 'Content-Range': 'bytes 0-4/10' }), body: '01234' }
    const client = await setUp(makeStore(), answering(first, withStatus(status)), { ranges: 'store' })
    await client.get('/', range('bytes=0-4'))
    expect(await client.get('/')).toMatchObject({ status, decision: { outcome: 'miss', reason: 'partial', status } })
  })

  it('RNG-10: what may no longer be stored is completed for this caller alone', async () => {
    const { client, representation } = await clientOf()
    await client.get('/', range('bytes=0-4'))
    representation.fields = { ...strong, 'Cache-Control': 'no-store' }
    expect(await client.get('/')).toMatchObject({ text: ten, decision: { stored: false } })
    expect((await storedUnder(client)).filter(({ part }) => part === undefined)).toEqual([])
  })

  it('RNG-10: no origin, no whole', async () => {
    const { client } = await clientOf()
    await client.get('/', range('bytes=0-4'))
    await expect((await disconnect(client))('/')).rejects.toThrow()
  })

  it('MSG-02: a missing part that breaks off is an error for the caller, never an end', async () => {
    const client = await setUp(
      makeStore(),
      (_setUp, { headers }, response) => {
        const isFirst = headers.range === 'bytes=0-4'
        const positions = isFirst ? '0-4' : '5-9'
        const fields = { ...strong, Date: client.clock.date(), 'Content-Range': `bytes ${positions}/10` }
        response.writeHead(206, { ...fields, 'Content-Length': '5' })
        if (isFirst) response.end('01234')
        else response.write('56', () => response.destroy())
      },
      { ranges: 'store' }
    )
    await client.get('/', range('bytes=0-4'))
    await expect(client.get('/')).rejects.toThrow()
    expect(await client.get('/', range('bytes=0-4'))).toMatchObject({ text: '01234', decision: { outcome: 'hit' } })
  })

  it.each(['567', '56789x'])(
    'MSG-02: a missing part of another length, %s, is an error for the caller',
    async (sent) => {
      const client = await setUp(
        makeStore(),
        (_setUp, { headers }, response) => {
          const isFirst = headers.range === 'bytes=0-4'
          const positions = isFirst ? '0-4' : '5-9'
          response.writeHead(206, { ...strong, Date: client.clock.date(), 'Content-Range': `bytes ${positions}/10` })
          response.write(isFirst ? '0123' : sent.slice(0, 2))
          response.end(isFirst ? '4' : sent.slice(2))
        },
        { ranges: 'store' }
      )
      await client.get('/', range('bytes=0-4'))
      await expect(client.get('/')).rejects.toThrow('another length')
      expect((await storedUnder(client)).map(({ bodyBytes }) => bodyBytes)).toEqual([5])
    }
  )

  it('RNG-10: stored bytes that are gone leave the request as it was', async () => {
    const { client } = await clientOf()
    await client.get('/', range('bytes=0-4'))
    client.store.openBody = () => undefined
    expect((await client.get('/')).text).toBe(ten)
    expect(client.origin.requests[2]?.headers).not.toHaveProperty('range')
  })

  it('RNG-10: the caller may give up while the missing part comes', async () => {
    const { client } = await clientOf()
    await client.get('/', range('bytes=0-4'))
    const { body } = await request(`${client.origin.url}/`, { dispatcher: client.dispatcher })
    body.on('error', () => {})
    body.destroy()
    await decided(client, 2)
    expect((await client.get('/')).text).toBe(ten)
  })

  /** An origin whose answer breaks off after some of ten bytes, but for ranges. */
  const cutting =
    (fields: Record<string, string>, sent: string) =>
    async (options: CacheOptions = { ranges: 'store' }) => {
      const { 'Content-Length': _, ...others } = fields
      const representation = new Representation(ten, others)
      const client: SetUp = await setUp(
        makeStore(),
        (_setUp, request, response, n) => {
          if (n > 0) return answering(representation.answer)(client, request, response, n)
          response.writeHead(200, { ...fields, Date: client.clock.date() })
          response.write(sent, () => response.destroy())
        },
        options
      )
      await ask(client, '/').catch(() => {})
      await decided(client, 1)
      return client
    }

  it('RNG-09: the beginning of a 200 that was cut off is stored, and completed', async () => {
    const client = await cutting({ ...strong, 'Content-Length': '10' }, '0123')()
    expect(client.decisions[0]).toMatchObject({ status: 200, stored: true })
    expect(await client.get('/', range('bytes=1-3'))).toMatchObject({
      status: 206,
      text: '123',
      decision: { outcome: 'hit' }
    })
    expect(await client.get('/')).toMatchObject({ status: 200, text: ten, headers: { 'content-length': '10' } })
    expect(client.origin.requests[1]?.headers).toMatchObject({ range: 'bytes=4-', 'if-range': '"a"' })
    expect(await client.get('/')).toMatchObject({ text: ten, decision: { outcome: 'hit' } })
  })

  it.each<[what: string, fields: Record<string, string>, sent: string, options: CacheOptions]>([
    ['by default', { ...strong, 'Content-Length': '10' }, '0123', {}],
    ['with a weak validator', { ...strong, ETag: 'W/"a"', 'Content-Length': '10' }, '0123', { ranges: 'store' }],
    ['with no length', strong, '0123', { ranges: 'store' }],
    [
      'that may not be stored',
      { ...strong, 'Cache-Control': 'no-store', 'Content-Length': '10' },
      '0123',
      { ranges: 'store' }
    ]
  ])('MSG-02: nothing is stored of a 200 that was cut off %s', async (_what, fields, sent, options) => {
    const client = await cutting(fields, sent)(options)
    expect(client.decisions[0]).toMatchObject({ stored: false })
    expect(await storedUnder(client)).toEqual([])
  })

  it('MSG-03: the beginning of a long 200 is stored when the caller gives up, and only then', async () => {
    const long = '0123456789'.repeat(30_000)
    const { client, representation } = await clientOf()
    representation.body = long
    const { body } = await request(`${client.origin.url}/`, { dispatcher: client.dispatcher })
    for await (const _chunk of body) break
    await decided(client, 1)
    const [beginning] = await storedUnder(client)
    if (beginning?.part !== undefined)
      expect(beginning).toMatchObject({ status: 206, part: { first: 0, total: 300_000 } })
    expect((await client.get('/')).text === long).toBe(true)
    expect((await client.get('/')).text === long).toBe(true)
  })
})

describe('parts that a store has at hand', () => {
  it('RNG-10: are put together with the digests of the whole', async () => {
    const representation = new Representation(ten, strong)
    const client = await setUp(new MapStore({ sync: true }), answering(representation.answer), { ranges: 'store' })
    for (const asked of ['bytes=0-4', 'bytes=5-9']) await client.get('/', range(asked))
    expect(await client.get('/')).toMatchObject({ text: ten, decision: { outcome: 'hit' } })
    expect(client.asked).toBe(2)
  })
})
