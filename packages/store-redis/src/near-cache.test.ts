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
    near.keepBody('k', '1', new Uint8Array(3))
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

  it('keeps bodies for as long as their response, and only then', async () => {
    near.keepBody('k', '1', new Uint8Array(5))
    await near.read('k', 'h', async () => ({ responses: [{ response: response('1') }] }))
    near.keepBody('k', '2', new Uint8Array(5))
    near.keepBody('k', '1', new Uint8Array(7))
    expect(near.body('k', '2')).toBeUndefined()
    expect(near.body('k', '1')?.byteLength).toBe(7)
    near.drop('h')
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
    near.keepBody('k49', '49', new Uint8Array(80_000))
    expect(near.body('k49', '49')).toBeDefined()
    expect(near.bytes).toBeLessThanOrEqual(100_000)
    near.flush()
    expect(near.bytes).toBe(0)
  })

  it('keeps nothing that is larger than all its room', async () => {
    await near.read('k', 'h', async () => found('1', new Uint8Array(100_001)))
    expect(near.size).toBe(0)
  })
})
