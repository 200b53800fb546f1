import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { Budget } from '../src/budget.js'
import { StoreFailureReport } from '../src/diagnostics.js'
import { ForgivingStore } from '../src/forgiving-store.js'
import type { Found, Mark } from '../src/store.js'
import { sampleResponse } from '../src/testing/sample.js'
import { everythingBut } from './fake-timers.js'
import { FaultyStore, never } from './faulty-store.js'
import { turns } from './no-stray-errors.js'

const fails = () => Promise.reject(new Error('the store is broken'))
const hourMs = 3_600_000
const firstAt = Date.UTC(2026, 0, 1)

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  jest.useFakeTimers({ doNotFake: everythingBut('setTimeout', 'clearTimeout', 'performance') })
})
afterEach(() => {
  jest.useRealTimers()
  jest.restoreAllMocks()
})

/** A store whose marks are told apart by key, through what forgives it. */
class MarkingStore extends FaultyStore {
  readonly marked: string[] = []
  /** Keys whose marks are never taken. */
  readonly refused = new Set<string>()
  fails = true

  override async mark(key: string, mark: Mark): Promise<void> {
    this.marked.push(key)
    if (this.fails || this.refused.has(key)) throw new Error('the store is broken')
    await super.mark(key, mark)
  }
}

function forgiving(store: FaultyStore = new MarkingStore()) {
  const forgiving = new ForgivingStore(store, new StoreFailureReport())
  const mark = (n: number) => ({ value: `${n}`, at: firstAt + n, dropAt: firstAt + n + hourMs })
  return {
    invalidate: (key: string, n = 0) => forgiving.invalidate(key, mark(n), new Budget(40)),
    get: (key: string) => forgiving.get(key, new Budget(1_000)),
    forgiving
  }
}

async function later(ms: number): Promise<void> {
  jest.advanceTimersByTime(ms)
  await turns()
}

async function idsOf(found: Promise<Found | undefined> | Found | undefined): Promise<string[] | undefined> {
  return (await found)?.responses.map(({ response }) => response.id)
}

