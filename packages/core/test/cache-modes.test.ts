import type { CacheMode } from '@cc/core'
import { describe, expect, it, jest } from '@jest/globals'
import { pipeline, request, stream } from 'undici'
import { answering, backgroundDecision, notModified, ok, withStatus } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'
import { MapStore } from './map-store.js'
import { bypass, hit, miss, modeCases, refused, type State, staleHit, states, validated } from './mode-cases.js'

const etag = { ETag: '"a"' }
const inMemory = () => new MapStore({ sync: true, keepsObjects: true })

/** A client for whom `/` is in a state. The origin confirms what is validated. */
async function inState(make: (typeof stores)[number][1], { stored, seconds = 0, invalidate }: State): Promise<SetUp> {
  const client = await setUp(make(), ({ clock }, received, response) => {
    if (received.method === 'DELETE') response.writeHead(204).end()
    else if (received.headers['if-none-match'] !== undefined) {
      response.writeHead(304, { ...etag, Date: clock.date(), 'Cache-Control': 'max-age=60' }).end()
    } else {
      const fields = stored?.fields ?? ok('max-age=60', etag).fields
      response.writeHead(200, { Date: clock.date(), ...fields }).end(`body ${client.asked}`)
    }
  })
  if (stored !== undefined) await client.get('/')
  if (invalidate) await client.get('/', { method: 'DELETE' })
  client.clock.advance(seconds)
  return client
}

describe.each(stores)('the six modes of the Fetch standard, and none (%s)', (_, make) => {
  it.each(modeCases)('$title', async ({ mode, state, expected }) => {
    const client = await inState(make, state)
    const before = client.asked
    const asking = client.get('/', mode === undefined ? {} : { cacheMode: mode })
    if (expected === refused) {
      await expect(asking).rejects.toMatchObject({ name: 'NotCachedError', code: 'CC_NOT_CACHED' })
      expect(client.decisions.at(-1)).toMatchObject(refused)
      return expect(client.asked).toBe(before)
    }
    const { status, decision } = await asking
    expect(status).toBe(200)
    expect(decision).toMatchObject(expected)
    expect(decision.stored).toBe(decision.outcome === 'miss' || decision.outcome === 'validated')
    expect(client.asked - before).toBe(decision.outcome.endsWith('hit') ? 0 : 1)
  })

  it('MODE-01: what is reloaded takes the place of what was stored', async () => {
    const client = await inState(make, states.fresh)
    expect((await client.get('/', { cacheMode: 'reload' })).text).toBe('body 2')
    expect(await client.get('/')).toMatchObject({ text: 'body 2', decision: hit })
  })

  it('MODE-01: mode no-store leaves what is stored alone', async () => {
    const client = await inState(make, states.fresh)
    expect((await client.get('/', { cacheMode: 'no-store' })).text).toBe('body 2')
    expect(await client.get('/')).toMatchObject({ text: 'body 1', decision: hit })
  })

  it('MODE-05: mode only-if-cached stores nothing and asks nobody, in the background neither', async () => {
    const stored = ok('max-age=60, stale-while-revalidate=60', etag)
    const client = await inState(make, { stored, seconds: 90 })
    expect((await client.get('/', { cacheMode: 'only-if-cached' })).decision).toMatchObject(staleHit('only-if-cached'))
    expect((await client.get('/', { cacheMode: 'force-cache' })).decision).toMatchObject(staleHit('force-cache'))
    expect(client.asked).toBe(1)
    expect((await client.get('/')).decision).toMatchObject(staleHit('stale-while-revalidate'))
    await backgroundDecision(client)
    expect(client.asked).toBe(2)
  })

  it('MODE-05: a store that cannot be read is one in which nothing is stored', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const store = make()
    store.get = () => Promise.reject(new Error('planted'))
    const client = await setUp(store, answering(ok('max-age=60')))
    await expect(client.get('/', { cacheMode: 'only-if-cached' })).rejects.toMatchObject({ code: 'CC_NOT_CACHED' })
    expect(client.asked).toBe(0)
    expect(emitWarning).toHaveBeenCalledTimes(1)
    emitWarning.mockRestore()
  })
})

