import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { FaultyStore, never } from './faulty-store.js'
import { setUp } from './harness.js'
import { turns, until } from './no-stray-errors.js'
import { generations, Recorder } from './recorder.js'

const mebibyte = 1_048_576
const long = Buffer.alloc(2.5 * mebibyte, 'a long body ')

const kinds = [
  { kind: 'a store in memory that streams', make: () => new FaultyStore({ sync: true, keepsObjects: true }) },
  { kind: 'a store elsewhere', make: () => new FaultyStore() }
]

/** Only `setTimeout` waits for the test. */
function fakeTimeouts(): void {
  jest.useFakeTimers({
    doNotFake: [
      'performance',
      'Date',
      'hrtime',
      'nextTick',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval'
    ]
  })
}

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => {
  jest.useRealTimers()
})

describe.each(kinds)('a body stored in $kind (row B10)', ({ make }) => {
  /** A client for whom it is stored, and comes to a standstill after so many bytes: each next chunk is `following`. */
  async function stalling(after: number, following: (chunk: Uint8Array) => Promise<unknown> = never, options = {}) {
    const store = make()
    const client = await setUp(
      store,
      (_setUp, _request, response) => response.setHeader('Cache-Control', 'max-age=60').end(long),
      { copyBufferBytes: 4 * mebibyte, ...options }
    )
    await client.get('/')
    const released = { count: 0 }
    store.faults.openBody = () => {
      let sent = 0
      const iterator = {
        next: () => {
          const value = long.subarray(sent, sent + 65_536)
          const next = { done: value.byteLength === 0, value }
          const isFollowing = sent >= after
          sent += value.byteLength
          return isFollowing ? following(value).then(() => next) : Promise.resolve(next)
        },
        return: async () => {
          released.count++
          return { done: true, value: undefined }
        }
      }
      return { [Symbol.asyncIterator]: () => iterator }
    }
    return { client, store, released }
  }

  it.each(generations)(
    'that stalls in the middle is an error within a second, not a clean end (%s handler) (ROB-02)',
    async (generation) => {
      const { client, store, released } = await stalling(1.5 * mebibyte)
      fakeTimeouts()
      const recorder = new Recorder(generation)
      client.dispatcher.dispatch({ origin: client.origin.url, path: '/', method: 'GET' }, recorder.handler)
      await recorder.seen('head 200')
      await turns(100)
      jest.advanceTimersByTime(999)
      await turns()
      expect(recorder.errors).toEqual([])
      jest.advanceTimersByTime(1)
      await recorder.over
      await turns()
      expect(recorder).toMatchObject({ misplaced: [], errors: [{ code: 'CC_STORE_TIMEOUT' }] })
      expect(recorder.events).not.toContain('end')
      const given = Buffer.concat(recorder.chunks)
      expect([given.byteLength, given.equals(long.subarray(0, mebibyte))]).toEqual([mebibyte, true])
      expect(released.count).toBeGreaterThan(0)
      store.faults = {}
      jest.useRealTimers()
      expect(await client.get('/')).toMatchObject({ decision: { outcome: 'miss', stored: true } })
      expect((await client.get('/')).decision.outcome).toBe('hit')
    }
  )

  it('that comes slowly, but comes on, is whole (ROB-02)', async () => {
    let arrive = () => {}
    const slowly = () =>
      new Promise<void>((resolve) => {
        arrive = resolve
      })
    const { client } = await stalling(mebibyte, slowly)
    fakeTimeouts()
    const recorder = new Recorder('new')
    client.dispatcher.dispatch({ origin: client.origin.url, path: '/', method: 'GET' }, recorder.handler)
    await recorder.seen('head 200')
    // More chunks than there are, each in less than a second.
    for (let chunk = 0; chunk < 26; chunk++) {
      await turns()
      jest.advanceTimersByTime(790)
      arrive()
    }
    await recorder.over
    expect(recorder.errors).toEqual([])
    expect(Buffer.concat(recorder.chunks).equals(long)).toBe(true)
  })

  it('may stall as long as a request may wait for the store, if that is longer (ROB-02)', async () => {
    const { client } = await stalling(1.5 * mebibyte, never, { storeTimeoutMs: 60_000 })
    fakeTimeouts()
    const recorder = new Recorder('new')
    client.dispatcher.dispatch({ origin: client.origin.url, path: '/', method: 'GET' }, recorder.handler)
    await recorder.seen('head 200')
    await turns(100)
    jest.advanceTimersByTime(59_999)
    await turns()
    expect(recorder.errors).toEqual([])
    jest.advanceTimersByTime(1)
    await recorder.over
    expect(recorder.errors).toMatchObject([{ code: 'CC_STORE_TIMEOUT', limitMs: 60_000 }])
  })

  it('does not stall while it is the process that stands still (ROB-02)', async () => {
    let chunks = 0
    const { client } = await stalling(mebibyte, async () => {
      // It comes with the next turn of the event loop, which is late.
      const arrives = new Promise((resolve) => setImmediate(resolve))
      if (chunks++ === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500)
      return arrives
    })
    expect(await client.get('/')).toMatchObject({ text: long.toString(), decision: { outcome: 'hit' } })
    expect(chunks).toBeGreaterThan(2)
  })

  it('that stalls before its first byte is the answer of the origin (ROB-02)', async () => {
    const { client, released } = await stalling(0)
    const { text, decision } = await client.get('/')
    expect([text === long.toString(), decision.outcome]).toEqual([true, 'miss'])
    await turns()
    expect(released.count).toBeGreaterThan(0)
  })

  it('whose caller leaves while it stalls is let go of (MSG-03)', async () => {
    const { client, released } = await stalling(1.5 * mebibyte)
    const recorder = new Recorder('new')
    client.dispatcher.dispatch({ origin: client.origin.url, path: '/', method: 'GET' }, recorder.handler)
    await recorder.seen('head 200')
    await turns(100)
    recorder.control.abort()
    await recorder.over
    expect(recorder.errors).toMatchObject([{ name: 'AbortError' }])
    await until(() => released.count > 0)
  })
})
