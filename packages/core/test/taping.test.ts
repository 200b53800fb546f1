import { createHash } from 'node:crypto'
import { Readable, Writable } from 'node:stream'
import {
  type CacheOptions,
  type CacheStore,
  cacheInterceptor,
  createCache,
  TapeContentError,
  TapeMissError
} from '@cc/core'
import { createFetch, decisionOf } from '@cc/core/fetch'
import { beforeEach, describe, expect, it, jest } from '@jest/globals'
import { Agent, FormData, pipeline, request, stream, fetch as undiciFetch } from 'undici'
import { FaultyStore, Gate, never } from './faulty-store.js'
import { SetUp, setUp, stores } from './harness.js'
import { MapStore } from './map-store.js'
import { turns } from './no-stray-errors.js'
import type { Respond } from './origin.js'
import { generations, Recorder } from './recorder.js'

const emitWarning = jest.spyOn(process, 'emitWarning')

beforeEach(() => {
  emitWarning.mockReset().mockImplementation(() => {})
})

/** Codes of the warnings there were. */
const warned = () => emitWarning.mock.calls.map(([, options]) => (options as { code?: string } | undefined)?.code)

type Options = Omit<CacheOptions, 'store' | 'clock' | 'onDecision' | 'tape'>

/** A client that records what `respond` answers. */
function recording(store: CacheStore, respond: Respond, options: Options = {}): Promise<SetUp> {
  return setUp(store, (_setUp, ...args) => respond(...args), { ...options, tape: 'record' })
}

/** The origin is stopped, and a client of a new interceptor replays what was recorded. */
async function replaying(recorder: SetUp, options: Options = {}): Promise<SetUp> {
  const { url } = recorder.origin
  await recorder.origin.stop()
  const stopped = Object.defineProperty(recorder.origin, 'url', { value: url })
  return new SetUp(stopped, recorder.store, { ...options, tape: 'replay' })
}

