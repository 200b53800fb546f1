import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { Integrity } from '../src/integrity.js'
import { answering, ok } from './answers.js'
import { setUp } from './harness.js'
import { MapStore } from './map-store.js'
import { another } from './other-writers.js'

const secret = 'the secret of these tests, random elsewhere'
const otherSecret = Buffer.alloc(32, 'another')

type Options = NonNullable<Parameters<typeof setUp>[2]>

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Everything in a store that is not `keepsObjects`, as text. */
async function dump(store: MapStore): Promise<string> {
  const all: unknown[] = []
  for await (const key of store.keys()) all.push(key, await store.get(key))
  return JSON.stringify(all)
}

describe('integrityKey: credentials (row X11)', () => {
  const planted = {
    Authorization: 'Bearer planted-token',
    Cookie: 'session=planted-cookie',
    'X-Api-Key': 'planted-key',
    'X-Secret': 'planted-other'
  }
  const options: Options = {
    keyFields: ['Authorization'],
    credentialFields: ['Cookie', 'X-Api-Key', 'X-Secret']
  }
  const start = async (integrityKey?: string) => {
    const store = new MapStore()
    const client = await setUp(
      store,
      answering(({ path }) =>
        // One is selected by what Vary names (VARY-04), the other by the credentials that came (AUTH-07).
        path === '/vary'
          ? ok('s-maxage=60', { Vary: 'Authorization, Cookie, X-Secret' })
          : ok('max-age=60, must-revalidate')
      ),
      integrityKey === undefined ? options : { ...options, integrityKey }
    )
    for (const path of ['/vary', '/own']) await client.get(path, { headers: planted })
    return { client, stored: await dump(store) }
  }
  const values = Object.values(planted)

  it('VARY-04, SEC-03: are kept as digests that nobody without the secret can try guesses on', async () => {
    const { client, stored } = await start(secret)
    const told = JSON.stringify(client.decisions)
    for (const value of values) {
      for (const text of [value, sha256(value), sha256(`sha256:${sha256(value)}`)]) {
        expect(stored).not.toContain(text)
        expect(told).not.toContain(text)
      }
      expect(stored).not.toContain(createHmac('sha256', secret).update(value).digest('hex'))
    }
    for (const digest of [sha256, new Integrity([secret]).digest]) {
      const names = ['cookie', 'x-api-key', 'x-secret']
      const own = [planted.Cookie, planted['X-Api-Key'], planted['X-Secret']]
      const selecting = names.map((name, i) => [name, `sha256:${digest(own[i] as string)}`])
      const slot = sha256(JSON.stringify(['GET', selecting]))
      expect(stored.includes(`"slot":"${slot}"`)).toBe(digest !== sha256)
    }
    for (const value of values) expect(stored).toContain(new Integrity([secret]).digest(value))
  })

  it('VARY-04: are kept as plain digests without the option', async () => {
    const { stored } = await start()
    for (const value of values) expect(stored).toContain(sha256(value))
  })

  it('VARY-04, AUTH-07, KEY-05: select as they do without', async () => {
    const { client } = await start(secret)
    const selecting = { '/vary': ['Authorization', 'Cookie', 'X-Secret'], '/own': Object.keys(planted) }
    for (const [path, names] of Object.entries(selecting)) {
      expect(await client.get(path, { headers: planted })).toMatchObject({ decision: { outcome: 'hit' } })
      for (const name of names) {
        const headers = { ...planted, [name]: 'another' }
        expect(await client.get(path, { headers })).toMatchObject({ decision: { outcome: 'miss' } })
        const { [name as 'Cookie']: left, ...without } = planted
        expect(await client.get(path, { headers: without })).toMatchObject({ decision: { outcome: 'miss' } })
      }
    }
  })

  it('VARY-04: are digested with the first of a list: what was selected by the others is selected no more', async () => {
    const store = new MapStore()
    const client = await setUp(store, answering(ok('max-age=60')), { integrityKey: secret })
    const cookie = { headers: { Cookie: planted.Cookie } }
    await client.get('/', cookie)
    const added = another(client, { integrityKey: [secret, otherSecret] })
    expect(await added.get('/', cookie)).toMatchObject({ decision: { outcome: 'hit' } })
    const changed = another(client, { integrityKey: [otherSecret, secret] })
    expect(await changed.get('/', cookie)).toMatchObject({ decision: { outcome: 'miss', reason: 'vary-miss' } })
    expect(await changed.get('/', cookie)).toMatchObject({ decision: { outcome: 'hit' } })
  })
})
