import { createFetch, decisionOf, type Fetch, type FetchOptions } from '@cc/core/fetch'
import { afterEach, describe, expect, it } from '@jest/globals'
import {
  Agent,
  getGlobalDispatcher,
  Headers,
  interceptors,
  Request,
  type RequestCache,
  setGlobalDispatcher
} from 'undici'
import { answering, Barrier, notModified, ok, send, withStatus } from './answers.js'
import { setUp, type TestClock } from './harness.js'
import { MapStore } from './map-store.js'
import { bypass, hit, miss, modeCases, refused, type State, staleHit, states } from './mode-cases.js'
import { until } from './no-stray-errors.js'
import type { Origin } from './origin.js'

const etag = { ETag: '"a"' }
const fresh = ok('max-age=60', etag)
const agents: Agent[] = []
const sameText = 'body 0'

afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.destroy()
})

interface Client {
  readonly fetch: Fetch
  readonly origin: Origin
  readonly clock: TestClock
}

/** A `fetch` with a cache in memory, and a real origin. */
async function clientOf(respond: Parameters<typeof setUp>[1], options: FetchOptions = {}): Promise<Client> {
  const { origin, clock } = await setUp(new MapStore(), respond)
  const dispatcher = new Agent()
  agents.push(dispatcher)
  const store = new MapStore({ sync: true, keepsObjects: true })
  return { fetch: createFetch({ dispatcher, store, clock: () => clock.now, ...options }), origin, clock }
}

/** A client for whom `/` is in a state. */
async function inState({ stored, seconds = 0, invalidate }: State): Promise<Client> {
  const client = await clientOf(({ clock }, { method, headers }, response, n) => {
    if (method === 'DELETE') send(response, withStatus(204), clock)
    else if (headers['if-none-match'] !== undefined) send(response, notModified(etag), clock)
    else send(response, stored ?? fresh, clock, n)
  })
  if (stored !== undefined) await (await client.fetch(client.origin.url)).text()
  if (invalidate) await client.fetch(client.origin.url, { method: 'DELETE' })
  client.clock.advance(seconds)
  return client
}

