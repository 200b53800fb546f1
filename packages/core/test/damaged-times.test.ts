import { describe, expect, it } from '@jest/globals'
import { answering, ok } from './answers.js'
import { setUp } from './harness.js'
import { MapStore } from './map-store.js'
import { another, rewrite } from './other-writers.js'

const secret = 'the secret of these tests, random elsewhere'
const tenDays = 864_000_000

/** A response in a store that keeps what was requested later, changed by what damage or somebody else may do. */
async function stored(change: object) {
  const store = new MapStore()
  const client = await setUp(store, answering(ok('max-age=60')), { integrityKey: secret })
  await client.get('/')
  await rewrite(store, ({ response, body }) => {
    return { response: { ...response, requestTime: response.requestTime + tenDays, ...change }, body }
  })
  return client
}

describe('SEC-05: what does not check out and claims to be requested in the future', () => {
  it.each<[string, object]>([
    ['as if nothing else were wrong', {}],
    ['with a status that is none', { status: 99 }],
    ['with another key', { key: 'another' }],
    ['with digests of another body', { digests: ['0'.repeat(64)] }],
    ['as text', { requestTime: '9e99' }],
    ['where JSON ends', { requestTime: 1e300, dropAt: 1e300 }]
  ])('%s gives way to the next response', async (_what, change) => {
    const client = await stored(change)
    expect(await client.get('/')).toMatchObject({ text: 'body 1', decision: { outcome: 'miss', stored: true } })
    expect(await client.get('/')).toMatchObject({ text: 'body 1', decision: { outcome: 'hit' } })
  })

  it('gives way without a key, too', async () => {
    const client = another(await stored({ status: 99 }))
    expect(await client.get('/')).toMatchObject({ text: 'body 1', decision: { outcome: 'miss', stored: true } })
    expect(await client.get('/')).toMatchObject({ text: 'body 1', decision: { outcome: 'hit' } })
  })

  it('is left alone if it is of another version', async () => {
    const client = await stored({ formatVersion: 2 })
    expect(await client.get('/')).toMatchObject({ text: 'body 1', decision: { outcome: 'miss' } })
    expect(await client.get('/')).toMatchObject({ text: 'body 2', decision: { outcome: 'miss' } })
  })
})
