import type { Found, StoredResponse } from '@cc/core'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { NearCache, type Watch } from './near-cache.js'

const response = (id: string, more: Partial<StoredResponse> = {}): StoredResponse => ({
  formatVersion: 1,
  key: 'https://example.org/',
  slot: 'a',
  id,
  method: 'GET',
  status: 200,
  statusText: 'OK',
  fields: [['Content-Type', 'text/plain']],
  selecting: [],
  requestTime: 0,
  responseTime: 0,
  dropAt: 1e15,
  bodyBytes: 3,
  marks: {},
  ...more
})
const found = (id = '1', body: Uint8Array = Buffer.from('abc')): Found => ({
  responses: [{ response: response(id), body }]
})

class Trust implements Watch {
  isTrusted = true
  isConfirmed = true
  starts = 0
  start(): void {
    this.starts++
  }
  confirms(): boolean {
    return this.isConfirmed
  }
  close(): void {
    this.isTrusted = false
  }
}

let watch: Trust
let near: NearCache
beforeEach(() => {
  watch = new Trust()
  near = new NearCache(100_000, watch)
})

/** A look-up whose answer comes when it is told to. */
function slowRead(key: string) {
  let answer: (found: Found) => void = () => {}
  const answered = near.read(key, `head:${key}`, () => new Promise((resolve) => (answer = resolve)))
  return {
    end: (found: Found) => {
      answer(found)
      return answered
    }
  }
}