describe('what a request in a mode is sent on with', () => {
  const added: [mode: CacheMode, fields: object][] = [
    ['default', { cacheControl: undefined, pragma: undefined }],
    ['no-store', { cacheControl: 'no-cache', pragma: 'no-cache' }],
    ['reload', { cacheControl: 'no-cache', pragma: 'no-cache' }],
    ['no-cache', { cacheControl: 'max-age=0', pragma: undefined }],
    ['force-cache', { cacheControl: undefined, pragma: undefined }]
  ]
  const sentFields = ({ origin }: SetUp) => {
    const { 'cache-control': cacheControl, pragma, 'x-own': own } = origin.requests.at(-1)?.headers ?? {}
    return { cacheControl, pragma, own }
  }

  it.each(added)('MODE-01: in mode %s %j is added, and nothing else', async (cacheMode, fields) => {
    const client = await inState(inMemory, {})
    await client.get('/', { cacheMode, headers: ['X-Own', '1', 'X-Own', '2'] })
    expect(sentFields(client)).toEqual({ ...fields, own: '1, 2' })
  })

  it.each(added)('MODE-01: in mode %s the fields of the caller stay as they are', async (cacheMode) => {
    const client = await inState(inMemory, {})
    const headers = { 'Cache-Control': 'foo', Pragma: 'bar' }
    await client.get('/', { cacheMode, headers })
    expect(sentFields(client)).toEqual({ cacheControl: 'foo', pragma: 'bar', own: undefined })
  })

  it('MODE-01: headers that can be iterated but once are read once', async () => {
    const client = await inState(inMemory, {})
    const headers = new Map([['X-Own', '1']]).entries()
    await client.get('/', { cacheMode: 'no-cache', headers: { [Symbol.iterator]: () => headers } })
    expect(sentFields(client)).toEqual({ cacheControl: 'max-age=0', pragma: undefined, own: '1' })
  })

  it('MODE-01: a response that varies by what was added is selected by it', async () => {
    const client = await setUp(inMemory(), answering(ok('max-age=60', { ...etag, Vary: 'Cache-Control' })))
    await client.get('/', { cacheMode: 'reload' })
    expect((await client.get('/')).decision).toMatchObject({ ...miss('vary-miss'), stored: true })
  })

  it('MODE-01: unsafe requests are sent with these fields too, and invalidate', async () => {
    const client = await inState(inMemory, states.fresh)
    await client.get('/', { method: 'DELETE', cacheMode: 'no-store' })
    expect(sentFields(client)).toEqual({ cacheControl: 'no-cache', pragma: 'no-cache', own: undefined })
    expect((await client.get('/')).decision).toMatchObject(validated('stale'))
  })
})

