import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { finished } from 'node:stream/promises'
import { type CacheStore, cacheInterceptor } from '@cc/core'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Agent, cacheStores, type Dispatcher, interceptors, request } from 'undici'
import type { cacheStores as cacheStores8 } from 'undici-8'
import {
  fromKeyValue,
  fromUndiciStore,
  toUndiciStore,
  type UndiciCacheKey,
  type UndiciCacheStore
} from '../src/index.js'
import { mark, put } from './sample.js'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function originOf(respond: RequestListener): Promise<string> {
  const server = createServer(respond).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  cleanUps.push(() => new Promise((resolve) => server.close(resolve)))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function clientWith(interceptor: Dispatcher.DispatcherComposeInterceptor): Dispatcher {
  const agent = new Agent()
  cleanUps.push(() => agent.close())
  return agent.compose(interceptor)
}

/** The cache stores after it has answered; nobody waits for that but a test. */
async function untilStored(store: CacheStore, key: string, count: number): Promise<void> {
  for (let n = 0; n < 10_000 && (await store.get(key)).responses.length < count; n++) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const value = { statusCode: 200, statusMessage: 'OK', headers: { 'x-a': 'b' }, cacheControlDirectives: {} }
const keyOf = (path = '/', headers = {}, method = 'GET'): UndiciCacheKey => ({
  origin: 'https://example.org',
  method,
  path,
  headers
})

async function write(store: UndiciCacheStore, key: UndiciCacheKey, body: string, changes: object = {}): Promise<void> {
  const now = Date.now()
  const times = { cachedAt: now, staleAt: now + 3_600_000, deleteAt: now + 7_200_000 }
  const stream = store.createWriteStream(key, { ...value, ...times, ...changes })
  if (stream === undefined) throw new Error('not taken')
  stream.end(body)
  await finished(stream)
}

async function textOf(store: UndiciCacheStore, key: UndiciCacheKey): Promise<string | undefined> {
  const found = await store.get(key)
  return found && Buffer.concat(found.body as Buffer[]).toString()
}

/** The store of both majors of undici is one that is taken, to the compiler too. */
type Of<Stores extends { MemoryCacheStore: abstract new () => unknown }> = InstanceType<Stores['MemoryCacheStore']>
export const typesFit = (seven: Of<typeof cacheStores>, eight: Of<typeof cacheStores8>): CacheStore[] => [
  fromUndiciStore(seven),
  fromUndiciStore(eight)
]

describe("undici's stores here", () => {
  it('answer hits, keep variants apart and know what was invalidated', async () => {
    let count = 0
    const origin = await originOf((asked, response) => {
      asked.resume()
      response.setHeader('cache-control', 'max-age=3600')
      response.setHeader('vary', 'x-kind')
      response.end(`${asked.headers['x-kind']} ${++count}`)
    })
    const store = fromUndiciStore(new cacheStores.MemoryCacheStore())
    const dispatcher = clientWith(cacheInterceptor({ store }))
    const ask = async (kind: string, method: 'GET' | 'POST' = 'GET') => {
      const { body } = await request(origin, { dispatcher, method, headers: { 'x-kind': kind } })
      return body.text()
    }
    expect(await ask('a')).toBe('a 1')
    expect(await ask('b')).toBe('b 2')
    await untilStored(store, `${origin}/`, 2)
    expect(await ask('a')).toBe('a 1')
    expect(await ask('b')).toBe('b 2')
    await ask('a', 'POST')
    expect(await ask('a')).toBe('a 4')
  })

  it('that take nothing are told of, and leave no invalidation unwritten in silence', async () => {
    const none = { get: () => undefined, createWriteStream: () => undefined, delete: () => {} }
    await expect(put(fromUndiciStore(none), 10, { dropAt: Date.now() + 1e9 })).rejects.toThrow(
      'the store does not take it'
    )
    const small = new cacheStores.MemoryCacheStore({ maxEntrySize: 5 })
    await expect(fromUndiciStore(small).mark('key', mark(1))).rejects.toThrow()
    const forgetful = fromKeyValue({ get: () => null, set: () => {}, delete: () => {} })
    await expect(forgetful.mark('key', mark(1))).rejects.toThrow('the key-value did not keep the mark')
  })

  it('may answer with a body in any form', async () => {
    const memory = new cacheStores.MemoryCacheStore()
    const bytes = async (key: UndiciCacheKey) => {
      const { body = [] } = (await memory.get(key)) ?? {}
      return Buffer.concat([...(body as Iterable<Buffer>)])
    }
    const forms: ((whole: Buffer) => unknown)[] = [
      (whole) => whole,
      (whole) => whole.toString('latin1'),
      (whole) => [whole.subarray(0, 3).toString('latin1'), whole.subarray(3).toString('latin1')],
      async function* (whole) {
        yield whole.subarray(0, 3)
        yield whole.subarray(3)
      }
    ]
    for (const [n, form] of forms.entries()) {
      const store = fromUndiciStore({
        get: async (key) => {
          const found = await memory.get(key)
          return found && ({ ...found, body: form(await bytes(key)) } as never)
        },
        createWriteStream: (key, stored) => memory.createWriteStream(key, stored),
        delete: (key) => memory.delete(key)
      })
      await put(store, 1000, { key: `${n}`, dropAt: Date.now() + 1e9 }, 200)
      expect((await store.get(`${n}`)).responses[0]?.body).toEqual(new Uint8Array(1000).fill(200))
    }
  })

  it('that answer with more than was ever put there hold nothing', async () => {
    let pulled = 0
    async function* endless() {
      for (;;) {
        pulled++
        yield Buffer.alloc(65_536)
      }
    }
    const found = { ...value, cachedAt: 0, staleAt: 0, deleteAt: 0 }
    const store = fromUndiciStore({
      get: () => ({ ...found, body: endless() }),
      createWriteStream: () => undefined,
      delete: () => {}
    })
    expect((await store.get('key')).responses).toEqual([])
    expect(pulled).toBeLessThan(100)
  })
})

describe("our stores under undici's interceptor", () => {
  it('answer hits, keep variants apart, are validated, and forget what was changed', async () => {
    const seen: string[] = []
    const origin = await originOf((asked, response) => {
      asked.resume()
      const kind = String(asked.headers['x-kind'])
      seen.push(`${asked.method} ${kind}`)
      response.setHeader('cache-control', asked.url === '/old' ? 'no-cache' : 'max-age=3600')
      response.setHeader('vary', 'x-kind')
      response.setHeader('etag', `"${kind}"`)
      if (asked.headers['if-none-match'] === `"${kind}"`) response.writeHead(304).end()
      else response.end(`${kind} ${seen.length}`)
    })
    const writes: Promise<unknown>[] = []
    const store = toUndiciStore(fromKeyValue(new Map()))
    const watched: UndiciCacheStore = {
      get: (key) => store.get(key),
      delete: (key) => store.delete(key),
      createWriteStream: (key, stored) => {
        const stream = store.createWriteStream(key, stored)
        if (stream !== undefined) writes.push(finished(stream).catch(() => {}))
        return stream
      }
    }
    const dispatcher = clientWith(interceptors.cache({ store: watched }))
    const ask = async (path: string, kind: string, method: 'GET' | 'POST' = 'GET') => {
      const { body } = await request(`${origin}${path}`, { dispatcher, method, headers: { 'x-kind': kind } })
      const text = await body.text()
      await Promise.all(writes)
      return text
    }
    expect(await ask('/', 'a')).toBe('a 1')
    expect(await ask('/', 'b')).toBe('b 2')
    expect(await ask('/', 'a')).toBe('a 1')
    expect(await ask('/', 'b')).toBe('b 2')
    expect(await ask('/old', 'c')).toBe('c 3')
    expect(await ask('/old', 'c')).toBe('c 3')
    expect(seen).toHaveLength(4)
    await ask('/', 'a', 'POST')
    expect(await ask('/', 'a')).toBe('a 6')
  })

  it('give back what they were given', async () => {
    const store = toUndiciStore(fromKeyValue(new Map()))
    const stored = { vary: { 'x-a': null, 'x-b': ['1', '2'] }, etag: '"e"', headers: { 'set-cookie': ['a=1', 'b=2'] } }
    await write(store, keyOf('/', { 'x-b': ['1', '2'] }), 'body', stored)
    expect(await store.get(keyOf('/', { 'x-b': ['1', '2'] }))).toMatchObject({ ...value, ...stored })
    expect(await store.get(keyOf('/', { 'x-b': '1' }))).toBe(undefined)
    expect(await store.get(keyOf('/', { 'x-a': '1', 'x-b': ['1', '2'] }))).toBe(undefined)
    expect(await store.get(keyOf('/', { 'x-b': ['1', '2'] }, 'HEAD'))).toBe(undefined)
    expect(await store.get(keyOf('/other'))).toBe(undefined)
  })

  it('replace a response by the next to the same request, and delete all of a URL', async () => {
    const store = toUndiciStore(fromKeyValue(new Map()))
    await write(store, keyOf(), 'one')
    await write(store, keyOf(), 'two', { cachedAt: 5 })
    await write(store, keyOf('/', {}, 'HEAD'), '')
    expect(await textOf(store, keyOf())).toBe('two')
    expect(await textOf(store, keyOf('/', {}, 'HEAD'))).toBe('')
    await store.delete(keyOf())
    expect(await textOf(store, keyOf())).toBe(undefined)
    expect(await textOf(store, keyOf('/', {}, 'HEAD'))).toBe(undefined)
  })

  it('give nothing of which undici says that it had its time', async () => {
    const store = toUndiciStore(fromKeyValue(new Map()))
    await write(store, keyOf(), 'body', { deleteAt: Date.now() - 1 })
    expect(await store.get(keyOf())).toBe(undefined)
  })

  it('store nothing of a body that fails, is too long, or is deleted before its end', async () => {
    const store = toUndiciStore(fromKeyValue(new Map()), { maxEntryBytes: 10 })
    const begin = (path: string) => {
      const now = Date.now()
      const stream = store.createWriteStream(keyOf(path), {
        ...value,
        cachedAt: now,
        staleAt: now + 1e6,
        deleteAt: now + 1e6
      })
      if (stream === undefined) throw new Error('not taken')
      return stream
    }
    const cut = begin('/cut')
    cut.write('half')
    cut.destroy(new Error('cut'))
    await expect(finished(cut)).rejects.toThrow('cut')
    const long = begin('/long')
    long.end('12345678901')
    await finished(long).catch(() => {})
    const deleted = begin('/deleted')
    deleted.write('half')
    await store.delete(keyOf('/deleted'))
    await expect(finished(deleted)).rejects.toThrow()
    for (const path of ['/cut', '/long', '/deleted']) expect(await store.get(keyOf(path))).toBe(undefined)
  })

  it('take what is damaged for absent', async () => {
    for (const damage of ['a byte', 'the length', 'the metadata'] as const) {
      const below = fromKeyValue(new Map())
      const store = toUndiciStore(below)
      await write(store, keyOf(), 'body')
      const place = 'undici ["https://example.org","/"]'
      const [found] = (await below.get(place)).responses
      if (found === undefined) throw new Error('nothing there')
      const body = Buffer.from(damage === 'a byte' ? 'bodY' : damage === 'the length' ? 'bod' : 'body')
      const later = { ...found.response, requestTime: Date.now() + 1 }
      const damaged =
        damage === 'the metadata' ? { ...later, undici: undefined } : { ...later, bodyBytes: body.byteLength }
      await below.set(place, body, () => damaged)
      expect(await store.get(keyOf())).toBe(undefined)
    }
  })

  it('are refused if they are none, or of another contract, and so are wrong options', () => {
    expect(() => toUndiciStore({} as never)).toThrow(new TypeError('store.get must be a function, not undefined'))
    expect(() => toUndiciStore(Object.assign(fromKeyValue(new Map()), { contract: 2 }) as never)).toThrow(
      new TypeError('store.contract must be 1, not 2')
    )
    expect(() => toUndiciStore(fromKeyValue(new Map()), { maxEntryBytes: 0 })).toThrow(
      new TypeError('maxEntryBytes must be a positive integer, not 0')
    )
    expect(() => fromUndiciStore(new Map() as never)).toThrow(
      new TypeError('store.createWriteStream must be a function, not undefined')
    )
  })
})