describe('invalidations that a store does not take (ROB-03)', () => {
  it('are written again though nobody asks for anything, and keep no process alive', async () => {
    const store = new MarkingStore()
    const { invalidate, get } = forgiving(store)
    for (let n = 0; n < 12; n++) await invalidate(`key ${n}`)
    // Five attempts, and then the store is left alone.
    expect(store.marked).toHaveLength(5)
    expect(await get('key 11')).toBeUndefined()
    for (const restMs of [1_001, 2_001, 4_001]) {
      const before = store.marked.length
      await later(restMs - 2)
      expect(store.marked).toHaveLength(before)
      await later(2)
      expect(store.marked).toHaveLength(before + 1)
    }
    store.fails = false
    await later(8_001)
    for (let i = 0; i < 20; i++) await turns()
    for (let n = 0; n < 12; n++) expect((await get(`key ${n}`))?.mark).toMatchObject({ at: firstAt })
    expect(jest.getTimerCount()).toBe(0)
  })

  it('do not hold up each other: one that is refused for good comes last', async () => {
    const store = new MarkingStore()
    store.fails = false
    store.refused.add('refused')
    const { invalidate, get } = forgiving(store)
    await invalidate('refused')
    store.fails = true
    for (let n = 0; n < 3; n++) await invalidate(`key ${n}`)
    store.fails = false
    for (let i = 0; i < 10; i++) await later(1_001)
    for (let n = 0; n < 3; n++) expect((await get(`key ${n}`))?.mark).toBeDefined()
    expect(await get('refused')).toBeUndefined()
    expect(await get('another')).toEqual({ responses: [] })
  })

  it('are written with another value each time: what came with an older one is not valid again', async () => {
    const store = new FaultyStore()
    const values: unknown[] = []
    store.faults.mark = async (sound) => {
      await sound()
      values.push(((await store.get('key')).mark as Mark).value)
      throw new Error('it was written, but nobody knows')
    }
    const { invalidate } = forgiving(store)
    await invalidate('key')
    await later(1_001)
    await later(1_001)
    expect(values).toHaveLength(3)
    expect(new Set(values).size).toBe(3)
  })

  it('go one at a time, and one that never ends gives way after ten seconds', async () => {
    const store = new FaultyStore()
    const { invalidate, get } = forgiving(store)
    store.faults.mark = fails
    for (let n = 0; n < 3; n++) await invalidate(`key ${n}`)
    store.faults.mark = never
    await later(1_001)
    for (let i = 0; i < 9; i++) await later(1_000)
    expect(store.calls).toHaveLength(4)
    store.faults = {}
    await later(1_000)
    await later(1_001)
    for (let i = 0; i < 5; i++) await turns()
    expect((await get('key 1'))?.mark).toBeDefined()
    expect((await get('key 2'))?.mark).toBeDefined()
    await later(1_001)
    expect((await get('key 0'))?.mark).toBeDefined()
  })

  it('are hidden no longer when they were written after all', async () => {
    const store = new FaultyStore()
    let write = () => {}
    store.faults.mark = (sound) => new Promise<void>((resolve) => (write = () => resolve(sound() as Promise<void>)))
    const { invalidate, get } = forgiving(store)
    const invalidated = invalidate('key')
    expect(get('key')).toBeUndefined()
    jest.advanceTimersByTime(40)
    await invalidated
    expect(get('key')).toBeUndefined()
    write()
    await turns()
    expect((await get('key'))?.mark).toMatchObject({ value: '0' })
  })

  it('do not keep their caller waiting while the store keeps failing', async () => {
    const store = new FaultyStore()
    const { invalidate } = forgiving(store)
    store.faults.mark = fails
    for (let n = 0; n < 4; n++) await invalidate(`key ${n}`)
    await later(500)
    await invalidate('key 4')
    store.faults.mark = never
    await later(1_100)
    expect(store.calls).toHaveLength(5)
    // The trial, and then another beside it: nobody waits for either.
    expect(invalidate('key 5')).toBe(false)
    expect(store.calls).toHaveLength(6)
    expect(invalidate('key 6')).toBe(false)
    expect(store.calls).toHaveLength(6)
  })

  it.each([
    ['10,000 of them', (n: number) => `key ${n}`, 10_000],
    ['8 Mi characters', (n: number) => `${n}${'x'.repeat(1_048_575)}`, 8]
  ])(
    'past %s hide all that was requested before, and nothing else, and no longer grow',
    async (_bound, keyOf, most) => {
      const store = new FaultyStore()
      const { invalidate, get } = forgiving(store)
      const put = async (key: string, id: string, requestTime: number) => {
        await store.set(key, new Uint8Array(0), () => sampleResponse({ key, id, slot: id, requestTime }))
      }
      store.faults.mark = fails
      for (let n = 0; n < most; n++) await invalidate(keyOf(n), n)
      await put('forgotten', 'before', firstAt + most + 9)
      await put('forgotten', 'at the same time', firstAt + most + 10)
      await put('forgotten', 'since', firstAt + most + 11)
      expect(await idsOf(get('forgotten'))).toEqual(['before', 'at the same time', 'since'])
      await invalidate('forgotten', most + 10)
      expect(await idsOf(get('forgotten'))).toEqual(['since'])
      await invalidate('another', most + 5)
      expect(await idsOf(get('forgotten'))).toEqual(['since'])
      store.faults = {}
      await later(1_001)
      for (let i = 0; i < 3 * most; i++) await turns(1)
      expect(store.calls.filter((call) => call === 'mark').length).toBeGreaterThanOrEqual(most)
      expect((await get(keyOf(0)))?.mark).toBeDefined()
      expect((await get(keyOf(most - 1)))?.mark).toBeDefined()
      // What was not remembered is still not used.
      expect(await idsOf(get('forgotten'))).toEqual(['since'])
    }
  )
})
