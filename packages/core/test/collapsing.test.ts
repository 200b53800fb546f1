import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type CollapseEvent, channels } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { ask, Barrier, decided, ok, send, withHeldOrigin, withStatus } from './answers.js'
import { type Ask, type SetUp, setUp, stores } from './harness.js'
import { turns } from './no-stray-errors.js'

const fresh = ok('max-age=60')

function askMany(client: SetUp, count: number, path = '/', options: Ask = {}) {
  return Promise.all(Array.from({ length: count }, () => ask(client, path, options)))
}

/** Waits until all that was dispatched has looked up. */
async function lookedUp(): Promise<void> {
  await turns(20)
}

describe.each(stores)('collapsed requests with %s (RFC 9111 §4)', (_name, makeStore) => {
  it('COLL-01: a thousand concurrent misses make one request of the origin', async () => {
    const { client, barrier } = await withHeldOrigin(makeStore(), fresh)
    const answers = askMany(client, 1_000)
    await barrier.held(1)
    await lookedUp()
    barrier.release(0)
    for (const { status, text } of await answers) expect([status, text]).toEqual([200, 'body 0'])
    await decided(client, 1_000)
    expect(client.asked).toBe(1)
    expect(client.decisions.filter(({ collapsed }) => collapsed)).toHaveLength(999)
    expect(client.decisions.filter(({ outcome, reason }) => outcome === 'miss' && reason === 'uri-miss')).toHaveLength(
      1_000
    )
    expect(client.decisions.filter(({ stored }) => stored)).toHaveLength(1)
    expect((await client.get('/')).decision.outcome).toBe('hit')
  })

  it('COLL-01, GRP-01: an answer that is in a group is shared as any other', async () => {
    const { client, barrier } = await withHeldOrigin(makeStore(), ok('max-age=60', { 'Cache-Groups': '"g"' }))
    const answers = askMany(client, 3)
    await barrier.held(1)
    await lookedUp()
    barrier.release(0)
    for (const { text } of await answers) expect(text).toBe('body 0')
    await decided(client, 3)
    expect(client.asked).toBe(1)
  })

  it('COLL-01, GRP-02, INV-06: what was asked before its group was invalidated is for nobody who asks later', async () => {
    const barrier = new Barrier()
    const client = await setUp(makeStore(), ({ clock }, { method }, response, n) => {
      if (method === 'POST') return send(response, withStatus(204, { 'Cache-Group-Invalidation': '"g"' }), clock, n)
      barrier.hold(() => send(response, ok('max-age=60', { 'Cache-Groups': '"g"' }), clock, n))
    })
    const before = ask(client, '/')
    await barrier.held(1)
    await ask(client, '/other', { method: 'POST' })
    const after = [ask(client, '/'), ask(client, '/')]
    await lookedUp()
    barrier.release(0)
    expect((await before).text).toBe('body 0')
    await barrier.held(2)
    await lookedUp()
    for (let n = 1; n < client.asked - 1; n++) barrier.release(n)
    for (const { text } of await Promise.all(after)) expect(text).not.toBe('body 0')
    await decided(client, 4)
  })

  it('COLL-01, QRY-01: QUERYs are collapsed too, if they ask the very same', async () => {
    const { client, barrier } = await withHeldOrigin(makeStore(), fresh)
    const query = (body: string): Ask => ({ method: 'QUERY', headers: { 'content-type': 'text/plain' }, body })
    const same = askMany(client, 3, '/', query('a'))
    await barrier.held(1)
    const other = askMany(client, 2, '/', query('b'))
    await barrier.held(2)
    const get = ask(client, '/')
    await barrier.held(3)
    await lookedUp()
    for (const n of [0, 1, 2]) barrier.release(n)
    expect((await same).map(({ text }) => text)).toEqual(Array(3).fill('body 0'))
    expect((await other).map(({ text }) => text)).toEqual(Array(2).fill('body 1'))
    expect((await get).text).toBe('body 2')
    expect(client.origin.requests.map(({ method, body }) => `${method} ${body}`)).toEqual([
      'QUERY a',
      'QUERY b',
      'GET '
    ])
    await decided(client, 6)
    expect(client.decisions.filter(({ collapsed }) => collapsed)).toHaveLength(3)
  })

  it('COLL-01: without `collapse` each makes its own', async () => {
    const { client, barrier } = await withHeldOrigin(makeStore(), fresh, { collapse: false })
    const answers = askMany(client, 3)
    await barrier.held(3)
    for (const n of [0, 1, 2]) barrier.release(n)
    expect((await answers).map(({ text }) => text).sort()).toEqual(['body 0', 'body 1', 'body 2'])
    await decided(client, 3)
    expect(client.decisions.filter((decision) => 'collapsed' in decision)).toEqual([])
  })

  it('COLL-01: what came together is served as from the cache: with an age, and without what is not stored', async () => {
    const { client, barrier } = await withHeldOrigin(
      makeStore(),
      ok('max-age=60', { Connection: 'X-Hop', 'X-Hop': '1', Age: '7', ETag: '"a"' })
    )
    const answers = [
      ask(client, '/'),
      ask(client, '/', { headers: { 'If-None-Match': '"a"' } }),
      ask(client, '/', { method: 'HEAD' })
    ]
    await barrier.held(1)
    await lookedUp()
    barrier.release(0)
    const [leader, conditional, head] = await Promise.all(answers)
    expect(leader).toMatchObject({ status: 200, headers: { age: '7', 'x-hop': '1' }, text: 'body 0' })
    expect(conditional).toMatchObject({ status: 304, headers: { age: '7', etag: '"a"' }, text: '' })
    expect(head).toMatchObject({ status: 200, headers: { age: '7', 'content-length': '6' }, text: '' })
    expect(head?.headers).not.toHaveProperty('x-hop')
    expect(client.asked).toBe(1)
    await decided(client, 3)
  })

  it.each([
    ['no-store', ok('no-store')],
    ['private', ok('private, max-age=60')],
    ['Vary: *', ok('max-age=60', { Vary: '*' })],
    ['no freshness', ok('max-age=0', { ETag: '"a"' })],
    ['no-cache', ok('no-cache', { ETag: '"a"' })],
    ['a Set-Cookie', ok('max-age=60', { 'Set-Cookie': 'a=b' })],
    ['an error', withStatus(500)]
  ])(
    'COLL-01: an answer with %s is for one; the others are sent on together, and nobody waits next time',
    async (_what, answer) => {
      const { client, barrier } = await withHeldOrigin(makeStore(), answer)
      const answers = askMany(client, 4)
      await barrier.held(1)
      await lookedUp()
      expect(client.asked).toBe(1)
      barrier.release(0)
      await barrier.held(4)
      for (const n of [1, 2, 3]) barrier.release(n)
      expect((await answers).map(({ text }) => text).sort()).toEqual(['body 0', 'body 1', 'body 2', 'body 3'])
      await decided(client, 4)
      expect(client.decisions.filter(({ collapsed }) => collapsed === false)).toHaveLength(3)
      const next = askMany(client, 2)
      await barrier.held(6)
      for (const n of [4, 5]) barrier.release(n)
      await next
      await decided(client, 6)
      client.clock.advance(10)
      const later = askMany(client, 2)
      await barrier.held(7)
      await lookedUp()
      expect(client.asked).toBe(7)
      barrier.release(6)
      await barrier.held(8)
      barrier.release(7)
      await later
      await decided(client, 8)
    }
  )

  it('COLL-01: a request that selects another response is sent on, and knows its like from then on', async () => {
    const { client, barrier } = await withHeldOrigin(makeStore(), ok('max-age=60', { Vary: 'X-Kind' }))
    const of = (kind: string) => askMany(client, 2, '/', { headers: { 'X-Kind': kind } })
    const first = of('a')
    const others = of('b')
    await barrier.held(1)
    await lookedUp()
    expect(client.asked).toBe(1)
    barrier.release(0)
    await barrier.held(3)
    barrier.release(1)
    barrier.release(2)
    expect((await first).map(({ text }) => text)).toEqual(['body 0', 'body 0'])
    expect((await others).map(({ text }) => text).sort()).toEqual(['body 1', 'body 2'])
    await decided(client, 4)
    const third = of('c')
    const fourth = of('d')
    await barrier.held(5)
    await lookedUp()
    expect(client.asked).toBe(5)
    barrier.release(3)
    barrier.release(4)
    const [[c], [d]] = [await third, await fourth]
    expect(c?.text).not.toBe(d?.text)
    await decided(client, 8)
  })

  it('COLL-01: the channel `collapse` tells who waits, who shares, and who is sent on', async () => {
    const events: CollapseEvent[] = []
    const note = (message: unknown) => void events.push(message as CollapseEvent)
    subscribe(channels.collapse, note)
    const { client, barrier } = await withHeldOrigin(makeStore(), ok('max-age=60', { Vary: 'X-Kind' }))
    const answers = ['a', 'a', 'b'].map((kind) => ask(client, '/?token=1', { headers: { 'X-Kind': kind } }))
    await barrier.held(1)
    await lookedUp()
    barrier.release(0)
    await barrier.held(2)
    barrier.release(1)
    await Promise.all(answers)
    await decided(client, 3)
    unsubscribe(channels.collapse, note)
    expect(events.map(({ action }) => action)).toEqual(['waits', 'waits', 'shares', 'sent-on'])
    expect(events[0]).toEqual({ method: 'GET', url: `${client.origin.url}/?token=***`, action: 'waits' })
  })
})
