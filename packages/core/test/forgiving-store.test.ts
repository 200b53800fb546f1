import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { request } from 'undici'
import { whenReady } from '../src/awaitable.js'
import { CopyDroppedError } from '../src/body-copy.js'
import { StoreFailureReport } from '../src/diagnostics.js'
import { ForgivingStore } from '../src/forgiving-store.js'
import { everythingBut } from './fake-timers.js'
import { FaultyStore, never, type Operation, operations } from './faulty-store.js'
import { type SetUp, setUp } from './harness.js'
import { turns } from './no-stray-errors.js'

const storeTimeoutMs = 40
const longText = 'x'.repeat(70_000)

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => {
  jest.useRealTimers()
  jest.restoreAllMocks()
})

const kinds = [
  { kind: 'a store in memory', make: () => new FaultyStore({ sync: true, keepsObjects: true }) },
  { kind: 'a store elsewhere', make: () => new FaultyStore() }
]

/** An origin whose text changes with each PUT, so that what is served can be told to be current. */
async function clientOf(store: FaultyStore): Promise<SetUp> {
  let version = 1
  return await setUp(
    store,
    ({ clock }, { method, path, headers }, response, n) => {
      if (method === 'PUT') version++
      if (path === '/once') return void response.setHeader('Cache-Control', n ? 'no-store' : 'max-age=60').end('text')
      const tag = `"${version}"`
      response.setHeader('Cache-Control', 'max-age=60').setHeader('Date', clock.date()).setHeader('ETag', tag)
      if (headers['if-none-match'] === tag) response.writeHead(304).end()
      else response.end(path === '/long' ? longText + version : `text ${version}`)
    },
    { storeTimeoutMs }
  )
}

/** Uses every operation of the store, and expects of each answer that it comes, and is the current one. */
async function useAll(client: SetUp, paths = ['/', '/long']): Promise<void> {
  let version = 1
  const ask = async (path: string, method = 'GET', headers: Record<string, string> = {}) => {
    const { statusCode, body } = await request(client.origin.url + path, {
      method: method as 'GET',
      headers,
      dispatcher: client.dispatcher
    })
    const text = await body.text()
    if (method === 'PUT') version++
    const current = path === '/once' ? 'text' : path === '/long' ? longText + version : `text ${version}`
    expect([statusCode, text]).toEqual([200, current])
    await turns()
  }
  for (let i = 0; i < 3; i++) await ask('/once', 'GET', i === 1 ? { 'Cache-Control': 'no-cache' } : {})
  for (const path of paths) {
    await ask(path)
    await ask(path)
    client.clock.advance(61)
    await ask(path)
    await ask(path, 'GET', { 'Cache-Control': 'no-cache' })
    await ask(path, 'PUT')
    await ask(path)
    await ask(path)
  }
}

const ways: { way: string; fault: () => unknown }[] = [
  {
    way: 'throws',
    fault: () => {
      throw new Error('the store is broken')
    }
  },
  {
    way: 'throws what is no error',
    fault: () => {
      throw undefined
    }
  },
  { way: 'rejects', fault: () => Promise.reject(new Error('the store is broken')) },
  { way: 'never settles', fault: never }
]
const answers = [undefined, null, 5, 'text', Number.NaN, true, {}, [], () => {}]
const foundAnswers = [
  { responses: 5 },
  { responses: {} },
  { responses: [null] },
  { responses: [5, 'text', {}] },
  { responses: [{ response: null }] },
  { responses: [{ response: {}, body: new Uint8Array(4) }] },
  { responses: [{ response: { formatVersion: 1, key: '/', fields: 5 } }] },
  { responses: [], mark: 5 },
  { responses: [], mark: { value: 5 } }
]
const bodyAnswers = [new Uint8Array(3), [], [5], ['text'], [new Uint8Array(3)], (async function* () {})(), new Map()]

function nonsenseFor(operation: Operation): readonly unknown[] {
  if (operation === 'get') return [...answers, ...foundAnswers]
  return operation === 'openBody' ? [...answers, ...bodyAnswers] : answers
}