describe('NearCache', () => {
  it('answers without a promise, with the very object it answered with first', async () => {
    expect(near.get('k')).toBeUndefined()
    const first = await near.read('k', 'h', async () => found())
    expect(first).toEqual({ responses: [{ response: response('1'), body: new Uint8Array(Buffer.from('abc')) }] })
    expect(near.get('k')).toBe(first)
    expect(near.get('other')).toBeUndefined()
  })

  it('gives all who looked up at the same time one object', async () => {
    const one = slowRead('k')
    const two = slowRead('k')
    const first = await one.end(found())
    expect(await two.end(found())).toBe(first)
  })

  it('holds bytes of its own, not the buffer they were received in (row M3)', async () => {
    const received = Buffer.alloc(65_536, 'abc')
    const { responses } = await near.read('k', 'h', async () => found('1', received.subarray(0, 3)))
    expect(responses[0]?.body?.buffer.byteLength).toBe(3)
    received.fill(0)
    expect(Buffer.from(near.get('k')?.responses[0]?.body ?? []).toString()).toBe('abc')
  })

  it('keeps nothing where nothing was found', async () => {
    await near.read('k', 'h', async () => ({ responses: [] }))
    expect(near.size).toBe(0)
  })

  it('keeps a mark that no response is under', async () => {
    await near.read('k', 'h', async () => ({ responses: [], mark: { value: 'aa', at: 1, dropAt: 2 } }))
    expect(near.get('k')?.mark?.value).toBe('aa')
  })

  it('forgets what has changed, by the name the server tells it by', async () => {
    await near.read('k', 'h', async () => found())
    near.drop('other')
    expect(near.get('k')).toBeDefined()
    near.drop('h')
    expect(near.get('k')).toBeUndefined()
    expect(near.bytes).toBe(0)
  })

  it('keeps nothing that changed between the beginning of its reading and the answer (row R20)', async () => {
    const reading = slowRead('k')
    near.drop('head:k')
    expect(await reading.end(found())).toEqual(found())
    expect(near.get('k')).toBeUndefined()
  })

  it('keeps what a reading brings that began after the change, whatever becomes of the one before', async () => {
    const before = slowRead('k')
    near.drop('head:k')
    const after = slowRead('k')
    await after.end(found('2'))
    await before.end(found('1'))
    expect(near.get('k')?.responses[0]?.response.id).toBe('2')
  })

  it('is not told of a change of one key by the change of another', async () => {
    const reading = slowRead('k')
    near.drop('head:other')
    await reading.end(found())
    expect(near.get('k')).toBeDefined()
  })

  it('keeps nothing of what was being read when everything was forgotten (row R20)', async () => {
    await near.read('other', 'o', async () => found())
    const reading = slowRead('k')
    near.flush()
    await reading.end(found())
    expect(near.size).toBe(0)
    expect(near.bytes).toBe(0)
  })

  it('hands nothing out while not every change is heard of (row R20)', async () => {
    const kept = await near.read('k', 'h', async () => found())
    await near.readBody('k', '1', undefined, async () => new Uint8Array(3))
    watch.isTrusted = false
    expect(near.get('k')).toBeUndefined()
    expect(near.body('k', '1')).toBeUndefined()
    watch.isTrusted = true
    expect(near.get('k')).toBe(kept)
  })

  it('keeps nothing whose reading began before changes were heard of (row R20)', async () => {
    watch.isTrusted = false
    const reading = slowRead('k')
    expect(watch.starts).toBe(1)
    watch.isTrusted = true
    await reading.end(found())
    expect(near.size).toBe(0)
  })

  it('keeps nothing that may come from a server it does not listen to (row R20)', async () => {
    const reading = slowRead('k')
    watch.isConfirmed = false
    await reading.end(found())
    expect(near.size).toBe(0)
  })

  it('lets a look-up fail as it fails, and forgets it', async () => {
    await expect(near.read('k', 'h', () => Promise.reject(new Error('down')))).rejects.toThrow('down')
    await near.read('k', 'h', async () => found())
    expect(near.get('k')).toBeDefined()
  })

  const longFound = (bodyBytes: number): Found => ({ responses: [{ response: response('1', { bodyBytes }) }] })

  it('keeps a body that was read to its end, for as long as its response', async () => {
    const bytes = Buffer.from('0123456789')
    const read = async () => bytes
    expect(await near.readBody('k', '1', undefined, read)).toBe(bytes)
    await near.read('k', 'h', async () => longFound(10))
    expect(await near.readBody('k', '2', undefined, read)).toBe(bytes)
    expect(near.body('k', '2')).toBeUndefined()
    expect(await near.readBody('k', '1', { first: 0, last: 9 }, read)).toBe(bytes)
    expect(near.body('k', '1')).toBeUndefined()
    const kept = await near.readBody('k', '1', undefined, read)
    expect(near.body('k', '1')).toBe(kept)
    expect(kept).toEqual(new Uint8Array(bytes))
    expect(near.body('k', '1', { first: 2, last: 3 })).toEqual(new Uint8Array(Buffer.from('23')))
    near.drop('h')
    expect(near.body('k', '1')).toBeUndefined()
  })

  it('keeps a body that comes in pieces once the last one was read, and has the length it says', async () => {
    async function* pieces(count: number) {
      for (let n = 0; n < count; n++) yield Buffer.alloc(10, n)
    }
    const read = async (count: number, taken = count) => {
      await near.read('k', 'h', async () => longFound(30))
      const body = await near.readBody('k', '1', undefined, async () => pieces(count))
      const seen: Uint8Array[] = []
      for await (const piece of body as AsyncIterable<Uint8Array>)
        if (seen.push(piece) === taken && taken < count) break
      expect(Buffer.concat(seen).byteLength).toBe(10 * taken)
    }
    await read(3, 2)
    await read(2)
    await read(4)
    expect(near.body('k', '1')).toBeUndefined()
    await read(3)
    expect(near.body('k', '1')?.byteLength).toBe(30)
    near.drop('h')
    await read(3)
    expect(near.body('k', '1')?.byteLength).toBe(30)
  })

  it('keeps no body whose response has changed while it was read', async () => {
    await near.read('k', 'h', async () => longFound(10))
    const body = await near.readBody('k', '1', undefined, async () => {
      near.drop('h')
      return new Uint8Array(10)
    })
    expect(body?.constructor).toBe(Uint8Array)
    expect(near.body('k', '1')).toBeUndefined()
    expect(near.bytes).toBe(0)
  })

  it('copies no more at a time than a quarter of all its room, however many read (row M1)', async () => {
    async function* pieces() {
      for (let n = 0; n < 2; n++) yield Buffer.alloc(10_000, n)
    }
    const open = async (key: string) => {
      await near.read(key, `head:${key}`, async () => longFound(20_000))
      const body = (await near.readBody(key, '1', undefined, async () => pieces())) as AsyncIterable<Uint8Array>
      return body[Symbol.asyncIterator]()
    }
    const readOn = async (body: AsyncIterator<Uint8Array>) => {
      let length = 0
      for (let next = await body.next(); !next.done; next = await body.next()) length += next.value.byteLength
      return length
    }
    const [one, two] = [await open('one'), await open('two')]
    await Promise.all([one.next(), two.next()])
    expect(await Promise.all([readOn(one), readOn(two)])).toEqual([10_000, 10_000])
    expect(near.body('one', '1')).toBeDefined()
    expect(near.body('two', '1')).toBeUndefined()
    const given = await open('two')
    await given.next()
    await given.return?.()
    expect(await readOn(await open('two'))).toBe(20_000)
    expect(near.body('two', '1')).toBeDefined()
  })

  it('keeps no body that would take a quarter of all its room', async () => {
    await near.read('k', 'h', async () => longFound(25_001))
    await near.readBody('k', '1', undefined, async () => new Uint8Array(25_001))
    expect(near.body('k', '1')).toBeUndefined()
  })

  it('stays within its bytes, and keeps what is used (row M1)', async () => {
    const body = new Uint8Array(10_000)
    for (let n = 0; n < 50; n++) {
      await near.read(`k${n}`, `h${n}`, async () => found(String(n), body))
      near.get('k0')
      expect(near.bytes).toBeLessThanOrEqual(100_000)
    }
    expect(near.size).toBeGreaterThan(4)
    expect(near.get('k0')).toBeDefined()
    expect(near.get('k49')).toBeDefined()
    expect(near.get('k1')).toBeUndefined()
    await near.read('long', 'long', async () => longFound(25_000))
    await near.readBody('long', '1', undefined, async () => new Uint8Array(25_000))
    expect(near.body('long', '1')).toBeDefined()
    expect(near.bytes).toBeGreaterThan(50_000)
    expect(near.bytes).toBeLessThanOrEqual(100_000)
    near.flush()
    expect(near.bytes).toBe(0)
  })

  it('keeps nothing that is larger than all its room', async () => {
    await near.read('k', 'h', async () => found('1', new Uint8Array(100_001)))
    expect(near.size).toBe(0)
  })
})
