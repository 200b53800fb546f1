import { randomInt } from 'node:crypto'
import { expect } from '@jest/globals'
import { Damaged, flipped } from './damage.js'

/** Runs `harm`, and says what it was that was not survived. */
async function surviving(what: string, harm: () => Promise<void>): Promise<void> {
  try {
    await harm()
  } catch (cause) {
    throw new Error(`${what}: ${(cause as Error).message}`, { cause })
  }
}

/**
 * Truncates the metadata of a response at each of its bytes, and flips a bit of each; `step` leaves some out. The same of a
 * body that lies beside it: only of that the store's failures tell.
 */
export async function damageMetadata(path: string, step = 1): Promise<void> {
  const damaged = await Damaged.store(path)
  expect(damaged.metadata).not.toEqual([])
  const harm = async (file: string, from: number, to: number) => {
    const bytes = damaged.bytesOf(file)
    for (let offset = from + randomInt(step); offset < to; offset += step) {
      await surviving(`cut at ${offset}`, () => damaged.replace(file, bytes.subarray(0, offset)))
      await surviving(`flipped at ${offset}`, () => damaged.replace(file, flipped(bytes, offset)))
    }
  }
  for (const file of damaged.metadata) {
    const bytes = damaged.bytesOf(file)
    await harm(file, 0, bytes.byteLength - damaged.besideBytes(file))
    await surviving('one byte more', () => damaged.replace(file, Buffer.concat([bytes, Buffer.from([0])])))
  }
  expect(damaged.told).toBe('')
  for (const file of damaged.metadata) {
    const bytes = damaged.bytesOf(file)
    await harm(file, bytes.byteLength - damaged.besideBytes(file), bytes.byteLength)
    if (damaged.besideBytes(file) > 0) expect(damaged.told).toContain('(read: BodyDamagedError)')
  }
}

/** Truncates, extends and changes the body of a response at random places. */
export async function damageBody(path: string, times: number, mayFail: boolean): Promise<void> {
  const damaged = await Damaged.store(path)
  const bytes = damaged.bytesOf(damaged.body)
  const harms = [
    (offset: number) => bytes.subarray(0, offset),
    (offset: number) => flipped(bytes, offset),
    (offset: number) => Buffer.concat([bytes, bytes.subarray(offset, offset + 1)]),
    (offset: number) => Buffer.concat([bytes.subarray(0, offset), bytes.subarray(offset + 1), Buffer.from([0])])
  ]
  for (let i = 0; i < times; i++) {
    const offset = randomInt(bytes.byteLength)
    const harm = harms[i % harms.length] ?? flipped.bind(undefined, bytes)
    await surviving(`harm ${i % harms.length} at ${offset}`, () => damaged.replace(damaged.body, harm(offset), mayFail))
  }
}