describe.each(stores)('tape, in %s', (_name, make) => {
  it('replays what was recorded though the origin is stopped, with the fields as they came', async () => {
    const recorder = await recording(make(), (_request, response) =>
      response
        .writeHead(200, 'Fine', [
          'Content-Type',
          'text/plain',
          'X-Case',
          'a',
          'Set-Cookie',
          'a=1',
          'x-case',
          'b',
          'Set-Cookie',
          'b=2',
          'Date',
          'Mon, 05 Jan 2026 12:00:00 GMT',
          'Age',
          '7',
          'Content-Length',
          '5'
        ])
        .end('hello')
    )
    const recorded = await recorder.get('/')
    expect(recorded.decision).toMatchObject({ outcome: 'bypass', stored: true, tape: 'recorded', status: 200 })
    const replayer = await replaying(recorder)
    replayer.clock.advance(1_000_000)
    const replayed = await replayer.get('/')
    expect(replayed).toMatchObject({ status: 200, text: 'hello', headers: recorded.headers })
    expect(replayed.headers).toMatchObject({ age: '7', 'set-cookie': ['a=1', 'b=2'], 'x-case': ['a', 'b'] })
    expect(replayed.decision).toMatchObject({ outcome: 'hit', tape: 'replayed', stored: false, status: 200 })
  })

  it.each([
    ['no-store', 'GET', 200, { 'Cache-Control': 'no-store' }],
    ['private, in a shared cache', 'GET', 200, { 'Cache-Control': 'private, no-cache' }],
    ['an answer to POST', 'POST', 201, {}],
    ['an answer to a method that is never stored', 'PROPFIND', 200, {}],
    ['an error', 'GET', 503, {}],
    ['what is never stored', 'GET', 429, {}],
    ['a 206', 'GET', 206, { 'Content-Range': 'bytes 0-4/10' }],
    ['a Vary that matches nothing', 'GET', 200, { Vary: '*' }]
  ])('records %s', async (_what, method, status, fields) => {
    const recorder = await recording(make(), (_request, response) => response.writeHead(status, fields).end('hello'))
    expect(await recorder.get('/', { method })).toMatchObject({ status, text: 'hello', decision: { stored: true } })
    const replayer = await replaying(recorder)
    expect(await replayer.get('/', { method })).toMatchObject({ status, text: 'hello' })
  })

  it.each([
    ['HEAD', 200, { 'Content-Length': '500' }],
    ['GET', 304, {}],
    ['DELETE', 204, {}]
  ])('records an answer to %s with status %i, which has no content', async (method, status, fields) => {
    const recorder = await recording(make(), (_request, response) => response.writeHead(status, fields).end())
    await recorder.get('/', { method })
    const replayer = await replaying(recorder)
    expect(await replayer.get('/', { method })).toMatchObject({
      status,
      text: '',
      headers: expect.objectContaining(lower(fields))
    })
  })

  it('asks the origin for every request while it records', async () => {
    const recorder = await recording(make(), (_request, response, n) =>
      response.setHeader('Cache-Control', 'max-age=60').end(`answer ${n}`)
    )
    expect((await recorder.get('/')).text).toBe('answer 0')
    expect((await recorder.get('/')).text).toBe('answer 1')
    expect(recorder.asked).toBe(2)
  })

  it('replays answers to one request in their order, and then the last one again', async () => {
    const recorder = await recording(make(), (_request, response, n) => response.end(`answer ${n}`))
    for (let i = 0; i < 3; i++) await recorder.get('/')
    const replayer = await replaying(recorder)
    const texts: string[] = []
    for (let i = 0; i < 5; i++) texts.push((await replayer.get('/')).text)
    expect(texts).toEqual(['answer 0', 'answer 1', 'answer 2', 'answer 2', 'answer 2'])
    const again = new SetUp(replayer.origin, replayer.store, { tape: 'replay' })
    expect((await again.get('/')).text).toBe('answer 0')
  })

  it('keeps the order of the requests where the answers come in another', async () => {
    const held: (() => void)[] = []
    const recorder = await recording(make(), (_request, response, n) => {
      if (n === 0) held.push(() => response.end('answer 0'))
      else response.end('answer 1', () => held[0]?.())
    })
    const [first, second] = await Promise.all([recorder.get('/'), recorder.get('/')])
    const texts = [first.text, second.text]
    const replayer = await replaying(recorder)
    expect([(await replayer.get('/')).text, (await replayer.get('/')).text]).toEqual(texts)
  })

  it('records anew in place of an earlier run, be that longer', async () => {
    const store = make()
    const recorder = await recording(store, (_request, response, n) => response.end(`answer ${n}`))
    for (let i = 0; i < 3; i++) await recorder.get('/')
    await recorder.get('/other')
    const later = new SetUp(recorder.origin, store, { tape: 'record' })
    await later.get('/')
    const replayer = await replaying(recorder)
    expect([(await replayer.get('/')).text, (await replayer.get('/')).text]).toEqual(['answer 3', 'answer 3'])
    expect((await replayer.get('/other')).text).toBe('answer 0')
  })

  it('keeps an earlier recording while nothing new has come', async () => {
    const store = make()
    const recorder = await recording(store, (_request, response, n) => {
      if (n === 0) response.end('answer 0')
      else response.socket?.destroy()
    })
    await recorder.get('/')
    const later = new SetUp(recorder.origin, store, { tape: 'record' })
    await expect(later.get('/')).rejects.toThrow()
    const replayer = await replaying(recorder)
    expect((await replayer.get('/')).text).toBe('answer 0')
  })

  it('fails a replay of what was not recorded, with an error that names method and URL and no secret', async () => {
    const recorder = await recording(make(), (_request, response) => response.end('hello'))
    await recorder.get('/a')
    const replayer = await replaying(recorder)
    const url = `${replayer.origin.url}/b?x=1&access_token=***`
    const asking = replayer.get('/b?x=1&access_token=secret', { method: 'DELETE' })
    await expect(asking).rejects.toMatchObject({ name: 'TapeMissError', code: 'CC_TAPE_MISS', method: 'DELETE', url })
    await expect(asking).rejects.toThrow(
      new TapeMissError({ method: 'DELETE', url }, 'no answer to this request is recorded')
    )
    expect(replayer.decisions).toEqual([{ method: 'DELETE', url, outcome: 'miss', tape: 'missing', stored: false }])
    expect(recorder.asked).toBe(1)
  })

  it('tells requests apart by method, path, query, Host, content, partition and keyFields, by ranges and preconditions', async () => {
    const options = {
      keyFields: ['X-Version'],
      partition: ({ field }: { field(name: string): string | undefined }) => field('x-user') ?? ''
    }
    const asks: [path: string, ask: Parameters<SetUp['get']>[1]][] = [
      ['/', {}],
      ['/', { method: 'PUT' }],
      ['/b', {}],
      ['/?a', {}],
      ['/', { headers: { host: 'other.example' } }],
      ['/', { method: 'POST', body: 'a' }],
      ['/', { method: 'POST', body: 'b' }],
      ['/', { method: 'POST' }],
      ['/', { headers: { 'x-user': 'ann' } }],
      ['/', { headers: { 'x-user': 'bob' } }],
      ['/', { headers: { 'x-version': '2' } }],
      ['/', { headers: { range: 'bytes=0-1' } }],
      ['/', { headers: { range: 'bytes=2-3' } }],
      ['/', { headers: { 'if-none-match': '"a"' } }],
      ['/', { headers: { 'if-modified-since': 'Mon, 05 Jan 2026 12:00:00 GMT' } }]
    ]
    let n = 0
    const recorder = await recording(make(), (_request, response) => response.end(`answer ${n++}`), options)
    for (const [path, ask] of asks) await recorder.get(path, ask)
    const replayer = await replaying(recorder, options)
    for (const [i, [path, ask]] of [...asks.entries()].reverse()) {
      expect((await replayer.get(path, ask)).text).toBe(`answer ${i}`)
    }
  })

  it('takes requests for the same that differ in other fields, credentials among them', async () => {
    const recorder = await recording(make(), (_request, response) =>
      response.setHeader('Vary', 'Accept, Authorization').end('hello')
    )
    await recorder.get('/', { headers: { authorization: 'Bearer planted-secret', accept: 'text/html', cookie: 'a=b' } })
    const replayer = await replaying(recorder)
    expect((await replayer.get('/', { headers: { authorization: 'none' } })).text).toBe('hello')
  })

  it('keeps nothing of the request that is a credential', async () => {
    const store = make()
    const given: unknown[] = []
    const set = store.set.bind(store)
    store.set = (key, body, complete) =>
      set(key, body, () => {
        const completed = complete()
        given.push(key, completed)
        return completed
      })
    const options = { keyFields: ['Authorization', 'X-Api-Key'] }
    const recorder = await recording(store, (_request, response) => response.end('hello'), options)
    const headers = { authorization: 'Bearer planted-secret', 'x-api-key': 'planted-secret', cookie: 'planted-secret' }
    await recorder.get('/', { headers })
    expect(given).toHaveLength(2)
    expect(JSON.stringify(given)).not.toContain('planted-secret')
  })

  it('never serves a recording as an ordinary cache, nor takes for a recording what one has stored', async () => {
    const store = make()
    const respond: Respond = (_request, response, n) =>
      response.setHeader('Cache-Control', 'max-age=60').end(`answer ${n}`)
    const recorder = await recording(store, respond)
    await recorder.get('/')
    const cache = new SetUp(recorder.origin, store, {})
    expect(await cache.get('/')).toMatchObject({ text: 'answer 1', decision: { outcome: 'miss', stored: true } })
    expect(await cache.get('/')).toMatchObject({ text: 'answer 1', decision: { outcome: 'hit' } })
    await cache.get('/', { method: 'POST' })
    await cache.get('/cached')
    const replayer = await replaying(recorder)
    expect((await replayer.get('/')).text).toBe('answer 0')
    await expect(replayer.get('/cached')).rejects.toThrow(TapeMissError)
    const later = new SetUp(replayer.origin, store, {})
    expect(await later.get('/cached')).toMatchObject({ decision: { outcome: 'hit' } })
  })

  it('leaves ordinary responses alone while it records', async () => {
    const store = make()
    const cache = await setUp(store, (_setUp, _request, response, n) =>
      response.setHeader('Cache-Control', 'max-age=60').end(`answer ${n}`)
    )
    await cache.get('/')
    const recorder = new SetUp(cache.origin, store, { tape: 'record' })
    expect((await recorder.get('/')).text).toBe('answer 1')
    await recorder.get('/', { method: 'POST' })
    expect(await cache.get('/')).toMatchObject({ text: 'answer 0', decision: { outcome: 'hit' } })
  })

  it('is left alone by what is done with an ordinary cache on the store, but for clear', async () => {
    const store = make()
    const recorder = await recording(store, (_request, response) =>
      response.setHeader('Cache-Control', 'max-age=60').end('hello')
    )
    const url = `${recorder.origin.url}/`
    await recorder.get('/')
    const cache = createCache({ store, clock: () => recorder.clock.now })
    const agent = new Agent()
    await (await request(url, { dispatcher: agent.compose(cache.interceptor) })).body.text()
    const urls: string[] = []
    for await (const entry of cache.entries()) urls.push(entry.url)
    expect(urls).toEqual([url])
    await cache.invalidate(url)
    await cache.delete(url)
    await cache.purge({ origin: recorder.origin.url })
    await cache.purge({ predicate: () => true })
    const replay = () => new SetUp(recorder.origin, store, { tape: 'replay' }).get('/')
    expect((await replay()).text).toBe('hello')
    await cache.clear()
    await expect(replay()).rejects.toThrow(TapeMissError)
    await agent.close()
  })

  it.each(generations)('plays the raw fields in their order and their case to %s handlers', async (generation) => {
    const recorder = await recording(make(), (_request, response) =>
      response.writeHead(200, 'Fine', ['X-b', '1', 'x-A', '2', 'X-B', '3', 'Content-Length', '0']).end()
    )
    const asked = { origin: recorder.origin.url, path: '/', method: 'GET' } as const
    const seen = new Recorder(generation)
    recorder.dispatcher.dispatch(asked, seen.handler)
    await seen.over
    const replayer = await replaying(recorder)
    const replayed = new Recorder(generation)
    replayer.dispatcher.dispatch(asked, replayed.handler)
    await replayed.over
    const texts = (recorder: Recorder) => [recorder.status, recorder.statusText, recorder.rawHeaders.map(String)]
    expect(texts(replayed)).toEqual(texts(seen))
    expect(replayed.misplaced).toEqual([])
  })

  it('records nothing of an answer whose caller gave up, and nothing of one that was cut', async () => {
    const recorder = await recording(make(), ({ path }, response) => {
      response.writeHead(200, { 'Content-Length': '10' }).write('hello')
      if (path === '/cut') response.socket?.end()
    })
    await expect(recorder.get('/cut')).rejects.toThrow()
    const controller = new AbortController()
    const { body } = await request(`${recorder.origin.url}/aborted`, {
      dispatcher: recorder.dispatcher,
      signal: controller.signal
    })
    const toldOfAbort = recorder.nextDecision()
    controller.abort()
    await expect(body.text()).rejects.toThrow()
    expect(await toldOfAbort).toMatchObject({ stored: false, notStored: { requirement: 'MSG-02' } })
    const replayer = await replaying(recorder)
    for (const path of ['/cut', '/aborted']) await expect(replayer.get(path)).rejects.toThrow(TapeMissError)
    expect(warned()).toEqual([])
  })

  it('records a long body, and plays it as it was', async () => {
    const bytes = createHash('sha256').update('seed').digest('hex').repeat(60_000)
    const recorder = await recording(make(), (_request, response) => response.end(bytes))
    await recorder.get('/')
    const replayer = await replaying(recorder)
    expect((await replayer.get('/')).text === bytes).toBe(true)
  })
})

