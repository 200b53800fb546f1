import { Readable } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import { type Dispatcher, FormData, Headers, request } from 'undici'
import { type SetUp, setUp, stores } from './harness.js'
import { MapStore } from './map-store.js'
import { turns } from './no-stray-errors.js'
import { Recorder } from './recorder.js'

type Options = Partial<Dispatcher.DispatchOptions>

/** Dispatches as it is given, so that nothing but the cache has had a look at it. */
async function dispatch(client: SetUp, options: Options): Promise<Recorder> {
  const recorder = new Recorder('new')
  client.dispatcher.dispatch(
    { origin: client.origin.url, path: '/', method: 'GET', ...options } as never,
    recorder.handler
  )
  await recorder.over
  // A miss is decided on once the caller has the answer.
  await turns()
  return recorder
}

/** An origin whose answers vary by `X-A` and say what they got of it. */
async function clientOf(makeStore = (): MapStore => new MapStore({ sync: true, keepsObjects: true })): Promise<SetUp> {
  return await setUp(makeStore(), (_setUp, { headers, path }, response) => {
    response.setHeader('Cache-Control', 'max-age=60').setHeader('Vary', 'X-A, X-B')
    response.end(JSON.stringify([path, headers['x-a'] ?? null, headers['x-b'] ?? null]))
  })
}

const pairs = [
  ['X-A', 'one'],
  ['x-b', '2']
] as [string, string][]

function* once(): Generator<[string, string]> {
  yield* pairs
}

class Lines {
  *[Symbol.iterator](): Generator<[string, string]> {
    yield* pairs
  }
}

const sameFields: { shape: string; make: () => unknown }[] = [
  { shape: 'an object', make: () => ({ 'X-A': 'one', 'x-b': '2' }) },
  {
    shape: 'an object with a number, a null and something undefined',
    make: () => ({ 'x-a': 'one', 'X-B': 2, 'x-c': null, 'x-d': undefined })
  },
  { shape: 'an object with lists', make: () => ({ 'X-A': ['one'], 'X-B': [2] }) },
  { shape: 'an object without prototype', make: () => Object.assign(Object.create(null), Object.fromEntries(pairs)) },
  { shape: 'a flat list', make: () => ['x-a', 'one', 'X-B', '2'] },
  { shape: 'Headers of undici', make: () => new Headers(pairs) },
  { shape: 'Headers of node', make: () => new globalThis.Headers(pairs) },
  { shape: 'a Map', make: () => new Map(pairs) },
  { shape: 'a generator, which can be read once', make: once },
  { shape: 'an iterator, which can be read once', make: () => pairs.values() },
  { shape: 'an object that can be iterated', make: () => new Lines() }
]

