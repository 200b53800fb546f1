import assert from 'node:assert/strict'
import type { CacheStore } from '../store.js'
import { type CaseDraft, cases } from './case-draft.js'
import { expectNothing, expectStored } from './expectations.js'
import { hex, put, sampleBytes, sampleMark } from './sample.js'

/** Stores something under each key, then deletes each in turn: the others must not notice. */
async function expectApart(store: CacheStore, keys: readonly string[]): Promise<void> {
  for (const [n, key] of keys.entries()) {
    await expectNothing(store, key)
    await put(store, sampleBytes(20 + n, n), { key, id: hex(n) })
  }
  const stored = await Promise.all(keys.map(async (key) => (await store.get(key)).responses[0]?.response))
  const expectOthers = async (but: number) => {
    for (const [n, response] of stored.entries()) {
      if (n === but) continue
      assert.ok(response, `nothing under key ${n}`)
      assert.equal(response.key, keys[n])
      await expectStored(store, response, sampleBytes(20 + n, n))
    }
  }
  await expectOthers(-1)
  for (const [n, key] of keys.entries()) {
    await store.mark(key, sampleMark(n))
    await store.delete(key)
    await expectNothing(store, key)
    await expectOthers(n)
    await put(store, sampleBytes(20 + n, n), { key, id: hex(n) })
  }
  for (const [n, key] of keys.entries()) assert.equal((await store.get(key)).mark?.value, hex(n), `mark ${n}`)
}

const long = `https://example.org/${'a'.repeat(40_000)}`

export const keyCases: CaseDraft[] = cases(
  'Keys are any strings; two keys are the same only if all their characters are',
  {
    'keys that begin alike are apart': (store) =>
      expectApart(store, ['https://a/', 'https://a/b', 'https://a/b/c', 'https://a/bc', 'https://a', 'h', '']),
    'keys that differ in case only are apart': (store) =>
      expectApart(store, ['https://a/Page', 'https://a/page', 'https://A/page', 'HTTPS://A/PAGE']),
    'characters that mean something elsewhere mean themselves': (store) =>
      expectApart(store, ['a*', 'abc', 'a?c', 'a[b]c', '[a-c]bc', 'a\\*', '*', '**', '{abc}', 'a%2Ac', '%', '$1', "'"]),
    'keys that look like paths are apart': (store) =>
      expectApart(store, [
        '..',
        '../..',
        '/',
        '//',
        './a',
        'a',
        'a/',
        '/etc/passwd',
        'a/../a',
        'CON',
        'a.',
        'a:b',
        'a::b'
      ]),
    'keys with control characters are apart': (store) =>
      expectApart(store, ['a', 'a\0', 'a\0b', '\0', 'a\n', 'a\r\n', 'a\t', ' a', 'a ', '\x7f']),
    'keys beyond ASCII are apart': (store) =>
      expectApart(store, [
        'caf\u00e9',
        'cafe\u0301',
        '\u4e2d',
        '\u{1f600}',
        '\u00ff',
        '\u212b',
        '\u00c5',
        '\ufeff',
        '\u2028'
      ]),
    'keys such as __proto__ are keys like others': async (store) => {
      await expectApart(store, ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'null', '0'])
      assert.deepEqual(Object.keys(Object.prototype), [])
    },
    'long keys that differ at their end are apart': (store) => expectApart(store, [long, `${long}b`, `${long}c`]),
    'unpaired surrogates do not answer for each other': async (store) => {
      await put(store, sampleBytes(10), { key: 'a\ud800' })
      await expectNothing(store, 'a\ud801')
      await expectNothing(store, 'a\ufffd')
      await expectNothing(store, 'a?')
    }
  }
)
