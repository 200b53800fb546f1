import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { storedWith } from '../../test/rule-inputs.js'
import {
  areFields,
  digestPieceBytes,
  isStoredResponse as isStoredApartFromFields,
  maxStoredLines,
  maxTime
} from './stored-response.js'

const digest = 'a'.repeat(64)
const sound = storedWith(
  [
    ['ETag', '"a"'],
    ['Set-Cookie', 'a=1'],
    ['Set-Cookie', 'b=2']
  ],
  {
    selecting: [
      ['accept', 'x'],
      ['foo', null]
    ],
    digests: [digest]
  }
)
const { key } = sound
const isStoredResponse = (value: unknown, key: string) =>
  isStoredApartFromFields(value, key) && areFields((value as { fields?: unknown }).fields)

/** As it comes back from a store that keeps JSON. */
const fromStore = (changes: object = {}): unknown => JSON.parse(JSON.stringify({ ...sound, ...changes }))

describe('isStoredResponse with areFields', () => {
  it('SEC-05: what was stored is one, in each of its forms', () => {
    expect(isStoredResponse(fromStore(), key)).toBe(true)
    expect(isStoredResponse(fromStore({ digests: undefined }), key)).toBe(true)
    expect(isStoredResponse(fromStore({ invalid: true, method: 'HEAD', fields: [], selecting: [] }), key)).toBe(true)
    expect(isStoredResponse(fromStore({ bodyBytes: 0, digests: [] }), key)).toBe(true)
    expect(isStoredResponse(fromStore({ bodyBytes: digestPieceBytes + 1, digests: [digest, digest] }), key)).toBe(true)
    const most = Array(maxStoredLines).fill(['a', 'b'])
    expect(isStoredResponse(fromStore({ fields: most, requestTime: 0, responseTime: 0, dropAt: maxTime }), key)).toBe(
      true
    )
    const long = { bodyBytes: 20_000 * digestPieceBytes, digests: Array(20_000).fill(digest) }
    expect(isStoredResponse(fromStore(long), key)).toBe(true)
    expect(isStoredResponse(fromStore({ statusText: '', marks: { ['__proto__']: '', a: 'b' } }), key)).toBe(true)
  })

  it('SEC-05, KEY-04: of another key it is none', () => {
    for (const other of ['', 'http://a.example', 'http://a.example//', 'HTTP://a.example/']) {
      expect(isStoredResponse(fromStore(), other)).toBe(false)
      expect(isStoredResponse(fromStore({ key: other }), key)).toBe(false)
    }
  })

  it.each([undefined, null, true, 0, 'x', [], {}, [sound], () => sound])('SEC-05: %p is none', (value) => {
    expect(isStoredResponse(value, key)).toBe(false)
  })

  const times = [null, '1', -1, undefined, maxTime + 1, 1e300]
  it.each<[string, unknown[]]>([
    ['formatVersion', [0, 2, '1', null, undefined]],
    ['slot', ['', 'A', 'a/b', '../x', 'a'.repeat(65), 1, null, undefined, 'a\n', ['a']]],
    [
      'id',
      ['', 'a'.repeat(31), 'a'.repeat(33), 'A'.repeat(32), 'g'.repeat(32), `${'a'.repeat(31)}\n`, 1, null, undefined]
    ],
    ['method', ['get', 'POST', '', 'PUT', null, undefined, ['GET']]],
    ['status', [199, 600, 200.5, '200', -200, null, undefined, 100]],
    ['statusText', [null, undefined, 1, 'a\r\nb', 'a\0', '\u0001', '\u0100']],
    [
      'fields',
      [
        null,
        undefined,
        {},
        'x',
        [null],
        ['a', 'b'],
        [['a']],
        [['a', 'b', 'c']],
        [['a', 1]],
        [[1, 'a']],
        [['a', null]],
        [['', 'x']],
        [['a b', 'x']],
        [['a', 'x\r\ny']],
        [['a\n', 'x']],
        [['a', '\u0001']],
        [['a', '\u007f']],
        [['a', '\ud800']],
        [{ 0: 'a', 1: 'b', length: 2 }],
        Array(maxStoredLines + 1).fill(['a', 'b'])
      ]
    ],
    [
      'selecting',
      [
        null,
        undefined,
        {},
        [null],
        [['a']],
        [['a', 1]],
        [[1, 'a']],
        [['a', undefined, 'x']],
        Array(maxStoredLines + 1).fill(['a', 'b'])
      ]
    ],
    ['requestTime', times],
    ['responseTime', times],
    ['dropAt', times],
    ['storedTime', times.filter((time) => time !== undefined)],
    ['bodyBytes', [-1, 0.5, 2 ** 53, '4', null, undefined]],
    ['digests', [null, {}, 'x', [null], [''], [`${digest}a`], ['A'.repeat(64)], [], [digest, digest]]],
    ['marks', [null, undefined, [], {}, 'x', { a: 1 }, { a: null }, { a: '', b: 2 }]],
    ['invalid', [false, null, 1, 'true', {}]]
  ])('SEC-05: without a proper %s it is none', (name, values) => {
    for (const value of values) expect(isStoredResponse(fromStore({ [name]: value }), key)).toBe(false)
  })

  it('SEC-05: nor with numbers and lists that JSON does not know', () => {
    for (const name of ['requestTime', 'responseTime', 'dropAt', 'bodyBytes', 'status']) {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(isStoredResponse({ ...sound, [name]: value }, key)).toBe(false)
      }
    }
    for (const name of ['fields', 'selecting'])
      expect(isStoredResponse({ ...sound, [name]: Array(2) }, key)).toBe(false)
  })

  it('SEC-05: it never throws, whatever a store hands out', () => {
    fc.assert(
      fc.property(
        fc.record(
          {
            ...Object.fromEntries(
              Object.keys(sound).map((name) => [
                name,
                fc.oneof(fc.constant(sound[name as keyof typeof sound]), fc.anything())
              ])
            )
          },
          { requiredKeys: [] }
        ),
        (value) => {
          expect(typeof isStoredResponse(value, key)).toBe('boolean')
        }
      ),
      { numRuns: 2_000 }
    )
    fc.assert(fc.property(fc.anything(), (value) => !isStoredResponse(value, key)))
  })
})
