import { Readable } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import { FormData, fetch as undiciFetch } from 'undici'
import { answering, notModified, type OriginAnswer, ok, withStatus } from './answers.js'
import { type Ask, type SetUp, setUp, stores } from './harness.js'

const json = { 'content-type': 'application/json' }
const question = '{"q":1}'
const query: Ask = { method: 'QUERY', headers: json, body: question }
const fresh = ok('max-age=60', { ETag: '"a"' })

const asked = (client: SetUp) => client.origin.requests.map(({ method, body }) => `${method} ${body}`)

describe.each(stores)('QUERY with %s (RFC 10008)', (_name, makeStore) => {
  const start = (...answers: Parameters<typeof answering>) => setUp(makeStore(), answering(...answers))

  it('QRY-01: the same question is answered from the cache', async () => {
    const client = await start(fresh)
    expect((await client.get('/', query)).decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss', stored: true })
    expect(await client.get('/', query)).toMatchObject({
      text: 'body 0',
      decision: { outcome: 'hit', method: 'QUERY' }
    })
    expect(asked(client)).toEqual([`QUERY ${question}`])
  })

  it.each<[what: string, other: Ask]>([
    ['content', { body: '{"q":2}' }],
    ['spelling of the content', { body: '{"q": 1}' }],
    ['content, of which there is none', { body: null }],
    ['Content-Type', { headers: { 'content-type': 'text/plain' } }],
    ['Content-Type, of which there is none', { headers: {} }],
    ['Content-Encoding', { headers: { ...json, 'content-encoding': 'gzip' } }],
    ['Content-Language', { headers: { ...json, 'content-language': 'de' } }]
  ])('QRY-01: another %s makes another question', async (_what, other) => {
    const client = await start(fresh)
    await client.get('/', query)
    expect((await client.get('/', { ...query, ...other })).decision).toMatchObject({ reason: 'uri-miss' })
    expect((await client.get('/', { ...query, ...other })).decision.outcome).toBe('hit')
    expect(await client.get('/', query)).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
  })

  it('QRY-01: the content is what counts, in whichever form it is at hand', async () => {
    const client = await start(fresh)
    await client.get('/', query)
    const bytes = new TextEncoder().encode(`<${question}>`)
    const forms = [Buffer.from(question), bytes.subarray(1, -1), new DataView(bytes.buffer, 1, bytes.length - 2)]
    for (const body of [...forms, bytes.slice(1, -1).buffer]) {
      expect((await client.get('/', { ...query, body: body as Buffer })).decision.outcome).toBe('hit')
    }
    expect((await client.get('/', { ...query, body: bytes })).decision.outcome).toBe('miss')
    expect(client.origin.requests[1]?.body.toString()).toBe(`<${question}>`)
  })

  it('QRY-01: writing into the content once it was handed over changes neither what is asked nor the key', async () => {
    const client = await start(ok('max-age=0', { ETag: '"a"' }), notModified())
    for (let n = 0; n < 2; n++) {
      const body = Buffer.from(question)
      const answer = client.get('/', { ...query, body })
      body.fill('x')
      expect((await answer).text).toBe('body 0')
    }
    expect(asked(client)).toEqual([`QUERY ${question}`, `QUERY ${question}`])
  })

  it('QRY-01: content without bytes is that of none, also if its memory was transferred away', async () => {
    const client = await start(fresh)
    const gone = new Uint8Array(4)
    structuredClone(gone, { transfer: [gone.buffer] })
    for (const body of [null, '', Buffer.alloc(0), gone, gone.buffer]) {
      await client.get('/', { ...query, body: body as Buffer })
    }
    expect(client.asked).toBe(1)
  })

  it('QRY-02: streams, iterables and forms go past the cache, and reach the origin as they are', async () => {
    const client = await start(fresh)
    const form = () => {
      const data = new FormData()
      data.append('q', '1')
      return data
    }
    const bodies = [() => Readable.from(['a', 'b']), () => ['a', 'b'].values(), () => new Blob(['ab']), form]
    for (const body of bodies) {
      for (let n = 0; n < 2; n++) {
        const { decision } = await client.get('/', { ...query, body: body() as Readable })
        expect(decision).toMatchObject({ outcome: 'bypass', reason: 'bypass', stored: false })
      }
    }
    expect(asked(client).slice(0, 6)).toEqual(Array(6).fill('QUERY ab'))
    expect(
      asked(client)
        .slice(6)
        .every((text) => text.includes('name="q"\r\n\r\n1'))
    ).toBe(true)
  })

  it('QRY-02: so does content that is longer than queryBodyLimit', async () => {
    const client = await setUp(makeStore(), answering(fresh), { queryBodyLimit: 7 })
    const outcomes: string[] = []
    for (const body of ['1234567', 'äöü1', Buffer.from('1234567')]) {
      outcomes.push((await client.get('/', { ...query, body })).decision.outcome)
    }
    expect(outcomes).toEqual(['miss', 'miss', 'hit'])
    for (const body of ['12345678', 'äöü12', Buffer.from('12345678')]) {
      expect((await client.get('/', { ...query, body })).decision).toMatchObject({
        outcome: 'bypass',
        reason: 'bypass'
      })
    }
  })

  it('QRY-02: fetch hands its content over as a stream', async () => {
    const client = await start(fresh)
    for (let n = 0; n < 2; n++) {
      const { dispatcher } = client
      const response = await undiciFetch(client.origin.url, {
        method: 'QUERY',
        body: question,
        headers: json,
        dispatcher
      })
      expect(await response.text()).toBe(`body ${n}`)
    }
    expect(client.decisions.map(({ outcome }) => outcome)).toEqual(['bypass', 'bypass'])
    expect(asked(client)).toEqual([`QUERY ${question}`, `QUERY ${question}`])
  })

  it('QRY-02, METH-01: methods can leave out QUERY', async () => {
    const client = await setUp(makeStore(), answering(fresh), { methods: ['GET'] })
    for (const body of [question, Readable.from(['a'])]) {
      expect((await client.get('/', { ...query, body })).decision).toMatchObject({
        outcome: 'bypass',
        reason: 'method'
      })
    }
  })

  it('QRY-03: an answer to QUERY answers neither GET nor HEAD, nor the other way round', async () => {
    const client = await start(fresh)
    const bare: Ask = { method: 'QUERY' }
    await client.get('/', bare)
    expect((await client.get('/')).decision.reason).toBe('uri-miss')
    expect((await client.get('/', { method: 'HEAD' })).decision.outcome).toBe('hit')
    expect((await client.get('/', bare)).text).toBe('body 0')
    const other = await start(fresh)
    await other.get('/')
    expect((await other.get('/', bare)).decision.reason).toBe('uri-miss')
  })

  it.each<[what: string, answer: OriginAnswer, stored: boolean]>([
    ['explicit freshness', ok('max-age=60'), true],
    ['a validator', { fields: { ETag: '"a"' } }, true],
    [
      'a date that gives GET a heuristic lifetime',
      { fields: { 'Last-Modified': 'Thu, 01 Jan 2026 00:00:00 GMT' } },
      true
    ],
    ['neither, but public', ok('public'), false],
    ['neither, but a time to be served stale', ok('stale-while-revalidate=60'), false],
    ['a tag that is none', { fields: { ETag: 'a' } }, false]
  ])('QRY-03: with %s it is kept, or not', async (_what, answer, stored) => {
    const client = await start(answer)
    const { decision } = await client.get('/', query)
    expect(decision.stored).toBe(stored)
    if (!stored) expect(decision.notStored).toMatchObject({ requirement: 'QRY-03' })
    const isFresh = answer.fields?.['Cache-Control'] === 'max-age=60'
    expect((await client.get('/', query)).decision.outcome).toBe(isFresh ? 'hit' : 'miss')
  })

  it('QRY-03: without a validator and with no time to be fresh it is of no use', async () => {
    const client = await start(ok('max-age=0'))
    expect((await client.get('/', query)).decision).toMatchObject({ notStored: { requirement: 'STORE-08' } })
  })

  it('QRY-03: Location and Content-Location make nothing available elsewhere', async () => {
    const client = await start(ok('max-age=60', { Location: '/q/1', 'Content-Location': '/q/1' }))
    await client.get('/', query)
    expect((await client.get('/q/1')).decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss' })
  })

  it('QRY-03: with Range it goes past the cache', async () => {
    const client = await start(fresh)
    await client.get('/', query)
    const { decision } = await client.get('/', { ...query, headers: { ...json, range: 'bytes=0-1' } })
    expect(decision).toMatchObject({ outcome: 'bypass', reason: 'bypass' })
  })

  it('QRY-04: is validated with its content, and 304 confirms it', async () => {
    const date = 'Thu, 01 Jan 2026 00:00:00 GMT'
    const client = await start(ok('max-age=60', { ETag: '"a"', 'Last-Modified': date }), notModified())
    await client.get('/', query)
    client.clock.advance(61)
    expect(await client.get('/', query)).toMatchObject({ text: 'body 0', decision: { outcome: 'validated' } })
    expect(client.origin.requests[1]).toMatchObject({
      method: 'QUERY',
      headers: { ...json, 'if-none-match': '"a"', 'if-modified-since': date },
      body: Buffer.from(question)
    })
    expect((await client.get('/', query)).decision.outcome).toBe('hit')
  })

  it('QRY-04, VAL-10: a 412 leads to the same question without the preconditions', async () => {
    const client = await start(fresh, withStatus(412), ok('max-age=60'))
    await client.get('/', query)
    client.clock.advance(61)
    expect(await client.get('/', query)).toMatchObject({ status: 200, text: 'body 2' })
    expect(asked(client)).toEqual(Array(3).fill(`QUERY ${question}`))
    expect(client.origin.requests[2]?.headers).not.toHaveProperty('if-none-match')
    expect(await client.get('/', query)).toMatchObject({ text: 'body 2', decision: { outcome: 'hit' } })
  })

  it('QRY-04: its own preconditions are not evaluated by the cache', async () => {
    const client = await start(fresh)
    await client.get('/', query)
    const conditional = { ...query, headers: { ...json, 'if-none-match': '"a"' } }
    expect(await client.get('/', conditional)).toMatchObject({
      status: 200,
      text: 'body 0',
      decision: { outcome: 'hit' }
    })
  })

  it('QRY-04, STALE-04: is validated in the background with its content', async () => {
    const client = await start(ok('max-age=60, stale-while-revalidate=60', { ETag: '"a"' }), notModified())
    await client.get('/', query)
    client.clock.advance(61)
    const answer = client.get('/', query)
    const validated = client.nextDecision()
    expect((await answer).decision).toMatchObject({ outcome: 'stale-hit' })
    expect(await validated).toMatchObject({ outcome: 'validated', background: true })
    expect(asked(client)).toEqual([`QUERY ${question}`, `QUERY ${question}`])
    expect((await client.get('/', query)).decision.outcome).toBe('hit')
  })

  it('INV-01: is invalid after a successful unsafe request to its target', async () => {
    const client = await start(fresh, withStatus(204), notModified())
    await client.get('/', query)
    await client.get('/', { method: 'DELETE' })
    expect((await client.get('/', query)).decision).toMatchObject({ outcome: 'validated', reason: 'stale' })
  })

  it('REQ-06: only-if-cached asks no origin, also if the content cannot be part of a key', async () => {
    const client = await start(fresh)
    const headers = { ...json, 'cache-control': 'only-if-cached' }
    for (const body of [question, Readable.from(['a'])]) {
      expect(await client.get('/', { ...query, headers, body })).toMatchObject({ status: 504 })
    }
    expect(client.asked).toBe(0)
  })

  it('STORE-10: an answer that is not stored drops what is outdated', async () => {
    const client = await start(fresh, ok('no-store'))
    await client.get('/', query)
    await client.get('/', { ...query, headers: { ...json, 'cache-control': 'no-cache' } })
    expect((await client.get('/', query)).decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss' })
  })
})
