import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { BodyCutError, FellBehindError, type Seen, SharedBody } from './shared-body.js'

const kib = 1_024

/** A shared body, what it asked of the network, and who fell behind. */
function shared(limitBytes: number) {
  const held: boolean[] = []
  const behind: Seen[] = []
  const left = { count: 0 }
  const body = new SharedBody({ limitBytes, hold: (on) => held.push(on), left: () => left.count++ }, [])
  const rest = (seen: Seen) => {
    behind.push(seen)
    return Promise.reject(new FellBehindError())
  }
  return { body, held, behind, left, rest }
}

async function all(pieces: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  const read: Uint8Array[] = []
  for await (const piece of pieces ?? []) read.push(piece)
  return Buffer.concat(read).toString()
}

describe('SharedBody', () => {
  it('COLL-01: each reader gets all of it, at his pace and whenever he comes', async () => {
    const piece = fc.string({ maxLength: 5 }).map((text) => Buffer.from(text))
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), fc.nat(8), async (pieces, comesAt) => {
        const { body, rest } = shared(0)
        const early = all(body.read(rest))
        let late: Promise<string> | undefined
        for (const [i, piece] of pieces.entries()) {
          if (i === comesAt) late = all(body.read(rest))
          body.add(piece)
          if (i % 2 === 0) await Promise.resolve()
        }
        body.end(true)
        const expected = Buffer.concat(pieces).toString()
        expect(await early).toBe(expected)
        expect(await (late ?? all(body.read(rest)))).toBe(expected)
      })
    )
  })

  it('COLL-01: who falls behind the fastest by more than the limit is told what he has seen, and the others go on', async () => {
    const { body, behind, rest } = shared(256 * kib)
    const quick = all(body.read(rest))
    const slow = (body.read(rest) as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
    const piece = Buffer.alloc(64 * kib, 'x')
    for (let i = 0; i < 8; i++) {
      body.add(piece)
      if (i === 0) await slow.next()
      await new Promise(setImmediate)
    }
    body.end(true)
    expect(await quick).toHaveLength(8 * piece.length)
    expect(behind).toEqual([{ bytes: piece.length, digest: createHash('sha256').update(piece).digest('hex') }])
    await expect(slow.next()).rejects.toThrow(FellBehindError)
    expect(body.read(rest)).toBeUndefined()
  })

  it('COLL-01: where nobody keeps up the network waits, until one does or all have left', async () => {
    const { body, held, behind, left, rest } = shared(256 * kib)
    const [one, other] = [body.read(rest), body.read(rest)].map((pieces) =>
      (pieces as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
    )
    for (let i = 0; i < 3; i++) body.add(Buffer.alloc(64 * kib))
    expect(held).toEqual([true])
    await one?.next()
    expect(held).toEqual([true, false])
    for (let i = 0; i < 8; i++) body.add(Buffer.alloc(64 * kib))
    expect(held).toEqual([true, false, true])
    expect(behind).toEqual([])
    await one?.return?.()
    await other?.return?.()
    expect(held).toEqual([true, false, true, false])
    expect(left.count).toBe(2)
    expect(body.readers).toBe(0)
  })

  it('MSG-02: what did not end well ends in an error, but for one who takes any end', async () => {
    const { body, rest } = shared(0)
    const [strict, lenient] = [all(body.read(rest)), all(body.readOn(rest))]
    body.add(Buffer.from('half'))
    body.end(false)
    await expect(strict).rejects.toThrow(BodyCutError)
    expect(await lenient).toBe('half')
    expect(body.read(rest)).toBeUndefined()
  })

  it('COLL-01: a failure reaches who takes the body as it is, and those who come then', async () => {
    const { body, rest } = shared(0)
    const reading = all(body.readOn(rest))
    body.fail(new Error('reset'))
    await expect(reading).rejects.toThrow('reset')
    await expect(all(body.readOn(rest))).rejects.toThrow('reset')
  })

  it.each([
    ['failed', (body: SharedBody) => body.fail(new Error('reset'))],
    ['was cut', (body: SharedBody) => body.end(false)]
  ])(
    'COLL-01: who would have had a body of his own gets the rest of another one, if this one %s',
    async (_how, stop) => {
      const { body, behind, rest } = shared(0)
      async function* end() {
        yield Buffer.from('+ rest')
      }
      const seen: Seen[] = []
      const reading = all(
        body.read((given) => {
          seen.push(given)
          return Promise.resolve(end())
        })
      )
      const inVain = all(body.read(rest))
      body.add(Buffer.from('half '))
      stop(body)
      expect(await reading).toBe('half + rest')
      await expect(inVain).rejects.toThrow(BodyCutError)
      const half = { bytes: 5, digest: createHash('sha256').update('half ').digest('hex') }
      expect([seen, behind]).toEqual([[half], [half]])
    }
  )
})