describe('tape, through the functions of undici', () => {
  const bodies: [name: string, make: () => NonNullable<Parameters<typeof request>[1]>['body']][] = [
    ['text', () => 'some text'],
    ['bytes', () => Buffer.from('some bytes')],
    ['a stream', () => Readable.from([Buffer.from('some '), Buffer.from('pieces')])],
    ['a form', () => form()]
  ]
  const form = () => {
    const form = new FormData()
    form.append('a', '1')
    form.append('file', new File(['content'], 'name.txt'))
    return form
  }

  it.each(bodies)('request sends %s while it records, and finds the answer by it', async (_name, body) => {
    const recorder = await recording(new MapStore(), ({ body }, response) => response.end(`sent ${body.byteLength}`))
    const ask = async (client: SetUp, sent: typeof body) => {
      const decided = client.nextDecision()
      const answer = await request(client.origin.url, {
        dispatcher: client.dispatcher,
        method: 'POST',
        body: sent() ?? null
      })
      const text = await answer.body.text()
      await decided
      return text
    }
    const text = await ask(recorder, body)
    expect(recorder.origin.requests[0]?.body.byteLength).toBeGreaterThan(0)
    const replayer = await replaying(recorder)
    expect(await ask(replayer, body)).toBe(text)
    await expect(ask(replayer, () => 'other')).rejects.toThrow(TapeMissError)
  })

  it.each([
    ['text', () => 'some text'],
    ['a form, whose boundary is another each time', form]
  ])('fetch sends %s while it records, and finds the answer by it', async (_name, body) => {
    const recorder = await recording(new MapStore(), ({ body }, response) => response.end(`sent ${body.byteLength}`))
    const ask = async ({ origin, dispatcher }: SetUp) =>
      await (await undiciFetch(origin.url, { dispatcher, method: 'POST', body: body() })).text()
    const text = await ask(recorder)
    const replayer = await replaying(recorder)
    expect(await ask(replayer)).toBe(text)
    await expect(
      undiciFetch(`${replayer.origin.url}/other`, { dispatcher: replayer.dispatcher })
    ).rejects.toMatchObject({
      cause: { code: 'CC_TAPE_MISS' }
    })
  })

  it('stream and pipeline replay what they recorded', async () => {
    const recorder = await recording(new MapStore(), ({ method }, response) => response.end(`answer to ${method}`))
    const viaStream = async ({ origin, dispatcher }: SetUp) => {
      const chunks: Buffer[] = []
      await stream(
        origin.url,
        { dispatcher, method: 'GET' },
        () =>
          new Writable({
            write(chunk, _encoding, done) {
              chunks.push(chunk)
              done()
            }
          })
      )
      return Buffer.concat(chunks).toString()
    }
    const viaPipeline = async ({ origin, dispatcher }: SetUp) => {
      const duplex = pipeline(origin.url, { dispatcher, method: 'PUT' }, ({ body }) => body)
      duplex.end('sent')
      return Buffer.concat(await duplex.toArray()).toString()
    }
    const recorded = [await viaStream(recorder), await viaPipeline(recorder)]
    expect(recorded).toEqual(['answer to GET', 'answer to PUT'])
    const replayer = await replaying(recorder)
    expect([await viaStream(replayer), await viaPipeline(replayer)]).toEqual(recorded)
  })

  it('createFetch records and replays in every mode, and tells what became of a request', async () => {
    const store = new MapStore()
    const origin = await recording(store, (_request, response) => response.end('hello'))
    const { url } = origin.origin
    const agent = new Agent()
    const recorder = createFetch({ tape: 'record', store, dispatcher: agent })
    const recorded = await recorder(url, { cache: 'no-store' })
    expect(await recorded.text()).toBe('hello')
    await origin.origin.stop()
    const player = createFetch({ tape: 'replay', store, dispatcher: agent })
    const replayed = await player(url, { cache: 'no-store' })
    expect(await replayed.text()).toBe('hello')
    expect([decisionOf(recorded)?.tape, decisionOf(replayed)?.tape]).toEqual(['recorded', 'replayed'])
    await expect(player(`${url}/other`)).rejects.toMatchObject({ cause: { code: 'CC_TAPE_MISS' } })
    await agent.close()
  })

  it.each(['only-if-cached', 'reload', 'no-store'] as const)(
    'the cacheMode %s asks something of a cache, and so nothing of a tape',
    async (cacheMode) => {
      const recorder = await recording(new MapStore(), (_request, response) => response.end('hello'))
      const headers = { 'cache-control': 'only-if-cached, no-store' }
      expect((await recorder.get('/', { cacheMode, headers })).decision.tape).toBe('recorded')
      expect(recorder.origin.requests[0]?.headers).toMatchObject(headers)
      const replayer = await replaying(recorder)
      expect(await replayer.get('/', { cacheMode, headers })).toMatchObject({ status: 200, text: 'hello' })
      await expect(replayer.get('/', { cacheMode: 'all' as 'reload' })).rejects.toThrow(/cacheMode/)
    }
  )

  it('a body that fails fails its request with its own error, and nothing is sent', async () => {
    const recorder = await recording(new MapStore(), (_request, response) => response.end())
    const body = Readable.from(
      (async function* () {
        yield 'some'
        throw new RangeError('no more')
      })()
    )
    await expect(
      request(recorder.origin.url, { dispatcher: recorder.dispatcher, method: 'POST', body })
    ).rejects.toThrow(new RangeError('no more'))
    expect(recorder.asked).toBe(0)
  })
})

