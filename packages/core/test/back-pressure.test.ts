import type { CacheStore } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { type SetUp, setUp, stores } from './harness.js'
import { MapStore } from './map-store.js'
import { turns } from './no-stray-errors.js'
import { rawOrigin, writeRaw } from './raw-origin.js'
import { type Generation, generations, type OnStep, Recorder } from './recorder.js'

const pieces = Array.from({ length: 5 }, (_, i) => Buffer.alloc(50_000, `piece ${i} `))
const body = Buffer.concat(pieces)

/** A client for whom `/` comes from the network, or is already stored. */
async function clientOf(store: CacheStore, isStored: boolean): Promise<SetUp> {
  const client = await setUp(store, (_setUp, _request, response) => {
    response.setHeader('Cache-Control', 'max-age=60').setHeader('Content-Length', body.byteLength)
    for (const piece of pieces) response.write(piece)
    response.end()
  })
  if (isStored) await client.get('/')
  return client
}

function ask(client: SetUp, generation: Generation, onStep?: OnStep): Recorder {
  const recorder = new Recorder(generation, onStep)
  client.dispatcher.dispatch({ origin: client.origin.url, path: '/', method: 'GET' }, recorder.handler)
  return recorder
}

const sources = [
  { source: 'the network', make: () => new MapStore(), isStored: false },
  ...stores.map(([source, make]) => ({ source, make, isStored: true }))
]

describe.each(sources)('MSG-03: a caller who reads from $source at his own speed', ({ make, isStored }) => {
  it.each(generations)('may pause at every step (%s handler)', async (generation) => {
    const recorder = ask(await clientOf(make(), isStored), generation, (step, control) => {
      if (step === 'end' || (step === 'start' && generation === 'legacy')) return
      control.pause()
      void turns().then(() => control.resume())
    })
    await recorder.over
    expect(recorder).toMatchObject({ misplaced: [], errors: [], status: 200 })
    expect(Buffer.concat(recorder.chunks).equals(body)).toBe(true)
    expect(recorder.events.filter((event) => !event.startsWith('data'))).toEqual(['start', 'head 200', 'end'])
  })

  it.each(generations)('who pauses at the headers gets nothing until he goes on (%s handler)', async (generation) => {
    const recorder = ask(await clientOf(make(), isStored), generation, (step, control) => {
      if (step === 'head') control.pause()
    })
    await recorder.seen('head 200')
    await turns(20)
    expect(recorder.events).toEqual(['start', 'head 200'])
    recorder.control.resume()
    await recorder.over
    expect(Buffer.concat(recorder.chunks).equals(body)).toBe(true)
  })

  it.each(generations)(
    'who pauses on the last chunk hears of the end when he goes on (%s handler)',
    async (generation) => {
      let atLast = () => {}
      const last = new Promise<void>((resolve) => {
        atLast = resolve
      })
      const recorder = ask(await clientOf(make(), isStored), generation, (step, control, { chunks }) => {
        if (step !== 'data' || Buffer.concat(chunks).byteLength < body.byteLength) return
        control.pause()
        atLast()
      })
      await last
      await turns(20)
      expect(recorder.events).not.toContain('end')
      recorder.control.resume()
      await recorder.over
      expect(recorder).toMatchObject({ misplaced: [], errors: [] })
      expect(recorder.events.at(-1)).toBe('end')
    }
  )

  it.each(generations)('may resume without a pause, and twice, and within a step (%s handler)', async (generation) => {
    const recorder = ask(await clientOf(make(), isStored), generation, (_step, control) => {
      if (generation === 'new') control.resume()
      control.pause()
      control.pause()
      control.resume()
      control.resume()
    })
    await recorder.over
    expect(recorder).toMatchObject({ misplaced: [], errors: [] })
    expect(Buffer.concat(recorder.chunks).equals(body)).toBe(true)
  })
})

describe('MSG-03: a caller who does not read', () => {
  it('does not make the cache read the whole stored body', async () => {
    const piece = Buffer.alloc(65_536, 'x')
    const count = 256
    let read = 0
    const store = new (class extends MapStore {
      override openBody(): AsyncIterable<Uint8Array> {
        return (async function* () {
          for (; read < count; read++) yield piece
        })()
      }
    })()
    const client = await setUp(store, (_setUp, _request, response) => {
      response.setHeader('Cache-Control', 'max-age=60').end(Buffer.alloc(count * piece.byteLength, 'x'))
    })
    await client.get('/')
    const recorder = ask(client, 'new', (step, control) => step === 'data' && control.pause())
    await recorder.seen(`data ${piece.byteLength}`)
    await turns(100)
    expect(read).toBeLessThan(64)
    expect(recorder.chunks).toHaveLength(1)
    recorder.control.abort()
    expect(recorder.errors).toHaveLength(1)
  })

  it('holds the origin back, copy or no copy', async () => {
    let written = 0
    const limit = 256 * 1024 * 1024
    const piece = Buffer.alloc(65_536, 'x')
    const client = await setUp(new MapStore(), (_setUp, _request, response) => {
      response.setHeader('Cache-Control', 'max-age=60')
      const write = () => {
        written += piece.byteLength
        if (written >= limit) response.end()
        else response.write(piece, (error) => error == null && write())
      }
      write()
    })
    const recorder = ask(client, 'new', (step, control) => step === 'data' && control.pause())
    await recorder.seen('head 200')
    let before = -1
    while (before !== written) {
      before = written
      await turns(200)
    }
    expect(written).toBeGreaterThan(0)
    expect(written).toBeLessThan(limit / 4)
    recorder.control.abort()
  })
})

describe.each(stores)('a validation for a caller who pauses before its headers (%s)', (_name, makeStore) => {
  it('VAL-09, MSG-03: a 304 is read to its end, whatever the caller does with what he gets from the cache', async () => {
    const raw = await rawOrigin((socket, n) => {
      if (n === 1) writeRaw(socket, ['HTTP/1.1 304 Not Modified', 'ETag: "a"'])
      else writeRaw(socket, ['HTTP/1.1 200 OK', 'ETag: "a"', 'Cache-Control: max-age=1', 'Content-Length: 4'], 'body')
    })
    const client = await setUp(makeStore(), (_setUp, _request, response) => response.end())
    await client.get('/', { origin: raw.url })
    await turns()
    client.clock.advance(5)
    const recorder = new Recorder('new', (step, control) => {
      if (step === 'start') control.pause()
    })
    client.dispatcher.dispatch({ origin: raw.url, path: '/', method: 'GET' }, recorder.handler)
    await recorder.seen('head 200')
    recorder.control.resume()
    await recorder.over
    expect(recorder).toMatchObject({ text: 'body', misplaced: [], errors: [] })
    await turns(20)
    await client.get('/another', { origin: raw.url })
    expect(raw.connections()).toBe(1)
  })
})
