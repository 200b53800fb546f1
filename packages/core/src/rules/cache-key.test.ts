import { describe, expect, it } from '@jest/globals'
import { requestWith, rules } from '../../test/rule-inputs.js'
import {
  cacheKey,
  invalidationKey,
  keyParts,
  normalPath,
  type Origin,
  parseOrigin,
  requestTarget,
  targetOrigin
} from './cache-key.js'

const origin = (url: string) => parseOrigin(url) as Origin
const a = origin('http://a.example')

interface Asked {
  url?: string
  path?: string
  partition?: string
  /** Names by `keyFields`, values by the request. */
  fields?: Record<string, string>
  keyFields?: string[]
  method?: string
  /** Of a QUERY. */
  content?: string | Uint8Array
}

/** The key of a request to `url`, as the interceptor puts it together. */
function keyOf({
  url = 'http://a.example',
  path = '/',
  partition = '',
  fields = {},
  keyFields = [],
  method,
  content
}: Asked) {
  const connection = origin(url)
  const target = requestTarget(connection, targetOrigin(connection, fields.host, path) as Origin, path, partition)
  return cacheKey(target, requestWith(fields, method), rules({ keyFields }), content)
}

describe('what the key is made of (RFC 9111 §2)', () => {
  it('KEY-01: every part of the request that it names makes another key', () => {
    const asked: Asked[] = [
      {},
      { url: 'https://a.example' },
      { url: 'http://a.example:8080' },
      { url: 'http://b.example' },
      { path: '/a' },
      { path: '/?' },
      { path: '/?x=1' },
      { path: '/?x=2' },
      { partition: 'u' },
      { fields: { host: 'b.example' } },
      { keyFields: ['x'] },
      { keyFields: ['x'], fields: { x: '' } },
      { keyFields: ['x'], fields: { x: '1' } },
      { keyFields: ['y'], fields: { y: '1' } },
      { keyFields: ['x', 'y'], fields: { x: '1' } },
      { keyFields: ['x', 'y'], fields: { y: '1' } }
    ]
    expect(new Set(asked.map((one) => keyOf(one)?.key)).size).toBe(asked.length)
  })

  it('KEY-01: GET and HEAD have one key, and fields outside of keyFields are no part of it', () => {
    expect(keyOf({ method: 'HEAD', fields: { cookie: 'a', accept: 'b' } })).toEqual(keyOf({}))
  })

  it('QRY-01: that of a QUERY has its content and what describes it, and no other field', () => {
    const asked: Asked[] = [
      {},
      { content: '' },
      { content: 'a' },
      { content: 'A' },
      { content: 'a', path: '/a' },
      { content: 'a', keyFields: ['x'] },
      { content: 'a', fields: { host: 'b.example' } },
      ...['content-type', 'content-encoding', 'content-language'].flatMap((name) => [
        { content: 'a', fields: { [name]: '' } },
        { content: 'a', fields: { [name]: 'a' } },
        { content: 'a', fields: { [name]: 'null' } }
      ])
    ]
    expect(new Set(asked.map((one) => keyOf(one)?.key)).size).toBe(asked.length)
    expect(keyOf({ content: 'a', fields: { accept: 'b' } })).toEqual(keyOf({ content: Buffer.from('a') }))
    expect(keyOf({ content: 'a' })?.target).toBe(keyOf({})?.target)
  })

  it('SEC-03: the content itself is not in it', () => {
    expect(keyOf({ content: 'a secret question' })?.key).not.toContain('secret')
  })

  it('KEY-01: the target is the key itself, but for keyFields and another Host', () => {
    expect(keyOf({ path: '/a' })?.target).toBe(keyOf({ path: '/a' })?.key)
    for (const one of [{ keyFields: ['x'] }, { fields: { host: 'b.example' } }]) {
      const { key, target } = keyOf({ path: '/a', ...one }) ?? {}
      expect(key).not.toBe(target)
      const host = one.fields?.host ?? 'a.example'
      expect(target).toBe(invalidationKey({ origin: origin(`http://${host}`), path: '/a', partition: '' }))
    }
  })
})