describe('the cache modes of fetch', () => {
  it.each(modeCases)('$title', async ({ mode, state, expected }) => {
    const { fetch, origin } = await inState(state)
    const before = origin.requests.length
    const asking = fetch(origin.url, mode === undefined ? {} : { cache: mode })
    if (expected === refused) {
      await expect(asking).rejects.toThrow(TypeError)
      await expect(asking).rejects.toMatchObject({ cause: { code: 'CC_NOT_CACHED' } })
      return expect(origin.requests).toHaveLength(before)
    }
    const response = await asking
    const decision = decisionOf(response)
    expect(decision).toMatchObject(expected)
    expect(response.status).toBe(200)
    await response.text()
    expect(origin.requests).toHaveLength(decision?.outcome.endsWith('hit') ? before : before + 1)
  })

  it.each<[mode: RequestCache, fields: object]>([
    ['default', {}],
    ['no-store', { 'cache-control': 'no-cache', pragma: 'no-cache' }],
    ['reload', { 'cache-control': 'no-cache', pragma: 'no-cache' }],
    ['no-cache', { 'cache-control': 'max-age=0' }],
    ['force-cache', {}]
  ])('MODE-01: the origin sees of cache %s no more than %j', async (cache, fields) => {
    const { fetch, origin } = await inState(states.nothing)
    await (await fetch(origin.url, { cache })).text()
    const { 'cache-control': control, pragma } = origin.requests[0]?.headers ?? {}
    expect({ ...(control && { 'cache-control': control }), ...(pragma && { pragma }) }).toEqual(fields)
  })

  it('MODE-02: a precondition makes cache default go past the cache', async () => {
    const { fetch, origin } = await inState(states.fresh)
    const response = await fetch(origin.url, { headers: { 'If-None-Match': '"a"' } })
    expect(decisionOf(response)).toMatchObject(bypass)
    expect(response.status).toBe(304)
  })

  it('MODE-03: a mode goes before what Cache-Control of the request says', async () => {
    const { fetch, origin } = await inState(states.fresh)
    const response = await fetch(origin.url, { cache: 'force-cache', headers: { 'Cache-Control': 'max-age=0' } })
    expect(decisionOf(response)).toMatchObject(hit)
  })

  it('MODE-01: the mode of a Request counts, and that of init before it', async () => {
    const { fetch, origin } = await inState(states.stale)
    const request = new Request(origin.url, { cache: 'force-cache' })
    expect(decisionOf(await fetch(request))).toMatchObject(staleHit('force-cache'))
    expect(decisionOf(await fetch(request, { cache: 'no-store' }))).toMatchObject(bypass)
    const alone = new Request(origin.url, { cache: 'only-if-cached', mode: 'same-origin' })
    expect(decisionOf(await fetch(alone))).toMatchObject(staleHit('only-if-cached'))
  })

  it('MODE-01: a Request of the fetch in Node is understood, with all that it says', async () => {
    const { fetch, origin } = await inState(states.stale)
    const foreign = new globalThis.Request(origin.url, { cache: 'force-cache' } as object)
    expect(decisionOf(await fetch(foreign))).toMatchObject(staleHit('force-cache'))
    const posted = new globalThis.Request(`${origin.url}/post`, {
      method: 'POST',
      body: 'content',
      headers: { 'X-A': '1' }
    })
    await (await fetch(posted)).text()
    const received = origin.requests.at(-1)
    expect(received).toMatchObject({ method: 'POST', headers: { 'x-a': '1' } })
    expect(received?.body.toString()).toBe('content')
    const stopped = new globalThis.Request(origin.url, { signal: AbortSignal.abort(new Error('stop')) })
    await expect(fetch(stopped)).rejects.toThrow('stop')
  })

  it.each([['reloaded'], [null]])('MODE-01: %j is no mode', async (cache) => {
    const { fetch, origin } = await inState(states.fresh)
    await expect(fetch(origin.url, { cache: cache as RequestCache })).rejects.toThrow(TypeError)
    expect(origin.requests).toHaveLength(1)
  })

  it('what is no URL is rejected, not thrown', async () => {
    const { fetch } = await inState(states.nothing)
    await expect(fetch('/relative')).rejects.toThrow(TypeError)
    await expect(fetch(undefined as never)).rejects.toThrow(TypeError)
  })
})