describe('tape, and content that is not to be read whole', () => {
  const longest = 67_108_864
  const cases: [what: string, body: () => unknown][] = [
    ['bytes', () => Buffer.alloc(longest + 1)],
    ['text', () => 'x'.repeat(longest + 1)],
    ['a blob', () => new Blob([Buffer.alloc(longest + 1)])],
    [
      'a form',
      () => {
        const form = new FormData()
        for (const name of ['a', 'b']) form.append(name, new Blob([Buffer.alloc(longest / 2 + 1)]))
        return form
      }
    ],
    [
      'a stream without an end',
      () => {
        const piece = Buffer.alloc(1_048_576)
        return Readable.from(
          (function* () {
            for (;;) yield piece
          })()
        )
      }
    ]
  ]

  it.each(cases)('refuses what is too long: %s', async (_what, body) => {
    const recorder = await recording(new MapStore(), (_request, response) => response.end())
    const { dispatcher, origin } = recorder
    await expect(request(origin.url, { dispatcher, method: 'POST', body: body() as Buffer })).rejects.toThrow(
      new TapeContentError(`this is more than ${longest} bytes`)
    )
    expect(recorder.asked).toBe(0)
    expect((await recorder.get('/', { method: 'POST', body: 'short' })).decision.tape).toBe('recorded')
  })

  it('gives a stream up that neither ends nor goes on, after headersTimeout', async () => {
    const { dispatcher, origin, asked } = await recording(new MapStore(), (_request, response) => response.end())
    const body = new Readable({ read() {} })
    body.push('some')
    const asking = request(origin.url, { dispatcher, method: 'POST', body, headersTimeout: 20 })
    await expect(asking).rejects.toMatchObject({ code: 'CC_TAPE_CONTENT', message: expect.stringMatching(/for 20 ms/) })
    expect(body.destroyed).toBe(true)
    expect(asked).toBe(0)
  })

  it('lets go of a stream whose request is given up', async () => {
    const { dispatcher, origin } = await recording(new MapStore(), (_request, response) => response.end())
    const body = new Readable({ read() {} })
    const recorder = new Recorder('new')
    dispatcher.dispatch({ origin: origin.url, path: '/', method: 'POST', body }, recorder.handler)
    const reason = new Error('changed my mind')
    recorder.control.abort(reason)
    await recorder.over
    expect(recorder.errors).toEqual([reason])
    await turns()
    expect(body.destroyed).toBe(true)
  })
})

