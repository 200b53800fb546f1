import { createHash } from 'node:crypto'
import { type CacheDecision, type CacheOptions, type CacheStore, cacheInterceptor } from '@cc/core'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Agent, type Dispatcher, request } from 'undici'
import { setUp, stores } from './harness.js'
import type { MapStore } from './map-store.js'
import './no-stray-errors.js'
import { rawOrigin, writeRaw } from './raw-origin.js'
import { Recorder } from './recorder.js'

const agents: Agent[] = []

afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.destroy()
})

type Play = (handler: Required<Dispatcher.DispatchHandler>, opts: Dispatcher.DispatchOptions) => void

/** A cache above a network that plays what no real one lets through, or above a real one. */
function cacheAbove(play: Play | undefined, options: CacheOptions & { store: CacheStore }) {
  const agent = new Agent({ maxHeaderSize: 8 * 1024 * 1024 })
  agents.push(agent)
  const decisions: CacheDecision[] = []
  const waiting: (() => void)[] = []
  const cache = cacheInterceptor({
    ...options,
    onDecision: (decision) => {
      decisions.push(decision)
      waiting.shift()?.()
    }
  })
  const network: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (opts, handler) => {
    if (play === undefined) return dispatch(opts, handler)
    play(handler as Required<Dispatcher.DispatchHandler>, opts)
    return true
  }
  const dispatcher = agent.compose(network, cache)
  const ask = async (origin: string, headers: unknown = {}) => {
    const decided = new Promise<void>((resolve) => waiting.push(resolve))
    const recorder = new Recorder('new')
    dispatcher.dispatch({ origin, path: '/', method: 'GET', headers } as never, recorder.handler)
    await recorder.over
    if (recorder.errors.length === 0) await decided
    return recorder
  }
  return { ask, decisions }
}

const controller = (rawHeaders: unknown) =>
  ({
    rawHeaders,
    rawTrailers: [],
    paused: false,
    aborted: false,
    reason: null,
    pause() {},
    resume() {},
    abort() {}
  }) as never

function playing(headers: Record<string, string | string[]>, body = 'body', raw?: unknown): Play {
  return (handler) => {
    const it = controller(raw)
    handler.onRequestStart(it, {})
    handler.onResponseStart(it, 200, headers, 'OK')
    handler.onResponseData(it, Buffer.from(body))
    handler.onResponseEnd(it, {})
  }
}

async function keysOf(store: MapStore): Promise<string[]> {
  const keys: string[] = []
  for await (const key of store.keys()) keys.push(key)
  return keys
}

const fresh = { 'cache-control': 'max-age=60', 'content-length': '4' }
const broken = ['a\r\nSet-Cookie: x=1', 'a\nb', 'a\rb', 'a\u0000b', '\n', 'a\r\n']

