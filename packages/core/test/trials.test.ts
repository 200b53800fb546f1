import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { StoreFailureReport } from '../src/diagnostics.js'
import { ForgivingStore } from '../src/forgiving-store.js'
import { sampleResponse } from '../src/testing/sample.js'
import { everythingBut } from './fake-timers.js'
import { FaultyStore, Gate, never, type Operation } from './faulty-store.js'
import { setUp } from './harness.js'
import { turns, until } from './no-stray-errors.js'

const fails = () => Promise.reject(new Error('the store is broken'))
const long = Buffer.alloc(70_000, 'x')
/** Whoever waits for the store in these tests fails with the time limit of the test. */
const endless = 1_000_000_000
const kinds = [
  { kind: 'a store in memory', make: () => new FaultyStore({ sync: true, keepsObjects: true }) },
  { kind: 'a store elsewhere', make: () => new FaultyStore() }
]

let skippedMs = 0

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  skippedMs = 0
  const now = performance.now.bind(performance)
  jest.spyOn(performance, 'now').mockImplementation(() => now() + skippedMs)
})
afterEach(() => {
  jest.useRealTimers()
  jest.restoreAllMocks()
})

const count = (store: FaultyStore, operation: Operation) => store.calls.filter((call) => call === operation).length

async function clientOf(store: FaultyStore) {
  const client = await setUp(
    store,
    (_setUp, { method }, response) =>
      response.setHeader('Cache-Control', 'max-age=60').end(method === 'PUT' ? '' : long),
    { storeTimeoutMs: endless }
  )
  await client.get('/')
  expect(await client.get('/')).toMatchObject({ decision: { outcome: 'hit' } })
  return client
}

describe.each(kinds)('$kind that keeps failing, and then hangs (ROB-02) (row B7)', ({ make }) => {
  it.each(['get', 'openBody', 'mark'] as const)('holds nobody up who asks when it is tried (%s)', async (operation) => {
    const store = make()
    const client = await clientOf(store)
    const method = operation === 'mark' ? 'PUT' : 'GET'
    store.faults[operation] = fails
    for (let i = 0; i < 7; i++) await client.get('/', { method })
    const before = count(store, operation)
    store.faults[operation] = never
    skippedMs += 1_000
    for (let i = 0; i < 3; i++) await client.get('/', { method })
    expect(count(store, operation)).toBe(before + 1)
  })

  it('is tried again though a trial never ends', async () => {
    const store = make()
    const client = await clientOf(store)
    store.faults.get = fails
    for (let i = 0; i < 5; i++) await client.get('/')
    store.faults.get = never
    skippedMs += 1_000
    await client.get('/')
    const before = count(store, 'get')
    store.faults = {}
    skippedMs += 9_000
    await client.get('/')
    expect(count(store, 'get')).toBe(before)
    skippedMs += 1_000
    await client.get('/')
    await turns()
    expect(await client.get('/')).toMatchObject({ decision: { outcome: 'hit' } })
  })

  it('is asked for no bodies while these fail, though it still finds what there is', async () => {
    const store = make()
    const client = await clientOf(store)
    store.faults.openBody = fails
    for (let i = 0; i < 20; i++) expect(await client.get('/')).toMatchObject({ decision: { outcome: 'miss' } })
    // The first one opened it for the hit.
    expect(count(store, 'openBody')).toBe(1 + 5)
    expect(count(store, 'delete')).toBe(0)
    store.faults = {}
    skippedMs += 1_000
    await client.get('/')
    await turns()
    expect(await client.get('/')).toMatchObject({ decision: { outcome: 'hit' } })
  })
})

