import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { channels, type StoreFailure } from '@cc/core'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { whenReady } from '../src/awaitable.js'
import { everythingBut } from './fake-timers.js'
import { FaultyStore, Gate, never } from './faulty-store.js'
import { type SetUp, setUp } from './harness.js'
import { turns, until } from './no-stray-errors.js'

const broken = new RangeError('the store is broken')
const fails = () => Promise.reject(broken)
const long = 'x'.repeat(70_000)

let failures: StoreFailure[] = []
const stores: FaultyStore[] = []
const collect = (message: unknown) => void failures.push(message as StoreFailure)
const emitWarning = jest.spyOn(process, 'emitWarning')

beforeEach(() => {
  failures = []
  emitWarning.mockReset().mockImplementation(() => {})
  subscribe(channels.storeFailure, collect)
})
afterEach(() => {
  unsubscribe(channels.storeFailure, collect)
  jest.useRealTimers()
  // Invalidations are written again by and by: not into the failures of another test.
  for (const store of stores.splice(0)) store.faults = {}
})

async function clientOf(store: FaultyStore, options: Parameters<typeof setUp>[2] = {}): Promise<SetUp> {
  let version = 1
  stores.push(store)
  const respond: Parameters<typeof setUp>[1] = ({ clock }, { method, path, headers }, response) => {
    if (method === 'PUT') version++
    response.setHeader('Cache-Control', 'max-age=60').setHeader('Date', clock.date()).setHeader('ETag', `"${version}"`)
    if (headers['if-none-match'] === `"${version}"`) response.writeHead(304).end()
    else response.end(path === '/long' ? long : `version ${version}`)
  }
  return await setUp(store, respond, { storeTimeoutMs: 40, ...options })
}

const kinds = [
  { kind: 'a store in memory', make: () => new FaultyStore({ sync: true, keepsObjects: true }) },
  { kind: 'a store elsewhere', make: () => new FaultyStore() }
]

describe('ROB-02: failures of a store', () => {
  it('are told: the first one as a warning, all of them to the channel', async () => {
    const store = new FaultyStore()
    const client = await clientOf(store, { storeTimeoutMs: 60_000 })
    await client.get('/')
    store.faults = { get: fails, set: fails, mark: fails }
    for (let i = 0; i < 3; i++) await client.get('/')
    await client.get('/', { method: 'PUT' })
    // The last one was to find the groups of what the PUT outdated.
    expect(failures.map(({ operation }) => operation)).toEqual(['get', 'get', 'get', 'mark', 'get'])
    for (const { error, at } of failures) expect([error, typeof at]).toEqual([broken, 'number'])
    expect(emitWarning).toHaveBeenCalledTimes(1)
    const [message, options] = emitWarning.mock.calls[0] ?? []
    expect(message).toMatch(/get: \w+.*@cc\/core:store-failure/)
    expect(options).toEqual({ type: 'CacheStoreWarning', code: 'CC_STORE_FAILED' })
    const other = await clientOf(store, { storeTimeoutMs: 60_000 })
    await other.get('/')
    expect(emitWarning).toHaveBeenCalledTimes(2)
  })

  it.each([
    ['get', '/', { get: never }],
    ['openBody', '/long', { openBody: never }]
  ] as const)('include answers that come too late (%s)', async (operation, path, faults) => {
    const store = new FaultyStore()
    const client = await clientOf(store)
    await client.get(path)
    store.faults = faults
    await client.get(path)
    expect(failures).toMatchObject([{ operation, error: { code: 'CC_STORE_TIMEOUT' } }])
  })

  it('do not include what a store has not, what it refuses, and a copy that was given up', async () => {
    const store = new FaultyStore({ maxEntryBytes: 100 })
    const client = await clientOf(store, { copyBufferBytes: 10 })
    for (const path of ['/long', '/', '/']) await client.get(path)
    store.faults.openBody = () => undefined
    await client.get('/')
    expect(failures).toEqual([])
    expect(emitWarning).not.toHaveBeenCalled()
  })

  it('have one budget for all that a caller waits for', async () => {
    const store = new FaultyStore()
    const client = await clientOf(store, { storeTimeoutMs: 2_000, keyFields: ['X-Key'] })
    await client.get('/long')
    const slow = new Gate()
    const get = (sound: () => unknown) => slow.opened.then(sound)
    store.faults = { get, openBody: never, mark: never, delete: never, update: never }
    store.calls.splice(0)
    jest.useFakeTimers({ doNotFake: everythingBut('performance', 'setTimeout', 'clearTimeout') })
    let answer: unknown
    const asking = client.get('/long').then((got) => {
      answer = got
    })
    await until(() => store.calls.includes('get'))
    jest.advanceTimersByTime(1_500)
    slow.open()
    await until(() => store.calls.includes('openBody'))
    jest.advanceTimersByTime(500)
    // Whatever else it waits for, no time is left for that.
    await until(() => {
      jest.advanceTimersByTime(0)
      return answer !== undefined
    })
    await asking
    expect(answer).toMatchObject({ status: 200, text: long })
  })

  it('of a get count neither as a miss nor as an invitation to store', async () => {
    const store = new FaultyStore()
    const client = await clientOf(store)
    store.faults.get = fails
    const { decision } = await client.get('/')
    expect(decision).toMatchObject({ outcome: 'miss', stored: false, notStored: { requirement: 'ROB-02' } })
    expect(store.calls).not.toContain('set')
  })

  it('in writing are told with the decision', async () => {
    const store = new FaultyStore()
    const client = await clientOf(store)
    store.faults.set = fails
    const { decision } = await client.get('/')
    expect(decision).toMatchObject({ outcome: 'miss', stored: false, notStored: { requirement: 'ROB-02' } })
  })

  it.each([
    ['that is opened too late', 1, false],
    ['whose first bytes come too late', 2, true]
  ])('let go of a body %s', async (_what, _n, opensInTime) => {
    const gate = new Gate()
    let returned = 0
    const body = {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          await gate.opened
          return { done: true as const, value: undefined }
        },
        return: async () => {
          returned++
          return { done: true as const, value: undefined }
        }
      })
    }
    const store = new FaultyStore()
    const client = await clientOf(store)
    await client.get('/long')
    store.faults.openBody = () => (opensInTime ? Promise.resolve(body) : gate.opened.then(() => body))
    expect(await client.get('/long')).toMatchObject({ text: long, decision: { outcome: 'miss' } })
    gate.open()
    await turns()
    expect(returned).toBe(1)
  })
})

