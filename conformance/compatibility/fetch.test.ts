import { Readable } from 'node:stream'
import { afterEach, describe, expect, it } from '@jest/globals'
import * as undici from 'undici'
import { Agent, type Dispatcher } from 'undici'
import { outside, undiciMajor } from '../../packages/core/test/platform.js'
import { after, agentFor, Client, startOrigin } from './client.js'
import { type Origin, protocols, text } from './origin.js'

type Init = Omit<RequestInit, 'dispatcher'> & { dispatcher?: Dispatcher; cache?: RequestCache }
type RequestCache = 'no-store' | 'reload' | 'no-cache'
type Fetch = (url: string, init?: Init) => Promise<Response>
const builtIn = globalThis.fetch as unknown as Fetch
const packaged = outside.fetch as unknown as Fetch

/** Each way to make a fetch go through a dispatcher. */
const ways: readonly { readonly way: string; readonly fetchBy: (dispatcher: Dispatcher) => Fetch }[] = [
  {
    way: "undici's fetch, { dispatcher }",
    fetchBy: (dispatcher) => (url, init) => packaged(url, { ...init, dispatcher })
  },
  { way: "undici's fetch, setGlobalDispatcher", fetchBy: globally(packaged) },
  {
    way: 'the built-in fetch, { dispatcher }',
    fetchBy: (dispatcher) => (url, init) => builtIn(url, { ...init, dispatcher })
  },
  { way: 'the built-in fetch, setGlobalDispatcher', fetchBy: globally(builtIn) },
  ...(undiciMajor === 8
    ? [
        {
          way: 'the built-in fetch, { dispatcher: new Dispatcher1Wrapper(…) }',
          fetchBy: (dispatcher: Dispatcher): Fetch => {
            const wrapped = wrap(dispatcher)
            return (url, init) => builtIn(url, { ...init, dispatcher: wrapped })
          }
        }
      ]
    : [])
]

/** Only undici 8 has it: the types are those of undici 7. */
function wrap(dispatcher: Dispatcher): Dispatcher {
  const { Dispatcher1Wrapper } = undici as unknown as { Dispatcher1Wrapper: new (wrapped: Dispatcher) => Dispatcher }
  return new Dispatcher1Wrapper(dispatcher)
}

const globalBefore = outside.getGlobalDispatcher()
afterEach(() => outside.setGlobalDispatcher(globalBefore))

function globally(fetch: Fetch) {
  return (dispatcher: Dispatcher): Fetch => {
    outside.setGlobalDispatcher(dispatcher)
    return fetch
  }
}

function composed(origin: Origin, client: Client): Dispatcher {
  return agentFor(origin).compose(client.cache())
}

