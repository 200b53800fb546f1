import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { BodyCopy, type BodyCopyOptions } from '../src/body-copy.js'
import type { Body } from '../src/store.js'
import { FaultyStore, never } from './faulty-store.js'
import { setUp, stores } from './harness.js'
import type { MapStore } from './map-store.js'
import { turns } from './no-stray-errors.js'

const chunk = Buffer.alloc(10_000, 'x')

/** A copy whose store takes what it is told to, and a source that obeys `hold`. */
function copyOf(options: Partial<BodyCopyOptions> = {}) {
  const state = { held: false, holds: 0, body: undefined as Body | undefined }
  const copy = new BodyCopy({
    maxBytes: Number.POSITIVE_INFINITY,
    ownBytes: 65_536,
    bufferBytes: 35_000,
    waitMs: 250,
    digests: false,
    store: (body) => {
      state.body = body
    },
    hold: (on) => {
      state.held = on
      if (on) state.holds++
    },
    ...options
  })
  return { copy, state }
}

function iteratorOf(body: Body | undefined): AsyncIterator<Uint8Array> {
  if (body === undefined || !(Symbol.asyncIterator in body)) throw new Error('it does not stream')
  return body[Symbol.asyncIterator]()
}

describe('MSG-03: the copy of a body', () => {
  beforeEach(() => {
    jest.useFakeTimers()
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  it('that fits the buffer is given to the store at once, when it has ended', () => {
    const { copy, state } = copyOf()
    for (let i = 0; i < 3; i++) copy.add(chunk)
    expect(state).toMatchObject({ body: undefined, held: false })
    expect(copy.end()).toMatchObject({ bodyBytes: 30_000 })
    expect(state.body).toEqual([chunk, chunk, chunk])
  })

  it('that does not is given while it comes, and holds the caller when the store does not keep up', async () => {
    const { copy, state } = copyOf()
    for (let i = 0; i < 4; i++) copy.add(chunk)
    expect(state.held).toBe(true)
    const iterator = iteratorOf(state.body)
    await iterator.next()
    expect(state.held).toBe(false)
    for (let i = 0; i < 3; i++) await iterator.next()
    const waits = iterator.next()
    copy.add(Buffer.from('last'))
    expect(await waits).toEqual({ done: false, value: Buffer.from('last') })
    const ends = iterator.next()
    expect(copy.end()).toMatchObject({ bodyBytes: 40_004 })
    expect(await ends).toMatchObject({ done: true })
    expect(jest.getTimerCount()).toBe(0)
  })

  it('is given up after one wait of storeTimeoutMs, and the caller goes on', async () => {
    const { copy, state } = copyOf()
    for (let i = 0; i < 4; i++) copy.add(chunk)
    jest.advanceTimersByTime(249)
    expect([state.held, copy.dropped]).toEqual([true, false])
    jest.advanceTimersByTime(1)
    expect([state.held, copy.dropped]).toEqual([false, true])
    await expect(iteratorOf(state.body).next()).rejects.toMatchObject({ name: 'CopyDroppedError' })
    copy.add(chunk)
    expect([copy.end(), state.held]).toEqual([undefined, false])
  })

  it('is given up when all its waits together took a second', async () => {
    const { copy, state } = copyOf()
    for (let i = 0; i < 4; i++) copy.add(chunk)
    const iterator = iteratorOf(state.body)
    for (let i = 0; i < 5; i++) {
      expect(state.held).toBe(true)
      jest.advanceTimersByTime(190)
      await iterator.next()
      expect(state.held).toBe(false)
      copy.add(chunk)
    }
    jest.advanceTimersByTime(49)
    expect([state.held, copy.dropped]).toEqual([true, false])
    jest.advanceTimersByTime(1)
    expect([state.held, copy.dropped, state.holds]).toEqual([false, true, 6])
  })

  it('never keeps more than the buffer and a chunk', async () => {
    const { copy, state } = copyOf({ waitMs: 1_000 })
    let taken = 0
    for (let i = 0; i < 500; i++) {
      copy.add(chunk)
      expect(copy.bytes - taken).toBeLessThanOrEqual(35_000 + chunk.byteLength)
      while (state.held) taken += (await iteratorOf(state.body).next()).value?.byteLength ?? 0
    }
    expect(copy.dropped).toBe(false)
  })

  it('MSG-03: has bytes of its own as far as asked, and holds what the caller was given from there', () => {
    const { copy, state } = copyOf({ bufferBytes: 1_000_000, ownBytes: 6 })
    const given = ['abc', 'def', 'ghi'].map((text) => Buffer.from(text))
    for (const chunk of given) {
      copy.add(chunk)
      chunk.fill('x')
    }
    copy.end()
    expect(Buffer.concat(state.body as Uint8Array[]).toString()).toBe('abcdefxxx')
  })

  it('of very small chunks does not keep each of them', () => {
    const { copy, state } = copyOf({ bufferBytes: 1_000_000, digests: true })
    for (let i = 0; i < 100_000; i++) copy.add(Buffer.from([i % 256]))
    expect(copy.end()).toMatchObject({ bodyBytes: 100_000 })
    const pieces = state.body as Uint8Array[]
    expect(pieces.length).toBeLessThan(3_000)
    expect(Buffer.concat(pieces).equals(Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 256)))).toBe(true)
  })

  it('is given up when it is too long, or when the store wants no more', async () => {
    const tooLong = copyOf({ maxBytes: 39_999 })
    for (let i = 0; i < 4; i++) tooLong.copy.add(chunk)
    expect([tooLong.copy.dropped, tooLong.copy.end()]).toEqual([true, undefined])
    const { copy, state } = copyOf()
    for (let i = 0; i < 4; i++) copy.add(chunk)
    await iteratorOf(state.body).return?.()
    expect([copy.dropped, state.held]).toEqual([true, false])
  })
})

