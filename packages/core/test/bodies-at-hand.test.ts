import type { Body, ByteRange } from '@cc/core'
import { describe, expect, it, jest } from '@jest/globals'
import { answering } from './answers.js'
import { setUp } from './harness.js'
import { MapStore } from './map-store.js'
import { Representation } from './ranged-origin.js'

const text = 'x'.repeat(100_000)

/** Answers at once, with the body that it has or with what becomes of it. */
class DamagingStore extends MapStore {
  damage: ((body: Uint8Array) => Uint8Array) | undefined

  constructor() {
    super({ sync: true })
  }

  override openBody(key: string, id: string, range?: ByteRange): Body | undefined {
    const body = super.openBody(key, id, range) as Uint8Array | undefined
    return body && this.damage ? this.damage(body) : body
  }
}

async function clientOf(store: MapStore) {
  const { answer } = new Representation(text, { 'Cache-Control': 'max-age=60' })
  const client = await setUp(store, answering(answer))
  expect((await client.get('/')).text).toBe(text)
  return client
}

describe('A body that a store has at hand', () => {
  it('is checked and served before the request returns', async () => {
    const { dispatcher, origin } = await clientOf(new DamagingStore())
    const seen: unknown[] = []
    const hit = (headers: Record<string, string>) =>
      dispatcher.dispatch(
        { origin: origin.url, path: '/', method: 'GET', headers },
        {
          onRequestStart() {},
          onResponseStart: (_controller, status) => void seen.push(status),
          onResponseData: (_controller, chunk) => void seen.push(chunk.byteLength),
          onResponseEnd: () => void seen.push('end'),
          onResponseError: (_controller, error) => void seen.push(error.message)
        }
      )
    hit({})
    hit({ range: 'bytes=10-19' })
    expect(seen).toEqual([200, 100_000, 'end', 206, 10, 'end'])
    expect(origin.requests).toHaveLength(1)
  })

  it.each([
    ['too short', (body: Uint8Array) => body.subarray(1)],
    ['too long', (body: Uint8Array) => Buffer.concat([body, Buffer.from('x')])],
    ['another one', (body: Uint8Array) => body.with(body.byteLength - 1, 0)]
  ])('is a miss, and removed, if it is %s (row D3)', async (_how, damage) => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    for (const headers of [{}, { range: 'bytes=10-19' }]) {
      const store = new DamagingStore()
      const client = await clientOf(store)
      store.damage = damage
      const { text: served, decision } = await client.get('/', { headers })
      expect(text).toContain(served)
      expect(decision.outcome).toBe('miss')
      store.damage = undefined
      expect((await client.get('/')).text).toBe(text)
    }
    expect(warned).toHaveBeenCalledTimes(2)
    warned.mockRestore()
  })
})
