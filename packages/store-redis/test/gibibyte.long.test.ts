import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { RedisStore } from '../src/index.js'
import { hex, response } from './sample.js'
import { startRedis } from './servers/index.js'

const MIB = 1_048_576
const GIBIBYTE = 1_024 * MIB

let client: Redis

beforeAll(async () => {
  client = new Redis((await startRedis()).url)
}, 60_000)

afterAll(() => client.disconnect())

/** A body as it comes from a network, of which each MiB tells which it is. */
async function* pieces(length: number, sample: () => void) {
  for (let at = 0; at < length; at += 65_536) {
    sample()
    yield Buffer.alloc(65_536, Math.floor(at / MIB) % 251)
  }
}

async function store(into: RedisStore, length: number, sample = () => {}): Promise<void> {
  const stored = response({ bodyBytes: length })
  await into.set(stored.key, pieces(length, sample), () => stored)
}

async function read(from: RedisStore, length: number, sample = () => {}): Promise<void> {
  const body = await from.openBody(response().key, hex(1))
  let at = 0
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    if (piece[0] !== Math.floor(at / MIB) % 251) throw new Error(`another byte at ${at}`)
    at += piece.byteLength
    sample()
  }
  expect(at).toBe(length)
}

describe('a response of 1 GiB in RedisStore', () => {
  it('is stored and read in less than 64 MiB of memory (row B8)', async () => {
    const redis = new RedisStore({ client, maxEntryBytes: GIBIBYTE })
    // What is allocated once is no growth.
    await store(redis, 64 * MIB)
    await read(redis, 64 * MIB)
    const before = process.memoryUsage().rss
    let most = before
    const sample = () => {
      most = Math.max(most, process.memoryUsage().rss)
    }
    await store(redis, GIBIBYTE, sample)
    await read(redis, GIBIBYTE, sample)
    expect((most - before) / MIB).toBeLessThan(64)
  })
})
