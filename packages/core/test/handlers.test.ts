import type { CacheStore } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { interceptors, request } from 'undici'
import { type SetUp, setUp, stores } from './harness.js'
import { MapStore } from './map-store.js'
import { turns } from './no-stray-errors.js'
import { rawOrigin, writeRaw } from './raw-origin.js'
import { type Generation, generations, type OnStep, Recorder } from './recorder.js'

const body = Buffer.alloc(200_000, 'x')

async function clientOf(store: CacheStore): Promise<SetUp> {
  return await setUp(store, (_setUp, _request, response) => {
    response.setHeader('Cache-Control', 'max-age=60').setHeader('Content-Length', body.byteLength).end(body)
  })
}

function ask(client: SetUp, generation: Generation, onStep?: OnStep, origin = client.origin.url): Recorder {
  const recorder = new Recorder(generation, onStep)
  client.dispatcher.dispatch({ origin, path: '/', method: 'GET' }, recorder.handler)
  return recorder
}

const sources = [
  { source: 'the network', make: () => new MapStore(), isStored: false },
  ...stores.map(([source, make]) => ({ source, make, isStored: true }))
]
const steps = ['start', 'head', 'data', 'end'] as const
const cases = steps.flatMap((step) => generations.map((generation) => ({ step, generation })))

describe.each(sources)('a handler that reads from $source', ({ make, isStored }) => {
  it.each(cases)('and throws at $step gets that as its one error ($generation)', async ({ step, generation }) => {
    const client = await clientOf(make())
    if (isStored) await client.get('/')
    const thrown = new Error('a mistake of the handler')
    const recorder = ask(client, generation, (at) => {
      if (at === step) throw thrown
    })
    await recorder.seen('error')
    await turns(20)
    expect(recorder.errors).toEqual([thrown])
    expect(recorder.events.at(-1)).toBe('error')
    expect(recorder.events.filter((event) => event.startsWith(step))).toHaveLength(1)
    expect(await client.get('/')).toMatchObject({ status: 200 })
  })

  it.each(generations)('and throws at the error too disturbs nobody (%s)', async (generation) => {
    const client = await clientOf(make())
    if (isStored) await client.get('/')
    const recorder = ask(client, generation, () => {
      throw new Error('again and again')
    })
    await recorder.seen('error')
    await turns(20)
    expect(recorder.events).toEqual(['start', 'error'])
    expect(await client.get('/')).toMatchObject({ status: 200 })
  })

  it('and lacks what it does not need gets on without', async () => {
    const client = await clientOf(make())
    if (isStored) await client.get('/')
    const decided = client.nextDecision()
    client.dispatcher.dispatch(
      { origin: client.origin.url, path: '/', method: 'GET' },
      { onRequestStart() {}, onResponseError() {} }
    )
    expect(await decided).toMatchObject({ outcome: isStored ? 'hit' : 'miss' })
  })
})

describe('a handler that throws when a response has begun', () => {
  it.each(['onResponseStarted', 'onBodySent', 'onRequestSent'])('in %s gets that as its one error', async (method) => {
    const client = await setUp(new MapStore(), (_setUp, _request, response) => response.end('answer'))
    const thrown = new Error('a mistake of the handler')
    const recorder = new Recorder('legacy')
    const handler = {
      ...recorder.handler,
      [method]: () => {
        throw thrown
      }
    }
    const options = { origin: client.origin.url, path: '/', method: 'POST' as const, body: 'content' }
    client.dispatcher.dispatch(options, handler)
    await recorder.over
    await turns(20)
    expect(recorder.events.filter((event) => event === 'error' || event === 'end')).toHaveLength(1)
    if (recorder.errors.length > 0) expect(recorder.errors).toEqual([thrown])
  })
})

