import { describe, expect, it } from '@jest/globals'
import { answering, notModified, ok, send } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'

type Given = Record<string, string | string[]>

const vary = (value: string | string[], cacheControl = 'max-age=60') => answering(ok(cacheControl, { Vary: value }))

/** Whether the second of two requests is answered with the answer to the first. */
async function isShared(client: SetUp, stored: Given, presented: Given): Promise<boolean> {
  await client.get('/', { headers: stored })
  const { decision } = await client.get('/', { headers: presented })
  if (decision.outcome !== 'hit') expect(decision.reason).toBe('vary-miss')
  return decision.outcome === 'hit'
}

describe.each(stores)('selecting by Vary, with %s (RFC 9111 §4.1)', (_name, makeStore) => {
  it.each<[string | string[], Given, Given, boolean]>([
    ['Foo', { foo: '1' }, { foo: '1' }, true],
    ['Foo', { foo: '1' }, { foo: '2' }, false],
    ['Foo', { foo: '1' }, {}, false],
    ['Foo', {}, { foo: '1' }, false],
    ['Foo', {}, {}, true],
    ['Foo', { foo: '' }, {}, false],
    ['Foo', {}, { foo: '' }, false],
    ['Foo, Bar', { foo: '1', bar: 'abc' }, { foo: '1', bar: 'abc' }, true],
    ['Foo, Bar', { foo: '1', bar: 'abc' }, { foo: '1', bar: 'abcde' }, false],
    ['Foo, Bar', { foo: '1', bar: '2' }, { bar: '1', foo: '2' }, false],
    ['Foo, Bar', { foo: '1' }, { foo: '1', bar: '' }, false]
  ])('VARY-01: with Vary: %s, stored for %j, asked with %j: %s', async (value, stored, presented, expected) => {
    expect(await isShared(await setUp(makeStore(), vary(value)), stored, presented)).toBe(expected)
  })

  it.each<[string | string[]]>([['*'], ['Foo, *'], ['*, Foo'], [['Foo', '*']], [['', '*']], ['foo bar'], ['"foo"']])(
    'VARY-02, VARY-03: Vary: %j matches nothing and is not stored',
    async (value) => {
      const client = await setUp(makeStore(), vary(value))
      expect((await client.get('/')).decision).toMatchObject({ stored: false, notStored: { requirement: 'VARY-02' } })
      expect((await client.get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss' })
    }
  )

  it.each<[string | string[], Given, Given, boolean]>([
    [['Foo', 'BAR'], { foo: '1', bar: '2' }, { foo: '1', bar: '3' }, false],
    [['', 'fOO, ,foo,'], { foo: '1' }, { foo: '1', bar: 'x' }, true],
    ['', { foo: '1' }, { foo: '2' }, true],
    [',,', { foo: '1' }, { foo: '2' }, true]
  ])('VARY-03: Vary lines %j, stored for %j, asked with %j: %s', async (value, stored, presented, expected) => {
    const client = await setUp(makeStore(), vary(value))
    await client.get('/', { headers: stored })
    expect((await client.get('/', { headers: presented })).decision.outcome === 'hit').toBe(expected)
  })

  it('VARY-04: preconditions that the cache adds are no part of what was asked', async () => {
    const fields = { Vary: 'If-None-Match, If-Modified-Since', ETag: '"a"' }
    const client = await setUp(makeStore(), answering(ok('max-age=1', fields), notModified({ ETag: '"a"' })))
    await client.get('/')
    client.clock.advance(1)
    expect((await client.get('/')).decision.outcome).toBe('validated')
    expect(client.origin.requests[1]?.headers['if-none-match']).toBe('"a"')
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
  })

  it('VARY-04: nor is what replaces a response during a validation', async () => {
    const fields = { Vary: 'If-None-Match', ETag: '"a"' }
    const client = await setUp(
      makeStore(),
      answering(ok('max-age=1', fields), ok('max-age=60', { ...fields, ETag: '"b"' }))
    )
    await client.get('/')
    client.clock.advance(1)
    expect((await client.get('/')).text).toBe('body 1')
    expect(await client.get('/')).toMatchObject({ text: 'body 1', decision: { outcome: 'hit' } })
  })

  it('VARY-04, SEC-03: of credentials the store gets digests', async () => {
    const client = await setUp(
      makeStore(),
      vary('Authorization, Cookie, Proxy-Authorization, X-Open', 'public, max-age=60')
    )
    const headers = { authorization: 's3cret-1', cookie: 's3cret-2', 'x-open': 'visible' }
    expect(await isShared(client, headers, headers)).toBe(true)
    expect((await client.get('/', { headers: { ...headers, authorization: 's3cret-3' } })).decision.reason).toBe(
      'vary-miss'
    )
    const found: unknown[] = []
    for await (const key of client.store.keys?.() ?? []) found.push(await client.store.get(key))
    expect(JSON.stringify(found)).toContain('visible')
    expect(JSON.stringify(found)).not.toContain('s3cret')
  })

  it.each<[string, Given, Given, boolean]>([
    ['Foo', { foo: '1, 2' }, { foo: ['1', '2'] }, true],
    ['Foo', { foo: ['1', '2'] }, { foo: ['2', '1'] }, false],
    ['Foo', { foo: ' 1 ' }, { foo: '1' }, true],
    ['Foo', { foo: '1,2' }, { foo: '1,  2' }, true],
    ['Foo', { foo: '"1,2"' }, { foo: '"1,  2"' }, false],
    ['Cookie', { cookie: '1,2' }, { cookie: '1,  2' }, false],
    ['User-Agent', { 'user-agent': 'a,b' }, { 'user-agent': 'a, b' }, false],
    ['Accept', { accept: 'a;q=0.5,b' }, { accept: 'a ; q=0.5 , b' }, true],
    ['Foo', { foo: 'a;b' }, { foo: 'a; b' }, false]
  ])('VARY-05, VARY-06: with Vary: %s, %j and %j count as the same: %s', async (value, stored, presented, expected) => {
    expect(await isShared(await setUp(makeStore(), vary(value)), stored, presented)).toBe(expected)
  })

  it.each<[string, string, string, boolean]>([
    ['Accept-Language', 'en, de', 'EN, De', true],
    ['Accept-Language', 'en, de', 'de, en', false],
    ['Accept-Language', 'en;q=0.5', 'en;q=0.8', false],
    ['Accept-Encoding', 'GZIP', 'gzip', true],
    ['Accept-Charset', 'UTF-8', 'utf-8', true],
    ['Accept', 'text/html', 'TEXT/HTML', false],
    ['Foo', 'a', 'A', false]
  ])('VARY-07: %s: %s and %s count as the same: %s', async (name, one, other, expected) => {
    expect(await isShared(await setUp(makeStore(), vary(name)), { [name]: one }, { [name]: other })).toBe(expected)
  })

  it('VARY-07: a normalizer makes values coarser; one that fails keeps from storing and from serving', async () => {
    const varyNormalizers = {
      'Accept-Language': (value: string) => {
        if (value === 'bad') throw new Error(value)
        return value.slice(0, 2)
      }
    }
    const client = await setUp(makeStore(), vary('Accept-Language'), { varyNormalizers })
    const asking = (value: string) => ({ headers: { 'accept-language': value } })
    expect((await client.get('/', asking('bad'))).decision.notStored?.requirement).toBe('VARY-07')
    await client.get('/', asking('en-GB'))
    expect((await client.get('/', asking('en-US, de'))).decision.outcome).toBe('hit')
    expect((await client.get('/', asking('de'))).decision.reason).toBe('vary-miss')
    expect((await client.get('/', asking('bad'))).decision.reason).toBe('vary-miss')
  })

  it('VARY-01: the caller is answered with the variant that was stored for him, byte by byte', async () => {
    const client = await setUp(makeStore(), ({ clock }, { headers }, response) => {
      send(
        response,
        { ...ok('max-age=60', { Vary: 'Accept-Encoding' }), body: `as ${headers['accept-encoding']}` },
        clock
      )
    })
    for (const coding of ['br', 'gzip', 'br', 'gzip, br', 'gzip']) {
      expect((await client.get('/', { headers: { 'accept-encoding': coding } })).text).toBe(`as ${coding}`)
    }
    expect(client.asked).toBe(3)
  })
})
