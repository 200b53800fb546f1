import type { CacheStore } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { fromKeyValue, type KeyValueStoreOptions } from '../src/index.js'
import { HOUR, hex, KEY, mark, NOW, put, response, TestKeyValue } from './sample.js'

const MIB = 1_048_576

function setUp(options: KeyValueStoreOptions = {}): { keyValue: TestKeyValue; store: CacheStore } {
  const keyValue = new TestKeyValue()
  return { keyValue, store: fromKeyValue(keyValue, { clock: () => NOW, ...options }) }
}

async function bodyOf(store: CacheStore, id = hex(1)): Promise<Buffer | undefined> {
  const body = await store.openBody(KEY, id)
  if (body === undefined) return undefined
  const pieces: Uint8Array[] = []
  for await (const piece of body instanceof Uint8Array ? [body] : body) pieces.push(piece)
  return Buffer.concat(pieces)
}

describe('what lies in the key-value', () => {
  it('is a body before the entry that shows it, in pieces of 1 MiB', async () => {
    const { keyValue, store } = setUp()
    const writes: string[] = []
    keyValue.before = (call, key) => {
      if (call === 'set') writes.push(key.slice(0, 4) + key.slice(-2))
    }
    await put(store, 2 * MIB + 1)
    expect(writes.map((name) => name.slice(0, 4))).toEqual(['cc:b', 'cc:b', 'cc:b', 'cc:r'])
    expect([...keyValue.map.values()].map((value) => value.byteLength).slice(0, 3)).toEqual([MIB, MIB, 1])
  })

  it('is nothing of a response that is replaced, deleted, or can have no use any more', async () => {
    const { keyValue, store } = setUp()
    await put(store, 2 * MIB)
    await put(store, 10, { id: hex(2) })
    expect(keyValue.named('b')).toHaveLength(1)
    await put(store, 10, { slot: hex(5), id: hex(5) })
    await store.delete(KEY, hex(5))
    expect(keyValue.named('b')).toHaveLength(1)
    await store.delete(KEY)
    expect([...keyValue.map.keys()]).toEqual([])
    await put(store, 10, { dropAt: NOW })
    expect([...keyValue.map.keys()]).toEqual([])
  })

  it('is nothing of what had its time, once its key is written again', async () => {
    let now = NOW
    const { keyValue, store } = setUp({ clock: () => now })
    await put(store, 10)
    now += HOUR
    await put(store, 10, { slot: hex(2), id: hex(2), requestTime: now, dropAt: now + HOUR })
    expect((await store.get(KEY)).responses.map((found) => found.response.id)).toEqual([hex(2)])
    expect(keyValue.named('b')).toHaveLength(1)
  })

  it('is nothing of a body that could not be written, or not be shown', async () => {
    const { keyValue, store } = setUp()
    keyValue.before = (call, key) => {
      if (call === 'set' && key.endsWith(':1')) throw new Error('full')
    }
    await expect(put(store, 2 * MIB)).rejects.toThrow('full')
    expect([...keyValue.map.keys()]).toEqual([])
    keyValue.before = (call, key) => {
      if (call === 'set' && key.startsWith('cc:r')) throw new Error('full')
    }
    await expect(put(store, 10)).rejects.toThrow('full')
    expect([...keyValue.map.keys()]).toEqual([])
  })

  it('is told how long it is of use: marks until their time, bodies twice as long as their response', async () => {
    const { keyValue, store } = setUp()
    await put(store, 10)
    await store.mark(KEY, mark(1))
    expect(keyValue.named('r').map((key) => keyValue.spans.get(key))).toEqual([HOUR])
    expect(keyValue.named('m').map((key) => keyValue.spans.get(key))).toEqual([HOUR])
    expect(keyValue.named('b').map((key) => keyValue.spans.get(key))).toEqual([2 * HOUR])
  })

  it('is a body that lives on when a 304 lengthens the life of its response', async () => {
    const { keyValue, store } = setUp()
    await put(store, 10)
    expect(await store.update(KEY, response({ bodyBytes: 10, dropAt: NOW + 2 * HOUR }))).toBe(true)
    expect(keyValue.named('b').map((key) => keyValue.spans.get(key))).toEqual([2 * HOUR])
    expect(await store.update(KEY, response({ bodyBytes: 10, dropAt: NOW + 9 * HOUR }))).toBe(true)
    expect(keyValue.named('b').map((key) => keyValue.spans.get(key))).toEqual([18 * HOUR])
    expect(await bodyOf(store)).toHaveLength(10)
  })

  it('begins with the prefix, and is apart from what has another one', async () => {
    const keyValue = new TestKeyValue()
    const one = fromKeyValue(keyValue, { prefix: 'one/', clock: () => NOW })
    await put(one, 10)
    await one.mark(KEY, mark(1))
    expect([...keyValue.map.keys()].filter((key) => !key.startsWith('one/'))).toEqual([])
    expect(await fromKeyValue(keyValue, { prefix: 'two/' }).get(KEY)).toEqual({ responses: [] })
  })
})

