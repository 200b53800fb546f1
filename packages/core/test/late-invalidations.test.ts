import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { ask, Barrier, decided, ok, send } from './answers.js'
import { everythingBut } from './fake-timers.js'
import { FaultyStore, Gate } from './faulty-store.js'
import { setUp } from './harness.js'
import { turns } from './no-stray-errors.js'

const kinds = [
  { kind: 'a store in memory', make: () => new FaultyStore({ sync: true, keepsObjects: true }) },
  { kind: 'a store elsewhere', make: () => new FaultyStore() }
]

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => {
  jest.useRealTimers()
  jest.restoreAllMocks()
})

/** An origin whose first answer to GET is held back, and is outdated by a PUT in the meantime. */
async function overtaken(store: FaultyStore, options: Parameters<typeof setUp>[2] = {}) {
  const barrier = new Barrier()
  let version = 0
  const client = await setUp(
    store,
    ({ clock }, { method }, response, n) => {
      if (method === 'PUT' || n === 0) version++
      const answer = { ...ok('max-age=600'), body: `version ${version}` }
      if (n === 0) barrier.hold(() => send(response, answer, clock, n))
      else send(response, answer, clock, n)
    },
    options
  )
  return { client, barrier }
}

describe.each(kinds)('a response that was requested before an invalidation that $kind did not take', ({ make }) => {
  const fails = () => Promise.reject(new Error('the store is broken'))

  it.each([
    ['before it is stored', true],
    ['after it is stored', false]
  ])('is not used, if the store works again %s (INV-06, ROB-03)', async (_when, isWrittenFirst) => {
    const store = make()
    const { client, barrier } = await overtaken(store)
    const first = ask(client, '/')
    await barrier.held(1)
    jest.useFakeTimers({ doNotFake: everythingBut('setTimeout', 'clearTimeout') })
    store.faults.mark = fails
    await ask(client, '/', { method: 'PUT' })
    store.faults = {}
    const replay = async () => {
      jest.advanceTimersByTime(1_001)
      await turns()
      expect(store.calls.filter((call) => call === 'mark')).toHaveLength(2)
    }
    if (isWrittenFirst) await replay()
    barrier.release(0)
    expect((await first).text).toBe('version 1')
    await decided(client, 2)
    expect(store.calls).toContain('set')
    if (!isWrittenFirst) {
      expect(await client.get('/')).toMatchObject({ text: 'version 2', decision: { outcome: 'miss', stored: false } })
      await replay()
    }
    expect(await client.get('/')).toMatchObject({ text: 'version 2', decision: { outcome: 'miss' } })
    await turns()
    expect(await client.get('/')).toMatchObject({ text: 'version 2', decision: { outcome: 'hit' } })
  })
})

it('a mark that the cache makes itself, written too late, makes nothing valid again (INV-06)', async () => {
  const store = new FaultyStore()
  const late = new Gate()
  const { client, barrier } = await overtaken(store, { keyFields: ['X-Tenant'], storeTimeoutMs: 1 })
  const headers = { 'X-Tenant': '1' }
  store.faults.mark = (sound) => late.opened.then(sound)
  const first = ask(client, '/', { headers })
  await barrier.held(1)
  store.faults = {}
  await ask(client, '/', { headers, method: 'PUT' })
  // The mark of the first look-up lands on top of the one of the invalidation.
  late.open()
  await turns()
  barrier.release(0)
  expect((await first).text).toBe('version 1')
  await decided(client, 2)
  expect((await client.get('/', { headers })).text).toBe('version 2')
})

describe.each(kinds)('where $kind has dropped the mark of an invalidation since', ({ make }) => {
  it.each(['still comes', 'is still being stored'])(
    'what was asked for before it, and %s, answers nobody who asks later, nor is used once it is stored (COLL-01, INV-06)',
    async (state) => {
      const store = make()
      const stored = new Gate()
      const { client, barrier } = await overtaken(store)
      store.faults = { mark: () => {}, set: (sound) => stored.opened.then(sound) }
      const first = ask(client, '/')
      await barrier.held(1)
      const comes = async () => {
        barrier.release(0)
        expect((await first).text).toBe('version 1')
      }
      if (state === 'is still being stored') {
        await comes()
        while (!store.calls.includes('set')) await turns()
      }
      await ask(client, '/', { method: 'PUT' })
      expect((await ask(client, '/')).text).toBe('version 2')
      if (state === 'still comes') await comes()
      stored.open()
      await decided(client, 3)
      await turns()
      expect((await ask(client, '/')).text).toBe('version 2')
    }
  )
})
