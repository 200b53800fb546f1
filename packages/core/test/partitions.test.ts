import type { RequestView } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { answering, ok } from './answers.js'
import { type SetUp, setUp, stores } from './harness.js'

const as = (user: string) => ({ headers: { 'x-user': user } })
const byUser = ({ field }: RequestView) => field('X-User') ?? ''

/** All that is in the store, as text. */
async function dump({ store }: SetUp): Promise<string> {
  const found: unknown[] = []
  for await (const key of store.keys?.() ?? []) found.push(key, await store.get(key))
  return JSON.stringify(found)
}

describe.each(stores)('parts of the cache, with %s (RFC 9111 §7.2)', (_name, makeStore) => {
  it('KEY-05: what one part has stored another does not get', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60')), { partition: byUser })
    await client.get('/', as('a'))
    expect((await client.get('/', as('b'))).decision).toMatchObject({ outcome: 'miss', reason: 'uri-miss' })
    expect((await client.get('/')).decision.outcome).toBe('miss')
    expect((await client.get('/', as('a'))).text).toBe('body 0')
    expect((await client.get('/', as('b'))).text).toBe('body 1')
    expect((await client.get('/')).text).toBe('body 2')
  })

  it('KEY-05: invalidation stays within its part', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60')), { partition: byUser })
    await client.get('/', as('a'))
    await client.get('/', as('b'))
    await client.get('/', { method: 'DELETE', ...as('a') })
    expect((await client.get('/', as('b'))).decision.outcome).toBe('hit')
    expect((await client.get('/', as('a'))).decision.outcome).toBe('miss')
  })

  it('KEY-05: partition sees method, target and fields', async () => {
    const seen: unknown[] = []
    const client = await setUp(makeStore(), answering(ok('max-age=60')), {
      partition: (request) => {
        seen.push([request.method, request.url, request.field('x-a'), request.field('none')])
        return ''
      }
    })
    await client.get('/p?q', { method: 'HEAD', headers: { 'X-A': ['1', '2'] } })
    expect(seen).toEqual([['HEAD', `${client.origin.url}/p?q`, '1, 2', undefined]])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('no')
      }
    ],
    ['returns no text', () => undefined as unknown as string],
    ['returns a promise', () => Promise.resolve('a') as unknown as string]
  ])('KEY-05: a request for which partition %s bypasses the cache', async (_how, partition) => {
    const client = await setUp(makeStore(), answering(ok('max-age=60')), { partition })
    for (let i = 0; i < 2; i++)
      expect(await client.get('/')).toMatchObject({ text: `body ${i}`, decision: { outcome: 'bypass', stored: false } })
    expect(await dump(client)).toBe('[]')
  })

  it('KEY-05: fields in keyFields are always compared, absent and empty apart', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60')), { keyFields: ['X-User', 'x-lang'] })
    const asked = [
      {},
      { 'x-user': '' },
      { 'x-user': 'a' },
      { 'x-lang': 'a' },
      { 'x-user': 'a', 'x-lang': 'b' },
      { 'x-user': 'b', 'x-lang': 'a' }
    ]
    for (const headers of asked) expect((await client.get('/', { headers })).decision.reason).toBe('uri-miss')
    for (const [i, headers] of asked.entries()) expect((await client.get('/', { headers })).text).toBe(`body ${i}`)
    expect((await client.get('/', { headers: { 'X-USER': 'a', other: 'x' } })).text).toBe('body 2')
  })

  it('KEY-05, SEC-03: of credentials in keyFields the store gets digests', async () => {
    const keyFields = ['cookie', 'x-api-key', 'x-open']
    const client = await setUp(makeStore(), answering(ok('max-age=60')), { keyFields })
    const headers = { cookie: 'c00kie', 'x-api-key': 's3cret', 'x-open': 'visible' }
    await client.get('/', { headers })
    expect((await client.get('/', { headers })).decision.outcome).toBe('hit')
    const stored = await dump(client)
    expect(stored).toContain('visible')
    expect(stored).not.toMatch(/c00kie|s3cret/)
  })

  it('KEY-01, KEY-05: an invalidation reaches responses under every key of its target', async () => {
    const client = await setUp(makeStore(), answering(ok('max-age=60')), { keyFields: ['x-user'] })
    for (const user of ['a', 'b']) await client.get('/', as(user))
    await client.get('/', { method: 'POST' })
    for (const user of ['a', 'b']) expect((await client.get('/', as(user))).decision.outcome).toBe('miss')
  })

  it('KEY-05: two caches with other keyFields on one store do not answer for each other', async () => {
    const store = makeStore()
    const respond = answering(ok('max-age=60'))
    const one = await setUp(store, respond, { keyFields: ['x-tenant'] })
    const other = await setUp(store, respond, { keyFields: ['x-user'] })
    const origin = one.origin.url
    await one.get('/', { headers: { 'x-tenant': '42' } })
    expect((await other.get('/', { origin, headers: { 'x-user': '42' } })).text).toBe('body 1')
  })
})