describe('damage is a miss', () => {
  it.each(['one bit', 'the last byte', 'all bytes'])('in an entry: %s', async (what) => {
    const { keyValue, store } = setUp()
    await put(store, 10)
    const [key] = keyValue.named('r') as [string]
    const whole = keyValue.map.get(key) as Uint8Array
    for (let at = 0; at < whole.byteLength; at++) {
      const damaged = what === 'the last byte' ? whole.slice(0, at) : Uint8Array.from(whole)
      if (what === 'one bit') damaged[at] = (whole[at] as number) ^ (1 << (at % 8))
      if (what === 'all bytes') damaged.fill(at)
      keyValue.map.set(key, damaged)
      expect(await store.get(KEY)).toEqual({ responses: [] })
      expect(await bodyOf(store)).toBe(undefined)
    }
    await put(store, 12, { id: hex(2) })
    expect(await bodyOf(store, hex(2))).toHaveLength(12)
  })

  it('in a body: another length, or none, rides along with nothing and is not opened', async () => {
    const { keyValue, store } = setUp()
    const stored = await put(store, 10)
    const [key] = keyValue.named('b') as [string]
    for (const damaged of [new Uint8Array(9), new Uint8Array(11), new Uint8Array(0)]) {
      keyValue.map.set(key, damaged)
      expect(await store.get(KEY)).toEqual({ responses: [{ response: stored }] })
      expect(await bodyOf(store)).toBe(undefined)
    }
  })

  it('in a later piece of a body: an error, and no clean end', async () => {
    const { keyValue, store } = setUp()
    await put(store, 2 * MIB)
    for (const damaged of [undefined, new Uint8Array(9)]) {
      const last = keyValue.named('b').find((key) => key.endsWith(':1')) ?? 'cc:b:gone:1'
      if (damaged === undefined) keyValue.map.delete(last)
      else keyValue.map.set(last, damaged)
      await expect(bodyOf(store)).rejects.toThrow('piece 1 of the body is gone or damaged')
    }
  })

  it('in a mark: it counts as an invalidation, for it may have been one', async () => {
    const { keyValue, store } = setUp()
    await store.mark(KEY, mark(1))
    const [key] = keyValue.named('m') as [string]
    keyValue.map.set(key, new Uint8Array(5))
    const found = await store.get(KEY)
    expect(found.mark).toEqual({ value: expect.stringMatching(/^[0-9a-f]{32}$/), at: NOW, dropAt: NOW + HOUR })
    expect((await store.get(KEY)).mark?.value).toBe(found.mark?.value)
  })

  it('does not lie in the place of another key', async () => {
    const { keyValue, store } = setUp()
    await put(store, 10)
    await put(store, 20, { key: 'another', id: hex(2) })
    const [one, two] = keyValue.named('r') as [string, string]
    keyValue.map.set(two, keyValue.map.get(one) as Uint8Array)
    expect(await store.get('another')).toEqual({ responses: [] })
  })

  it('is told where something else than bytes comes back: that is a mistake', async () => {
    const store = fromKeyValue({ get: () => 'text' as never, set: () => {}, delete: () => {} })
    await expect(store.get(KEY)).rejects.toThrow(
      new TypeError('keyValue.get must give a Uint8Array, undefined or null, not string')
    )
  })
})