describe('a store whose bodies stall at their first byte (ROB-02) (row B10)', () => {
  it('is asked for no bodies after five of them, nor removes them, until a first byte comes again', async () => {
    const store = new FaultyStore()
    const client = await setUp(
      store,
      (_setUp, _request, response) => response.setHeader('Cache-Control', 'max-age=60').end(long),
      { storeTimeoutMs: 5 }
    )
    await client.get('/')
    let returned = 0
    const stalled = {
      next: never,
      return: async () => ({ done: true as const, value: void returned++ })
    }
    store.faults.openBody = () => ({ [Symbol.asyncIterator]: () => stalled })
    for (let i = 0; i < 10; i++) expect((await client.get('/')).text).toBe(long.toString())
    expect([count(store, 'openBody'), count(store, 'delete'), returned]).toEqual([5, 0, 5])
    skippedMs += 1_000
    await client.get('/')
    await until(() => returned === 6)
    expect(count(store, 'openBody')).toBe(6)
    store.faults = {}
    skippedMs += 2_000
    await client.get('/')
    await turns()
    expect(await client.get('/')).toMatchObject({ decision: { outcome: 'hit' } })
  })
})

describe('what is long on its way to a store (ROB-02) (row B7)', () => {
  const slowly = async function* (gate: Gate) {
    yield new Uint8Array(1)
    await gate.opened
    yield new Uint8Array(1)
  }

  async function setting(store: FaultyStore) {
    jest.useFakeTimers({ doNotFake: everythingBut('setTimeout', 'clearTimeout') })
    const gate = new Gate()
    const forgiving = new ForgivingStore(store, new StoreFailureReport())
    const outcome = forgiving.set('key', slowly(gate), () => sampleResponse({ key: 'key', bodyBytes: 2 }))
    await turns()
    return { gate, outcome, failed: () => (process.emitWarning as jest.Mock).mock.calls.length }
  }

  it('is no failure of it as long as it waits for what comes from the network', async () => {
    const { gate, outcome, failed } = await setting(new FaultyStore())
    for (let i = 0; i < 100; i++) jest.advanceTimersByTime(10_000)
    gate.open()
    expect(await outcome).toBe(true)
    expect([failed(), jest.getTimerCount()]).toEqual([0, 0])
  })

  it('is one if it makes no headway by itself', async () => {
    const store = new FaultyStore()
    store.faults.set = async (sound) => {
      await sound()
      await never()
    }
    const { gate, outcome, failed } = await setting(store)
    for (let i = 0; i < 100; i++) jest.advanceTimersByTime(10_000)
    gate.open()
    await turns()
    jest.advanceTimersByTime(10_000)
    jest.advanceTimersByTime(9_999)
    expect(failed()).toBe(0)
    jest.advanceTimersByTime(1)
    expect(await outcome).toBe(false)
    expect([failed(), jest.getTimerCount()]).toEqual([1, 0])
  })
})

describe('what moves because it is selected by other fields (UPD-08) (rows P2, P3)', () => {
  /** A long response that was confirmed with another `Vary`, as nobody waits for. */
  async function moving(faults: FaultyStore['faults']) {
    const store = new FaultyStore()
    const client = await setUp(store, (_setUp, { headers }, response) => {
      const isKnown = headers['if-none-match'] === '"a"'
      response.setHeader('Cache-Control', 'max-age=1').setHeader('Vary', isKnown ? 'X-Other' : 'Accept')
      response.setHeader('ETag', '"a"')
      if (isKnown) response.writeHead(304).end()
      else response.end(long)
    })
    await client.get('/')
    client.clock.advance(5)
    let opened = 0
    store.faults = {
      ...faults,
      openBody: (sound) => (++opened === 1 ? sound() : (faults.openBody ?? sound)(sound))
    }
    expect((await client.get('/')).decision.outcome).toBe('validated')
    await until(() => opened === 2)
    return { store, client }
  }

  it('keeps no process alive where its body cannot be opened', async () => {
    const timers = jest.spyOn(globalThis, 'setTimeout')
    await moving({ openBody: never })
    await turns()
    const limits = timers.mock.results.filter((_, i) => timers.mock.calls[i]?.[1] === 10_000)
    expect(limits).not.toEqual([])
    expect(limits.filter(({ value }) => (value as NodeJS.Timeout).hasRef())).toEqual([])
  })

  it('is let go of where the store does not take it', async () => {
    let returned = 0
    const body = {
      next: async () => ({ done: false as const, value: long }),
      return: async () => ({ done: true as const, value: void returned++ })
    }
    await moving({ openBody: () => ({ [Symbol.asyncIterator]: () => body }), set: async () => {} })
    await until(() => returned > 0)
  })
})
