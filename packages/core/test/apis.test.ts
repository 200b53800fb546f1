import { Readable, Writable } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import { type Dispatcher, errors, Headers, pipeline, request, stream, fetch as undiciFetch } from 'undici'
import { FaultyStore, Gate } from './faulty-store.js'
import { type SetUp, setUp, stores } from './harness.js'
import './no-stray-errors.js'
import { outside } from './platform.js'

/** What a caller sees of an answer, through whichever function he asks. */
interface Seen {
  readonly status: number
  /** Lines as name and value; names in lower case. */
  readonly lines: readonly (readonly [name: string, value: string])[]
  readonly text: string
}

type Ask = (client: SetUp, path: string) => Promise<Seen>

/** Asks, and waits until the cache has done with it. */
async function askAndWait(ask: Ask, client: SetUp, path: string): Promise<Seen> {
  const decided = client.nextDecision()
  const seen = await ask(client, path)
  await decided
  return seen
}

function linesOf(headers: Record<string, string | string[] | undefined>): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((line): [string, string] => [name, line])
  )
}

async function seenOf(response: {
  status: number
  headers: Iterable<[string, string]>
  text(): Promise<string>
}): Promise<Seen> {
  return { status: response.status, lines: [...response.headers], text: await response.text() }
}

async function withGlobalDispatcher<T>(dispatcher: Dispatcher, action: () => Promise<T>): Promise<T> {
  const before = outside.getGlobalDispatcher()
  outside.setGlobalDispatcher(dispatcher)
  try {
    return await action()
  } finally {
    outside.setGlobalDispatcher(before)
  }
}

const apis: readonly { api: string; ask: Ask }[] = [
  {
    api: 'request',
    ask: async ({ dispatcher, origin }, path) => {
      const { statusCode, headers, body } = await request(origin.url + path, { dispatcher })
      return { status: statusCode, lines: linesOf(headers), text: await body.text() }
    }
  },
  {
    api: 'stream',
    ask: async ({ dispatcher, origin }, path) => {
      const chunks: Buffer[] = []
      let head: { status: number; lines: [string, string][] } | undefined
      await stream(origin.url + path, { dispatcher, method: 'GET' }, ({ statusCode, headers }) => {
        head = { status: statusCode, lines: linesOf(headers) }
        return new Writable({
          highWaterMark: 1,
          write(chunk, _encoding, done) {
            chunks.push(Buffer.from(chunk))
            setImmediate(done)
          }
        })
      })
      if (head === undefined) throw new Error('no head')
      return { ...head, text: Buffer.concat(chunks).toString() }
    }
  },
  {
    api: 'fetch',
    ask: async ({ dispatcher, origin }, path) => await seenOf(await undiciFetch(origin.url + path, { dispatcher }))
  },
  {
    api: 'the built-in fetch with a dispatcher',
    ask: async ({ dispatcher, origin }, path) => {
      const options = { dispatcher } as unknown as RequestInit
      return await seenOf(await fetch(origin.url + path, options))
    }
  },
  {
    api: 'the built-in fetch through setGlobalDispatcher',
    ask: async ({ dispatcher, origin }, path) =>
      await withGlobalDispatcher(dispatcher, async () => await seenOf(await fetch(origin.url + path)))
  }
]

const text = 'some text '.repeat(20_000)

