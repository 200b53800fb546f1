import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it, jest } from '@jest/globals'
import { Integrity, signedText } from '../src/integrity.js'
import type { StoredResponse } from '../src/rules/messages.js'
import { type SetUp, setUp } from './harness.js'
import { MapStore } from './map-store.js'
import { another, rewrite, storedUnder } from './other-writers.js'

const secret = 'the secret of these tests, random elsewhere'
const otherSecret = Buffer.alloc(32, 'another')
const short = 'a short body'
const long = Buffer.alloc(2.5 * 1_048_576, 'a long body ')

const buffered = { copyBufferBytes: 4 * 1_048_576 }

type Options = Parameters<typeof setUp>[2]

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

function digestsOf(body: Uint8Array): string[] {
  const digests: string[] = []
  for (let at = 0; at < body.byteLength; at += 1_048_576) digests.push(sha256(body.subarray(at, at + 1_048_576)))
  return digests
}

/** `/short` and `/long` are stored, as a cache with this secret does it. */
async function filled(store = new MapStore(), options: Options = { integrityKey: secret }): Promise<SetUp> {
  const client = await setUp(
    store,
    (_setUp, { path }, response) => {
      response.setHeader('Cache-Control', 'max-age=60').setHeader('ETag', '"a"')
      response.end(path === '/long' ? long : short)
    },
    { ...buffered, ...options }
  )
  for (const path of ['/short', '/long']) await client.get(path)
  return client
}

async function expectMissThenHealed(client: SetUp, path: string): Promise<void> {
  const text = path === '/long' ? long.toString() : short
  const missed = await client.get(path)
  expect(missed).toMatchObject({ status: 200, decision: { outcome: 'miss', reason: 'uri-miss', stored: true } })
  expect(missed.text === text).toBe(true)
  const healed = await client.get(path)
  expect(healed).toMatchObject({ status: 200, decision: { outcome: 'hit' } })
  expect(healed.text === text).toBe(true)
}

/** Changes that leave a stored response of a sound shape, for the key and the body it had. */
const changes: [what: string, change: (response: StoredResponse) => object][] = [
  ['no signature', ({ hmac, ...response }) => response],
  ['null for a signature', (response) => ({ ...response, hmac: null })],
  ['an empty signature', (response) => ({ ...response, hmac: '' })],
  ['a signature cut short', (response) => ({ ...response, hmac: response.hmac?.slice(0, -2) })],
  ['a signature that is too long', (response) => ({ ...response, hmac: `${response.hmac}00` })],
  ['a signature that is no hex', (response) => ({ ...response, hmac: `${response.hmac?.slice(0, -2)}zz` })],
  ['a list for a signature', (response) => ({ ...response, hmac: [response.hmac] })],
  ['zeros for a signature', (response) => ({ ...response, hmac: '0'.repeat(64) })],
  ['a SHA-256 for a signature', (response) => ({ ...response, hmac: sha256(signedText(response)) })],
  ['the signature of another secret', (response) => new Integrity([otherSecret]).signed(response)],
  [
    'a signature with the secret itself',
    (response) => ({ ...response, hmac: createHmac('sha256', secret).update(signedText(response)).digest('hex') })
  ],
  [
    'a digest in place of the signature',
    (response) => ({ ...response, hmac: new Integrity([secret]).digest(signedText(response)) })
  ],
  ['another slot', (response) => ({ ...response, slot: 'other' })],
  ['another id', (response) => ({ ...response, id: '0'.repeat(32) })],
  ['another status', (response) => ({ ...response, status: 203 })],
  ['another status text', (response) => ({ ...response, statusText: 'Fine' })],
  ['a longer lifetime', (response) => ({ ...response, fields: replaced(response, 'cache-control', 'max-age=6000') })],
  ['another validator', (response) => ({ ...response, fields: replaced(response, 'etag', '"b"') })],
  [
    'a name in another case',
    (response) => ({ ...response, fields: response.fields.map(([name, value]) => [name.toLowerCase(), value]) })
  ],
  ['a field more', (response) => ({ ...response, fields: [...response.fields, ['X-More', '1']] })],
  ['a field less', (response) => ({ ...response, fields: response.fields.slice(0, -1) })],
  ['fields in another order', (response) => ({ ...response, fields: response.fields.toReversed() })],
  ['a selecting field', (response) => ({ ...response, selecting: [['x-a', null]] })],
  ['an earlier request', (response) => ({ ...response, requestTime: response.requestTime - 1 })],
  ['a request of the future', (response) => ({ ...response, requestTime: response.requestTime + 1e9 })],
  ['a later response', (response) => ({ ...response, responseTime: response.responseTime + 1 })],
  ['a later end', (response) => ({ ...response, dropAt: response.dropAt + 1 })],
  ['another mark', (response) => ({ ...response, marks: { [response.key]: 'a' } })],
  ['a mark more', (response) => ({ ...response, marks: { ...response.marks, other: '' } })],
  ['a flag', (response) => ({ ...response, invalid: true })],
  ['no digests', ({ digests, ...response }) => response],
  ['a property that nobody knows', (response) => ({ ...response, other: 1 })],
  ['a property by that name', (response) => JSON.parse(`${JSON.stringify(response).slice(0, -1)},"__proto__":{}}`)]
]

function replaced({ fields }: StoredResponse, name: string, value: string): StoredResponse['fields'] {
  return fields.map((line) => (line[0].toLowerCase() === name ? [line[0], value] : line))
}

type Forge = Parameters<typeof rewrite>[1]