describe('tape, with a store that fails', () => {
  const hello: Respond = (_request, response) => response.end('hello')

  it.each([
    [
      'delete',
      'throws',
      () => {
        throw new Error('no')
      }
    ],
    ['delete', 'hangs', never],
    [
      'set',
      'throws',
      () => {
        throw new Error('no')
      }
    ],
    ['set', 'rejects', () => Promise.reject(new Error('no'))],
    ['set', 'hangs', never]
  ] as const)(
    'records nothing where %s %s: the request succeeds, and a warning tells',
    async (operation, _how, fault) => {
      const store = new FaultyStore()
      const recorder = await recording(store, hello, { storeTimeoutMs: 20 })
      store.faults = { [operation]: fault }
      const { body } = await request(recorder.origin.url, { dispatcher: recorder.dispatcher })
      expect(await body.text()).toBe('hello')
      if (fault !== never) expect(warned()).toEqual(['CC_STORE_FAILED', 'CC_NOT_RECORDED'])
      store.faults = {}
      const replayer = await replaying(recorder)
      await expect(replayer.get('/')).rejects.toThrow(TapeMissError)
    }
  )

  it.each(['get', 'openBody'] as const)('says so in a replay if %s fails', async (operation) => {
    const store = new FaultyStore()
    const recorder = await recording(store, hello)
    await recorder.get('/')
    store.faults = { [operation]: () => Promise.reject(new Error('no')) }
    const replayer = await replaying(recorder)
    await expect(replayer.get('/')).rejects.toThrow('what is recorded for this request cannot be read')
  })

  it('waits longer for a replay than for a hit, as there is nobody else to ask', async () => {
    const store = new FaultyStore()
    const recorder = await recording(store, hello)
    await recorder.get('/')
    const slow = new Gate()
    store.faults = { get: (sound) => slow.opened.then(sound) }
    const replayer = await replaying(recorder, { storeTimeoutMs: 1 })
    const asking = replayer.get('/')
    await turns(2_000)
    slow.open()
    expect((await asking).text).toBe('hello')
  })

  it('has an answer recorded by the time that its caller has the end of it', async () => {
    const store = new FaultyStore()
    const recorder = await recording(store, hello)
    store.faults = { set: async (sound) => turns(50).then(sound) }
    await (await request(recorder.origin.url, { dispatcher: recorder.dispatcher })).body.text()
    expect((await new SetUp(recorder.origin, store, { tape: 'replay' }).get('/')).text).toBe('hello')
  })

  it('tells of an answer that is too long, and of a head that could not be told from a damaged one', async () => {
    const recorder = await recording(new MapStore({ maxEntryBytes: 4 }), hello)
    expect((await recorder.get('/')).decision).toMatchObject({ stored: false, notStored: { requirement: 'MSG-03' } })
    const lame = await recording(new MapStore(), hello)
    lame.clock.now = Number.NaN
    expect((await lame.get('/')).decision).toMatchObject({ stored: false, notStored: { requirement: 'SEC-05' } })
    expect(warned()).toEqual(['CC_NOT_RECORDED', 'CC_NOT_RECORDED'])
  })

  it.each([
    ['a body', (json: string) => json.replace(/"digests":\["./, '"digests":["!')],
    ['the marker', (json: string) => json.replace('"tape":0', '"tape":-1')],
    ['the key', (json: string) => json.replace('"key":"tape:', '"key":"tape!')],
    ['a field', (json: string) => json.replace('"fields":[[', '"fields":[["a\\n","b"],[')]
  ])('does not play a recording in which %s was damaged', async (_what, damage) => {
    const store = new FaultyStore()
    const recorder = await recording(store, (_request, response) => response.setHeader('X-A', 'b').end('hello'))
    await recorder.get('/')
    store.faults = { get: async (sound) => JSON.parse(damage(JSON.stringify(await sound()))) }
    const replayer = await replaying(recorder)
    await expect(replayer.get('/')).rejects.toThrow('what is recorded for this request cannot be read')
  })

  it('does not play what was not signed with the key', async () => {
    const store = new MapStore()
    const recorder = await recording(store, hello, { integrityKey: 'a'.repeat(32) })
    await recorder.get('/')
    const replayer = await replaying(recorder, { integrityKey: 'a'.repeat(32) })
    expect((await replayer.get('/')).text).toBe('hello')
    const other = new SetUp(replayer.origin, store, { tape: 'replay', integrityKey: 'b'.repeat(32) })
    await expect(other.get('/')).rejects.toThrow('what is recorded for this request cannot be read')
  })

  it('is not fooled by a store that hands out under one key what was stored under another', async () => {
    for (const [, make] of stores) {
      const store = make()
      const recorder = await recording(store, (_request, response) =>
        response.setHeader('Cache-Control', 'max-age=60').end('hello')
      )
      await recorder.get('/')
      const keys: string[] = []
      const get = store.get.bind(store)
      const taped = new Map<string, string>()
      store.get = (key) => {
        keys.push(key)
        return get(taped.get(key) ?? key)
      }
      await new SetUp(recorder.origin, store, { tape: 'replay' }).get('/')
      taped.set(`${recorder.origin.url}/`, keys[0] as string)
      const cache = new SetUp(recorder.origin, store, { type: 'private' })
      expect(await cache.get('/')).toMatchObject({ decision: { outcome: 'miss' } })
    }
  })
})

describe('tape, as an option', () => {
  it.each(['record', 'replay'] as const)('%s needs a store that was chosen for it', (tape) => {
    expect(() => cacheInterceptor({ tape })).toThrow(
      new TypeError(
        'cacheInterceptor: store must be set where tape is: recordings belong into a store that was chosen for them, not undefined'
      )
    )
  })

  it('warns where NODE_ENV is production', () => {
    const before = process.env.NODE_ENV
    process.env.NODE_ENV = 'production'
    try {
      cacheInterceptor({ tape: 'replay', store: new MapStore() })
      cacheInterceptor({ store: new MapStore() })
    } finally {
      process.env.NODE_ENV = before
    }
    expect(warned()).toEqual(['CC_TAPE_IN_PRODUCTION'])
  })

  it('lets pass what is not looked at while it records, and fails it in a replay', async () => {
    const options: Options = {
      enabled: ({ url }) => !url.endsWith('/live'),
      partition: ({ url }) => (url.endsWith('/nobody') ? (undefined as never) : '')
    }
    const store = new FaultyStore()
    const recorder = await recording(store, (_request, response) => response.end('hello'), options)
    for (const path of ['/live', '/nobody']) {
      const { body } = await request(recorder.origin.url + path, { dispatcher: recorder.dispatcher })
      expect(await body.text()).toBe('hello')
    }
    expect(store.calls).toEqual([])
    const replayer = await replaying(recorder, options)
    for (const path of ['/live', '/nobody']) {
      await expect(request(replayer.origin.url + path, { dispatcher: replayer.dispatcher })).rejects.toThrow(
        'this request is none that is recorded'
      )
    }
  })

  it('never lets an upgrade out in a replay', async () => {
    const replayer = await replaying(await recording(new MapStore(), (_request, response) => response.end()))
    const { dispatcher, origin } = replayer
    const seen = new Recorder('new')
    dispatcher.dispatch({ origin: origin.url, path: '/', method: 'GET', upgrade: 'websocket' }, seen.handler)
    await seen.over
    expect(seen.errors).toEqual([expect.objectContaining({ code: 'CC_TAPE_MISS' })])
  })

  it('is the network of an ordinary cache above it', async () => {
    const recorder = await recording(new MapStore(), (_request, response) =>
      response.setHeader('Cache-Control', 'max-age=60').end('hello')
    )
    await recorder.get('/')
    const replayer = await replaying(recorder)
    const outcomes: string[] = []
    const agent = new Agent()
    const dispatcher = agent.compose(
      cacheInterceptor({ tape: 'replay', store: recorder.store }),
      cacheInterceptor({
        store: new MapStore({ sync: true, keepsObjects: true }),
        clock: () => replayer.clock.now,
        onDecision: ({ outcome }) => outcomes.push(outcome)
      })
    )
    for (let i = 0; i < 2; i++) {
      const { body } = await request(replayer.origin.url, { dispatcher })
      expect(await body.text()).toBe('hello')
    }
    await agent.close()
    expect(outcomes).toEqual(['miss', 'hit'])
  })
})

function lower(fields: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]))
}