describe.each(stores)('with %s', (_name, makeStore) => {
  it.each(broken)(
    'SEC-01: a response with %j in a value is relayed as it is, and nothing of it stored',
    async (value) => {
      for (const headers of [{ 'x-a': value }, { 'x-a': ['fine', value] }, { [`x-${value}`]: 'fine' }]) {
        const store = makeStore()
        const { ask, decisions } = cacheAbove(playing({ ...fresh, ...headers }), { store })
        const recorder = await ask('http://example.com')
        expect(recorder).toMatchObject({ status: 200, text: 'body', headers, errors: [] })
        expect(decisions).toMatchObject([{ outcome: 'miss', stored: false, notStored: { requirement: 'SEC-01' } }])
        expect(await keysOf(store)).toEqual([])
      }
    }
  )

  it.each(broken)('SEC-01: a request with %j is not looked up and leaves no trace', async (value) => {
    const client = await setUp(makeStore(), (_setUp, _request, response) => {
      response.setHeader('Cache-Control', 'max-age=60').end()
    })
    await client.get('/')
    const shapes: unknown[] = [{ 'X-A': value }, ['X-A', value], [['X-A', value]].values(), { [`X-${value}`]: '1' }]
    for (const headers of shapes) {
      const asked = request(`${client.origin.url}/`, { dispatcher: client.dispatcher, headers: headers as never })
      await expect(asked).rejects.toMatchObject({ code: 'UND_ERR_INVALID_ARG' })
    }
    expect(client.asked).toBe(1)
    expect(client.decisions.slice(1).every(({ outcome, stored }) => outcome === 'bypass' && !stored)).toBe(true)
  })

  it('SEC-02: scheme, host and port are told apart, and only these', async () => {
    let sent = 0
    const play: Play = (handler, opts) => playing({ ...fresh, 'x-n': String(++sent) })(handler, opts)
    const { ask, decisions } = cacheAbove(play, { store: makeStore() })
    const origins = [
      'http://h.example',
      'https://h.example',
      'http://h.example:8080',
      'http://h.example:443',
      'https://h.example:80',
      'http://other.example',
      'http://sub.h.example',
      'http://h.example.'
    ]
    for (const origin of origins) expect((await ask(origin)).headers['x-n']).toBe(String(sent))
    expect(sent).toBe(origins.length)
    const same = ['HTTP://H.example:80', 'https://h.example:443', 'http://user:secret@h.example', 'http://h.example/']
    for (const origin of same) await ask(origin)
    expect(sent).toBe(origins.length)
    expect(decisions.slice(origins.length).map(({ outcome }) => outcome)).toEqual(Array(same.length).fill('hit'))
  })

  it('SEC-03: what is stored and told holds digests of credentials and of no request content anything', async () => {
    const store = makeStore()
    const written: string[] = []
    const spied = new Proxy(store, {
      get: (target, name) => {
        const member = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => {
          const given = args.map((arg) => (typeof arg === 'function' ? () => noted((arg as () => unknown)()) : arg))
          noted(args.filter((arg) => typeof arg !== 'function'))
          return member.apply(target, given)
        }
      }
    })
    const noted = <T>(value: T): T => {
      written.push(Buffer.isBuffer(value) ? value.toString() : (JSON.stringify(value) ?? ''))
      return value
    }
    const secrets = ['Bearer authorization-secret', 'cookie=secret', 'Basic proxy-secret', 'api-secret', 'own-secret']
    const [authorization, cookie, proxy, apiKey, own] = secrets as [string, string, string, string, string]
    const client = await setUp(
      spied,
      (_setUp, _request, response) => {
        response.setHeader('Cache-Control', 'max-age=60, must-revalidate')
        response.setHeader('Vary', 'Authorization, Cookie, X-Own, Accept').end('body')
      },
      { keyFields: ['X-Own', 'Authorization'], credentialFields: ['Cookie', 'X-Api-Key', 'X-Own'] }
    )
    const headers = {
      authorization,
      cookie,
      'proxy-authorization': proxy,
      'x-api-key': apiKey,
      'x-own': own,
      accept: 'a/b'
    }
    await client.get('/', { headers })
    expect(await client.get('/', { headers })).toMatchObject({ decision: { outcome: 'hit' } })
    await client.get('/', { headers, method: 'POST', body: 'content-secret' })
    const all = written.join('\n') + JSON.stringify(client.decisions)
    for (const secret of [...secrets, 'content-secret']) expect(all).not.toContain(secret)
    expect(all).toContain('a/b')
    expect(all).toContain(createHash('sha256').update(cookie).digest('hex'))
  })

  describe('SEC-04: over sockets', () => {
    const times = async (lines: string[], headers: Record<string, string> = {}) => {
      const raw = await rawOrigin((socket) =>
        writeRaw(socket, ['HTTP/1.1 200 OK', 'ETag: "a"', 'Content-Length: 4', ...lines], 'body')
      )
      const store = makeStore()
      const { ask, decisions } = cacheAbove(undefined, { store })
      const began = performance.now()
      for (let i = 0; i < 2; i++) expect(await ask(raw.url, headers)).toMatchObject({ text: 'body', errors: [] })
      expect(performance.now() - began).toBeLessThan(5_000)
      return { decisions, keys: await keysOf(store), asked: raw.requests.length }
    }
    const notStored = (requirement: string) =>
      Array(2).fill({ outcome: 'miss', stored: false, notStored: { requirement } })

    it.each([
      ['a million commas in Cache-Control', ['Cache-Control: max-age=60', `Cache-Control: ${','.repeat(1_000_000)}`]],
      ['a Cache-Control of many lines', Array(2_000).fill('Cache-Control: max-age=60')],
      ['an unterminated quote in Cache-Control', [`Cache-Control: max-age=60, x="${'\\"'.repeat(10_000)}`]],
      ['a Vary too long', ['Cache-Control: max-age=60', `Vary: ${'x, '.repeat(6_000)}x`]]
    ])('%s is relayed and not stored', async (_what, lines) => {
      const { decisions, keys, asked } = await times(lines)
      expect(decisions).toMatchObject(notStored('SEC-04'))
      expect([keys, asked]).toEqual([[], 2])
    })

    it('a Vary of 64 fields is stored, one of 65 is not', async () => {
      const vary = (count: number) => `Vary: ${Array.from({ length: count }, (_, i) => `X-${i}`).join(', ')}`
      expect((await times(['Cache-Control: max-age=60', vary(65)])).keys).toEqual([])
      expect((await times(['Cache-Control: max-age=60', vary(64)])).decisions).toMatchObject([
        { stored: true },
        { outcome: 'hit' }
      ])
    })

    it('16 KiB of Cache-Control are read, one more is not', async () => {
      const value = (length: number) => 'max-age=60, x='.padEnd(length, 'y')
      const { decisions } = await times([`Cache-Control: ${value(16_384)}`])
      expect(decisions).toMatchObject([{ stored: true }, { outcome: 'hit' }])
      expect((await times([`Cache-Control: ${value(16_385)}`])).keys).toEqual([])
    })

    it('a request with a Cache-Control too long bypasses', async () => {
      const { decisions, keys } = await times(['Cache-Control: max-age=60'], { 'Cache-Control': 'x'.repeat(16_385) })
      expect(decisions).toMatchObject(Array(2).fill({ outcome: 'bypass', reason: 'bypass' }))
      expect(keys).toEqual([])
      const short = await times(['Cache-Control: max-age=60'], { 'Cache-Control': 'x'.repeat(16_384) })
      expect(short.decisions).toMatchObject([{ stored: true }, { outcome: 'hit' }])
    })

    it('other fields may be as long as they like', async () => {
      const { decisions } = await times(['Cache-Control: max-age=60', `X-Long: ${'x,'.repeat(500_000)}`])
      expect(decisions).toMatchObject([{ stored: true }, { outcome: 'hit' }])
    })
  })

  it('MSG-02: lengths that repeat count once; those that differ, or are none, keep a response out', async () => {
    const ask = async (length: string | string[], body: string) => {
      const { ask, decisions } = cacheAbove(playing({ ...fresh, 'content-length': length }, body), {
        store: makeStore()
      })
      await ask('http://example.com')
      return decisions[0]
    }
    for (const length of ['4', '4, 4', ['4', '4'], ['4', '4 , 4']])
      expect(await ask(length, 'body')).toMatchObject({ stored: true })
    for (const length of ['4, 5', ['4', '5'], '', 'four', '-4', '4.0', '0x4', '4;', '4,', '9'.repeat(30)]) {
      expect(await ask(length, 'body')).toMatchObject({ stored: false, notStored: { requirement: 'MSG-02' } })
    }
    for (const length of ['3', '5', '0']) {
      expect(await ask(length, 'body')).toMatchObject({ stored: false, notStored: { requirement: 'MSG-02' } })
    }
  })

  it('ROB-01: random bytes in every field that matters to a cache change nothing of what the caller gets', async () => {
    const names = [
      'Cache-Control',
      'Age',
      'Date',
      'Expires',
      'ETag',
      'Last-Modified',
      'Vary',
      'Pragma',
      'Content-Range',
      'Location',
      'Cache-Status',
      'Warning'
    ]
    let seed = 42
    const random = (limit: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return seed % limit
    }
    const alphabet = 'max-age=60,no-store"\\;*W/ \t()<>\u00e9\u00ff0123456789GMT:='
    const value = () => Array.from({ length: random(40) }, () => alphabet.charAt(random(alphabet.length))).join('')
    const lines: string[][] = []
    const raw = await rawOrigin((socket, n) => {
      lines[n] = names.flatMap((name) => (random(3) === 0 ? [] : [`${name}: ${value()}`]))
      writeRaw(socket, ['HTTP/1.1 200 OK', `X-N: ${n}`, 'Content-Length: 4', ...(lines[n] ?? [])], 'body')
    })
    const { ask } = cacheAbove(undefined, { store: makeStore() })
    for (let i = 0; i < 150; i++) {
      const headers: Record<string, string> = {}
      for (const name of [
        'Cache-Control',
        'Pragma',
        'Range',
        'If-None-Match',
        'If-Modified-Since',
        'If-Range',
        'Accept'
      ]) {
        if (random(4) === 0) headers[name] = value()
      }
      const before = raw.requests.length
      const recorder = await ask(raw.url, headers)
      if (raw.requests.length === before) continue
      expect(recorder).toMatchObject({ status: 200, text: 'body', errors: [] })
      const sent = (lines.at(-1) ?? []).map((line) => line.replace(/^([^:]+):[ \t]*/, '$1: ').replace(/[ \t]+$/, ''))
      const got: string[] = []
      const flat = recorder.rawHeaders.map((part) => Buffer.from(part as Uint8Array).toString('latin1'))
      for (let at = 0; at < flat.length; at += 2) got.push(`${flat[at]}: ${flat[at + 1]}`.replace(/[ \t]+$/, ''))
      expect(got.slice(2)).toEqual(sent)
    }
    expect(raw.requests.length).toBeGreaterThan(50)
  })
})
