import { describe, expect, it } from '@jest/globals'
import { answering, notModified, type OriginAnswer, ok } from './answers.js'
import { setUp, stores } from './harness.js'

const tokenA = { headers: { authorization: 'Bearer a' } }
const tokenB = { headers: { authorization: 'Bearer b' } }
const cookieA = { headers: { cookie: 'a=1' } }
const cookieB = { headers: { cookie: 'a=2' } }
const etag = { ETag: '"a"' }

describe.each(stores)('credentials and cookies in %s (RFC 9111 §3.5, §7.3)', (_name, makeStore) => {
  const start = (answer: OriginAnswer, options: Parameters<typeof setUp>[2] = {}) =>
    setUp(makeStore(), answering(answer), options)

  it('AUTH-01: shared caches do not store the answer to an authorised request without permission', async () => {
    const client = await start(ok('max-age=60'))
    const { decision } = await client.get('/', tokenA)
    expect(decision).toMatchObject({
      outcome: 'miss',
      reason: 'uri-miss',
      stored: false,
      notStored: { requirement: 'AUTH-01', reason: 'the request had authorization', option: "type: 'private'" }
    })
    expect((await client.get('/', tokenA)).text).toBe('body 1')
    expect((await client.get('/')).text).toBe('body 2')
  })

  it.each(['public, max-age=60', 's-maxage=60', 'max-age=60, must-revalidate'])(
    'AUTH-01: %s permits it, and the answer serves everybody',
    async (directives) => {
      const client = await start(ok(directives))
      expect((await client.get('/', tokenA)).decision.stored).toBe(true)
      expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
      expect((await client.get('/', tokenB)).decision.outcome).toBe('hit')
    }
  )

  it.each(['max-age=60, proxy-revalidate', 'max-age=60, immutable', 'max-age=60, public=yes'])(
    'AUTH-01: %s does not permit it',
    async (directives) => {
      const client = await start(ok(directives))
      expect((await client.get('/', tokenA)).decision.notStored).toMatchObject({ requirement: 'AUTH-01' })
    }
  )

  it('AUTH-01: public does not lift no-store or private', async () => {
    const client = await start(ok('public, private, max-age=60'))
    expect((await client.get('/', tokenA)).decision.notStored).toMatchObject({ requirement: 'STORE-01' })
  })

  it('AUTH-02: what was stored for a request without Authorization serves one with it', async () => {
    const client = await start(ok('max-age=60'))
    await client.get('/')
    expect(await client.get('/', tokenA)).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
  })

  it('AUTH-02: with bypassAuthorized every request with Authorization goes past the cache', async () => {
    const client = await start(ok('public, max-age=60'), { bypassAuthorized: true })
    await client.get('/')
    const own = await client.get('/', tokenA)
    expect(own).toMatchObject({ text: 'body 1', decision: { outcome: 'bypass', reason: 'bypass', stored: false } })
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
  })

  it('AUTH-02: bypassAuthorized means nothing to a private cache', async () => {
    const client = await start(ok('max-age=60'), { bypassAuthorized: true, type: 'private' })
    await client.get('/', tokenA)
    expect((await client.get('/', tokenA)).decision.outcome).toBe('hit')
  })

  it('AUTH-03: private caches keep the answers to different Authorization apart, and from those to none', async () => {
    const client = await start(ok('max-age=60'), { type: 'private' })
    await client.get('/', tokenA)
    expect((await client.get('/', tokenB)).decision).toMatchObject({
      outcome: 'miss',
      reason: 'vary-miss',
      stored: true
    })
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'vary-miss', stored: true })
    expect((await client.get('/', tokenA)).text).toBe('body 0')
    expect((await client.get('/', tokenB)).text).toBe('body 1')
    expect((await client.get('/')).text).toBe('body 2')
  })

  it('AUTH-03: public lifts it, and so does implicitCredentialKey: false', async () => {
    const open = await start(ok('public, max-age=60'), { type: 'private' })
    await open.get('/', tokenA)
    expect((await open.get('/', tokenB)).decision.outcome).toBe('hit')
    const off = await start(ok('max-age=60'), { type: 'private', implicitCredentialKey: false })
    await off.get('/', tokenA)
    expect((await off.get('/', tokenB)).decision.outcome).toBe('hit')
  })

  it('AUTH-03: what is marked private is kept apart by Cookie too, an absent one included', async () => {
    const client = await start(ok('private, max-age=60'), { type: 'private', credentialFields: [] })
    await client.get('/')
    expect((await client.get('/', cookieA)).decision).toMatchObject({ reason: 'vary-miss' })
    expect((await client.get('/', cookieB)).decision).toMatchObject({ reason: 'vary-miss' })
    expect((await client.get('/', cookieA)).text).toBe('body 1')
  })

  it('AUTH-03: what is not marked private is not kept apart by Cookie on that account', async () => {
    const client = await start(ok('max-age=60'), { type: 'private', credentialFields: [] })
    await client.get('/', cookieA)
    expect((await client.get('/', cookieB)).decision.outcome).toBe('hit')
  })

  it('AUTH-04: a 304 to an authorised request serves that request, and what is stored stays as it was', async () => {
    const client = await setUp(
      makeStore(),
      answering(ok('max-age=10', etag), notModified({ 'X-User': 'ann' }), notModified())
    )
    await client.get('/')
    client.clock.advance(20)
    const own = await client.get('/', tokenA)
    expect(own).toMatchObject({ status: 200, text: 'body 0', headers: { 'x-user': 'ann' } })
    expect(own.decision).toMatchObject({ outcome: 'validated', stored: false, notStored: { requirement: 'AUTH-01' } })
    const next = await client.get('/')
    expect(next).toMatchObject({ text: 'body 0', decision: { outcome: 'validated', stored: true } })
    expect(next.headers).not.toHaveProperty('x-user')
    expect((await client.get('/')).decision.outcome).toBe('hit')
  })

  it('AUTH-04: with permission in the merged fields such a 304 updates', async () => {
    const client = await setUp(
      makeStore(),
      answering(ok('max-age=10', etag), notModified({ 'Cache-Control': 'public, max-age=10' }))
    )
    await client.get('/')
    client.clock.advance(20)
    expect((await client.get('/', tokenA)).decision).toMatchObject({ outcome: 'validated', stored: true })
    expect((await client.get('/')).decision.outcome).toBe('hit')
  })

  it('AUTH-04: a HEAD with Authorization updates no stored response without permission', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=10', etag), ok('max-age=100', etag), notModified()))
    await client.get('/')
    client.clock.advance(20)
    await client.get('/', { method: 'HEAD', ...tokenA })
    expect((await client.get('/')).decision).toMatchObject({ outcome: 'validated', reason: 'stale' })
  })

  it('AUTH-05: private caches store Set-Cookie and hand it out', async () => {
    const client = await start(ok('max-age=60', { 'Set-Cookie': ['a=1', 'b=2'] }), { type: 'private' })
    await client.get('/')
    expect(await client.get('/')).toMatchObject({
      headers: { 'set-cookie': ['a=1', 'b=2'] },
      decision: { outcome: 'hit' }
    })
  })

  it.each(['shared', 'private'] as const)(
    'AUTH-05: a Cookie in the request does not keep an answer from it (%s)',
    async (type) => {
      const client = await start(ok('max-age=60'), { type })
      await client.get('/')
      expect((await client.get('/', cookieA)).decision.outcome).toBe('hit')
    }
  )
})
