import type { Socket } from 'node:net'
import type { CacheOptions } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { type SetUp, setUp, stores } from './harness.js'
import { turns } from './no-stray-errors.js'
import { rawOrigin, writeRaw } from './raw-origin.js'
import { generations, Recorder } from './recorder.js'

const fresh = ['HTTP/1.1 200 OK', 'Cache-Control: max-age=60', 'ETag: "a"']
const close = (socket: Socket) => socket.end()
/** Cuts the connection once the other side has read what was sent. */
const reset = (socket: Socket) => void turns(20).then(() => socket.resetAndDestroy())

/** Asks twice and tells how the first answer ended, and the decisions of both. */
async function askTwice(
  client: SetUp,
  url: string,
  { method = 'GET', generation = 'new' }: { method?: 'GET' | 'HEAD'; generation?: 'new' | 'legacy' } = {}
) {
  const recorders: Recorder[] = []
  for (let i = 0; i < 2; i++) {
    const decided = client.nextDecision()
    const recorder = new Recorder(generation)
    client.dispatcher.dispatch({ origin: url, path: '/', method }, recorder.handler)
    await Promise.all([recorder.over, decided])
    recorders.push(recorder)
  }
  return { first: recorders[0] as Recorder, second: recorders[1] as Recorder, decisions: client.decisions }
}

const nothing = () => {}
const cut = [
  { body: 'of which less came than announced', head: ['Content-Length: 10'], sent: 'half.', after: close },
  { body: 'of which less came before a reset', head: ['Content-Length: 10'], sent: 'half.', after: reset },
  { body: 'without its last chunk', head: ['Transfer-Encoding: chunked'], sent: '5\r\nhalf.\r\n', after: close },
  { body: 'cut within a chunk', head: ['Transfer-Encoding: chunked'], sent: 'a\r\nhalf.', after: reset },
  {
    body: 'with a chunk that is none',
    head: ['Transfer-Encoding: chunked'],
    sent: '5\r\nhalf.\r\nzz\r\n',
    after: nothing
  }
]