describe('normalisation (RFC 9110 §4.2.3)', () => {
  it.each([
    ['HTTP://Ex.com:80', 'http://ex.com'],
    ['https://EX.com:443', 'https://ex.com'],
    ['http://user:pass@ex.com', 'http://ex.com'],
    ['http://ex.com/path?query#fragment', 'http://ex.com'],
    ['http://[::1]:80', 'http://[::1]']
  ])('KEY-02: the origin of %s is %s', (url, text) => {
    expect(parseOrigin(url)?.text).toBe(text)
  })

  it.each(['http://ex.com:443', 'https://ex.com:80', 'http://ex.com:8080', 'http://ex.com.', 'http://www.ex.com'])(
    'KEY-02: %s is another origin than http://ex.com',
    (url) => {
      expect(parseOrigin(url)?.text).not.toBe('http://ex.com')
      expect(parseOrigin(url)?.text).toBe(url)
    }
  )

  it.each(['ftp://ex.com', 'ex.com', '', 'file:///x', 'javascript:0', 'http://', 'blob:http://ex.com/x'])(
    'KEY-02: %j has no origin for HTTP',
    (url) => {
      expect(parseOrigin(url)).toBeUndefined()
    }
  )

  it.each([
    ['', '/'],
    ['?x=1', '/?x=1'],
    ['/#top', '/'],
    ['/a?b#c?d', '/a?b'],
    ['#', '/'],
    ['http://ex.com', '/'],
    ['HTTP://ex.com/a?b', '/a?b'],
    ['https://ex.com?b', '/?b'],
    ['http://ex.com#x', '/']
  ])('KEY-02: of %j the path is %j', (path, expected) => {
    expect(normalPath(path)).toBe(expected)
  })

  it('KEY-02: percent-encoding, dot segments, the order of a query and a bare ? stay significant', () => {
    const paths = [
      '/A',
      '/%41',
      '/%61',
      '/a',
      '/./a',
      '/b/../a',
      '//a',
      '/a/',
      '/a?',
      '/a?x=1&y=2',
      '/a?y=2&x=1',
      '/a?x=1&y=2&',
      '/a%2f',
      '/a%2F',
      '/a/b'
    ]
    expect(new Set(paths.map((path) => keyOf({ path })?.key)).size).toBe(paths.length)
    for (const path of paths) expect(normalPath(path)).toBe(path)
  })
})

describe('a Host of the caller (RFC 9110 §7.2)', () => {
  it('KEY-03: it is the authority of the target, and the connection stays in the key', () => {
    const direct = keyOf({ url: 'http://b.example' })
    const viaA = keyOf({ fields: { host: 'b.example' } })
    const viaC = keyOf({ url: 'http://c.example', fields: { host: 'b.example' } })
    expect(new Set([direct?.key, viaA?.key, viaC?.key]).size).toBe(3)
    expect(viaA?.target).toBe(direct?.target)
    expect(viaC?.target).toBe(direct?.target)
  })

  it.each(['a.example', 'A.EXAMPLE', 'a.example:80'])('KEY-03: %s names the connection itself', (host) => {
    expect(keyOf({ fields: { host } })).toEqual(keyOf({}))
  })

  it('KEY-03: a path in absolute form names the target too', () => {
    expect(keyOf({ path: 'http://a.example/x' })).toEqual(keyOf({ path: '/x' }))
    expect(keyOf({ path: 'http://b.example/x' })).toEqual(keyOf({ path: '/x', fields: { host: 'b.example' } }))
    expect(targetOrigin(a, undefined, 'https://a.example/x')?.text).toBe('https://a.example')
  })

  it.each([
    '',
    ' ',
    'a b',
    'a.example, b.example',
    'a/b',
    'a?b',
    'a#b',
    'user@a',
    'a:b',
    'a:',
    'a:99999',
    '[::1',
    'a\\b',
    'a\u0000',
    'ä.example',
    'a%2eb',
    '0x7f.1',
    '127.1',
    '[0:0:0:0:0:0:0:1]',
    'a:080'
  ])('KEY-03: %j could be read as several hosts or none: no key', (host) => {
    expect(targetOrigin(a, host, '/')).toBeUndefined()
  })
})

describe('a path in absolute form (RFC 9112 §3.2.2)', () => {
  it.each([
    'http://user@a.example/',
    'http:///x',
    'http://a b/',
    'http://a:99999/',
    'http://ä/',
    'http://a,b/',
    'http://?x',
    'HTTP://'
  ])('KEY-02, KEY-03: %s could be read as several origins or none: no key', (path) => {
    expect(targetOrigin(a, undefined, path)).toBeUndefined()
  })
})

