import type { ServerResponse } from 'node:http'
import { describe, expect, it, jest } from '@jest/globals'
import { ask, Barrier, decided, notModified, ok, send } from './answers.js'
import { FaultyStore, Gate } from './faulty-store.js'
import { type SetUp, setUp, stores } from './harness.js'
import { turns } from './no-stray-errors.js'
import type { ReceivedRequest } from './origin.js'

type Options = Parameters<typeof setUp>[2]
type Fields = Record<string, string>

const groupsOf: Fields = { '/x': '"g1"', '/y': '"g1", "g2"', '/z': '"g2"', '/alone': '', '/mixed': '"g1", x' }

/** Answers GET with a member of the groups of its path, 304 if it is asked whether it still is one, and all else with 204. */
function members(unsafe: Fields = {}, more: Fields = { ETag: '"a"' }, groups = groupsOf) {
  return ({ clock }: SetUp, { method, path, headers }: ReceivedRequest, response: ServerResponse, n: number) => {
    const listed = groups[path]
    const member = ok('max-age=600', { ...more, ...(listed && { 'Cache-Groups': listed }) })
    if (method !== 'GET') send(response, { status: 204, fields: unsafe, body: '' }, clock, n)
    else if (headers['if-none-match'] !== undefined) send(response, notModified({ ETag: '"a"' }), clock, n)
    else send(response, member, clock, n)
  }
}