describe.each(stores)('a response from %s looks as it came from the network', (_name, makeStore) => {
  const lines = [
    ['Content-Length', '4'],
    ['cAcHe-CoNtRoL', 'max-age=60'],
    ['Set-Cookie', 'a=1'],
    ['X-Latin', 'caf\u00e9 \u00ff'],
    ['x-other', 'one'],
    ['Set-Cookie', 'b=2'],
    ['X-Other', 'two, three'],
    ['X-Empty', ''],
    ['Date', 'Mon, 05 Jan 2026 12:00:00 GMT'],
    ['constructor', 'c'],
    ['toString', 't']
  ] as const
  const make = async () => {
    const raw = await rawOrigin((socket) =>
      writeRaw(socket, ['HTTP/1.1 203 All is "well"', ...lines.map(([name, value]) => `${name}: ${value}`)], 'body')
    )
    const client = await setUp(makeStore(), (_setUp, _request, response) => response.end(), { type: 'private' })
    return { client, url: raw.url }
  }

  it('to responseHeaders: raw, in case, order, repeats and octets', async () => {
    const { client, url } = await make()
    const ask = async () => {
      const decided = client.nextDecision()
      const options = { dispatcher: client.dispatcher, responseHeaders: 'raw' as const }
      const { statusCode, headers, body } = await request(url, options)
      return { statusCode, headers: headers as unknown as string[], text: await body.text(), decision: await decided }
    }
    const network = await ask()
    expect(network.headers).toEqual(lines.flat())
    const stored = await ask()
    expect(stored.decision.outcome).toBe('hit')
    expect(stored).toMatchObject({ statusCode: 203, text: 'body', headers: [...lines.flat(), 'Age', '0'] })
  })

  it.each(generations)('to a %s handler', async (generation) => {
    const { client, url } = await make()
    const decided = client.nextDecision()
    const network = ask(client, generation, undefined, url)
    await Promise.all([network.over, decided])
    const stored = ask(client, generation, undefined, url)
    await stored.over
    expect(network.rawHeaders.map((value) => latin1(value))).toEqual(lines.flat())
    expect(stored.rawHeaders.map((value) => latin1(value))).toEqual([...lines.flat(), 'Age', '0'])
    expect(stored.rawHeaders.every((value) => Buffer.isBuffer(value))).toBe(true)
    expect(stored).toMatchObject({ status: network.status, statusText: network.statusText, text: network.text })
    expect(stored.statusText).toBe('All is "well"')
    if (generation === 'legacy') return
    expect(network.headers).toMatchObject({
      'set-cookie': ['a=1', 'b=2'],
      'x-latin': 'caf\u00e9 \u00ff',
      constructor: 'c'
    })
    expect({ ...stored.headers }).toEqual({ ...network.headers, age: '0' })
  })

  it('and is not changed by what callers do to it', async () => {
    const { client, url } = await make()
    const spoil: OnStep = (step, _control, { headers, rawHeaders, chunks }) => {
      if (step !== 'head') return
      for (const name of Object.keys(headers)) {
        const value = headers[name]
        if (Array.isArray(value)) value.length = 0
        delete headers[name]
      }
      ;(rawHeaders as unknown[]).length = 0
      expect(chunks).toEqual([])
    }
    await client.get('/', { origin: url })
    for (const generation of generations) await ask(client, generation, spoil, url).over
    const { headers, text } = await client.get('/', { origin: url })
    expect(text).toBe('body')
    expect(headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'x-other': ['one', 'two, three'], age: '0' })
  })

  it('GEN-02: and its bytes are the own of each caller, who may write over them', async () => {
    const body = Buffer.alloc(60_000, 'x')
    const client = await setUp(makeStore(), (_setUp, _request, response) => {
      response.setHeader('Cache-Control', 'max-age=60').setHeader('Content-Length', body.byteLength).end(body)
    })
    for (const generation of [...generations, ...generations]) {
      const decided = client.nextDecision()
      const recorder = new Recorder(generation)
      const { handler } = recorder
      const overwriting = {
        ...handler,
        ...(generation === 'new' && {
          onResponseData(...[controller, chunk]: Parameters<NonNullable<typeof handler.onResponseData>>) {
            handler.onResponseData?.(controller, chunk)
            chunk.fill(0)
          }
        }),
        ...(generation === 'legacy' && {
          onData(chunk: Buffer) {
            const goesOn = handler.onData?.(chunk)
            chunk.fill(0)
            return goesOn ?? true
          }
        })
      }
      client.dispatcher.dispatch({ origin: client.origin.url, path: '/', method: 'GET' }, overwriting)
      await Promise.all([recorder.over, decided])
    }
    expect(Buffer.from((await client.get('/')).text).equals(body)).toBe(true)
  })

  it('also through decompress above the cache, which changes the fields in place', async () => {
    const { gzipSync } = await import('node:zlib')
    const client = await setUp(makeStore(), (_setUp, _request, response) => {
      response.setHeader('Cache-Control', 'max-age=60').setHeader('Content-Encoding', 'gzip').end(gzipSync('plain'))
    })
    const dispatcher = client.dispatcher.compose(interceptors.decompress())
    for (let i = 0; i < 3; i++) {
      const decided = client.nextDecision()
      const { headers, body } = await request(`${client.origin.url}/`, { dispatcher })
      expect([await body.text(), headers['content-encoding']]).toEqual(['plain', undefined])
      await decided
    }
    expect((await client.get('/')).headers).toMatchObject({ 'content-encoding': 'gzip' })
    expect(client.asked).toBe(1)
  })
})

function latin1(value: unknown): string {
  return typeof value === 'string' ? value : Buffer.from(value as Uint8Array).toString('latin1')
}