describe('marks', () => {
  it('outlive being dropped by the key-value, as long as there are responses', async () => {
    const { keyValue, store } = setUp()
    await put(store, 10)
    await store.mark(KEY, mark(1))
    for (const key of keyValue.named('m')) keyValue.map.delete(key)
    expect((await store.get(KEY)).mark).toEqual(mark(1))
    await put(store, 10, { id: hex(2) })
    expect((await store.get(KEY)).mark).toEqual(mark(1))
  })

  it('reach an entry that another process writes meanwhile', async () => {
    const { keyValue, store } = setUp()
    const other = fromKeyValue(keyValue, { clock: () => NOW })
    let marking: Promise<void> | undefined
    keyValue.before = (call, key) => {
      if (call !== 'set' || !key.startsWith('cc:r') || marking !== undefined) return
      // The other process reads the entry before this one has written it.
      marking = Promise.resolve(other.mark(KEY, mark(1)))
      return marking
    }
    await put(store, 10)
    await marking
    keyValue.before = () => {}
    expect((await store.get(KEY)).responses).toHaveLength(1)
    for (const key of keyValue.named('m')) keyValue.map.delete(key)
    expect((await store.get(KEY)).mark).toEqual(mark(1))
  })

  it('are not lost whatever two processes do to a key at once', async () => {
    const keyValue = new TestKeyValue()
    const [one, two] = [fromKeyValue(keyValue, { clock: () => NOW }), fromKeyValue(keyValue, { clock: () => NOW })]
    for (let n = 1; n <= 50; n++) {
      await Promise.all([
        put(one, 10, { slot: hex(n % 3), id: hex(n) }),
        two.mark(KEY, mark(n)),
        two.delete(KEY, hex((n + 1) % 3)),
        put(two, 10, { slot: hex(n % 2), id: hex(1000 + n) })
      ])
      expect((await one.get(KEY)).mark).toEqual(mark(n))
      expect((await two.get(KEY)).mark).toEqual(mark(n))
    }
  })

  it('are written while something else hangs that was begun under their key', async () => {
    const { keyValue, store } = setUp()
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    keyValue.before = (call, key) => (call === 'set' && key.startsWith('cc:b') ? released : undefined)
    const set = put(store, 10)
    const marked = store.mark(KEY, mark(1))
    while (keyValue.named('m').length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect((await store.get(KEY)).mark).toEqual(mark(1))
    release()
    await Promise.all([set, marked])
  })
})

describe('bounds', () => {
  const bytesIn = ({ map }: TestKeyValue) => [...map.values()].reduce((sum, value) => sum + value.byteLength, 0)

  it('drops the keys used least recently, and all that belongs to them', async () => {
    const { keyValue, store } = setUp({ maxBytes: 100_000 })
    for (let n = 0; n < 4; n++) await put(store, 20_000, { key: `key ${n}`, id: hex(n) })
    await store.get('key 0')
    await put(store, 20_000, { key: 'key 4', id: hex(4) })
    const there = await Promise.all([0, 1, 2, 3, 4].map(async (n) => (await store.get(`key ${n}`)).responses.length))
    expect(there).toEqual([1, 0, 1, 1, 1])
    expect(keyValue.map.size).toBe(8)
  })

  it('holds whatever is stored, marked and deleted', async () => {
    const { keyValue, store } = setUp({ maxBytes: 200_000 })
    for (let n = 0; n < 500; n++) {
      await put(store, (n * 997) % 30_000, { key: `key ${n % 60}`, slot: hex(n % 3), id: hex(n) })
      if (n % 5 === 0) await store.mark(`marked ${n}`, mark(n))
      if (n % 7 === 0) await store.delete(`key ${(n * 3) % 60}`)
      expect(bytesIn(keyValue)).toBeLessThanOrEqual(200_000)
    }
  })

  it('drops variants of a key that is too much by itself, the oldest first', async () => {
    const { keyValue, store } = setUp({ maxBytes: 100_000 })
    for (let n = 0; n < 20; n++) await put(store, 20_000, { slot: hex(n), id: hex(n) })
    const { responses } = await store.get(KEY)
    expect(responses.map(({ response }) => response.id).sort()).toEqual([hex(16), hex(17), hex(18), hex(19)])
    expect(bytesIn(keyValue)).toBeLessThanOrEqual(100_000)
  })

  it('does not let an entry grow beyond 1 MiB', async () => {
    const { keyValue, store } = setUp()
    const fields = [['X', 'x'.repeat(60_000)]] as const
    for (let n = 0; n < 40; n++) await put(store, 1, { slot: hex(n), id: hex(n), fields })
    expect((await store.get(KEY)).responses).toHaveLength(17)
    expect(keyValue.named('b')).toHaveLength(17)
    for (const key of keyValue.named('r')) expect(keyValue.map.get(key)?.byteLength).toBeLessThanOrEqual(MIB + 1000)
  })

  it('stores nothing that was requested before an invalidation whose mark had to go', async () => {
    const { store } = setUp({ maxBytes: 100_000 })
    await store.mark(KEY, mark(1))
    for (let n = 0; n < 8; n++) await put(store, 20_000, { key: `key ${n}`, requestTime: NOW + 1 })
    expect((await store.get(KEY)).mark).toBe(undefined)
    await put(store, 10, { requestTime: NOW })
    expect((await store.get(KEY)).responses).toEqual([])
    await put(store, 10, { requestTime: NOW + 1 })
    expect((await store.get(KEY)).responses).toHaveLength(1)
  })

  it('keep a mark that is written while room is made under its key', async () => {
    const { keyValue, store } = setUp({ maxBytes: 100_000 })
    await store.mark(KEY, mark(1))
    let marking: Promise<void> | undefined
    keyValue.before = async (call, key) => {
      if (call !== 'delete' || !key.startsWith('cc:m') || marking !== undefined) return
      marking = Promise.resolve(store.mark(KEY, mark(2, NOW + 5)))
      await new Promise((resolve) => setImmediate(resolve))
    }
    for (let n = 0; n < 8; n++) await put(store, 20_000, { key: `key ${n}`, requestTime: NOW + 1 })
    await marking
    expect((await store.get(KEY)).mark).toEqual(mark(2, NOW + 5))
  })

  it('try again what could not be dropped', async () => {
    const { keyValue, store } = setUp({ maxBytes: 50_000 })
    await put(store, 30_000, { key: 'one', id: hex(1) })
    keyValue.before = (call) => {
      if (call === 'delete') throw new Error('down')
    }
    await expect(put(store, 30_000, { key: 'two', id: hex(2) })).rejects.toThrow('down')
    keyValue.before = () => {}
    await put(store, 10, { key: 'three', id: hex(3) })
    expect(bytesIn(keyValue)).toBeLessThanOrEqual(50_000)
  })

  it('with Infinity are left to the key-value', async () => {
    const { keyValue, store } = setUp({ maxBytes: Number.POSITIVE_INFINITY })
    for (let n = 0; n < 30; n++) await put(store, 4 * MIB, { key: `key ${n}` })
    expect(keyValue.named('r')).toHaveLength(30)
  })

  it('hold for many that are stored at once', async () => {
    const { keyValue, store } = setUp({ maxBytes: 60_000 })
    const numbers = Array.from({ length: 40 }, (_, n) => n)
    await Promise.all(numbers.map((n) => put(store, 20_000, { key: `key ${n % 10}`, id: hex(n) })))
    expect(bytesIn(keyValue)).toBeLessThanOrEqual(60_000)
  })
})

describe('options', () => {
  it.each([
    [undefined, {}, 'keyValue.get must be a function, not undefined'],
    [{ get: () => null, set: () => {} }, {}, 'keyValue.delete must be a function, not undefined'],
    [new Map(), { maxByte: 1 }, 'unknown option maxByte'],
    [new Map(), { prefix: 5 }, 'prefix must be a string, not 5'],
    [new Map(), { maxBytes: 0 }, 'maxBytes must be a positive integer or Infinity, not 0'],
    [new Map(), { maxEntryBytes: 1.5 }, 'maxEntryBytes must be a positive integer, not 1.5'],
    [new Map(), { maxBytes: 10, maxEntryBytes: 11 }, 'maxEntryBytes must be at most maxBytes (10), not 11'],
    [new Map(), { clock: 5 }, 'clock must be a function, not 5'],
    [new Map(), null, 'options must be an object, not null']
  ])('are checked: %o %o', (keyValue, options, message) => {
    expect(() => fromKeyValue(keyValue as never, options as never)).toThrow(new TypeError(message))
  })
})
