import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { toUndiciStore, type UndiciCacheStore } from '@cc/bridges'
import type { CacheStore } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { FileStore } from '@cc/store-file'
import { RedisStore } from '@cc/store-redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Agent, interceptors, request } from 'undici'
import { patient } from '../packages/store-redis/test/put.js'
import { startRedis } from '../packages/store-redis/test/servers/index.js'

const long = Buffer.from(Array.from({ length: 3 * 1024 ** 2 }, (_, at) => (at * 31 + (at >> 8)) % 256))

let respond: (asked: IncomingMessage, response: ServerResponse, count: number) => void
let seen: string[] = []
let server: Server
let origin: string
const cleanUps: (() => unknown)[] = []

beforeAll(async () => {
  server = createServer((asked, response) => {
    asked.resume()
    seen.push(`${asked.method} ${asked.headers['if-none-match'] ?? ''}`.trim())
    respond(asked, response, seen.length)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
beforeEach(() => {
  seen = []
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

/** Asks through undici's own cache on `store`; what is being stored is waited for. */
function clientOn(store: CacheStore) {
  const below = toUndiciStore(store)
  const writes: Promise<unknown>[] = []
  const watched: UndiciCacheStore = {
    get: (key) => below.get(key),
    delete: async (key) => {
      const deleted = Promise.resolve(below.delete(key))
      writes.push(deleted)
      await deleted
    },
    createWriteStream: (key, stored) => {
      const stream = below.createWriteStream(key, stored)
      if (stream !== undefined) writes.push(finished(stream).catch(() => {}))
      return stream
    }
  }
  const agent = new Agent()
  cleanUps.push(() => agent.destroy())
  const dispatcher = agent.compose(interceptors.cache({ store: watched }))
  return async (path: string, headers: Record<string, string> = {}, method: 'GET' | 'POST' = 'GET') => {
    try {
      const { body } = await request(`${origin}${path}`, { dispatcher, headers, method })
      return Buffer.from(await body.arrayBuffer())
    } finally {
      await Promise.all(writes)
    }
  }
}

/** Opens a store, or another one on what the first one keeps. */
type Open = () => CacheStore

const stores: Record<string, () => Open | Promise<Open>> = {
  DictStore: () => {
    const store = new DictStore()
    return () => store
  },
  FileStore: () => {
    const folder = mkdtempSync(join(tmpdir(), 'cc-undici-'))
    cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
    return () => new FileStore(join(folder, 'cache'))
  },
  RedisStore: async () => {
    const { url } = await startRedis()
    return () => {
      const store = new RedisStore({ url, options: patient })
      cleanUps.push(() => store.close())
      return store
    }
  }
}

describe.each(Object.entries(stores))("undici's own cache on a %s", (_name, make) => {
  let open: Open
  beforeEach(async () => {
    open = await make()
  }, 60_000)

  it('answers hits, short and long, also to whoever opens the store next', async () => {
    respond = (asked, response) => {
      response.setHeader('cache-control', 'max-age=3600')
      response.end(asked.url === '/long' ? long : 'short')
    }
    const ask = clientOn(open())
    for (const client of [ask, ask, clientOn(open())]) {
      expect((await client('/short')).toString()).toBe('short')
      expect(Buffer.compare(await client('/long'), long)).toBe(0)
    }
    expect(seen).toEqual(['GET', 'GET'])
  })

  it('keeps variants apart', async () => {
    respond = (asked, response, count) => {
      response.setHeader('cache-control', 'max-age=3600').setHeader('vary', 'x-kind')
      response.end(`${asked.headers['x-kind']} ${count}`)
    }
    const ask = clientOn(open())
    const answers = []
    for (const kind of ['a', 'b', 'a', 'b']) answers.push((await ask('/', { 'x-kind': kind })).toString())
    expect(answers).toEqual(['a 1', 'b 2', 'a 1', 'b 2'])
  })

  it('forgets all of a URL after an unsafe request', async () => {
    respond = (_, response, count) => response.setHeader('cache-control', 'max-age=3600').end(`answer ${count}`)
    const ask = clientOn(open())
    await ask('/')
    await ask('/', {}, 'POST')
    expect((await ask('/')).toString()).toBe('answer 3')
    expect((await ask('/')).toString()).toBe('answer 3')
  })

  it('validates what it has, and answers with the stored body', async () => {
    respond = (asked, response) => {
      response.setHeader('cache-control', 'no-cache').setHeader('etag', '"1"')
      if (asked.headers['if-none-match'] === '"1"') response.writeHead(304).end()
      else response.end(long)
    }
    const ask = clientOn(open())
    for (let n = 0; n < 3; n++) expect(Buffer.compare(await ask('/'), long)).toBe(0)
    // undici 7 deletes what was confirmed, from stores of its own too: the third time it has to ask for all.
    expect(seen.slice(0, 2)).toEqual(['GET', 'GET "1"'])
    expect(seen).toHaveLength(3)
  })

  it('stores nothing of an answer that breaks off', async () => {
    respond = (_, response, count) => {
      response.setHeader('cache-control', 'max-age=3600').setHeader('content-length', long.byteLength)
      if (count > 1) response.end(long)
      else response.write(long.subarray(0, 200_000), () => response.destroy())
    }
    const ask = clientOn(open())
    await expect(ask('/')).rejects.toThrow()
    expect(Buffer.compare(await ask('/'), long)).toBe(0)
    expect(Buffer.compare(await ask('/'), long)).toBe(0)
    expect(seen).toEqual(['GET', 'GET'])
  })

  it('asks the origin for what is damaged in the store', async () => {
    respond = (_, response, count) => response.setHeader('cache-control', 'max-age=3600').end(`answer ${count}`)
    const ask = clientOn(open())
    await ask('/')
    const store = open()
    const key = `undici ${JSON.stringify([origin, '/'])}`
    const [found] = (await store.get(key)).responses
    if (found === undefined) throw new Error('nothing is stored')
    await store.set(key, Buffer.from('anSwer 1'), () => ({ ...found.response, requestTime: Date.now() + 1 }))
    expect((await ask('/')).toString()).toBe('answer 2')
  })
})