describe('keys cannot be confused (RFC 9111 §7.1)', () => {
  it('KEY-04: parts that join to the same text make different keys', () => {
    const groups: Asked[][] = [
      [
        { partition: 'u', path: '/' },
        { partition: 'u1:u', path: '/' },
        { partition: '1:u', path: '/' },
        { partition: '', path: '/' }
      ],
      [
        { partition: 'http://a.example' },
        { partition: 'http://a.example/', path: '/' },
        { partition: '16:http://a.example' },
        { path: '/http://a.example/' },
        { partition: '', path: '/x1:phttp://a.example/' },
        { partition: 'http://a.example/x1:p', path: '/' }
      ],
      [
        { keyFields: ['x', 'y'], fields: { x: '1', y: '2' } },
        { keyFields: ['x', 'y'], fields: { x: '1","2' } },
        { keyFields: ['x', 'y'], fields: { x: '1"],["y","2' } }
      ],
      [
        { keyFields: ['x'], fields: { x: 'null' } },
        { keyFields: ['x'] },
        { keyFields: ['x'], fields: { x: '"null"' } }
      ],
      [
        { path: '/a","http://a.example",[]]' },
        { path: '/a', keyFields: ['x'] },
        { path: '/a', fields: { host: 'b.example' } }
      ],
      [{ partition: '+["x' }, { partition: '+' }, { partition: '"' }, { partition: '\\' }, { partition: '\\"' }]
    ]
    for (const group of groups) {
      const keys = group.map((one) => keyOf(one)?.key)
      expect(keys).not.toContain(undefined)
      expect(new Set(keys).size).toBe(group.length)
    }
  })

  it('KEY-04: a key tells which fields its values are of, so that caches with other keyFields can share a store', () => {
    const tenant = keyOf({ keyFields: ['x-tenant'], fields: { 'x-tenant': '42' } })
    const user = keyOf({ keyFields: ['x-user'], fields: { 'x-user': '42' } })
    expect(tenant?.key).not.toBe(user?.key)
  })

  it.each(['/a\r\nb', '/a\nb', '/\0'])('KEY-04, SEC-01: a path that breaks lines has no key', (path) => {
    expect(keyOf({ path })).toBeUndefined()
    expect(invalidationKey({ origin: a, path, partition: '' })).toBeUndefined()
  })
})

describe('keyFields (RFC 9111 §7.2)', () => {
  it('KEY-05: credentials are in the key as digests only', () => {
    const names = ['authorization', 'cookie', 'proxy-authorization', 'x-api-key', 'x-auth-token']
    for (const name of names) {
      const one = keyOf({ keyFields: [name], fields: { [name]: 'secret-1' } })?.key
      const other = keyOf({ keyFields: [name], fields: { [name]: 'secret-2' } })?.key
      expect(one).not.toContain('secret')
      expect(one).not.toBe(other)
    }
    expect(keyOf({ keyFields: ['x'], fields: { x: 'open' } })?.key).toContain('open')
  })

  it('KEY-05: names compare without case', () => {
    expect(keyOf({ keyFields: ['X-A'], fields: { 'x-a': '1' } })).toEqual(
      keyOf({ keyFields: ['x-a'], fields: { 'x-a': '1' } })
    )
  })

  it('KEY-05: without a usable value there is no key', () => {
    const target = requestTarget(a, a, '/', '')
    const failing = rules({ keyFields: ['x'], varyNormalizers: { x: () => undefined as unknown as string } })
    expect(cacheKey(target, requestWith({ x: '1' }), failing)).toBeUndefined()
  })
})

describe('secure connections (RFC 8246 §2)', () => {
  it.each([
    'http://localhost',
    'http://localhost:8080',
    'http://127.0.0.1:80',
    'http://127.8.9.1:1',
    'http://[::1]:1',
    'http://x.localhost'
  ])('RESP-08: %s does not leave this host', (url) => {
    expect(parseOrigin(url)?.isLoopback).toBe(true)
  })

  it.each([
    'http://localhost.example',
    'http://notlocalhost',
    'http://128.0.0.1',
    'http://127.0.0.1.example',
    'http://[::2]'
  ])('RESP-08: %s does', (url) => {
    expect(parseOrigin(url)?.isLoopback).toBe(false)
  })
})

describe('the parts of a key', () => {
  it.each<Asked>([
    {},
    { path: '/b?c=d' },
    { url: 'https://a.example:8443', path: '//x' },
    { partition: 'user 7' },
    { partition: '3:a+[' },
    { partition: 'http://b.example/' },
    { fields: { host: 'b.example' } },
    { fields: { x: '1' }, keyFields: ['x'], partition: '12:+["x"]' }
  ])('KEY-01: are those it was made of: %j', (asked) => {
    const { url = 'http://a.example', path = '/', partition = '', fields = {} } = asked
    const key = keyOf(asked)
    const host = fields.host === undefined ? origin(url).text : `http://${fields.host}`
    expect(keyParts(key?.key ?? '')).toEqual({ target: key?.target, partition, origin: host, path })
  })

  it.each([
    '',
    '/',
    'http://a.example',
    'ftp://a.example/',
    '5:http://a.example/',
    '99:http://a.example/',
    '+',
    '+{}',
    '+[]',
    '+[1]',
    '+["+[]"]'
  ])('SEC-05: %j is no key', (key) => {
    expect(keyParts(key)).toBeUndefined()
  })
})