describe('request fields', () => {
  it.each(sameFields)(
    'KEY-01, VARY-01: given as $shape reach the origin, and the next request is a hit',
    async ({ make }) => {
      const client = await clientOf()
      const miss = await dispatch(client, { headers: make() as never })
      const hit = await dispatch(client, { headers: make() as never })
      expect([miss.text, hit.text]).toEqual(Array(2).fill('["/","one","2"]'))
      expect(client.decisions.map(({ outcome }) => outcome)).toEqual(['miss', 'hit'])
      expect((await dispatch(client, { headers: pairs.flat() })).text).toBe('["/","one","2"]')
      expect(client.asked).toBe(1)
    }
  )

  it('KEY-01, VARY-05: of one name on several lines count as one list, in each shape', async () => {
    const client = await clientOf()
    const shapes = [
      { 'X-A': ['1', '2'] },
      ['X-A', '1', 'x-a', '2'],
      ['X-A', ['1', '2']],
      new Headers([
        ['x-a', '1'],
        ['x-a', '2']
      ]),
      { 'x-a': '1,2' }
    ]
    for (const headers of shapes) {
      expect((await dispatch(client, { headers: headers as never })).text).toBe('["/","1, 2",null]')
    }
    expect(client.asked).toBe(1)
  })

  it('METH-02: that can be read once reach the origin where the cache has no part in it', async () => {
    const client = await clientOf()
    const lines = (...more: [string, string][]) => [...pairs, ...more].values() as never
    const asked: Options[] = [
      { method: 'POST', headers: lines() },
      { method: 'OPTIONS', headers: lines() },
      { headers: lines(['Cache-Control', 'no-store']) },
      { headers: lines(['Range', 'bytes=0-1']) },
      { headers: lines(['Host', 'not a host']) },
      { headers: lines(['Host', 'user@example.com']) }
    ]
    for (const options of asked) await dispatch(client, options)
    expect(client.origin.requests).toHaveLength(asked.length)
    for (const { headers } of client.origin.requests) expect(headers).toMatchObject({ 'x-a': 'one', 'x-b': '2' })
  })

  it.each([
    { what: 'a pair that is none', headers: () => [...pairs, ['X-C']].values() },
    { what: 'a value that is none', headers: () => [...pairs, ['X-C', {}]].values() },
    { what: 'a name that is none', headers: () => [...pairs, ['X C', '1']].values() },
    { what: 'an odd list', headers: () => ['x-a'] },
    { what: 'no fields at all', headers: () => 'x-a: 1' }
  ])('ROB-01: that undici refuses ($what) are refused by it, not sent without', async ({ headers }) => {
    const client = await clientOf()
    const recorder = await dispatch(client, { headers: headers() as never })
    expect(recorder.errors).toMatchObject([{ code: 'UND_ERR_INVALID_ARG' }])
    expect(client.asked).toBe(0)
  })

  it('ROB-01: that fail to be read fail the request', async () => {
    const client = await clientOf()
    const headers = (function* (): Generator<[string, string]> {
      yield ['X-A', '1']
      throw new Error('no more')
    })()
    const options = { dispatcher: client.dispatcher, headers: headers as never }
    await expect(request(client.origin.url, options)).rejects.toMatchObject({ message: 'no more' })
    expect(client.asked).toBe(0)
  })
})

describe('the target of a request', () => {
  it('KEY-01: is the same with the query apart or within the path, and with the origin as text or as a URL', async () => {
    const client = await clientOf()
    const url = client.origin.url
    const asked: Options[] = [
      { path: '/p?a=1&b=x%20y&b=2' },
      { path: '/p', query: { a: 1, b: ['x y', '2'] } },
      { path: '/p?a=1&b=x%20y&b=2', origin: new URL(url) },
      { path: '/p?a=1&b=x%20y&b=2', origin: `${url}/` },
      { path: '/p?a=1&b=x%20y&b=2', origin: url.replace('http', 'HTTP') },
      { path: '/p?a=1&b=x%20y&b=2', query: {} }
    ]
    const texts = []
    for (const options of asked.slice(0, 5)) texts.push((await dispatch(client, options)).text)
    expect(new Set(texts)).toEqual(new Set(['["/p?a=1&b=x%20y&b=2",null,null]']))
    expect(client.asked).toBe(1)
    expect(await dispatch(client, { path: '/p', query: {} })).toMatchObject({ text: '["/p",null,null]' })
  })

  it('KEY-01: with a query twice is refused as undici refuses it', async () => {
    const client = await clientOf()
    const recorder = await dispatch(client, { path: '/p?a=1', query: { b: 2 } })
    expect(recorder.errors).toHaveLength(1)
    expect(client.asked).toBe(0)
  })

  it('KEY-02, KEY-03: in absolute form is that URL, wherever the connection goes', async () => {
    const client = await clientOf()
    const path = 'http://Example.com:80/p?a=1#part'
    for (const absolute of [path, 'http://example.com/p?a=1']) await dispatch(client, { path: absolute })
    expect(client.decisions).toMatchObject([
      { outcome: 'miss', url: 'http://example.com/p?a=1' },
      { outcome: 'hit', url: 'http://example.com/p?a=1' }
    ])
    await dispatch(client, { path: '/p?a=1' })
    await dispatch(client, { path: 'http://example.com:81/p?a=1' })
    expect(client.decisions.slice(2).map(({ outcome }) => outcome)).toEqual(['miss', 'miss'])
  })

  it.each(stores)('KEY-03: is that of Host, and of the connection too (%s)', async (_name, makeStore) => {
    const client = await setUp(makeStore(), (_setUp, { headers }, response) => {
      response.setHeader('Cache-Control', 'max-age=60').end(headers.host)
    })
    const ask = async (host: string) => (await client.get('/', { headers: { Host: host } })).decision
    expect(await ask('a.example')).toMatchObject({ outcome: 'miss', url: 'http://a.example/' })
    expect(await ask('A.example:80')).toMatchObject({ outcome: 'hit' })
    expect(await ask('b.example')).toMatchObject({ outcome: 'miss' })
    expect(await ask(new URL(client.origin.url).host)).toMatchObject({ outcome: 'miss' })
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'hit' })
  })

  it('SEC-02: without an origin that HTTP knows is not looked at', async () => {
    const client = await clientOf()
    for (const origin of [undefined, 'ftp://example.com', 'nonsense', {}]) {
      const recorder = new Recorder('new')
      const dispatched = () =>
        client.dispatcher.dispatch({ origin, path: '/', method: 'GET' } as never, recorder.handler)
      try {
        dispatched()
        await recorder.over
      } catch (error) {
        recorder.errors.push(error)
      }
      expect(recorder.errors).toHaveLength(1)
    }
    expect(client.decisions).toEqual([])
  })
})