describe.each(kinds)('ROB-02: with $kind', ({ make }) => {
  describe.each(operations)('whose %s fails', (operation) => {
    it.each(ways)(
      '($way), callers get what the origin says, in time, and hits when it works again',
      async ({ fault }) => {
        const store = make()
        const client = await clientOf(store)
        store.faults[operation] = fault
        await useAll(client)
        expect(store.calls).toContain(operation)
      }
    )

    it.each(['at once', 'with a promise'])(
      'by answering nonsense %s, callers get what the origin says',
      async (how) => {
        for (const nonsense of nonsenseFor(operation)) {
          const store = make()
          const client = await clientOf(store)
          const answer = () => (how === 'at once' ? nonsense : Promise.resolve(nonsense))
          // A store that says it has marked what it has not cannot be told from a sound one.
          if (operation === 'mark') store.faults.mark = (sound) => whenReady(sound(), answer)
          else store.faults[operation] = answer
          try {
            await useAll(client, [operation === 'openBody' ? '/long' : '/'])
          } catch (error) {
            throw new Error(`failed where ${operation} answered ${JSON.stringify(nonsense)}`, { cause: error })
          }
        }
      }
    )
  })

  it('all of whose operations fail, requests are as without it, and the next ones after it hit again', async () => {
    const store = make()
    const client = await clientOf(store)
    const fails = () => Promise.reject(new Error('the store is broken'))
    for (const operation of operations.filter((operation) => operation !== 'mark')) store.faults[operation] = fails
    await useAll(client)
    expect(client.decisions.filter(({ outcome }) => outcome !== 'bypass').map(({ outcome }) => outcome)).toEqual(
      Array(15).fill('miss')
    )
    store.faults = {}
    const now = performance.now.bind(performance)
    jest.spyOn(performance, 'now').mockImplementation(() => now() + 30_000)
    // One trial of looking up, of which nobody waits, and one of storing.
    for (let i = 0; i < 2; i++) {
      await client.get('/')
      await turns()
    }
    expect(await client.get('/')).toMatchObject({ decision: { outcome: 'hit' } })
  })
})