describe('decisionOf', () => {
  it('tells of a miss with the response, and whether it was stored once the body has ended', async () => {
    const { fetch, origin } = await inState(states.nothing)
    const response = await fetch(origin.url)
    const url = `${origin.url}/`
    expect(decisionOf(response)).toEqual({
      method: 'GET',
      url,
      outcome: 'miss',
      reason: 'uri-miss',
      status: 200,
      stored: false
    })
    await response.text()
    await until(() => decisionOf(response)?.stored === true)
    expect(decisionOf(response)).toMatchObject({ outcome: 'miss', lifetime: 60, stored: true })
  })

  it('tells why an answer was not stored', async () => {
    const { fetch, origin } = await clientOf(answering(ok('no-store')))
    const response = await fetch(origin.url)
    await response.text()
    await until(() => decisionOf(response)?.notStored !== undefined)
    expect(decisionOf(response)?.notStored).toMatchObject({ requirement: 'STORE-03' })
  })

  it('tells of a hit its age and lifetime', async () => {
    const { fetch, origin, clock } = await inState(states.fresh)
    clock.advance(5)
    expect(decisionOf(await fetch(origin.url))).toMatchObject({ ...hit, age: 5, lifetime: 60, servedBytes: 6 })
  })

  it('after redirects is about the final response', async () => {
    const { fetch, origin } = await clientOf(({ clock }, { path }, response) => {
      if (path === '/from') send(response, withStatus(302, { Location: '/to', 'Cache-Control': 'max-age=60' }), clock)
      else send(response, fresh, clock)
    })
    const first = await fetch(`${origin.url}/from`)
    expect(decisionOf(first)).toMatchObject({ url: `${origin.url}/to`, outcome: 'miss' })
    await first.text()
    await until(() => decisionOf(first)?.stored === true)
    expect(decisionOf(first)).toMatchObject({ url: `${origin.url}/to`, outcome: 'miss' })
    const second = await fetch(`${origin.url}/from`)
    expect(second.redirected).toBe(true)
    expect(decisionOf(second)).toMatchObject({ url: `${origin.url}/to`, outcome: 'hit' })
    expect(origin.requests).toHaveLength(2)
  })

  it('MODE-05: a redirect that is stored leads to nothing that is not', async () => {
    const { fetch, origin } = await clientOf(
      answering(withStatus(302, { Location: '/to', 'Cache-Control': 'max-age=60' }))
    )
    await fetch(origin.url, { redirect: 'manual' })
    await expect(fetch(origin.url, { cache: 'only-if-cached' })).rejects.toThrow(TypeError)
    expect(origin.requests).toHaveLength(1)
  })

  it('tells apart responses that come at the same time', async () => {
    const barrier = new Barrier()
    const { fetch, origin } = await clientOf(({ clock }, { path }, response, n) => {
      if (path === '/slow') barrier.hold(() => send(response, fresh, clock, n))
      else send(response, fresh, clock, n)
    })
    await (await fetch(`${origin.url}/fast`)).text()
    const slow = fetch(`${origin.url}/slow`)
    await barrier.held(1)
    const fast = await fetch(`${origin.url}/fast`)
    barrier.release(0)
    expect(decisionOf(fast)).toMatchObject(hit)
    expect(decisionOf(await slow)).toMatchObject(miss('uri-miss'))
  })

  it('tells of unsafe requests that they passed by', async () => {
    const { fetch, origin } = await inState(states.nothing)
    const response = await fetch(origin.url, { method: 'DELETE' })
    expect(decisionOf(response)).toMatchObject({ method: 'DELETE', outcome: 'bypass', reason: 'method', status: 204 })
  })

  it('STALE-04: says of a stale hit what it was, also when its validation is over', async () => {
    const decisions: unknown[] = []
    const swr = ok('max-age=60, stale-while-revalidate=60', etag)
    const { fetch, origin, clock } = await clientOf(answering(swr, notModified(etag)), {
      onDecision: (decision) => void decisions.push(decision.background)
    })
    await (await fetch(origin.url)).text()
    clock.advance(90)
    const response = await fetch(origin.url)
    await until(() => decisions.includes(true))
    expect(decisionOf(response)).toMatchObject(staleHit('stale-while-revalidate'))
  })

  it('knows nothing of clones', async () => {
    const { fetch, origin } = await clientOf(answering(fresh))
    const response = await fetch(origin.url)
    const clone = response.clone()
    expect(decisionOf(response)).toMatchObject(miss('uri-miss'))
    expect(decisionOf(clone)).toBeUndefined()
    await Promise.all([response.text(), clone.text()])
  })

  it('knows nothing of other responses, nor of requests that the cache did not look at', async () => {
    const { fetch, origin } = await clientOf(answering(fresh), { enabled: () => false })
    const response = await fetch(origin.url)
    expect(decisionOf(response)).toBeUndefined()
  })
})

