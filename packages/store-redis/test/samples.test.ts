import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { RedisStore } from '../src/index.js'
import { bytesOf, put } from './put.js'
import { bytes } from './sample.js'
import { startRedis } from './servers/index.js'

/** Hashes, as a release has left them in Redis: the bytes of each field, so many times over. */
type Sample = readonly {
  readonly key: string
  readonly hash: Readonly<Record<string, { readonly base64: string; readonly times?: number }>>
}[]

const folder = join(__dirname, 'samples')
const samples = readdirSync(folder)
const key = 'https://example.org/'

let redis: Redis
beforeAll(async () => {
  redis = new Redis((await startRedis()).url)
}, 60_000)
afterAll(() => redis.disconnect())
beforeEach(async () => {
  await redis.flushall()
})

async function restore(file: string, rename: (key: string) => string = (key) => key): Promise<void> {
  for (const { key, hash } of JSON.parse(readFileSync(join(folder, file), 'utf8')) as Sample) {
    for (const [field, { base64, times = 1 }] of Object.entries(hash)) {
      const piece = Buffer.from(base64, 'base64')
      await redis.hset(rename(key), field, Buffer.alloc(piece.length * times, piece))
    }
  }
}

/** What is in hashes of this layout, by key and field, and until when it stays. */
async function everythingOf(layout: string): Promise<object> {
  const found: Record<string, object> = {}
  for (const key of (await redis.keys(`${layout}{*`)).sort()) {
    const fields = Object.entries(await redis.hgetallBuffer(key)).map(([field, value]) => [
      field,
      value.toString('hex')
    ])
    found[key] = { fields: Object.fromEntries(fields), expires: await redis.pexpiretime(key) }
  }
  return found
}

describe('what an earlier release has stored in Redis', () => {
  it.each(samples)('can be read: %s (row X1)', async (file) => {
    await restore(file)
    const store = new RedisStore({ client: redis })
    const { responses, mark } = await store.get(key)
    expect(mark).toEqual({ value: 'a1', at: Date.UTC(2026, 0, 1), dropAt: Date.UTC(2100, 0, 1) })
    const found = Object.fromEntries(responses.map(({ response, body }) => [response.slot[0], { response, body }]))
    expect(Buffer.from(found[0]?.body ?? []).toString()).toBe('a short body\n')
    expect(found[0]?.response.fields).toContainEqual(['X-Latin-1', 'd\xe9j\xe0'])
    const long = await bytesOf(await store.openBody(key, found[1]?.response.id ?? ''))
    expect(long?.toString()).toBe('a long body\n'.repeat(6000))
  })

  it.each(samples)('can be replaced and removed: %s (row X1)', async (file) => {
    await restore(file)
    const store = new RedisStore({ client: redis })
    const { responses } = await store.get(key)
    const [first] = responses
    if (first === undefined) throw new Error('nothing is there')
    const { slot } = first.response
    await put(store, bytes(100), { key, slot, requestTime: first.response.requestTime + 1 })
    expect((await store.get(key)).responses).toHaveLength(responses.length)
    await store.delete(key)
    expect(await store.get(key)).toMatchObject({ responses: [], mark: { value: 'a1' } })
  })
})

describe('the newest sample', () => {
  it('is what is written now, byte for byte (row X1)', async () => {
    const newest = [...samples].sort().at(-1) ?? ''
    await restore(newest)
    const store = new RedisStore({ client: redis })
    const { responses, mark } = await store.get(key)
    const bodies = await Promise.all(
      responses.map(async ({ response, body }) => body ?? (await bytesOf(await store.openBody(key, response.id))))
    )
    const before = await everythingOf('cc:1:')
    await redis.flushall()
    for (const [index, { response }] of [...responses.entries()].reverse()) {
      await store.set(key, bodies[index] ?? new Uint8Array(), () => response)
    }
    if (mark !== undefined) await store.mark(key, mark)
    const fieldsOf = (found: object) => Object.entries(found).map(([name, { fields }]) => [name, fields])
    expect(fieldsOf(await everythingOf('cc:1:'))).toEqual(fieldsOf(before))
    await store.close()
  })
})

describe('what another version of the layout has stored in Redis', () => {
  it.each(samples)('is neither seen, nor changed, nor removed: %s (row X1)', async (file) => {
    await restore(file, (key) => key.replace('cc:1:', 'cc:2:'))
    const before = await everythingOf('cc:2:')
    expect(Object.keys(before)).not.toHaveLength(0)
    const store = new RedisStore({ client: redis })
    expect(await store.get(key)).toEqual({ responses: [] })
    await put(store, bytes(10), { key })
    await put(store, bytes(100_000), { key, slot: '1' })
    await store.delete(key)
    await store.clear()
    expect(await everythingOf('cc:2:')).toEqual(before)
  })

  // It might be a mark, by which what lies beside it is invalid.
  it('is a miss, and looking changes nothing: a value of a kind that is not known yet (row X1)', async () => {
    const [file = ''] = samples
    await restore(file)
    const [index = ''] = (await redis.keys('cc:1:*')).sort((a, b) => a.length - b.length)
    const unknown = Buffer.concat([Buffer.of(9), bytes(200)])
    await redis.hset(index, 'later', unknown)
    expect(await new RedisStore({ client: redis }).get(key)).toEqual({ responses: [] })
    expect(await redis.hgetBuffer(index, 'later')).toEqual(unknown)
  })
})
