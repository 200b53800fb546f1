import { describe, expect, it } from '@jest/globals'
import { answering, notModified, type OriginAnswer, ok } from './answers.js'
import { setUp, stores } from './harness.js'

const cookieA = { headers: { cookie: 'a=1' } }
const cookieB = { headers: { cookie: 'a=2' } }
const setCookie = { 'Set-Cookie': 'a=1' }

describe.each(stores)('what users of %s are not to share (RFC 9111 §7.3)', (_name, makeStore) => {
  const start = (answer: OriginAnswer, options: Parameters<typeof setUp>[2] = {}) =>
    setUp(makeStore(), answering(answer), options)

  it('AUTH-06: a shared cache does not store a response with Set-Cookie, and says which option would', async () => {
    const client = await start(ok('max-age=60', setCookie))
    const { decision, headers } = await client.get('/')
    expect(headers['set-cookie']).toBe('a=1')
    expect(decision.notStored).toMatchObject({ requirement: 'AUTH-06', option: "sharedSetCookie: 'rfc'" })
    expect((await client.get('/')).decision.outcome).toBe('miss')
  })

  it.each([
    ['explicit', 'max-age=60, public', true],
    ['explicit', 's-maxage=60', true],
    ['explicit', 'max-age=60, must-revalidate', false],
    ['rfc', 'max-age=60', true],
    ['never', 'max-age=60, public', false],
    ['never', 's-maxage=60', false]
  ] as const)(
    'AUTH-06: sharedSetCookie %s stores a Set-Cookie with %s: %s',
    async (sharedSetCookie, directives, isStored) => {
      const client = await start(ok(directives, setCookie), { sharedSetCookie })
      expect((await client.get('/')).decision.stored).toBe(isStored)
      const second = await client.get('/')
      expect(second.headers['set-cookie']).toBe('a=1')
      expect(second.decision.outcome).toBe(isStored ? 'hit' : 'miss')
    }
  )

  it.each(['private="set-cookie", max-age=60', 'no-cache="Set-Cookie", max-age=60'])(
    'AUTH-06: a response is stored without the Set-Cookie that %s names',
    async (directives) => {
      for (const sharedSetCookie of ['explicit', 'never'] as const) {
        const client = await start(ok(directives, setCookie), { sharedSetCookie })
        expect((await client.get('/')).headers['set-cookie']).toBe('a=1')
        const second = await client.get('/')
        expect(second.decision.outcome).toBe('hit')
        expect(second.headers).not.toHaveProperty('set-cookie')
      }
    }
  )

  it('AUTH-06: a refused Set-Cookie in a 304 goes to that caller only', async () => {
    const client = await setUp(
      makeStore(),
      answering(ok('max-age=10', { ETag: '"a"' }), notModified({ ...setCookie, 'X-B': '2' }))
    )
    await client.get('/')
    client.clock.advance(20)
    const own = await client.get('/')
    expect(own).toMatchObject({ status: 200, headers: { 'set-cookie': 'a=1', 'x-b': '2' }, decision: { stored: true } })
    const next = await client.get('/')
    expect(next).toMatchObject({ headers: { 'x-b': '2' }, decision: { outcome: 'hit' } })
    expect(next.headers).not.toHaveProperty('set-cookie')
  })

  it.each(['shared', 'private'] as const)(
    'AUTH-07: the answer to one Cookie is not served to another, nor to none (%s)',
    async (type) => {
      const client = await start(ok('max-age=60'), { type })
      await client.get('/', cookieA)
      expect((await client.get('/', cookieB)).decision).toMatchObject({ outcome: 'miss', reason: 'vary-miss' })
      expect((await client.get('/')).decision).toMatchObject({ outcome: 'miss', reason: 'vary-miss' })
      expect(await client.get('/', cookieA)).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
      expect(await client.get('/', cookieB)).toMatchObject({ text: 'body 1', decision: { outcome: 'hit' } })
    }
  )

  it.each(['X-Api-Key', 'Api-Key', 'X-Auth-Token', 'Proxy-Authorization'])(
    'AUTH-07: %s counts as a credential',
    async (name) => {
      const client = await start(ok('max-age=60'))
      await client.get('/', { headers: { [name]: 'k1' } })
      expect((await client.get('/', { headers: { [name]: 'k2' } })).decision.reason).toBe('vary-miss')
      expect((await client.get('/', { headers: { [name]: 'k1' } })).decision.outcome).toBe('hit')
    }
  )

  it.each([
    ['shared', 'public, max-age=60', 'hit'],
    ['private', 'public, max-age=60', 'hit'],
    ['shared', 's-maxage=60', 'hit'],
    ['private', 's-maxage=60, max-age=60', 'miss']
  ] as const)('AUTH-07: in a %s cache %s gives another Cookie a %s', async (type, directives, outcome) => {
    const client = await start(ok(directives), { type })
    await client.get('/', cookieA)
    expect((await client.get('/', cookieB)).decision.outcome).toBe(outcome)
  })

  it('AUTH-07: an empty list of credential fields lifts it, another list replaces it', async () => {
    const none = await start(ok('max-age=60'), { credentialFields: [] })
    await none.get('/', cookieA)
    expect((await none.get('/', cookieB)).decision.outcome).toBe('hit')
    const own = await start(ok('max-age=60'), { credentialFields: ['X-Session'] })
    await own.get('/', { headers: { 'x-session': '1' } })
    expect((await own.get('/', { headers: { 'x-session': '2' } })).decision.reason).toBe('vary-miss')
  })

  it('AUTH-07: a 304 to a request with a Cookie does not update what was stored for all', async () => {
    const client = await setUp(
      makeStore(),
      answering(ok('max-age=10', { ETag: '"a"' }), notModified({ 'X-User': 'ann' }), notModified())
    )
    await client.get('/')
    client.clock.advance(20)
    expect(await client.get('/', cookieA)).toMatchObject({ status: 200, headers: { 'x-user': 'ann' } })
    const next = await client.get('/')
    expect(next.decision).toMatchObject({ outcome: 'validated' })
    expect(next.headers).not.toHaveProperty('x-user')
  })
})