describe('createFetch', () => {
  it('takes the place of the global fetch, with the forms, fields and requests that go with that', async () => {
    const { origin, ...client } = await clientOf(answering(fresh))
    const fetch: typeof globalThis.fetch = client.fetch
    const form = new globalThis.FormData()
    form.append('name', 'value')
    form.append('file', new Blob(['bytes']), 'a.txt')
    const headers = new globalThis.Headers({ 'X-A': '1' })
    const sent = [
      await fetch(new URL(origin.url), { method: 'POST', body: form, headers }),
      await fetch(new globalThis.Request(origin.url, { method: 'POST', body: form, headers }))
    ]
    for (const response of sent) expect(decisionOf(response)).toMatchObject({ outcome: 'bypass', method: 'POST' })
    for (const { body, headers } of origin.requests) {
      expect(headers).toMatchObject({ 'x-a': '1', 'content-type': expect.stringMatching(/^multipart\/form-data; /) })
      expect(body.toString()).toMatch(/name="name"\r\n\r\nvalue\r\n/)
      expect(body.toString()).toMatch(/name="file"; filename="a.txt"[\s\S]*\r\n\r\nbytes\r\n/)
    }
  })

  it('goes to the global dispatcher of the time, if none is given', async () => {
    const { origin, clock } = await clientOf(answering(fresh))
    const fetch = createFetch({ store: new MapStore(), clock: () => clock.now })
    const before = getGlobalDispatcher()
    const seen: string[] = []
    const agent = new Agent()
    agents.push(agent)
    try {
      await (await fetch(`${origin.url}/a`)).text()
      setGlobalDispatcher(
        agent.compose((dispatch) => (opts, handler) => {
          seen.push(opts.path)
          return dispatch(opts, handler)
        })
      )
      await (await fetch(`${origin.url}/a`)).text()
      await (await fetch(`${origin.url}/b`)).text()
    } finally {
      await before.close()
      setGlobalDispatcher(new Agent())
    }
    expect(seen).toEqual(['/b'])
    await getGlobalDispatcher().close()
    setGlobalDispatcher(new Agent())
  })

  it('goes to an Agent of its own where the global dispatcher is of another undici', async () => {
    const { origin, clock } = await clientOf(answering(fresh))
    const fetch = createFetch({ store: new MapStore(), clock: () => clock.now })
    const before = getGlobalDispatcher()
    const foreign = {
      dispatch: () => {
        throw new Error('invalid onError method')
      },
      compose: () => foreign
    }
    try {
      setGlobalDispatcher(foreign as unknown as Agent)
      expect(await (await fetch(origin.url)).text()).toBe(sameText)
    } finally {
      setGlobalDispatcher(before)
    }
  })

  it('puts the cache on a dispatcher that init names', async () => {
    const { fetch, origin } = await inState(states.fresh)
    const seen: string[] = []
    const agent = new Agent()
    agents.push(agent)
    const dispatcher = agent.compose((dispatch) => (opts, handler) => {
      seen.push(opts.path)
      return dispatch(opts, handler)
    })
    expect(decisionOf(await fetch(origin.url, { dispatcher }))).toMatchObject(hit)
    await (await fetch(`${origin.url}/other`, { dispatcher })).text()
    expect(seen).toEqual(['/other'])
  })

  it('works above other interceptors', async () => {
    const agent = new Agent()
    agents.push(agent)
    const dispatcher = agent.compose(interceptors.retry())
    const { fetch, origin } = await clientOf(answering(fresh), { dispatcher })
    for (const outcome of ['miss', 'hit']) {
      const response = await fetch(origin.url, { headers: new Headers({ 'X-A': '1' }) })
      expect(await response.text()).toBe(sameText)
      expect(decisionOf(response)).toMatchObject({ outcome })
    }
  })

  it('checks its options', () => {
    expect(() => createFetch({ type: 'x' as 'shared' })).toThrow(/type must be one of shared, private/)
    expect(() => createFetch({ dispatchr: 1 } as never)).toThrow(/unknown option dispatchr/)
    expect(() => createFetch({ dispatcher: {} as never })).toThrow('createFetch: dispatcher must be a Dispatcher')
    expect(() => createFetch({ dispatcher: null as never })).toThrow('createFetch: dispatcher must be a Dispatcher')
  })
})
