import { describe, expect, it } from '@jest/globals'
import { type Dispatcher, errors, request } from 'undici'
import { agentFor, Client, startOrigin } from './client.js'
import type { Origin, Protocol, Respond } from './origin.js'

/** Milliseconds; nothing is ever in time here, for nothing ever comes. */
const brief = { headersTimeout: 50, bodyTimeout: 50 }
const { HeadersTimeoutError, BodyTimeoutError } = errors

/** Two ways not to answer: without a head, and with a head and half a body. */
const silences: readonly {
  readonly silence: string
  readonly respond: Respond
  readonly error: typeof errors.UndiciError
}[] = [
  { silence: 'headersTimeout', respond: () => undefined, error: HeadersTimeoutError },
  {
    silence: 'bodyTimeout',
    respond: (response) => {
      response.writeHead(200, { 'cache-control': 'max-age=60', 'content-length': '100', etag: '"new"' })
      response.write('half')
    },
    error: BodyTimeoutError
  }
]

/** Answers once with what is stale at once, then no more. */
function staleThenSilent(permission: string, silent: Respond): Respond {
  return (response, request, body, n) => {
    if (n > 0) return silent(response, request, body, n)
    response.writeHead(200, {
      'cache-control': `max-age=1${permission}`,
      age: '10',
      etag: '"old"',
      'content-length': 3
    })
    return response.end('old')
  }
}

async function get(dispatcher: Dispatcher, { url }: Origin): Promise<string> {
  return await (await request(`${url}/path`, { dispatcher, ...brief })).body.text()
}

// Over TLS alone HTTP/1.1 has the same timers.
describe.each<Protocol>(['http', 'h2'])('over %s', (protocol) => {
  async function setUp(respond: Respond) {
    const origin = await startOrigin(protocol)
    origin.on('/path', respond)
    const client = new Client()
    return { origin, client, dispatcher: agentFor(origin).compose(client.cache()) }
  }

  describe.each(silences)('$silence', ({ silence, respond, error }) => {
    it('of a miss is its error; nothing is stored, and the next request is asked anew (MSG-03)', async () => {
      const { origin, client, dispatcher } = await setUp(respond)
      await expect(get(dispatcher, origin)).rejects.toThrow(error)
      origin.on('/path', (response) => {
        response.writeHead(200, { 'cache-control': 'max-age=60', 'content-length': 3 })
        response.end('new')
      })
      for (let i = 0; i < 2; i++) expect(await get(dispatcher, origin)).toBe('new')
      await client.decided(3)
      expect(client.decisions).toMatchObject([{ stored: false }, { stored: true }, { outcome: 'hit' }])
    })

    it('of a validation is its error without a permission to serve stale (STALE-08)', async () => {
      const { origin, client, dispatcher } = await setUp(staleThenSilent('', respond))
      expect(await get(dispatcher, origin)).toBe('old')
      for (let i = 0; i < 2; i++) await expect(get(dispatcher, origin)).rejects.toThrow(error)
      await client.decided(3)
      expect(client.decisions.slice(1)).toMatchObject(Array(2).fill({ outcome: 'miss', stored: false }))
    })

    it('of a validation is forgiven by stale-if-error before the head, and not in the body (STALE-06)', async () => {
      const { origin, client, dispatcher } = await setUp(staleThenSilent(', stale-if-error=60', respond))
      expect(await get(dispatcher, origin)).toBe('old')
      for (let i = 0; i < 2; i++) {
        if (silence === 'headersTimeout') expect(await get(dispatcher, origin)).toBe('old')
        else await expect(get(dispatcher, origin)).rejects.toThrow(error)
      }
      await client.decided(3)
      const forgiven = { outcome: 'stale-hit', stale: 'stale-if-error' }
      const expected = silence === 'headersTimeout' ? forgiven : { outcome: 'miss', stored: false }
      expect(client.decisions.slice(1)).toMatchObject([expected, expected])
    })

    it('of a validation in the background reaches nobody, and the stored response stays (STALE-04)', async () => {
      const { origin, client, dispatcher } = await setUp(staleThenSilent(', stale-while-revalidate=60', respond))
      expect(await get(dispatcher, origin)).toBe('old')
      expect(await get(dispatcher, origin)).toBe('old')
      await client.decided(3)
      expect(client.decisions[2]).toMatchObject({ background: true, stored: false })
      expect(await get(dispatcher, origin)).toBe('old')
      await client.decided(4)
      expect(client.outcomes[3]).toBe('stale-hit')
    })
  })
})
