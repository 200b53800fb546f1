import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { request } from 'undici'
import { whenReady } from '../src/awaitable.js'
import { FaultyStore, never, type Operation, operations } from './faulty-store.js'
import { type SetUp, setUp } from './harness.js'
import { turns } from './no-stray-errors.js'

const storeTimeoutMs = 40
const longText = 'x'.repeat(70_000)

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => {
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

/** Uses every operation of the store, and expects of each answer that it is the current one and came in time. */
async function useAll(client: SetUp, paths = ['/', '/long']): Promise<void> {
  let version = 1
  const ask = async (path: string, method = 'GET', headers: Record<string, string> = {}) => {
    const began = performance.now()
    const { statusCode, body } = await request(client.origin.url + path, {
      method: method as 'GET',
      headers,
      dispatcher: client.dispatcher
    })
    const text = await body.text()
    expect(performance.now() - began).toBeLessThan(storeTimeoutMs + 500)
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
    await client.get('/')
    expect(await client.get('/')).toMatchObject({ decision: { outcome: 'hit' } })
  })
})
