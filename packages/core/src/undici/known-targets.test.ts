import { describe, expect, it } from '@jest/globals'
import { targetOf } from './known-targets.js'

/** What is asked for, as text: twice, because the second time it is remembered. */
function asked(origin: string | URL, path: string, host?: string): (string | undefined)[] {
  return [1, 2].map(() => {
    const target = targetOf(origin, host, path)
    return target && `${target.connection.text} | ${target.origin.text} | ${target.path} | ${target.key?.key}`
  })
}

describe('what is asked for (RFC 9110 §7.1)', () => {
  it.each<[string | URL, string, string | undefined, string]>([
    ['http://a.example', '/x', undefined, 'http://a.example | http://a.example | /x | http://a.example/x'],
    ['HTTP://A.Example:80', '/x', undefined, 'http://a.example | http://a.example | /x | http://a.example/x'],
    ['http://a.example/', '/x', undefined, 'http://a.example | http://a.example | /x | http://a.example/x'],
    [new URL('http://a.example'), '/x', undefined, 'http://a.example | http://a.example | /x | http://a.example/x'],
    ['http://a.example', '/x#y', undefined, 'http://a.example | http://a.example | /x | http://a.example/x'],
    ['http://a.example', '', undefined, 'http://a.example | http://a.example | / | http://a.example/'],
    [
      'http://a.example',
      'http://b.example/x',
      undefined,
      'http://a.example | http://b.example | /x | http://b.example/x'
    ],
    ['http://a.example', '/x', 'b.example', 'http://a.example | http://b.example | /x | http://b.example/x'],
    [
      'http://a.example',
      `/${'x'.repeat(2_000)}`,
      undefined,
      `http://a.example | http://a.example | /${'x'.repeat(2_000)} | http://a.example/${'x'.repeat(2_000)}`
    ],
    ['http://a.example', '/\r\n', undefined, 'http://a.example | http://a.example | /\r\n | undefined']
  ])('KEY-01, KEY-02, KEY-03: is the same the second time: %s %s, Host %s', (origin, path, host, expected) => {
    expect(asked(origin, path, host)).toEqual([expected, expected])
  })

  it('KEY-03: a request with another Host does not get what was remembered without, nor the other way round', () => {
    const [plain] = asked('http://c.example', '/x')
    const [other] = asked('http://c.example', '/x', 'd.example')
    expect(asked('http://c.example', '/x')).toEqual([plain, plain])
    expect(other).toContain('http://d.example/x')
  })

  it('KEY-04: origins and paths that only read the same when put together are told apart', () => {
    const text = 'http://e.example | http://e.example'
    for (let i = 0; i < 2; i++) {
      expect(asked('http://e.example/', '/x')[i]).toBe(`${text} | /x | http://e.example/x`)
      expect(asked('http://e.example', '//x')[i]).toBe(`${text} | //x | http://e.example//x`)
    }
  })

  it.each(['http://a.example/b', 'http://a.example?b', 'http://a.example/#b', 'ftp://a.example', 'a.example', ''])(
    'an origin undici refuses is none: %p',
    (origin) => expect(asked(origin, '/x')).toEqual([undefined, undefined])
  )

  it('stays right when more targets are asked for than are remembered', () => {
    for (let i = 0; i < 10_000; i++) {
      const expected = `http://f.example | http://f.example | /${i} | http://f.example/${i}`
      expect(asked('http://f.example', `/${i}`)[0]).toBe(expected)
    }
    expect(asked('http://f.example', '/0')[0]).toBe('http://f.example | http://f.example | /0 | http://f.example/0')
  })
})
