import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { Budget } from '../src/budget.js'
import { StoreFailureReport } from '../src/diagnostics.js'
import { ForgivingStore } from '../src/forgiving-store.js'
import type { Body } from '../src/store.js'
import { Caller } from '../src/undici/caller.js'
import { StoredHead, serveStored } from '../src/undici/serve-stored.js'
import { FaultyStore } from './faulty-store.js'
import { generations, type OnStep, Recorder } from './recorder.js'

const MIB = 2 ** 20
const turn = () => new Promise((resolve) => setImmediate(resolve))
const whole = Buffer.alloc(12 * MIB, 'a body of some length. ')

function* pieces(bytes: number): Generator<Buffer> {
  for (let at = 0; at < whole.byteLength; at += bytes) yield whole.subarray(at, at + bytes)
}
async function* laterPieces(bytes: number): AsyncGenerator<Buffer> {
  yield* pieces(bytes)
}

afterEach(() => {
  jest.restoreAllMocks()
})

describe.each(generations)('12 MiB that are stored, played to one who never pauses (%s handler)', (generation) => {
  function play(body: Body, copies: boolean, onStep?: OnStep): Recorder {
    const recorder = new Recorder(generation, onStep)
    serveStored(new Caller(recorder.handler), new StoredHead(200, 'OK', []), body, copies)
    return recorder
  }

  it.each<[string, number, () => Body, boolean]>([
    ['in one piece, of which copies are made', 5, () => whole, true],
    ['in pieces, of which copies are made', 2, () => [...pieces(65_536)], true],
    ['in pieces that come one by one', 2, () => laterPieces(MIB), false]
  ])('%s: lets other work have its turn after %i MiB', async (_, mebibytes, body, copies) => {
    const recorder = play(body(), copies)
    let isOver = false
    void recorder.over.then(() => {
      isOver = true
    })
    const received = () => recorder.chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
    let before = 0
    while (!isOver) {
      const now = received()
      expect(now - before).toBeLessThanOrEqual(mebibytes * MIB)
      before = now
      await turn()
    }
    expect(recorder).toMatchObject({ misplaced: [], errors: [], status: 200 })
    expect(Buffer.concat(recorder.chunks).equals(whole)).toBe(true)
  })

  it('takes up no more turns than that, and none for a body of 5 MiB in one piece', () => {
    const recorder = play(whole.subarray(0, 5 * MIB), true)
    expect(recorder.events.at(-1)).toBe('end')
    expect(recorder.chunks).toHaveLength(1)
  })

  it('hears nothing more when he aborts between two turns', async () => {
    const recorder = play(whole, true)
    const { length } = recorder.chunks
    recorder.control.abort(new Error('enough'))
    for (let i = 0; i < 5; i++) await turn()
    expect(recorder.chunks).toHaveLength(length)
    expect(recorder.events.at(-1)).toMatch(/error/)
  })

  it('gets the rest once when he pauses and resumes between two turns', async () => {
    const recorder = play(whole, true)
    recorder.control.pause()
    await turn()
    recorder.control.resume()
    recorder.control.resume()
    await recorder.over
    expect(Buffer.concat(recorder.chunks).equals(whole)).toBe(true)
  })
})

describe('500 invalidations that could not be written', () => {
  it('ROB-03: are written as soon as one can be, and let other work have its turn after 64', async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const faulty = new FaultyStore({ sync: true, keepsObjects: true })
    const store = new ForgivingStore(faulty, new StoreFailureReport())
    const mark = { value: 'a mark', at: 0, dropAt: Number.MAX_SAFE_INTEGER }
    faulty.faults.mark = () => {
      throw new Error('no')
    }
    for (let n = 0; n < 500; n++) await store.invalidate(`${n}`, mark, new Budget(10))
    delete faulty.faults.mark
    const later = performance.now() + 60_000
    jest.spyOn(performance, 'now').mockReturnValue(later)
    let written = 0
    const { mark: write } = faulty
    faulty.mark = (key, mark) => {
      written++
      return write.call(faulty, key, mark)
    }
    await store.invalidate('another', mark, new Budget(10))
    const counts = [0]
    while (written < 501) {
      counts.push(written)
      await turn()
    }
    counts.push(written)
    const most = Math.max(...counts.slice(1).map((count, n) => count - (counts[n] as number)))
    expect(most).toBeLessThanOrEqual(65)
    for (let n = 0; n < 500; n++) expect(store.get(`${n}`, new Budget(10))).toMatchObject({ mark: { at: 0 } })
  })
})
