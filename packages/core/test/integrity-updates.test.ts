import { describe, expect, it } from '@jest/globals'
import type { Mark } from '../src/store.js'
import { answering, notModified, type OriginAnswer, ok } from './answers.js'
import { setUp } from './harness.js'
import { MapStore } from './map-store.js'
import { rewrite, storedUnder } from './other-writers.js'

const secret = 'the secret of these tests, random elsewhere'

describe('integrityKey: an update (SEC-05, row X10)', () => {
  const start = async (...answers: [OriginAnswer, ...OriginAnswer[]]) => {
    const store = new MapStore()
    const client = await setUp(store, answering(...answers), { integrityKey: secret })
    await client.get('/')
    return { store, client, hmac: (await storedUnder(store, '/')).hmac }
  }

  it('by a 304 is signed anew', async () => {
    const { store, client, hmac } = await start(
      ok('max-age=60', { ETag: '"a"' }),
      notModified({ ETag: '"a"', 'X-New': 'yes' })
    )
    client.clock.advance(70)
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'validated', stored: true } })
    expect(await client.get('/')).toMatchObject({ headers: { 'x-new': 'yes' }, decision: { outcome: 'hit' } })
    expect((await storedUnder(store, '/')).hmac).not.toBe(hmac)
    await rewrite(store, (found) => ({ ...found, response: { ...found.response, hmac } }))
    expect(await client.get('/')).toMatchObject({ decision: { outcome: 'miss', reason: 'uri-miss' } })
  })

  it('that changes Vary is signed anew in its new slot', async () => {
    const { client } = await start(
      ok('max-age=60', { ETag: '"a"' }),
      notModified({ ETag: '"a"', Vary: 'X-A' }),
      ok('max-age=60')
    )
    client.clock.advance(70)
    await client.get('/', { headers: { 'X-A': '1' } })
    const again = await client.get('/', { headers: { 'X-A': '1' } })
    expect(again).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
    expect(await client.get('/')).toMatchObject({ text: 'body 2', decision: { outcome: 'miss' } })
  })

  /** A HEAD whose length differs makes what is stored for GET invalid (UPD-09). */
  const invalidated = async () => {
    const started = await start(
      ok('max-age=60', { ETag: '"a"' }),
      { fields: { 'Content-Length': '99', ETag: '"b"' }, body: '' },
      notModified({ ETag: '"a"' })
    )
    await started.client.get('/', { method: 'HEAD', headers: { 'Cache-Control': 'no-cache' } })
    expect(await storedUnder(started.store, '/')).toHaveProperty('invalid', true)
    return started
  }

  it('that makes it invalid is signed: it is validated, and a miss without the flag', async () => {
    const kept = await invalidated()
    expect(await kept.client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'validated' } })
    const stripped = await invalidated()
    await rewrite(stripped.store, ({ response: { invalid, ...response }, body }) => ({ response, body }))
    await stripped.client.get('/')
    expect(stripped.client.decisions.at(-1)).toMatchObject({ outcome: 'miss', reason: 'uri-miss' })
  })

  it('does not take the older version along: put back while it is fresh, it is served', async () => {
    const { store, client } = await start(ok('max-age=60', { ETag: '"a"' }))
    const older = await storedUnder(store, '/')
    await client.get('/', { headers: { 'Cache-Control': 'no-cache' } })
    await store.delete(older.key)
    await store.set(older.key, Buffer.from('body 0'), () => older)
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
  })

  it('of a mark is not signed: an older mark put back makes valid what was stored under it', async () => {
    const { store, client } = await start(ok('max-age=60'))
    await client.get('/', { method: 'POST' })
    await client.get('/')
    const { key } = await storedUnder(store, '/')
    const { mark } = await store.get(key)
    await client.get('/', { method: 'POST' })
    expect((await store.get(key)).mark?.value).not.toBe(mark?.value)
    await store.mark(key, mark as Mark)
    expect(await client.get('/')).toMatchObject({ text: 'body 2', decision: { outcome: 'hit' } })
  })

  it('of a mark by others costs a validation at most', async () => {
    const { store, client } = await start(ok('max-age=60', { ETag: '"a"' }), notModified({ ETag: '"a"' }))
    const { key } = await storedUnder(store, '/')
    await store.mark(key, { value: 'forged', at: client.clock.now, dropAt: client.clock.now + 1 })
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'validated' } })
    expect(await client.get('/')).toMatchObject({ text: 'body 0', decision: { outcome: 'hit' } })
  })
})
