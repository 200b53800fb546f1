import { inspect } from 'node:util'
import { type CacheOptions, cacheInterceptor } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import { Integrity, signedText } from '../src/integrity.js'
import { answering, notModified, ok } from './answers.js'
import { setUp } from './harness.js'
import { MapStore } from './map-store.js'
import { another, storedUnder } from './other-writers.js'
import { storedWith } from './rule-inputs.js'

const secret = 'the secret of these tests, random elsewhere'
const otherSecret = Buffer.alloc(32, 'another')

describe('integrityKey: the secret (SEC-05, row X11)', () => {
  const wrong: [what: string, value: unknown, says: string][] = [
    [
      'too short',
      'planted secret',
      'integrityKey must be a string or Uint8Array of at least 32 bytes, or a list of such, not a string of 14 bytes'
    ],
    ['empty', '', 'a string of 0 bytes'],
    ['too short by one byte', Buffer.alloc(31, 'planted'), 'a Uint8Array of 31 bytes'],
    ['an array of numbers', Array.from(Buffer.alloc(32, 'planted')), 'integrityKey[0] must be a string or Uint8Array'],
    ['an ArrayBuffer', new ArrayBuffer(64), 'of type object'],
    ['a number', 11_282_931, 'of type number'],
    ['a function', () => 'planted secret'.repeat(3), 'of type function'],
    ['an object', { planted: 'secret'.repeat(9) }, 'of type object'],
    [
      'an empty list',
      [],
      'integrityKey must be a string or Uint8Array of at least 32 bytes, or a list of such, not an empty list'
    ],
    ['a list with one too short', [secret, 'planted'], 'integrityKey[1] must be'],
    ['a list with a list', [[secret]], 'integrityKey[0] must be'],
    ['a list with nothing', [secret, null], 'not null'],
    // biome-ignore lint/suspicious/noSparseArray: that is what is tried
    ['a list with a gap', [secret, , secret], 'not of type undefined']
  ]

  it.each(wrong)('that is %s is refused, and not shown', (_what, integrityKey, says) => {
    let error: unknown
    try {
      cacheInterceptor({ integrityKey } as CacheOptions)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(TypeError)
    expect(String(error)).toContain(says)
    expect(inspect(error)).not.toMatch(/planted|11_?282_?931/)
  })

  it('needs bodies to be verified by their digests', () => {
    expect(() => cacheInterceptor({ integrityKey: secret, verify: 'length' })).toThrow(
      new TypeError(
        'cacheInterceptor: verify must be digest where integrityKey is set, which signs bodies by their digests, not "length"'
      )
    )
    expect(() => cacheInterceptor({ integrityKey: secret, verify: 'digest' })).not.toThrow()
  })

  it('is 32 bytes at least, counted as UTF-8', () => {
    for (const integrityKey of ['a'.repeat(32), '\u00e9'.repeat(16), Buffer.alloc(32), [otherSecret, secret]]) {
      expect(() => cacheInterceptor({ integrityKey })).not.toThrow()
    }
  })

  it('is copied: bytes that are overwritten later are the secret still', async () => {
    const bytes = Buffer.from(secret)
    const client = await setUp(new MapStore(), answering(ok('max-age=60')), { integrityKey: bytes })
    bytes.fill(0)
    await client.get('/')
    expect(await another(client, { integrityKey: secret }).get('/')).toMatchObject({ decision: { outcome: 'hit' } })
  })

  it('is not seen in what keeps it', () => {
    expect(inspect(new Integrity([secret]), { showHidden: true, depth: 9 })).not.toContain(secret)
    expect(JSON.stringify(new Integrity([secret]))).not.toContain(secret)
  })

  it('makes keys of their own for signatures and for digests', () => {
    const integrity = new Integrity([secret])
    const response = integrity.signed(storedWith([], { digests: [] }))
    expect(integrity.isSigned(response)).toBe(true)
    expect(integrity.isSigned({ ...response, hmac: integrity.digest(signedText(response)) })).toBe(false)
  })

  it('says nothing for a body without digests', () => {
    const integrity = new Integrity([secret])
    expect(integrity.isSigned(integrity.signed(storedWith([])))).toBe(false)
  })
})

describe('integrityKey: a list of secrets (SEC-05, row X10)', () => {
  const hit = { decision: { outcome: 'hit' } }

  it('signs with the first and verifies with all', async () => {
    const client = await setUp(
      new MapStore(),
      answering(ok('max-age=60', { ETag: '"a"' }), notModified({ ETag: '"a"' })),
      {
        integrityKey: [secret]
      }
    )
    for (const path of ['/', '/other']) await client.get(path)
    const both = another(client, { integrityKey: [otherSecret, secret] })
    expect(await both.get('/')).toMatchObject(hit)
    const { decision } = await both.get('/', { headers: { 'Cache-Control': 'no-cache' } })
    expect(decision).toMatchObject({ outcome: 'validated', stored: true })
    const changed = another(client, { integrityKey: otherSecret })
    expect(await changed.get('/')).toMatchObject(hit)
    expect(await changed.get('/other')).toMatchObject({ decision: { outcome: 'miss', reason: 'uri-miss' } })
    expect(await client.get('/')).toMatchObject({ decision: { outcome: 'miss', reason: 'uri-miss' } })
  })

  it('finds what Vary selects under each of them, in the same slot', async () => {
    const store = new MapStore()
    const client = await setUp(store, answering(ok('max-age=60', { Vary: 'Accept-Language' })), {
      integrityKey: secret
    })
    await client.get('/')
    const both = another(client, { integrityKey: [otherSecret, secret] })
    expect(await both.get('/')).toMatchObject(hit)
    await both.get('/', { headers: { 'Cache-Control': 'no-cache' } })
    const { key } = await storedUnder(store, '/')
    expect((await store.get(key)).responses).toHaveLength(1)
    expect(await another(client, { integrityKey: otherSecret }).get('/')).toMatchObject(hit)
  })
})
