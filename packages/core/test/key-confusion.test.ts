import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { type CacheOptions, cacheInterceptor } from '@cc/core'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Agent, type Dispatcher } from 'undici'
import type { StoredResponse } from '../src/rules/messages.js'
import type { Body, Mark } from '../src/store.js'
import { stores } from './harness.js'
import { MapStore } from './map-store.js'
import { rawOrigin, writeRaw } from './raw-origin.js'
import { Recorder } from './recorder.js'

const agents: Agent[] = []

afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.destroy()
})

type Opts = Partial<Omit<Dispatcher.DispatchOptions, 'headers'>> & {
  readonly headers?: Record<string, string> | string[]
}

/** A cache in front of a server that answers with what it received, as a text that says which port it came to. */
async function echoing(
  store: MapStore,
  options: Omit<CacheOptions, 'store'> = {},
  vary = 'accept',
  shown = (head: string) => head
) {
  const agent = new Agent({ maxHeaderSize: 1 << 24 })
  agents.push(agent)
  const dispatcher = agent.compose(cacheInterceptor({ ...options, store }))
  const respond = (port: string) => (socket: Socket, _n: number, head: string) => {
    const body = `${port} ${shown(head)}`
    writeRaw(
      socket,
      ['HTTP/1.1 200 OK', 'Cache-Control: max-age=60', `Vary: ${vary}`, `Content-Length: ${body.length}`],
      body
    )
  }
  const [one, other] = [await rawOrigin(respond('one')), await rawOrigin(respond('other'))]
  /** What the server says it received; `undefined` if undici refused to send it. */
  const ask = async (opts: Opts): Promise<string | undefined> => {
    const recorder = new Recorder('new')
    const asked = { origin: one.url, path: '/', method: 'GET', ...opts } as Dispatcher.DispatchOptions
    dispatcher.dispatch(asked, recorder.handler)
    await recorder.over
    // A store elsewhere takes a moment after the caller has its answer.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
    return recorder.errors.length === 0 ? recorder.text : undefined
  }
  return { ask, one: one.url, other: other.url, asked: () => one.requests.length + other.requests.length }
}

/**
 * What a request asks for, of what the server received: without what may differ between two that ask for the same, such
 * as the case of the host, or whether the host stands in the path (KEY-02, KEY-03, RFC 9112 §3.2.2).
 */