describe('modes and fields of the request', () => {
  it.each(['If-Modified-Since', 'If-None-Match', 'If-Unmodified-Since', 'If-Match', 'If-Range'])(
    'MODE-02: in mode default a request with %s acts as in no-store',
    async (name) => {
      const client = await inState(inMemory, states.fresh)
      const headers = { [name]: name.endsWith('Since') ? client.clock.date() : '"a"' }
      const { decision } = await client.get('/', { cacheMode: 'default', headers })
      expect(decision).toMatchObject(bypass)
    }
  )

  it('MODE-02: with the mode unset If-None-Match is answered from the cache', async () => {
    const client = await inState(inMemory, states.fresh)
    const headers = { 'If-None-Match': '"a"' }
    expect(await client.get('/', { headers })).toMatchObject({ status: 304, decision: hit })
  })

  it.each(['max-age=0', 'min-fresh=1000', 'no-cache', 'max-stale'])(
    'MODE-03: force-cache takes the place of %s, which is sent on all the same',
    async (value) => {
      const client = await inState(inMemory, states.fresh)
      const ask = { cacheMode: 'force-cache', headers: { 'Cache-Control': value } } as const
      expect((await client.get('/', ask)).decision).toMatchObject(hit)
      await client.get('/other', ask)
      expect(client.origin.requests.at(-1)?.headers['cache-control']).toBe(value)
    }
  )

  it('MODE-03: force-cache takes the place of Pragma: no-cache', async () => {
    const client = await inState(inMemory, states.fresh)
    const ask = { cacheMode: 'force-cache', headers: { Pragma: 'no-cache' } } as const
    expect((await client.get('/', ask)).decision).toMatchObject(hit)
  })

  it('MODE-03: mode default takes the place of nothing', async () => {
    const client = await inState(inMemory, states.fresh)
    const ask = { cacheMode: 'default', headers: { 'Cache-Control': 'max-age=0' } } as const
    client.clock.advance(1)
    expect((await client.get('/', ask)).decision).toMatchObject(validated('request'))
  })

  it('MODE-03: no-store of the request keeps its effect', async () => {
    const client = await inState(inMemory, states.fresh)
    const ask = { cacheMode: 'force-cache', headers: { 'Cache-Control': 'no-store' } } as const
    expect((await client.get('/', ask)).decision).toMatchObject(bypass)
  })

  it('MODE-03: only-if-cached of the request keeps its effect, and the mode of that name goes before it', async () => {
    const client = await inState(inMemory, states['stale-barred'])
    const headers = { 'Cache-Control': 'only-if-cached' }
    expect(await client.get('/', { cacheMode: 'no-cache', headers })).toMatchObject({ status: 504 })
    expect(await client.get('/', { cacheMode: 'no-store', headers })).toMatchObject({ status: 504 })
    expect(await client.get('/', { cacheMode: 'reload', headers })).toMatchObject({ status: 504 })
    const asking = client.get('/', { cacheMode: 'only-if-cached', headers })
    await expect(asking).rejects.toMatchObject({ code: 'CC_NOT_CACHED' })
    expect(client.asked).toBe(1)
  })

  it('MODE-03: no mode that validates falls back on what is stale, whatever the request says', async () => {
    const client = await setUp(
      inMemory(),
      answering(ok('max-age=60', etag), withStatus(503), notModified(etag), withStatus(503))
    )
    await client.get('/')
    const headers = { 'Cache-Control': 'stale-if-error=600' }
    expect((await client.get('/', { cacheMode: 'no-cache', headers })).status).toBe(503)
  })

  it('MODE-04: s-maxage bars in a shared cache, whatever sMaxAgeAllowsStale says', async () => {
    const stored = ok('s-maxage=60, stale-if-error=600', etag)
    const client = await setUp(inMemory(), answering(stored), { sMaxAgeAllowsStale: true })
    await client.get('/')
    client.clock.advance(90)
    const asking = client.get('/', { cacheMode: 'only-if-cached' })
    await expect(asking).rejects.toMatchObject({ code: 'CC_NOT_CACHED' })
  })
})

describe('a mode that there is not', () => {
  const expected = { name: 'TypeError', message: expect.stringMatching(/^cacheMode must be one of .*not /) }

  it.each(['Reload', '', null, 1, {}])('MODE-01: %j is an error of the request', async (cacheMode) => {
    const client = await inState(inMemory, states.fresh)
    await expect(client.get('/', { cacheMode: cacheMode as CacheMode })).rejects.toMatchObject(expected)
    expect(client.asked).toBe(1)
  })

  it('MODE-01: stream, pipeline and dispatchers of their own tell it likewise', async () => {
    const client = await inState(inMemory, states.fresh)
    const options = { cacheMode: 'x' as CacheMode, dispatcher: client.dispatcher, method: 'GET' } as const
    const url = client.origin.url
    await expect(stream(url, options, () => process.stdout)).rejects.toMatchObject(expected)
    const piped = pipeline(url, options, ({ body }) => body)
    const error = await new Promise((resolve) => piped.once('error', resolve))
    expect(error).toMatchObject(expected)
    const asking = client.dispatcher.request({ origin: url, path: '/', method: 'GET', cacheMode: 'x' as CacheMode })
    await expect(asking).rejects.toMatchObject(expected)
  })

  it('MODE-01: it is told also where the cache looks at nothing', async () => {
    const client = await setUp(inMemory(), answering(ok('max-age=60')), { enabled: () => false })
    const asking = request(client.origin.url, { dispatcher: client.dispatcher, cacheMode: 'x' as CacheMode })
    await expect(asking).rejects.toMatchObject(expected)
  })
})

it('MODE-01: a request that the cache does not look at is sent on as it is', async () => {
  const client = await setUp(inMemory(), answering(ok('max-age=60')), { enabled: () => false })
  const { body } = await request(client.origin.url, { dispatcher: client.dispatcher, cacheMode: 'reload' })
  await body.text()
  expect(client.origin.requests[0]?.headers['cache-control']).toBeUndefined()
})
