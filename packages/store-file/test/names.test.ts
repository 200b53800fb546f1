import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { Client } from './client.js'
import { FileOrigin } from './file-origin.js'
import { filesIn, placesIn, temporaryFolder } from './folder.js'

const hostile = [
  '',
  '.',
  '..',
  '../../etc/passwd',
  '/etc/passwd',
  'C:\\windows\\system32',
  'con',
  'nul',
  'a\0b',
  'a\nb',
  'a\r\nb',
  'a b',
  '*',
  '[a-z]?',
  '%2e%2e%2f',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'é',
  'e\u0301',
  '\ud800',
  '\udfff',
  '\u202e',
  'KEY',
  'key',
  'Key',
  '👩‍👩‍👧‍👧'.repeat(100),
  'a'.repeat(65_536),
  `${'a'.repeat(65_535)}b`,
  '\0'.repeat(8_192),
  'cc-store-file 1 ',
  '{"key":"key"}'
]

describe('keys of every kind', () => {
  it('are apart, are found again, and are names of the same few characters and one length (rows D17, X4, X6, X7)', async () => {
    const folder = temporaryFolder()
    const [client, other] = [await Client.open(join(folder, 'cache')), await Client.open(join(folder, 'cache'))]
    for (const key of hostile) await client.call('write', key)
    expect(await other.call('readAll', hostile)).toEqual(hostile.map(() => 'whole'))
    await client.call('call', 'delete', 'KEY')
    const seen = await other.call('readAll', hostile)
    expect(seen).toEqual(hostile.map((key) => (key === 'KEY' ? 'absent' : 'whole')))
    expect((await client.call<string[]>('keys')).sort()).toEqual(hostile.filter((key) => key !== 'KEY').sort())
    for (const { name, stats } of placesIn(folder)) {
      expect(name).toMatch(/^cache(\/CACHEDIR\.TAG|(\/[a-z0-9.]{1,100})*)$/)
      expect(name.length).toBeLessThan(200)
      expect(stats.isFile() || stats.isDirectory()).toBe(true)
    }
  }, 60_000)

  it('are as long as URLs get (row X7)', async () => {
    const folder = temporaryFolder()
    const client = await Client.open(folder)
    const keys = [10, 17, 20, 23].map((bits) => 'x'.repeat(2 ** bits))
    for (const key of keys) await client.call('write', key).catch(() => {})
    const seen = await client.call<string[]>('readAll', keys)
    expect(seen[0]).toBe('whole')
    expect(seen.filter((what) => what !== 'whole' && what !== 'absent')).toEqual([])
  }, 60_000)

  it('hold no secrets: credentials of requests are nowhere in the folder (row X11)', async () => {
    const folder = temporaryFolder()
    const origin = await FileOrigin.start()
    const client = await Client.open(folder, { cacheOptions: { type: 'private' } })
    const headers = { authorization: 'Bearer planted-token-1', cookie: 'session=planted-token-2' }
    const withUser = origin.url('/1000/b').replace('http://', 'http://user:planted-token-3@')
    await client.ask(origin.url('/1000/a'), { headers })
    await client.ask(withUser, { headers })
    expect(await client.ask(origin.url('/1000/a'), { headers })).toMatchObject({ outcome: 'hit' })
    for (const { path, name } of filesIn(folder)) {
      expect(name).not.toContain('planted')
      expect(readFileSync(path, 'latin1')).not.toContain('planted')
    }
  }, 60_000)
})