/** Other bodies, with nothing about them that would tell. */
const forgeries: [[what: string, forge: Forge], ...[string, Forge][]] = [
  ['the body', ({ response, body }) => withBody(response, Buffer.alloc(body.byteLength, 'forged '))],
  ['a longer body', ({ response, body }) => withBody(response, Buffer.alloc(body.byteLength + 1, 'forged '))],
  ['a short body', ({ response }) => withBody(response, Buffer.from('forged'))],
  ['no body', ({ response }) => withBody(response, Buffer.alloc(0))]
]

function withBody(response: StoredResponse, body: Uint8Array) {
  const fields = replaced(response, 'content-length', String(body.byteLength))
  return { response: { ...response, fields, bodyBytes: body.byteLength, digests: digestsOf(body) }, body }
}

describe('integrityKey: a stored response (SEC-05, row X10)', () => {
  it('is signed, and a hit for every cache with that secret', async () => {
    const store = new MapStore()
    const client = await filled(store)
    expect((await storedUnder(store, '/short')).hmac).toMatch(/^[0-9a-f]{64}$/)
    for (const path of ['/short', '/long']) {
      expect(await client.get(path)).toMatchObject({ decision: { outcome: 'hit' } })
      const options = { integrityKey: Buffer.from(secret) }
      expect(await another(client, { ...options, ...buffered }).get(path)).toMatchObject({
        decision: { outcome: 'hit' }
      })
    }
  })

  it('is signed without a body, too', async () => {
    const client = await setUp(
      new MapStore(),
      (_setUp, _request, response) => response.setHeader('Cache-Control', 'max-age=60').end(),
      { integrityKey: secret }
    )
    for (const [path, method] of [
      ['/empty', 'GET'],
      ['/head', 'HEAD']
    ] as const) {
      await client.get(path, { method })
      expect(await client.get(path, { method })).toMatchObject({ text: '', decision: { outcome: 'hit' } })
    }
  })

  it.each(changes)('with %s is a miss, and healed', async (_what, change) => {
    for (const path of ['/short', '/long']) {
      const store = new MapStore()
      const client = await filled(store)
      await rewrite(store, (found) => ({ ...found, response: change(found.response) }))
      await expectMissThenHealed(client, path)
    }
  })

  it('may have its properties in any order', async () => {
    const store = new MapStore()
    const client = await filled(store)
    await rewrite(store, (found) => {
      return { ...found, response: Object.fromEntries(Object.entries(found.response).reverse()) }
    })
    for (const path of ['/short', '/long']) {
      expect(await client.get(path)).toMatchObject({ decision: { outcome: 'hit' } })
    }
  })

  it.each(forgeries)('with %s and all that is said of it exchanged is a miss, and healed', async (_what, forge) => {
    for (const path of ['/short', '/long']) {
      const store = new MapStore()
      const client = await filled(store)
      await rewrite(store, forge)
      await expectMissThenHealed(client, path)
    }
  })

  it('with the body of another is a miss that is told, and healed', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const store = new MapStore()
    const client = await filled(store)
    await rewrite(store, ({ response }) => ({ response, body: Buffer.from('a forged bod') }))
    await expectMissThenHealed(client, '/short')
    expect(emitWarning.mock.calls).toEqual([[expect.stringContaining('BodyDamagedError'), expect.anything()]])
    emitWarning.mockRestore()
  })

  it('with the signature of another is a miss, and healed', async () => {
    const store = new MapStore()
    const client = await filled(store)
    const { hmac } = await storedUnder(store, '/long')
    await rewrite(store, (found) => ({ ...found, response: { ...found.response, hmac } }))
    await expectMissThenHealed(client, '/short')
    expect(await client.get('/long')).toMatchObject({ decision: { outcome: 'hit' } })
  })

  it('moved to another key is a miss there, whatever key it claims', async () => {
    for (const claimsIt of [true, false]) {
      const store = new MapStore()
      const client = await filled(store)
      const moved = await storedUnder(store, '/long')
      const { key } = await storedUnder(store, '/short')
      await store.delete(key)
      await store.set(key, long, () => (claimsIt ? { ...moved, key, marks: { [key]: '' } } : moved))
      await expectMissThenHealed(client, '/short')
    }
  })

  it('that was never signed is a miss, and healed', async () => {
    const client = await filled(new MapStore(), {})
    await expectMissThenHealed(another(client, { ...buffered, integrityKey: secret }), '/short')
  })

  it('of another secret is a miss, and healed; nobody removes it before', async () => {
    const store = new MapStore()
    const client = await filled(store)
    const foreign = another(client, { ...buffered, integrityKey: otherSecret })
    expect(await foreign.get('/short', { headers: { 'Cache-Control': 'only-if-cached' } })).toMatchObject({
      status: 504
    })
    expect(await client.get('/short')).toMatchObject({ decision: { outcome: 'hit' } })
    await expectMissThenHealed(foreign, '/short')
    await expectMissThenHealed(client, '/short')
  })

  it('that is signed is a hit without the option, which then checks nothing', async () => {
    const client = await filled()
    expect(await another(client).get('/short')).toMatchObject({ text: short, decision: { outcome: 'hit' } })
  })

  it('can be forged without the option, by whoever writes into the store', async () => {
    const store = new MapStore()
    const client = await filled(store, {})
    const [[, forge]] = forgeries
    await rewrite(store, forge)
    expect(await client.get('/short')).toMatchObject({ text: 'forged forge', decision: { outcome: 'hit' } })
    const { text, decision } = await client.get('/long')
    expect([text.slice(0, 12), text.length, decision.outcome]).toEqual(['forged forge', long.byteLength, 'hit'])
  })

  it('is not signed in a store in memory, and needs no signature there', async () => {
    const store = new MapStore({ sync: true, keepsObjects: true })
    const client = await filled(store)
    expect(await storedUnder(store, '/short')).not.toHaveProperty('hmac')
    expect(await client.get('/short')).toMatchObject({ text: short, decision: { outcome: 'hit' } })
  })
})
