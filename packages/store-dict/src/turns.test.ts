import { describe, expect, it } from '@jest/globals'
import { NOW, response } from '../test/sample.js'
import { JOINED_BYTES, SMALL_BYTES } from './body.js'
import { DictStore } from './index.js'

const MIB = 2 ** 20
const long = JOINED_BYTES + MIB
const turn = () => new Promise((resolve) => setImmediate(resolve))

function store(maxBytes = 40 * MIB) {
  return new DictStore({ maxBytes, maxEntryBytes: maxBytes, clock: () => NOW })
}

/** Pieces that differ, each a part of a buffer `slab` times as long. */
function piecesOf(length: number, bytes: number, slab = 1): Uint8Array[] {
  return Array.from({ length: length / bytes }, (_, n) => new Uint8Array(bytes * slab).fill(n % 251).subarray(0, bytes))
}

/** What happens in each turn of the event loop until `done`. */
async function watch<T>(done: unknown, look: () => T): Promise<T[]> {
  const seen = [look()]
  let isOver = false
  Promise.resolve(done).then(() => {
    isOver = true
  })
  while (!isOver) {
    await turn()
    seen.push(look())
  }
  return seen
}

describe('DictStore and long bodies', () => {
  it('joins the pieces of none that is longer than 5 MiB', () => {
    for (const [length, joins] of [
      [JOINED_BYTES, true],
      [long, false]
    ] as const) {
      const dict = store()
      const pieces = piecesOf(length, SMALL_BYTES)
      dict.set('a', pieces, () => response())
      const before = dict.bytes
      const body = dict.openBody('a', '00')
      expect(body instanceof Uint8Array).toBe(joins)
      if (!joins) expect([...(body as Uint8Array[])].every((piece, n) => piece === pieces[n])).toBe(true)
      expect(dict.bytes).toBeLessThanOrEqual(before)
    }
  })

  it('looks at no more than 16,384 pieces in one turn, and keeps what it has looked at', async () => {
    const dict = store()
    const pieces = piecesOf(20_000 * 1_024, 1_024)
    let looked = 0
    const seen = pieces.map(
      (piece) =>
        new Proxy(piece, {
          get: (_, name) => {
            if (name === 'byteLength') looked++
            const value = Reflect.get(piece, name, piece)
            return typeof value === 'function' ? value.bind(piece) : value
          }
        })
    )
    const done = dict.set('a', seen, () => response())
    const turns = await watch(done, () => looked)
    expect(Math.max(...turns.map((count, turn) => count - (turns[turn - 1] ?? 0)))).toBeLessThanOrEqual(16_384)
    expect(dict.size).toBe(1)
  })

  it('copies one that would hold much more than its length a MiB in each turn', async () => {
    const dict = store()
    const pieces = piecesOf(long, 1_024, 4)
    const done = dict.set('a', pieces, () => response({ bodyBytes: long }))
    const turns = await watch(done, () => dict.size)
    expect(turns.filter((size) => size === 0).length).toBeGreaterThanOrEqual(long / MIB - 1)
    const kept = dict.openBody('a', '00') as Uint8Array[]
    expect(kept.map(({ byteLength }) => byteLength)).toEqual(Array(long / MIB).fill(MIB))
    expect(Buffer.concat(kept).equals(Buffer.concat(pieces))).toBe(true)
    expect(new Set(kept.map(({ buffer }) => buffer.byteLength))).toEqual(new Set([MIB]))
  })

  describe('making room for one', () => {
    const maxBytes = 12 * MIB
    /** A store full of small responses, and how many bytes each of them takes. */
    function filled() {
      const dict = store(maxBytes)
      const sizes: number[] = []
      for (let key = 0; dict.bytes < maxBytes - 2_000; key++) {
        const before = dict.bytes
        dict.set(`${key}`, new Uint8Array(0), () => response({ key: `${key}` }))
        sizes.push(dict.bytes - before)
      }
      return { dict, sizes }
    }

    it('evicts in slices no more than it has to, in the order of use, and never holds more than its bound', async () => {
      const { dict, sizes } = filled()
      dict.get('0')
      const long = new Uint8Array(10 * MIB)
      const empty = store(maxBytes)
      empty.set('long', [long], () => response({ key: 'long' }))
      let left = dict.bytes
      let gone = 0
      while (left + empty.bytes > maxBytes) left -= sizes[++gone] as number

      const done = dict.set('long', [long], () => response({ key: 'long' }))
      expect(done).toBeInstanceOf(Promise)
      const evicted = await watch(done, () => {
        expect(dict.bytes).toBeLessThanOrEqual(maxBytes)
        return dict.counters.evicted
      })
      const slices = evicted.map((count, turn) => count - (evicted[turn - 1] ?? 0))
      expect(Math.max(...slices)).toBe(2_048)
      expect({ size: dict.size, bytes: dict.bytes }).toEqual({
        size: sizes.length - gone + 1,
        bytes: left + empty.bytes
      })
      const there = [0, gone, gone + 1].map((key) => dict.get(`${key}`).responses.length)
      expect(there).toEqual([1, 0, 1])
    })

    it('keeps what else is under its key, though that was used least recently', async () => {
      const { dict, sizes } = filled()
      const { bytes } = dict
      dict.set('0', new Uint8Array(0), () => response({ key: '0', slot: '1' }))
      for (let key = 1; key < sizes.length; key++) dict.get(`${key}`)
      await dict.set('0', [new Uint8Array(10 * MIB)], () => response({ key: '0', slot: '2' }))
      expect(dict.bytes).toBeGreaterThan(bytes - 2_000)
      expect(
        dict
          .get('0')
          .responses.map(({ response: { slot } }) => slot)
          .sort()
      ).toEqual(['0', '1', '2'])
    })

    it('stores nothing that was cleared meanwhile, nor over what was requested later', async () => {
      const { dict } = filled()
      const cleared = dict.set('long', [new Uint8Array(10 * MIB)], () => response({ key: 'long' }))
      dict.clear()
      await cleared
      expect(dict.size).toBe(0)

      const other = filled().dict
      const older = other.set('long', [new Uint8Array(10 * MIB)], () => response({ key: 'long', id: '01' }))
      other.set('long', new Uint8Array(0), () => response({ key: 'long', id: '02', requestTime: NOW + 1 }))
      await older
      expect(other.get('long').responses.map(({ response: { id } }) => id)).toEqual(['02'])
    })
  })
})
