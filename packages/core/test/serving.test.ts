import { describe, expect, it } from '@jest/globals'
import { setUp, stores } from './harness.js'

describe.each(stores)('serving from %s (RFC 9111 §4)', (_name, makeStore) => {
  it('FRESH-04: a response is fresh while its lifetime exceeds its age; equality is stale', async () => {
    const client = await setUp(makeStore(), ({ clock }, _request, response, n) => {
      response.setHeader('Date', clock.date()).setHeader('Cache-Control', 'max-age=10').end(`body ${n}`)
    })
    await client.get('/')
    client.clock.advance(9.9)
    const fresh = await client.get('/')
    expect(fresh).toMatchObject({ status: 200, text: 'body 0', headers: { age: '9' }, decision: { outcome: 'hit' } })
    client.clock.advance(0.1)
    expect(await client.get('/')).toMatchObject({ text: 'body 1', decision: { outcome: 'miss' } })
    expect(client.asked).toBe(2)
  })
})