const content = 'content '.repeat(5_000)
async function* asyncPieces(): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += 10_000) yield Buffer.from(content.slice(at, at + 10_000))
}
const bodies: { kind: string; make: () => unknown; isForm?: true }[] = [
  { kind: 'a string', make: () => content },
  { kind: 'a Buffer', make: () => Buffer.from(content) },
  { kind: 'a Uint8Array', make: () => new TextEncoder().encode(content) },
  { kind: 'a stream', make: () => Readable.from(asyncPieces()) },
  { kind: 'an iterable', make: () => [content.slice(0, 7), content.slice(7)].values() },
  { kind: 'an async iterable', make: asyncPieces },
  { kind: 'a Blob', make: () => new Blob([content]) },
  {
    kind: 'FormData',
    isForm: true,
    make: () => {
      const form = new FormData()
      form.set('field', content)
      return form
    }
  }
]

describe('request content', () => {
  it.each(bodies)('METH-02: $kind reaches the origin of an unsafe request intact', async ({ make, isForm }) => {
    const client = await setUp(new MapStore(), (_setUp, { body }, response) => response.end(String(body.byteLength)))
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      const options = { dispatcher: client.dispatcher, method, body: make() as never }
      await (await request(client.origin.url, options)).body.dump()
    }
    expect(client.origin.requests).toHaveLength(4)
    for (const { body } of client.origin.requests) {
      if (isForm) expect(body.toString()).toContain(`name="field"\r\n\r\n${content}\r\n`)
      else expect(body.toString()).toBe(content)
    }
  })

  it.each(bodies.filter(({ isForm }) => !isForm))(
    'METH-06: $kind on a GET bypasses and reaches the origin',
    async ({ make }) => {
      const client = await setUp(new MapStore(), (_setUp, { body }, response) => {
        response.setHeader('Cache-Control', 'max-age=60').end(body)
      })
      await client.get('/')
      const recorder = await dispatch(client, { body: make() as never })
      expect(recorder.text).toBe(content)
      expect(client.decisions.at(-1)).toMatchObject({ outcome: 'bypass', reason: 'bypass' })
      expect(await client.get('/')).toMatchObject({ text: '', decision: { outcome: 'hit' } })
    }
  )

  it.each([
    ['null', null],
    ['an empty string', ''],
    ['an empty Buffer', Buffer.alloc(0)]
  ])('METH-06: %s is none', async (_what, body) => {
    const client = await clientOf()
    for (let i = 0; i < 2; i++) await dispatch(client, { body })
    expect(client.decisions.map(({ outcome }) => outcome)).toEqual(['miss', 'hit'])
  })
})