describe.each(ways)('$way', ({ way, fetchBy }) => {
  it.each(protocols)('misses, hits, validates and invalidates over %s', async (protocol) => {
    const origin = await startOrigin(protocol)
    const client = new Client()
    const fetch = fetchBy(composed(origin, client))
    const get = async (path: string) => {
      const response = await fetch(origin.url + path)
      return [response.status, await response.text()]
    }
    for (const path of ['/fresh', '/checked', '/zipped']) {
      for (let i = 0; i < 2; i++) expect(await get(path)).toEqual([200, text])
    }
    for (let i = 0; i < 2; i++) expect(await get('/changing')).toEqual([200, 'GET 0 '])
    const posted = await fetch(`${origin.url}/changing`, { method: 'POST', body: 'x' })
    expect(await posted.text()).toBe('POST 1 x')
    expect(await get('/changing')).toEqual([200, 'GET 2 '])
    await client.decided(10)
    expect(client.outcomes).toEqual([
      ...['miss', 'hit', 'miss', 'validated', 'miss', 'hit'],
      ...['miss', 'hit', 'bypass', 'miss']
    ])
    // The built-in fetch knows the handlers of undici 7, and undici 8 uses only HTTP/1.1 for those.
    const isHttp2 = protocol === 'h2' && !(undiciMajor === 8 && way.startsWith('the built-in'))
    expect([...origin.versions]).toEqual([isHttp2 ? '2.0' : '1.1'])
  })

  it('shows a stored response as one from the network', async () => {
    const origin = await startOrigin('http')
    origin.on('/fields', (response) => {
      response.setHeader('set-cookie', ['a=1', 'b=2'])
      response.writeHead(203, 'As It Were', { 'cache-control': 'max-age=60', 'x-list': ['1', '2'] })
      response.end('body')
    })
    const client = new Client()
    const fetch = fetchBy(composed(origin, client))
    const seen: unknown[] = []
    for (let i = 0; i < 2; i++) {
      const response = await fetch(`${origin.url}/fields`)
      const { status, statusText, headers } = response
      seen.push([status, statusText, headers.get('x-list'), headers.get('set-cookie'), await response.text()])
    }
    await client.decided(2)
    expect(client.outcomes).toEqual(['miss', 'hit'])
    expect(seen[1]).toEqual(seen[0])
    expect(seen[0]).toEqual([203, 'As It Were', '1, 2', 'a=1, b=2', 'body'])
  })

  it.each<RequestCache>(['no-store', 'reload', 'no-cache'])('asks anew with cache: %s', async (cache) => {
    const origin = await startOrigin('http')
    const client = new Client()
    const fetch = fetchBy(composed(origin, client))
    for (let i = 0; i < 2; i++) await (await fetch(`${origin.url}/fresh`, { cache })).text()
    expect(origin.asked).toHaveLength(2)
  })

  it('is answered where the cache leaves the request alone', async () => {
    const origin = await startOrigin('http')
    const client = new Client()
    const fetch = fetchBy(composed(origin, client))
    for (let i = 0; i < 2; i++) {
      const response = await fetch(`${origin.url}/fresh`, { headers: { 'cache-control': 'no-store' } })
      expect([response.status, await response.text()]).toEqual([200, text])
    }
    expect(client.outcomes).toEqual(['bypass', 'bypass'])
    await expect(
      (async () => await (await fetch(`${origin.url}/cut`, { method: 'OPTIONS' })).text())()
    ).rejects.toThrow()
  })

  it('follows a redirect through the cache, and tells an error for what was cut', async () => {
    const origin = await startOrigin('http')
    const client = new Client()
    const fetch = fetchBy(composed(origin, client))
    for (let i = 0; i < 2; i++) expect(await (await fetch(`${origin.url}/moved`)).text()).toBe(text)
    expect(origin.asked).toEqual(['GET /moved', 'GET /fresh'])
    await expect((async () => await (await fetch(`${origin.url}/cut`)).text())()).rejects.toThrow()
    expect(await (await fetch(`${origin.url}/cut`)).text()).toBe(text)
  })

  it('can be aborted, before and in the middle of the body', async () => {
    const origin = await startOrigin('http')
    const client = new Client()
    const fetch = fetchBy(composed(origin, client))
    await expect(fetch(`${origin.url}/fresh`, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/)
    const controller = new AbortController()
    const { body } = await fetch(`${origin.url}/stalling`, { signal: controller.signal })
    const reader = (body as ReadableStream).getReader()
    expect(Buffer.from((await reader.read()).value).toString()).toBe('half')
    controller.abort()
    await expect(reader.read()).rejects.toThrow(/abort/)
    await client.decided(1)
    expect(client.decisions.at(-1)).toMatchObject({ stored: false })
  })

  it.each<{ kind: string; make: (isBuiltIn: boolean) => RequestInit['body']; sent?: RegExp }>([
    { kind: 'a string', make: () => 'text' },
    { kind: 'bytes', make: () => new TextEncoder().encode('text') },
    { kind: 'an ArrayBuffer', make: () => new TextEncoder().encode('text').buffer as ArrayBuffer },
    { kind: 'URLSearchParams', make: () => new URLSearchParams({ text: '' }), sent: /^text=$/ },
    { kind: 'a Blob', make: () => new Blob(['text']) },
    { kind: 'a ReadableStream', make: () => Readable.toWeb(Readable.from([Buffer.from('text')])) as ReadableStream },
    { kind: 'an async iterator', make: () => pieces() as unknown as RequestInit['body'] },
    {
      kind: 'FormData',
      // Each knows forms of its own kind only.
      make: (isBuiltIn) => {
        const form = isBuiltIn ? new FormData() : (new outside.FormData() as unknown as FormData)
        form.append('name', 'text')
        form.append('file', new Blob(['content']), 'file.txt')
        return form
      },
      sent: /name="name"\r\n\r\ntext\r\n(.|\r\n)*filename="file.txt"\r\n(.|\r\n)*content\r\n/
    }
  ])('sends $kind as it is', async ({ make, sent = /^text$/ }) => {
    const origin = await startOrigin('http')
    const bodies: string[] = []
    origin.on('/taking', (response, _request, body) => {
      bodies.push(body)
      response.end('taken')
    })
    const fetch = fetchBy(composed(origin, new Client()))
    const body = make(way.startsWith('the built-in')) as NonNullable<RequestInit['body']>
    const response = await fetch(`${origin.url}/taking`, { method: 'PUT', body, duplex: 'half' } as Init)
    expect(await response.text()).toBe('taken')
    expect(bodies).toEqual([expect.stringMatching(sent)])
  })
})

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('te')
  yield Buffer.from('xt')
}

it('the global dispatcher is anything that was composed, and can be taken back', async () => {
  const origin = await startOrigin('http')
  const client = new Client()
  outside.setGlobalDispatcher(composed(origin, client))
  for (let i = 0; i < 2; i++) await (await builtIn(`${origin.url}/fresh`)).text()
  const agent = new Agent()
  after(() => agent.destroy())
  outside.setGlobalDispatcher(agent)
  await (await builtIn(`${origin.url}/fresh`)).text()
  expect(origin.asked).toHaveLength(2)
})