describe.each(kinds)('ROB-02: $kind that keeps failing', ({ make }) => {
  const fails = () => Promise.reject(new Error('the store is broken'))
  let skippedMs = 0

  beforeEach(() => {
    skippedMs = 0
    const now = performance.now.bind(performance)
    jest.spyOn(performance, 'now').mockImplementation(() => now() + skippedMs)
  })

  const count = (store: FaultyStore, operation: Operation) => store.calls.filter((call) => call === operation).length

  it('is left alone after five look-ups, tried once in a while, and used again when it works', async () => {
    const store = make()
    const client = await clientOf(store)
    await client.get('/')
    store.faults.get = fails
    for (let i = 0; i < 20; i++) expect((await client.get('/')).text).toBe('text 1')
    expect(count(store, 'get')).toBe(1 + 5)
    for (const restMs of [1_000, 2_000, 4_000]) {
      skippedMs += restMs
      const before = count(store, 'get')
      await Promise.all(Array.from({ length: 10 }, () => client.get('/')))
      expect(count(store, 'get')).toBe(before + 1)
    }
    store.faults = {}
    skippedMs += 8_000
    expect(await client.get('/')).toMatchObject({ text: 'text 1' })
    await turns()
    expect(await client.get('/')).toMatchObject({ text: 'text 1', decision: { outcome: 'hit' } })
    expect(await client.get('/')).toMatchObject({ text: 'text 1', decision: { outcome: 'hit' } })
  })

  it('still answers where only writing fails, and is invalidated', async () => {
    const store = make()
    const client = await clientOf(store)
    await client.get('/')
    store.faults.set = fails
    for (let i = 0; i < 10; i++) {
      expect(await client.get(`/${i}`)).toMatchObject({ decision: { outcome: 'miss', stored: false } })
      expect(await client.get('/')).toMatchObject({ decision: { outcome: 'hit' } })
    }
    expect(count(store, 'set')).toBe(1 + 5)
    await client.get('/', { method: 'PUT' })
    expect(count(store, 'mark')).toBe(1)
    expect(await client.get('/')).toMatchObject({ text: 'text 2', decision: { outcome: 'miss' } })
    store.faults = {}
    skippedMs += 1_000
    await client.get('/')
    expect(await client.get('/')).toMatchObject({ text: 'text 2', decision: { outcome: 'hit' } })
  })

  it('ROB-03: whose invalidations fail hears of all of them, though nobody asks for what they are about', async () => {
    const store = make()
    const client = await clientOf(store)
    const paths = Array.from({ length: 12 }, (_, i) => `/${i}`)
    for (const path of paths) await client.get(path)
    jest.useFakeTimers({ doNotFake: everythingBut('setTimeout', 'clearTimeout') })
    store.faults.mark = fails
    for (const path of paths) await client.get(path, { method: 'PUT' })
    expect(count(store, 'mark')).toBe(5)
    for (const path of paths)
      expect((await client.get(path)).decision).toMatchObject({ outcome: 'miss', stored: false })
    expect(count(store, 'mark')).toBe(5)
    store.faults = {}
    skippedMs += 1_001
    jest.advanceTimersByTime(1_001)
    for (let i = 0; i < 50; i++) await turns()
    expect(count(store, 'mark')).toBe(5 + 12)
    for (const path of paths) expect((await client.get(path)).text).toBe('text 13')
    for (const path of paths) {
      expect(await client.get(path)).toMatchObject({ text: 'text 13', decision: { outcome: 'hit' } })
    }
  })

  it('STORE-10: still removes what is outdated where only writing fails', async () => {
    const store = make()
    const client = await clientOf(store)
    await client.get('/once')
    store.faults.set = fails
    for (let i = 0; i < 10; i++) await client.get(`/${i}`)
    expect(await client.get('/once')).toMatchObject({ decision: { outcome: 'hit' } })
    await client.get('/once', { headers: { 'Cache-Control': 'no-cache' } })
    await turns()
    expect(await client.get('/once')).toMatchObject({ decision: { outcome: 'miss' } })
  })

  it('lets go of what it is not given', async () => {
    const sound = make()
    const store = new ForgivingStore(sound, new StoreFailureReport())
    sound.faults.set = fails
    for (let i = 0; i < 5; i++) await store.set('key', new Uint8Array(1), () => undefined)
    let returned = 0
    const iterator = {
      next: async () => ({ done: true as const, value: undefined }),
      return: async () => ({ done: true as const, value: void returned++ })
    }
    expect(await store.set('key', { [Symbol.asyncIterator]: () => iterator }, () => undefined)).toBe(false)
    expect([returned, count(sound, 'set')]).toEqual([1, 5])
  })

  it('does not count copies that were given up on the way', async () => {
    const sound = make()
    const store = new ForgivingStore(sound, new StoreFailureReport())
    sound.faults.set = () => Promise.reject(new CopyDroppedError())
    for (let i = 0; i < 20; i++) await store.set('key', new Uint8Array(1), () => undefined)
    expect(count(sound, 'set')).toBe(20)
  })

  it('MSG-03: that refuses what is still coming does not hold the caller up', async () => {
    const store = new FaultyStore()
    const client = await setUp(
      store,
      (_, __, response) => response.setHeader('Cache-Control', 'max-age=60').end(longText),
      {
        storeTimeoutMs: 100_000,
        copyBufferBytes: 1
      }
    )
    store.faults.set = fails
    for (let i = 0; i < 8; i++) {
      const { text, decision } = await client.get('/')
      expect(text).toBe(longText)
      expect(decision).toMatchObject({ stored: false, notStored: { reason: 'the store did not keep it' } })
    }
    expect(count(store, 'set')).toBe(5)
  })
})