function essence(received: string, names: readonly string[]): string {
  const [port = '', ...rest] = received.split(' ')
  const [line = '', ...fields] = rest.join(' ').split('\r\n')
  const [method, given = ''] = line.split(' ')
  const [, scheme, authority, path = ''] =
    /^(?:(https?):\/\/([^/?#]*))?(.*)$/i.exec(given.split('#')[0] as string) ?? []
  const lineOf = (name: string) => fields.find((field) => field.toLowerCase().startsWith(`${name}:`))
  const host = authority === undefined ? lineOf('host')?.slice('host: '.length) : authority
  const origin = `${scheme?.toLowerCase() ?? 'http'}://${host?.toLowerCase().replace(/:80$/, '')}`
  return [port, method, origin, path.startsWith('/') ? path : `/${path}`, ...names.map(lineOf)].join('\n')
}

/** Without blanks in them. */
const words = (text: string) => text.split(/\s+/)

const paths = [
  ...words(String.raw`/ /a /A /a/ //a /a// /// //a/ /./a /../a /a/. /a/.. /b/../a /%2e/a /a%2F /a%2f /%41 /%61 /%2541 /% /%zz
    /a%00 /a%0d%0a /a%20 /a+ /a%2B /\a /a\ /a; /a;b /a,b /a:b /:80/a /a? /a?? /a?b /a?b= /a?b=& /a?&b= /a?b=1&c=2
    /a?c=2&b=1 /a?b=1;c=2 /a%3Fb /a?b? /a?# /a# /a#b /a%23b /?a /?/a /a@b /@a /user:secret@a /a"b /a'b /a|b /[a] /{a}
    /* /a* /a%C3%A9 /a%E9 /http://a/ /http:/a/ /1:a /+["a"] /__proto__ /constructor /get /GET /sha256:a a * ?a #a`),
  ...words('/a\u00e9 /a\u00c3\u00a9 /a\u00e8 /a\u0080 /a\u00ff /a\u0100 /a\ud800 /\u{1f600} /a\u0000'),
  ...['', ' /a', '/a b', '/a\tb', '/a\u00a0', '/a\r\nX: 1']
]

/** Takes keys for one another, as one would that names its files by a hash of a few bits. */
class CollidingStore extends MapStore {
  override get(key: string) {
    return super.get(bucketOf(key))
  }

  override openBody(key: string, id: string) {
    return super.openBody(bucketOf(key), id)
  }

  override set(key: string, body: Body, complete: () => StoredResponse | undefined) {
    return super.set(bucketOf(key), body, complete)
  }

  override update(key: string, response: StoredResponse) {
    return super.update(bucketOf(key), response)
  }

  override mark(key: string, mark: Mark) {
    return super.mark(bucketOf(key), mark)
  }

  override delete(key: string, slot?: string) {
    return super.delete(bucketOf(key), slot)
  }
}

function bucketOf(key: string): string {
  return String((createHash('sha256').update(key).digest()[0] as number) % 4)
}

const kinds: typeof stores = [
  ...stores,
  ['a store elsewhere that takes keys for one another', () => new CollidingStore()]
]

describe.each(kinds)('requests that look alike, with %s (rows X6, X7)', (_name, makeStore) => {
  const collides = makeStore() instanceof CollidingStore

  /** Asks for each twice, and expects that the second time, too, it is answered by what was received for just this one. */
  async function expectApart(
    echo: Awaited<ReturnType<typeof echoing>>,
    requests: readonly Opts[],
    names: readonly string[] = []
  ) {
    const own: (string | undefined)[] = []
    // What reaches the server is seen past the cache: a request with no-store is neither answered from it nor stored.
    for (const opts of requests) {
      const headers = Array.isArray(opts.headers)
        ? [...opts.headers, 'cache-control', 'no-store']
        : { ...opts.headers, 'cache-control': 'no-store' }
      const received = await echo.ask({ ...opts, headers })
      own.push(received === undefined ? undefined : essence(received, names))
    }
    for (let round = 0; round < 2; round++) {
      for (const [i, opts] of requests.entries()) {
        const received = await echo.ask(opts)
        // What undici refuses may be answered from the cache: it stands for no other resource.
        const isRefused = own[i] === undefined && opts.path?.startsWith('/') === false
        const got = received && essence(received, names)
        if (got !== own[i] && !isRefused) throw new Error(`${JSON.stringify(opts)} got ${got}, not ${own[i]}`)
      }
    }
    return { sent: own.filter((one) => one !== undefined).length, different: new Set(own).size }
  }

  it('are answered apart if their paths differ by a byte (KEY-01, KEY-02, SEC-01)', async () => {
    const echo = await echoing(makeStore())
    const { sent } = await expectApart(
      echo,
      paths.map((path) => ({ path }))
    )
    const before = echo.asked()
    expect(sent).toBeGreaterThan(70)
    await expectApart(
      echo,
      paths.map((path) => ({ path }))
    )
    // All but those that ask to go past the cache are answered from it by now.
    if (!collides) expect(echo.asked() - before).toBe(sent)
  })

  it('are answered apart if their queries do, wherever they stand (KEY-01)', async () => {
    const echo = await echoing(makeStore())
    const queries = [
      {},
      { a: 1 },
      { a: '1', b: '' },
      { b: '', a: '1' },
      { a: [1, 2] },
      { a: '1&b=' },
      { 'a=1&b': '' },
      { a: '#' }
    ]
    const requests = queries.map((query) => ({ path: '/', query }))
    await expectApart(echo, [
      ...requests,
      { path: '/?a=1' },
      { path: '/?a=1&b=' },
      { path: '/?a=1&a=2' },
      { path: '/?' }
    ])
  })

  it('are answered apart if Host, the path in absolute form or the connection name another origin (KEY-03, SEC-02)', async () => {
    const echo = await echoing(makeStore())
    const authority = echo.one.slice('http://'.length)
    const hosts = [
      authority,
      ...words(
        'a A a. a:80 a:443 a:8080 a.b b.a ab a: a:080 [::1] [::1]:80 127.0.0.1 a/ a/b a?b a#b user@a user:secret@a'
      ),
      ...words('a,b a%2eb \u00e4 xn--4ca a\\b 0x7f.1 127.1 a_b'),
      ...['', 'a b']
    ]
    const absolute = [
      ...words(
        'http://a/ http://A/ http://a http://a:80/ http://a:8080/ HTTP://a/ https://a/ http://a./ http://a// http://a?b'
      ),
      ...words('http://a/?b http://user:secret@a/ http://a#b http:///a http:// http:/a'),
      ...[`${echo.one}/`, `${echo.other}/`]
    ]
    const origins = [
      echo.one,
      echo.other,
      `${echo.one}/`,
      echo.one.replace('127.0.0.1', 'LocalHost'),
      echo.one.replace('127.0.0.1', '127.1')
    ]
    const { sent } = await expectApart(echo, [
      ...origins.map((origin) => ({ origin })),
      ...hosts.map((host) => ({ headers: { host } })),
      ...hosts.map((host) => ({ headers: { Host: host }, origin: echo.other })),
      ...absolute.map((path) => ({ path })),
      ...absolute.map((path) => ({ path, headers: { host: 'a' } })),
      ...['', 'a', '/a', 'a/', '//'].map((path) => ({ path: `http://a/${path}` })),
      ...['', 'a', '/a', 'a/', '//'].map((path) => ({ path: `/${path}`, headers: { host: 'a' } }))
    ])
    expect(sent).toBeGreaterThan(60)
  })

  it('are answered apart if their methods do, also in case only (METH-02, METH-03)', async () => {
    const echo = await echoing(makeStore())
    const methods = [...words('GET get Get GETT GE POST QUERY OPTIONS PROPFIND TRACE'), 'G ET', 'GET\r\n']
    for (const method of methods) {
      for (let i = 0; i < 2; i++) {
        const received = await echo.ask({ method: method as 'GET' })
        if (received !== undefined) expect(received.split(' ')[1]).toBe(method)
      }
    }
    await echo.ask({ path: '/head', method: 'HEAD' })
    expect(await echo.ask({ path: '/head' })).toContain('GET /head')
  })

  it('are answered apart if the fields do that select (KEY-05, VARY-01, VARY-05, VARY-06)', async () => {
    const names = ['x-a', 'x-b', 'cookie', 'authorization', 'x-api-key']
    const echo = await echoing(makeStore(), { keyFields: ['X-A', 'X-B'] }, 'Cookie, Authorization, X-Api-Key')
    const values = ['', '1', '"', '1, 2', '1", "2', '"],["', 'null', 'sha256:', '\u00e9', '\\', '__proto__']
    const requests = values.flatMap((value) => [
      { headers: { 'x-a': value } },
      { headers: { 'x-b': value } },
      { headers: { 'x-a': value, 'x-b': value } },
      { headers: { 'x-a': `${value}x-b`, 'x-b': '' } },
      { headers: { cookie: value } },
      { headers: { 'x-api-key': value } },
      { headers: { authorization: value } },
      { headers: { authorization: value, cookie: value } }
    ])
    await expectApart(echo, [{}, ...requests], names)
  })

  it('are answered apart in each partition, whatever its name could be taken for (KEY-04, KEY-05)', async () => {
    const echo = await echoing(makeStore(), { partition: ({ field }) => field('x-tenant') ?? '' })
    const url = `${echo.one}/`
    const tenants = [
      '',
      'a',
      'A',
      '1',
      '1:a',
      ':',
      '+',
      `${url.length}:`,
      url,
      `1:a${url}`,
      `+["${url}"]`,
      '/',
      '__proto__',
      'a/',
      'a/b',
      '\u00e9'
    ]
    const requests = tenants.flatMap((tenant) => [
      { headers: { 'x-tenant': tenant } },
      { headers: { 'x-tenant': tenant }, path: `/${tenant}` },
      { headers: { 'x-tenant': tenant }, path: `/${url}` }
    ])
    await expectApart(echo, requests, ['x-tenant'])
  })

  it.each([1_024, 1_025, 65_536, 1 << 20, 1 << 23])(
    'are answered apart if URLs of %i bytes differ in their last one (KEY-01, KEY-04)',
    async (length) => {
      const line = (head: string) => `${head.indexOf(' HTTP/1.1')} ${head.slice(0, head.indexOf('\r\n')).slice(-12)}`
      const echo = await echoing(makeStore(), {}, 'accept', line)
      const path = `/${'a'.repeat(length - 2)}`
      const ends = ['b', 'c']
      for (const end of [...ends, ...ends]) {
        const received = await echo.ask({ path: path + end })
        expect(received).toBe(`one ${'GET '.length + length} aa${end} HTTP/1.1`)
      }
      if (!collides) expect(echo.asked()).toBe(2)
    }
  )
})