const long = Buffer.alloc(3_000_000, 'some text ')

describe.each(stores)('MSG-03: a caller whose response goes to %s too', (_name, makeStore) => {
  const client = (store: MapStore, options: Parameters<typeof setUp>[2], headers: Record<string, string> = {}) =>
    setUp(
      store,
      (_setUp, _request, response) => {
        response.setHeader('Cache-Control', 'max-age=60')
        for (const name of Object.keys(headers)) response.setHeader(name, headers[name] as string)
        response.end(long)
      },
      options
    )

  it('gets all of it when it is longer than maxEntryBytes, which is not stored, announced or not', async () => {
    for (const headers of [{}, { 'Transfer-Encoding': 'chunked' }]) {
      const ready = await client(makeStore(), { maxEntryBytes: 2_999_999 }, headers)
      const { text, decision } = await ready.get('/')
      expect(text.length).toBe(long.byteLength)
      expect(decision).toMatchObject({ stored: false, notStored: { requirement: 'MSG-03', reason: 'it is too long' } })
      expect(await ready.get('/')).toMatchObject({ decision: { outcome: 'miss' } })
    }
    const exactly = await client(makeStore(), { maxEntryBytes: 3_000_000, copyBufferBytes: 4_000_000 })
    expect((await exactly.get('/')).decision).toMatchObject({ stored: true })
  })
})

describe('MSG-03: a caller whose response goes to a store elsewhere (row B7)', () => {
  const ask = async (store: FaultyStore, options: Parameters<typeof setUp>[2]) => {
    const client = await setUp(
      store,
      (_setUp, _request, response) => response.setHeader('Cache-Control', 'max-age=60').end(long),
      options
    )
    const began = performance.now()
    const { text, decision } = await client.get('/')
    return { client, isWhole: text === long.toString(), decision, elapsedMs: performance.now() - began }
  }
  const small = { copyBufferBytes: 100_000, storeTimeoutMs: 60 }

  it('has it stored where the store keeps up, whatever the buffer', async () => {
    for (const copyBufferBytes of [0, 1, 65_536, 1_000_000, 10_000_000]) {
      const { client, isWhole, decision } = await ask(new FaultyStore(), { copyBufferBytes, storeTimeoutMs: 5_000 })
      expect([isWhole, decision.stored]).toEqual([true, true])
      const hit = await client.get('/')
      expect([hit.text === long.toString(), hit.decision.outcome]).toEqual([true, 'hit'])
    }
  })

  it.each([
    ['never reads', never],
    [
      'stops reading',
      async (body: AsyncIterable<Uint8Array>) => {
        for await (const _chunk of body) await never()
      }
    ],
    [
      'fails at once',
      async () => {
        throw new Error('full')
      }
    ],
    [
      'fails after the first piece',
      async (body: AsyncIterable<Uint8Array>) => {
        for await (const _chunk of body) throw new Error('full')
      }
    ],
    [
      'wants no more after the first piece',
      async (body: AsyncIterable<Uint8Array>) => {
        for await (const _chunk of body) return
      }
    ],
    ['resolves without having read', async () => {}]
  ])('gets all of it, and not late, where the store %s', async (_what, set) => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const store = new FaultyStore()
    store.faults.set = (_sound, body) => set(body as AsyncIterable<Uint8Array>)
    const { client, isWhole, decision, elapsedMs } = await ask(store, small)
    expect(isWhole).toBe(true)
    expect(elapsedMs).toBeLessThan(1_500)
    expect(decision).toMatchObject({ outcome: 'miss', stored: false, notStored: { store: false } })
    store.faults = {}
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'miss' })
    await turns()
    jest.restoreAllMocks()
  })
})