describe.each(stores)('cache groups in %s (RFC 9875)', (_name, makeStore) => {
  const holding = async (paths: string[], respond = members(), options?: Options): Promise<SetUp> => {
    const client = await setUp(makeStore(), respond, options)
    for (const path of paths) {
      await client.get(path)
      for (let i = 0; i < 2; i++) expect((await client.get(path)).decision.outcome).toBe('hit')
    }
    return client
  }
  const outcomes = async (client: SetUp, paths: string[]) => {
    const found: Record<string, string> = {}
    for (const path of paths) found[path] = (await client.get(path)).decision.outcome
    return found
  }

  it('GRP-02: what shares a group with what was changed is invalid, and what shares one with that is not', async () => {
    const client = await holding(['/x', '/y', '/z', '/alone'])
    client.clock.advance(1)
    await client.get('/x', { method: 'PUT' })
    expect(await outcomes(client, ['/x', '/y', '/z', '/alone'])).toEqual({
      '/x': 'validated',
      '/y': 'validated',
      '/z': 'hit',
      '/alone': 'hit'
    })
    expect(await outcomes(client, ['/x', '/y'])).toEqual({ '/x': 'hit', '/y': 'hit' })
  })

  it('GRP-02: Cache-Group-Invalidation invalidates the groups it lists, whatever the target', async () => {
    const client = await holding(
      ['/x', '/y', '/z', '/alone'],
      members({ 'Cache-Group-Invalidation': '"g2";p, "other"' })
    )
    client.clock.advance(1)
    await client.get('/alone', { method: 'POST' })
    expect(await outcomes(client, ['/x', '/y', '/z'])).toEqual({ '/x': 'hit', '/y': 'validated', '/z': 'validated' })
  })

  it('GRP-02, INV-03: so does what Location names take its groups along', async () => {
    const client = await holding(['/x', '/y', '/z'], members({ Location: '/x' }))
    client.clock.advance(1)
    await client.get('/alone', { method: 'POST' })
    expect(await outcomes(client, ['/x', '/y', '/z'])).toEqual({ '/x': 'validated', '/y': 'validated', '/z': 'hit' })
  })

  it.each([
    ['GET', 200, '"g1"'],
    ['OPTIONS', 200, '"g1"'],
    ['PUT', 404, '"g1"'],
    ['PUT', 500, '"g1"'],
    ['PUT', 204, 'g1'],
    ['PUT', 204, '"g1", 5']
  ])('GRP-03: the answer to %s with status %i and %j invalidates no group', async (method, status, listed) => {
    const fields = { 'Cache-Group-Invalidation': listed, 'Cache-Control': 'no-store' }
    const respond = (client: SetUp, received: ReceivedRequest, response: ServerResponse, n: number) => {
      if (received.path === '/elsewhere') send(response, { status, fields }, client.clock)
      else members()(client, received, response, n)
    }
    const client = await holding(['/x'], respond)
    client.clock.advance(1)
    await client.get('/elsewhere', { method })
    expect((await client.get('/x')).decision.outcome).toBe('hit')
  })

  it('GRP-01: a field that does not parse makes no member', async () => {
    const client = await holding(['/x', '/mixed'])
    client.clock.advance(1)
    await client.get('/x', { method: 'PUT' })
    expect((await client.get('/mixed')).decision.outcome).toBe('hit')
  })

  it('GRP-01: equal names on two origins are two groups', async () => {
    const store = makeStore()
    const [one, other] = await Promise.all([setUp(store, members()), setUp(store, members())])
    for (const client of [one, other]) await client.get('/x')
    one.clock.advance(1)
    await one.get('/alone', { method: 'PUT' })
    await one.get('/x', { method: 'PUT' })
    expect((await one.get('/x')).decision.outcome).toBe('validated')
    expect((await other.get('/x')).decision.outcome).toBe('hit')
  })

  it('GRP-01, KEY-05: and so they are in two partitions', async () => {
    const asking = (tenant: string, method = 'GET') => ({ method, headers: { 'x-tenant': tenant } })
    const client = await setUp(makeStore(), members(), {
      partition: (request) => request.field('x-tenant') ?? ''
    })
    for (const tenant of ['1', '2']) await client.get('/y', asking(tenant))
    client.clock.advance(1)
    await client.get('/x', asking('1'))
    await client.get('/x', asking('1', 'DELETE'))
    expect((await client.get('/y', asking('1'))).decision.outcome).toBe('validated')
    expect((await client.get('/y', asking('2'))).decision.outcome).toBe('hit')
  })

  it('GRP-01: cacheGroups: false takes no part, and others that share the store use nothing it has stored of a group', async () => {
    const store = makeStore()
    const client = await setUp(store, members({ 'Cache-Group-Invalidation': '"g1"' }), { cacheGroups: false })
    for (const path of ['/x', '/y']) await client.get(path)
    client.clock.advance(1)
    await client.get('/x', { method: 'PUT' })
    expect((await client.get('/y')).decision.outcome).toBe('hit')
    const other = await setUp(store, members())
    const origin = client.origin.url
    expect((await other.get('/y', { origin })).decision).toMatchObject({ outcome: 'miss', stored: true })
    expect((await other.get('/y', { origin })).decision.outcome).toBe('hit')
    expect((await client.get('/y')).decision.outcome).toBe('hit')
  })

  it('GRP-01: a 304 may change the groups', async () => {
    const client = await setUp(makeStore(), ({ clock }, { method, path, headers }, response, n) => {
      const groups = { 'Cache-Groups': headers['if-none-match'] === undefined ? '"old"' : '"new"' }
      const invalidated = { 'Cache-Group-Invalidation': `"${path.slice(1)}"` }
      if (method !== 'GET') send(response, { status: 204, fields: invalidated, body: '' }, clock, n)
      else if (headers['if-none-match'] === undefined)
        send(response, ok('max-age=10', { ETag: '"a"', ...groups }), clock, n)
      else send(response, notModified({ 'Cache-Control': 'max-age=600', ...groups }), clock, n)
    })
    await client.get('/')
    client.clock.advance(10)
    expect((await client.get('/')).decision.outcome).toBe('validated')
    client.clock.advance(1)
    await client.get('/old', { method: 'POST' })
    expect((await client.get('/')).decision.outcome).toBe('hit')
    await client.get('/new', { method: 'POST' })
    expect((await client.get('/')).decision.outcome).toBe('validated')
  })

  it('GRP-02, INV-04: members that cannot be validated are removed', async () => {
    const client = await holding(['/x', '/y'], members({}, {}))
    client.clock.advance(1)
    await client.get('/x', { method: 'PUT' })
    expect((await client.get('/y')).decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss', stored: true })
    expect((await client.get('/y')).decision.outcome).toBe('hit')
  })

  it('GRP-02, KEY-05: responses under other keys of the target are members, too', async () => {
    const asking = (method: string) => ({ method, headers: { 'x-tenant': '1' } })
    const client = await setUp(makeStore(), members(), { keyFields: ['X-Tenant'] })
    for (const path of ['/x', '/y', '/z']) await client.get(path, asking('GET'))
    client.clock.advance(1)
    await client.get('/x', asking('PUT'))
    expect((await client.get('/y', asking('GET'))).decision.outcome).toBe('validated')
    expect((await client.get('/z', asking('GET'))).decision.outcome).toBe('hit')
  })

  it('GRP-02, INV-08: the answer to a POST is no older than the invalidation of its group', async () => {
    const post = { 'Cache-Control': 'max-age=600', 'Content-Location': '/x', 'Cache-Groups': '"g1"' }
    const client = await setUp(makeStore(), ({ clock }, { method }, response, n) => {
      const fields = { ETag: '"a"', ...post, ...(method === 'POST' && { 'Cache-Group-Invalidation': '"g1"' }) }
      send(response, { fields, body: `${method} ${n}` }, clock, n)
    })
    await client.get('/x', { method: 'POST' })
    expect((await client.get('/x')).decision).toMatchObject({ outcome: 'miss', reason: 'stale' })
  })

  it('GRP-02, INV-06: the answer to a POST is no newer than the invalidation of its group by another', async () => {
    const barrier = new Barrier()
    const client = await setUp(makeStore(), ({ clock }, { method, path }, response, n) => {
      const member = { ETag: '"a"', 'Content-Location': '/x', 'Cache-Groups': '"g1"' }
      if (method === 'PUT') send(response, { fields: { 'Cache-Group-Invalidation': '"g1"' } }, clock)
      else if (method === 'GET') send(response, ok('max-age=600', member), clock, n)
      else barrier.hold(() => send(response, { ...ok('max-age=600', member), body: `${method} ${path}` }, clock))
    })
    await client.get('/x')
    const post = ask(client, '/x', { method: 'POST' })
    await barrier.held(1)
    client.clock.advance(1)
    await ask(client, '/alone', { method: 'PUT' })
    barrier.release(0)
    await post
    await decided(client, 3)
    expect((await client.get('/x')).decision).toMatchObject({ reason: 'stale' })
  })

  it.each([
    ['was never seen', false],
    ['was invalidated before', true]
  ])(
    'GRP-01, INV-06: what was requested before its group was invalidated, which %s, is validated',
    async (_when, known) => {
      const barrier = new Barrier()
      const respond = members({ 'Cache-Group-Invalidation': '"g1"' })
      const client = await setUp(makeStore(), (setUp, received, response, n) => {
        const answer = () => respond(setUp, received, response, n)
        if (received.path === '/y' && received.headers['if-none-match'] === undefined) barrier.hold(answer)
        else answer()
      })
      if (known) await client.get('/alone', { method: 'PUT' })
      client.clock.advance(1)
      const slow = ask(client, '/y')
      await barrier.held(1)
      client.clock.advance(1)
      await client.get('/alone', { method: 'PUT' })
      barrier.release(0)
      await slow
      await decided(client, known ? 3 : 2)
      expect((await client.get('/y')).decision).toMatchObject({ outcome: 'validated', reason: 'stale' })
      expect((await client.get('/y')).decision.outcome).toBe('hit')
    }
  )

  it('GRP-01: a hit on what is in no group looks up nothing else', async () => {
    const store = makeStore()
    const asked: string[] = []
    const { get } = store
    store.get = (key) => {
      asked.push(key)
      return get.call(store, key)
    }
    const client = await setUp(store, members())
    await client.get('/alone')
    await client.get('/x')
    asked.length = 0
    await client.get('/alone')
    expect(asked).toHaveLength(1)
    await client.get('/x')
    expect(asked).toHaveLength(3)
  })
})

describe('cache groups in a store that fails', () => {
  const elsewhere = () => new FaultyStore()

  it('GRP-01, ROB-02: a member whose mark cannot be read is validated, and kept', async () => {
    const store = elsewhere()
    const client = await setUp(store, members())
    await client.get('/x')
    const warning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    let gets = 0
    store.faults.get = (sound) => (gets++ % 2 === 0 ? sound() : Promise.reject(new Error('the store is broken')))
    expect((await client.get('/x')).decision.outcome).toBe('validated')
    warning.mockRestore()
    store.faults = {}
    await turns()
    expect((await client.get('/x')).decision.outcome).toBe('hit')
  })

  it('GRP-01: members that come while the mark of their group is made depend on that one', async () => {
    const store = elsewhere()
    const late = new Gate()
    const client = await setUp(store, members())
    let marks = 0
    store.faults.mark = (sound) => {
      marks++
      return late.opened.then(sound)
    }
    await Promise.all(['/x', '/y'].map((path) => ask(client, path)))
    await turns()
    late.open()
    await decided(client, 2)
    // One for each of the two groups.
    expect(marks).toBe(2)
    for (const path of ['/x', '/y']) expect((await client.get(path)).decision.outcome).toBe('hit')
  })

  it('GRP-01, INV-06: a mark that is written over an invalidation counts for nothing', async () => {
    const store = elsewhere()
    const late = new Gate()
    const client = await setUp(store, members({ 'Cache-Group-Invalidation': '"g1"' }))
    let marks = 0
    store.faults.mark = (sound) => (marks++ === 0 ? late.opened.then(sound) : sound())
    const first = ask(client, '/x')
    while (marks === 0) await turns()
    await ask(client, '/alone', { method: 'PUT' })
    late.open()
    await first
    await decided(client, 2)
    expect((await client.get('/x')).decision.outcome).toBe('validated')
  })
})