describe.each(kinds)('ROB-03: an invalidation that $kind does not write', ({ make }) => {
  /** One whose mark fails in this way, after a PUT that changed what is stored for `/`. */
  async function invalidated(mark: () => unknown) {
    const store = make()
    const client = await clientOf(store)
    await client.get('/')
    expect(await client.get('/')).toMatchObject({ decision: { outcome: 'hit' } })
    jest.useFakeTimers({ doNotFake: everythingBut('performance', 'setTimeout', 'clearTimeout') })
    store.faults.mark = mark
    const put = client.get('/', { method: 'PUT' })
    await until(() => store.calls.includes('mark'))
    jest.advanceTimersByTime(40)
    await put
    return { store, client }
  }

  it.each([
    [
      'throws',
      () => {
        throw broken
      }
    ],
    ['rejects', fails],
    ['never settles', never]
  ])('(it %s) hides what was stored, in this process, as long as it lasts', async (_way, mark) => {
    const { client } = await invalidated(mark)
    for (let i = 0; i < 3; i++) {
      jest.advanceTimersByTime(2_000)
      expect(await client.get('/')).toMatchObject({ text: 'version 2', decision: { outcome: 'miss', stored: false } })
    }
    expect(await client.get('/another')).toMatchObject({ decision: { outcome: 'miss', stored: true } })
    expect(await client.get('/another')).toMatchObject({ decision: { outcome: 'hit' } })
  })

  it('is tried again once a second, whatever is asked for, and then the old response is validated', async () => {
    const { store, client } = await invalidated(fails)
    const tries = () => store.calls.filter((call) => call === 'mark').length
    jest.advanceTimersByTime(900)
    for (let i = 0; i < 3; i++) await client.get('/')
    expect(tries()).toBe(1)
    jest.advanceTimersByTime(101)
    await turns()
    for (let i = 0; i < 3; i++) await client.get('/')
    expect(tries()).toBe(2)
    store.faults = {}
    jest.advanceTimersByTime(1_001)
    await turns()
    expect(tries()).toBe(3)
    expect(await client.get('/')).toMatchObject({ text: 'version 2', decision: { outcome: 'miss' } })
    await turns()
    expect(await client.get('/')).toMatchObject({ text: 'version 2', decision: { outcome: 'hit' } })
    expect(tries()).toBe(3)
  })

  it('in time, but late, hides it until then', async () => {
    const gate = new Gate()
    const store = make()
    const client = await clientOf(store)
    await client.get('/')
    store.faults.mark = async (sound) => {
      await gate.opened
      await sound()
    }
    await client.get('/', { method: 'PUT' })
    expect(await client.get('/')).toMatchObject({ text: 'version 2', decision: { stored: false } })
    gate.open()
    await turns()
    expect(await client.get('/')).toMatchObject({ text: 'version 2', decision: { stored: true } })
    expect(await client.get('/')).toMatchObject({ text: 'version 2', decision: { outcome: 'hit' } })
  })

  it('that cannot be read any more hides what it is about', async () => {
    const store = make()
    const client = await clientOf(store)
    await client.get('/')
    await client.get('/', { method: 'PUT' })
    for (const mark of [5, {}, { value: 5 }, { value: null }]) {
      store.faults.get = (sound) => whenReady(sound(), (found) => ({ ...found, mark }))
      expect(await client.get('/')).toMatchObject({ text: 'version 2', decision: { outcome: 'miss', stored: false } })
    }
    expect(failures).toHaveLength(4)
  })

  it('does not fail the unsafe request, nor hold it up beyond its budget', async () => {
    const store = make()
    const client = await clientOf(store)
    store.faults.mark = never
    jest.useFakeTimers({ doNotFake: everythingBut('performance', 'setTimeout', 'clearTimeout') })
    const put = client.get('/', { method: 'PUT' })
    await until(() => store.calls.includes('mark'))
    jest.advanceTimersByTime(40)
    expect(await put).toMatchObject({ status: 200, text: 'version 2' })
  })
})