describe.each(stores)('an answer kept in %s', (_name, makeStore) => {
  describe.each(apis)('through $api', ({ ask }) => {
    it('is the same whether it comes from the origin, from the cache, or after a validation', async () => {
      const client = await setUp(makeStore(), ({ clock }, { headers }, response) => {
        response.setHeader('Date', clock.date()).setHeader('Cache-Control', 'max-age=10').setHeader('ETag', '"a"')
        response.setHeader('X-Several', ['one', 'two']).setHeader('X-Latin', 'caf\u00e9').setHeader('Vary', 'x-none')
        if (headers['if-none-match'] === '"a"') response.writeHead(304).end()
        else response.end(text)
      })
      const miss = await askAndWait(ask, client, '/?a=1')
      client.clock.advance(3)
      const hit = await askAndWait(ask, client, '/?a=1')
      client.clock.advance(30)
      const validated = await askAndWait(ask, client, '/?a=1')
      expect(client.decisions.map(({ outcome }) => outcome)).toEqual(['miss', 'hit', 'validated'])
      expect(miss).toMatchObject({ status: 200, text })
      const lines = miss.lines.filter(([name]) => !['connection', 'keep-alive', 'transfer-encoding'].includes(name))
      expect(hit).toMatchObject({ status: 200, text })
      expect(hit.lines.filter(([name]) => name !== 'age')).toEqual(lines)
      expect(hit.lines.filter(([name]) => name === 'age')).toEqual([['age', '3']])
      expect(validated).toMatchObject({ status: 200, text })
      expect(new Set(validated.lines.map(([name]) => name))).toEqual(new Set(lines.map(([name]) => name)))
      expect(client.origin.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"a"'])
    })

    it('has no body where there is none', async () => {
      const client = await setUp(makeStore(), (_setUp, _request, response) => {
        response.setHeader('Cache-Control', 'max-age=60').writeHead(204).end()
      })
      const miss = await askAndWait(ask, client, '/')
      expect([miss, await ask(client, '/')]).toMatchObject([
        { status: 204, text: '' },
        { status: 204, text: '' }
      ])
      expect(client.asked).toBe(1)
    })

    it('is an error of the request when the origin cannot be reached', async () => {
      const client = await setUp(makeStore(), (_setUp, _request, response) => response.destroy())
      await expect(ask(client, '/')).rejects.toMatchObject({ message: expect.any(String) })
    })
  })
})

describe('the apis of undici', () => {
  const cached = (client: SetUp) => ({ dispatcher: client.dispatcher, method: 'GET' as const })

  it('let a signal end a request that waits for the store', async () => {
    const gate = new Gate()
    const store = new FaultyStore()
    store.faults.get = (sound) => gate.opened.then(sound)
    const client = await setUp(store, (_setUp, _request, response) => response.end())
    const controllers = [new AbortController(), new AbortController(), new AbortController()] as const
    const [ofRequest, ofFetch, ofBuiltIn] = controllers
    const reason = new Error('enough')
    const asked = [
      request(client.origin.url, { ...cached(client), signal: ofRequest.signal }),
      undiciFetch(client.origin.url, { ...cached(client), signal: ofFetch.signal }),
      fetch(client.origin.url, { dispatcher: client.dispatcher, signal: ofBuiltIn.signal } as unknown as RequestInit)
    ].map((asked) => expect(asked).rejects.toBe(reason))
    for (const controller of controllers) controller.abort(reason)
    await Promise.all(asked)
    gate.open()
    expect(client.asked).toBe(0)
  })

  it('let a signal end a request before it begins', async () => {
    const client = await setUp(new FaultyStore(), (_setUp, _request, response) => response.end())
    const signal = AbortSignal.abort()
    await expect(request(client.origin.url, { ...cached(client), signal })).rejects.toMatchObject({
      name: 'AbortError'
    })
    await expect(undiciFetch(client.origin.url, { ...cached(client), signal })).rejects.toMatchObject({
      name: 'AbortError'
    })
    expect(client.asked).toBe(0)
  })

  it.each(stores)('let a signal end the body of an answer from %s', async (_name, makeStore) => {
    const client = await setUp(makeStore(), (_setUp, _request, response) => {
      response.setHeader('Cache-Control', 'max-age=60').end(text)
    })
    await client.get('/')
    const controller = new AbortController()
    const { body } = await request(`${client.origin.url}/`, { ...cached(client), signal: controller.signal })
    controller.abort()
    await expect(body.text()).rejects.toMatchObject({ name: 'AbortError' })
    expect(client.asked).toBe(1)
  })

  it('give the error of undici for a body that is destroyed unread, and store nothing of it', async () => {
    const client = await setUp(new FaultyStore(), (_setUp, _request, response) => {
      response.setHeader('Cache-Control', 'max-age=60').setHeader('Content-Length', 10).write('half')
    })
    const decided = client.nextDecision()
    const { body } = await request(`${client.origin.url}/`, cached(client))
    const failed = new Promise((resolve) => body.on('error', resolve))
    body.destroy()
    expect(await failed).toBeInstanceOf(errors.RequestAbortedError)
    expect(await decided).toMatchObject({ outcome: 'miss', stored: false, notStored: { requirement: 'MSG-02' } })
  })

  it('reach the origin through pipeline, whose stream might hold a body (METH-06)', async () => {
    const client = await setUp(new FaultyStore(), (_setUp, { body }, response) => {
      response.setHeader('Cache-Control', 'max-age=60').end(body)
    })
    for (const content of ['', 'content']) {
      const duplex = pipeline(client.origin.url, cached(client), ({ body }) => body)
      const chunks: Buffer[] = []
      for await (const chunk of duplex.end(content)) chunks.push(chunk)
      expect(Buffer.concat(chunks).toString()).toBe(content)
    }
    expect(client.decisions).toMatchObject(Array(2).fill({ outcome: 'bypass', reason: 'bypass', stored: false }))
  })

  it('take Headers of undici and send them on', async () => {
    const client = await setUp(new FaultyStore(), (_setUp, { headers }, response) => response.end(headers['x-a']))
    const headers = new Headers([['X-A', 'one']])
    const { body } = await request(client.origin.url, { ...cached(client), headers: headers as unknown as string[] })
    expect(await body.text()).toBe('one')
    expect(await (await undiciFetch(client.origin.url, { ...cached(client), headers })).text()).toBe('one')
  })

  it('may pipe one stored answer into the next request', async () => {
    const client = await setUp(new FaultyStore(), (_setUp, { method, body }, response) => {
      response.setHeader('Cache-Control', 'max-age=60').end(method === 'POST' ? body : text)
    })
    await client.get('/')
    const { body } = await request(`${client.origin.url}/`, cached(client))
    const { body: echoed } = await request(`${client.origin.url}/echo`, {
      dispatcher: client.dispatcher,
      method: 'POST',
      body: Readable.from(body)
    })
    expect(await echoed.text()).toBe(text)
  })
})
