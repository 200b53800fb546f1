import type { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import { describe, expect, it } from '@jest/globals'
import { type Dispatcher, interceptors } from 'undici'
import { nodeTellsStreams } from '../../packages/core/test/platform.js'
import { agentFor, ask, Client, startOrigin } from './client.js'
import { text } from './origin.js'

const streamOf = (response: ServerResponse) => (response as unknown as { stream: ServerHttp2Stream }).stream
const length = { 'content-length': String(text.length) }
const fresh = { 'cache-control': 'max-age=60' }
const stored = nodeTellsStreams ? { stored: true } : { notStored: { requirement: 'MSG-06' } }

/** How a server can break off in the middle of a body. */
const cuts: readonly { readonly how: string; readonly cut: (stream: ServerHttp2Stream) => void }[] = [
  { how: 'reset with an error', cut: (stream) => stream.destroy(new Error('planted')) },
  { how: 'reset with NO_ERROR', cut: (stream) => stream.destroy() },
  {
    how: 'given up with GOAWAY',
    cut: (stream) => {
      const { session } = stream
      session?.goaway(2)
      session?.destroy()
    }
  },
  { how: 'cut with its connection', cut: (stream) => stream.session?.destroy() }
]

/** What may lie below the cache without hiding from which protocol an answer came. */
const below: readonly { readonly what: string; readonly interceptor?: Dispatcher.DispatchInterceptor }[] = [
  { what: 'nothing' },
  { what: 'dns', interceptor: interceptors.dns() },
  { what: 'decompress', interceptor: interceptors.decompress() }
]

describe('a body of HTTP/2', () => {
  it.each(below)('without a length is stored where its end is proven, with $what below (MSG-06)', async (given) => {
    const origin = await startOrigin('h2')
    const client = new Client()
    const { interceptor } = given
    const agent = agentFor(origin)
    const dispatcher = interceptor ? agent.compose(interceptor, client.cache()) : agent.compose(client.cache())
    // The first answer may be the one from which the cache learns that something is below.
    await ask(dispatcher, `${origin.url}/fresh`)
    for (let i = 0; i < 2; i++) expect(await ask(dispatcher, `${origin.url}/unannounced`)).toMatchObject({ text })
    await client.decided(3)
    expect(client.decisions[1]).toMatchObject(stored)
    expect(client.outcomes[2]).toBe(nodeTellsStreams ? 'hit' : 'miss')
  })

  describe.each(cuts)('that was $how', ({ cut }) => {
    it.each([
      { announced: 'a length', fields: length },
      { announced: 'no length', fields: {} }
    ])('is not stored, and the next one is (MSG-02), with $announced', async ({ fields }) => {
      const origin = await startOrigin('h2')
      origin.on('/broken', (response, _request, _body, n) => {
        response.writeHead(200, { ...fresh, ...(n === 0 ? fields : length) })
        if (n > 0) response.end(text)
        else response.write('half', () => cut(streamOf(response)))
      })
      const client = new Client()
      const dispatcher = agentFor(origin).compose(client.cache())
      // undici takes a reset with NO_ERROR for an end, cache or no cache.
      const first = await ask(dispatcher, `${origin.url}/broken`).catch((error) => error)
      if ('text' in first) expect(first).toMatchObject({ text: 'half' })
      for (let i = 0; i < 2; i++) expect(await ask(dispatcher, `${origin.url}/broken`)).toMatchObject({ text })
      expect(client.decisions).toMatchObject([{ stored: false }, { stored: true }, { outcome: 'hit' }])
      expect(origin.asked).toHaveLength(2)
    })
  })

  it('is told from one of HTTP/1 that its connection ends, with both at once through one agent (MSG-06)', async () => {
    const [two, one] = [await startOrigin('h2'), await startOrigin('https')]
    const client = new Client()
    // One of the two is not asked over HTTP/2, though it is offered: the other side knows it not.
    const agent = agentFor(two, { connect: { ca: two.cert }, allowH2: true })
    const dispatcher = agent.compose(client.cache())
    const urls = Array.from({ length: 10 }, (_, i) => [two, one].map(({ url }) => `${url}/undelimited?${i}`)).flat()
    for (let i = 0; i < 2; i++) {
      const answers = await Promise.all(urls.map((url) => ask(dispatcher, url)))
      for (const answer of answers) expect(answer).toMatchObject({ status: 200, text })
    }
    await client.decided(40)
    const hits = client.decisions.filter(({ outcome }) => outcome === 'hit')
    const refused = client.decisions.filter(({ url }) => url.startsWith(one.url))
    expect(hits.map(({ url }) => url.startsWith(two.url))).toEqual(Array(nodeTellsStreams ? 10 : 0).fill(true))
    expect(refused).toMatchObject(Array(20).fill({ outcome: 'miss', notStored: { requirement: 'MSG-06' } }))
    expect(one.asked).toHaveLength(20)
  })
})

it('a server that knows only HTTP/1.1 is asked so, and its answers are cached, where HTTP/2 was offered', async () => {
  const origin = await startOrigin('https')
  const client = new Client()
  const dispatcher = agentFor(origin, { connect: { ca: origin.cert }, allowH2: true }).compose(client.cache())
  origin.on('/version', (response) => {
    response.writeHead(200, fresh)
    response.write('chunked')
    response.end()
  })
  for (let i = 0; i < 2; i++) expect(await ask(dispatcher, `${origin.url}/version`)).toMatchObject({ text: 'chunked' })
  expect(origin.versions).toEqual(new Set(['1.1']))
  expect(client.outcomes).toEqual(['miss', 'hit'])
})
