import { gzipSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import { responsesIn } from './body-faults-store.js'
import { FaultyStore } from './faulty-store.js'
import { setUp, stores } from './harness.js'
import { turns } from './no-stray-errors.js'
import { rawOrigin, writeRaw } from './raw-origin.js'
import { apis, clientOf, decided } from './scripted-requests.js'

const limits = [1, 100, 65_536, 65_537, 200_000, 1_048_576]
const framings = ['announced', 'in chunks'] as const
const kinds = [
  { kind: 'a store in memory', make: () => new FaultyStore({ sync: true, keepsObjects: true }) },
  { kind: 'a store elsewhere', make: () => new FaultyStore() }
]

describe.each(kinds)('with $kind (row B8)', ({ make }) => {
  describe.each(framings)('a body that is %s', (framing) => {
    it.each(limits)('is stored up to a limit of %i bytes, and not with one byte more (MSG-03)', async (limit) => {
      for (const length of [limit - 1, limit, limit + 1]) {
        const store = make()
        const body = Buffer.alloc(length, 'text ')
        const client = await setUp(
          store,
          (_setUp, _request, response) => {
            response.setHeader('Cache-Control', 'max-age=60')
            if (framing === 'announced') response.setHeader('Content-Length', length).end(body)
            else {
              response.write(body.subarray(0, length / 2))
              response.end(body.subarray(length / 2))
            }
          },
          { maxEntryBytes: limit }
        )
        const fits = length <= limit
        const tooLong = { stored: false, notStored: { requirement: 'MSG-03', reason: 'it is too long' } }
        const first = await client.get('/')
        expect(first.text === body.toString()).toBe(true)
        expect(first.decision).toMatchObject(fits ? { stored: true } : tooLong)
        const second = await client.get('/')
        expect(second.text === body.toString()).toBe(true)
        expect(second.decision.outcome).toBe(fits ? 'hit' : 'miss')
        const isGivenUpAtOnce = framing === 'announced' || limit < 1_000_000
        if (!fits && isGivenUpAtOnce) expect(store.calls).not.toContain('set')
      }
    })
  })

  it.each([2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1])(
    'a body of %i bytes of which little comes is an error, and not stored (MSG-02)',
    async (length) => {
      const store = make()
      const origin = await rawOrigin((socket) => {
        writeRaw(socket, ['HTTP/1.1 200 OK', 'Cache-Control: max-age=60', `Content-Length: ${length}`], 'a little')
        socket.end()
      })
      const client = await clientOf(store)
      for (const { ask } of apis) {
        const failed = decided(client, () => ask(origin.url, client.dispatcher).catch(() => 'an error'))
        expect(await failed).toBe('an error')
      }
      expect(client.decisions).toMatchObject(apis.map(() => ({ outcome: 'miss', stored: false })))
      expect(origin.requests).toHaveLength(apis.length)
      expect(await responsesIn(store)).toEqual([])
    }
  )
})

describe.each(stores)('with %s', (_name, makeStore) => {
  it('coded content counts and is kept as it came, whatever it would grow to (GEN-02, MSG-03) (row B11)', async () => {
    const coded = gzipSync(Buffer.alloc(50_000_000))
    const store = makeStore()
    const client = await setUp(
      store,
      (_setUp, _request, response) => {
        response.setHeader('Cache-Control', 'max-age=60').setHeader('Content-Encoding', 'gzip').end(coded)
      },
      { maxEntryBytes: coded.byteLength }
    )
    await client.get('/')
    await turns()
    const [stored] = await responsesIn(store)
    expect(stored?.response.bodyBytes).toBe(coded.byteLength)
    const { decision, headers } = await client.get('/')
    expect([decision.outcome, headers['content-encoding']]).toEqual(['hit', 'gzip'])
  })
})