describe.each(stores)('the end of a body (RFC 9112 §6.3), with %s (rows B1, B2, B3, B4)', (_name, makeStore) => {
  const client = (options: CacheOptions = {}) =>
    setUp(makeStore(), (_setUp, _request, response) => response.end(), options)

  describe.each(cut)('MSG-02, MSG-03: a body $body', ({ head, sent, after }) => {
    it.each(generations)('is an error for the caller, and not stored (%s handler)', async (generation) => {
      const raw = await rawOrigin((socket) => {
        writeRaw(socket, [...fresh, ...head], sent)
        after(socket)
      })
      const { first, decisions } = await askTwice(await client(), raw.url, { generation })
      expect(first.events[1]).toBe('head 200')
      expect(first).toMatchObject({ errors: [expect.anything()], misplaced: [] })
      expect(first.events).not.toContain('end')
      expect(decisions).toMatchObject(Array(2).fill({ outcome: 'miss', notStored: { requirement: 'MSG-02' } }))
      expect(raw.requests).toHaveLength(2)
    })

    it('leaves what is stored as it was', async () => {
      const raw = await rawOrigin((socket, n) => {
        if (n === 0) return writeRaw(socket, [...fresh, 'Content-Length: 3'], 'old')
        writeRaw(socket, [...fresh, 'X-New: 1', ...head], sent)
        after(socket)
      })
      const ready = await client()
      await ready.get('/', { origin: raw.url })
      await turns()
      const failed = ready.get('/', { origin: raw.url, headers: { 'Cache-Control': 'no-cache' } })
      await expect(failed).rejects.toMatchObject({ message: expect.any(String) })
      const hit = await ready.get('/', { origin: raw.url })
      expect(hit).toMatchObject({ text: 'old', decision: { outcome: 'hit' } })
      expect(hit.headers).not.toHaveProperty('x-new')
    })
  })

  it('MSG-02: more bytes than announced are not part of the response, and none of them are stored', async () => {
    const raw = await rawOrigin((socket) => writeRaw(socket, [...fresh, 'Content-Length: 4'], 'bodyand more'))
    const { second } = await askTwice(await client(), raw.url)
    expect(second).toMatchObject({ text: 'body', errors: [] })
    expect(raw.requests).toHaveLength(1)
  })

  it.each([
    {
      what: 'an answer to HEAD, whatever its Content-Length',
      method: 'HEAD' as const,
      head: [...fresh, 'Content-Length: 100']
    },
    { what: 'an answer to HEAD without one', method: 'HEAD' as const, head: fresh },
    { what: 'a 204', method: 'GET' as const, head: ['HTTP/1.1 204 No Content', 'Cache-Control: max-age=60'] }
  ])('MSG-02, MSG-06: $what has no body and is complete at once', async ({ method, head }) => {
    const raw = await rawOrigin((socket) => writeRaw(socket, head))
    const { first, second, decisions } = await askTwice(await client(), raw.url, { method })
    expect(decisions).toMatchObject([{ stored: true }, { outcome: 'hit' }])
    expect(second.events).toEqual(first.events)
    expect(second.headers['content-length']).toBe(first.headers['content-length'])
  })

  it('MSG-02: an empty body is one', async () => {
    const raw = await rawOrigin((socket) => writeRaw(socket, [...fresh, 'Content-Length: 0']))
    const { second, decisions } = await askTwice(await client(), raw.url)
    expect(decisions).toMatchObject([{ stored: true }, { outcome: 'hit' }])
    expect(second.events).toEqual(['start', 'head 200', 'end'])
  })

  it('MSG-02: is not visible before it came', async () => {
    const hold = { end: () => {} }
    const respond: Parameters<typeof setUp>[1] = (_setUp, _request, response, n) => {
      response.setHeader('Cache-Control', 'max-age=60').write('half')
      if (n > 0) response.end()
      else hold.end = () => response.end('rest')
    }
    const ready = await setUp(makeStore(), respond, { collapse: false })
    const recorder = new Recorder('new')
    ready.dispatcher.dispatch({ origin: ready.origin.url, path: '/', method: 'GET' }, recorder.handler)
    await recorder.seen('data 4')
    expect(await ready.get('/')).toMatchObject({ text: 'half', decision: { outcome: 'miss', reason: 'uri-miss' } })
    hold.end()
    await recorder.over
    expect(recorder.text).toBe('halfrest')
  })

  describe.each([
    { how: 'ends in order', after: close },
    { how: 'is cut by a reset', after: reset }
  ])('MSG-06: a body that only its connection ends, which $how', ({ after }) => {
    it('is not stored, and the decision names the option that would', async () => {
      const raw = await rawOrigin((socket) => {
        writeRaw(socket, [...fresh, 'Connection: close'], 'body')
        after(socket)
      })
      const { first, decisions } = await askTwice(await client(), raw.url)
      expect(first.text).toBe('body')
      const notStored = { requirement: 'MSG-06', option: 'storeCloseDelimited: true' }
      expect(decisions).toMatchObject(Array(2).fill({ outcome: 'miss', stored: false, notStored }))
    })
  })

  it('MSG-06: storeCloseDelimited stores such a body', async () => {
    const raw = await rawOrigin((socket) => {
      writeRaw(socket, fresh, 'body')
      socket.end()
    })
    const { second, decisions } = await askTwice(await client({ storeCloseDelimited: true }), raw.url)
    expect(second.text).toBe('body')
    expect(decisions).toMatchObject([{ stored: true }, { outcome: 'hit' }])
  })

  it('MSG-06: an empty status message is no proof of HTTP/2', async () => {
    const raw = await rawOrigin((socket) => {
      writeRaw(socket, ['HTTP/1.1 200 ', 'Cache-Control: max-age=60'], 'body')
      socket.end()
    })
    const { decisions } = await askTwice(await client(), raw.url)
    expect(decisions).toMatchObject([{ notStored: { requirement: 'MSG-06' } }, { outcome: 'miss' }])
  })
})
