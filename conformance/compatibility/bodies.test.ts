import { Readable } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import { type Dispatcher, FormData, interceptors, request } from 'undici'
import { agentFor, Client, startOrigin } from './client.js'
import { protocols } from './origin.js'

type Body = Dispatcher.DispatchOptions['body']

/** Counts how often a body was begun to be read. */
class Once {
  begun = 0;

  *iterate(): Generator<Buffer> {
    this.begun += 1
    yield Buffer.from('te')
    yield Buffer.from('xt')
  }

  async *iterateAsync(): AsyncGenerator<Buffer> {
    yield* this.iterate()
  }
}

const bodies: readonly { kind: string; make: (once: Once) => unknown; sent?: RegExp; isOnce?: true }[] = [
  { kind: 'a string', make: () => 'text' },
  { kind: 'a Buffer', make: () => Buffer.from('text') },
  { kind: 'a Uint8Array', make: () => new TextEncoder().encode('text') },
  { kind: 'a Blob', make: () => new Blob(['text']) },
  { kind: 'a Node stream', make: (once) => Readable.from(once.iterateAsync()), isOnce: true },
  { kind: 'an iterator', make: (once) => once.iterate(), isOnce: true },
  { kind: 'an async iterator', make: (once) => once.iterateAsync(), isOnce: true },
  { kind: 'a ReadableStream', make: (once) => Readable.toWeb(Readable.from(once.iterateAsync())), isOnce: true },
  {
    kind: 'FormData',
    make: () => {
      const form = new FormData()
      form.append('name', 'text')
      form.append('file', new Blob(['content']), 'file.txt')
      return form
    },
    sent: /name="name"\r\n\r\ntext\r\n(.|\r\n)*filename="file.txt"\r\n(.|\r\n)*content\r\n/
  }
]

describe.each(protocols)('over %s', (protocol) => {
  describe.each(bodies)('$kind', ({ make, sent = /^text$/, isOnce }) => {
    it.each(['POST', 'PUT'])('is sent by %s as it is, read once, and the answer is not stored', async (method) => {
      const origin = await startOrigin(protocol)
      const seen: string[] = []
      origin.on('/taking', (response, _request, body) => {
        seen.push(body)
        response.writeHead(200, { 'cache-control': 'max-age=60', 'content-length': 5 })
        response.end('taken')
      })
      const client = new Client()
      const dispatcher = agentFor(origin).compose(client.cache())
      const once = new Once()
      const body = make(once) as Body & string
      const answer = await request(`${origin.url}/taking`, { dispatcher, method, body })
      expect(await answer.body.text()).toBe('taken')
      expect(seen).toEqual([expect.stringMatching(sent)])
      if (isOnce) expect(once.begun).toBe(1)
      expect(client.decisions).toMatchObject([{ outcome: 'bypass', reason: 'method', stored: false }])
    })
  })

  it('a body is sent again by a retry above the cache', async () => {
    const origin = await startOrigin(protocol)
    const seen: string[] = []
    origin.on('/taking', (response, _request, body, n) => {
      seen.push(body)
      response.writeHead(n === 0 ? 503 : 200, { 'content-length': 0 })
      response.end()
    })
    const cache = new Client().cache()
    const dispatcher = agentFor(origin).compose(cache, interceptors.retry({ minTimeout: 1 }))
    const { statusCode, body } = await request(`${origin.url}/taking`, { dispatcher, method: 'PUT', body: 'text' })
    await body.dump()
    expect(statusCode).toBe(200)
    expect(seen).toEqual(['text', 'text'])
  })
})

it('expectContinue reaches the origin, which answers before the body is sent, over HTTP/2', async () => {
  const origin = await startOrigin('h2')
  origin.on('/expecting', (response, { headers }, body) => {
    response.writeHead(200, { 'cache-control': 'no-store' })
    response.end(`${headers.expect} ${body}`)
  })
  const dispatcher = agentFor(origin).compose(new Client().cache())
  const given = { dispatcher, method: 'POST', body: 'x', expectContinue: true } as const
  const { body } = await request(`${origin.url}/expecting`, given)
  expect(await body.text()).toBe('100-continue x')
})
