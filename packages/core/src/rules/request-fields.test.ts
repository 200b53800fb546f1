import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { storedWith, rules as withOptions } from '../../test/rule-inputs.js'
import { assess } from './assessment.js'
import type { Request, RequestFields } from './messages.js'
import { requestControl } from './request-control.js'
import { decideRequest } from './request-decision.js'
import { arePlain, FieldLines } from './request-fields.js'
import { isNotModified } from './validation.js'

const decisive = [
  'Host',
  'Cache-Control',
  'Pragma',
  'Upgrade',
  'X-HTTP-Method-Override',
  'X-HTTP-Method',
  'X-Method-Override',
  'Authorization',
  'Range',
  'If-Range',
  'If-Match',
  'If-None-Match',
  'If-Modified-Since',
  'If-Unmodified-Since'
]
const others = [
  'Accept',
  'accept-encoding',
  'Cookie',
  'User-Agent',
  'X-A',
  '__proto__',
  'hasOwnProperty',
  'Hos',
  'rang'
]
const values = [
  '',
  ' a ',
  'no-cache',
  'no-store',
  'only-if-cached',
  '"a"',
  'bytes=0-1',
  'a\r\nb',
  'a\nb',
  'a\0b',
  '\u00ff'
]
const options = [withOptions(), withOptions({ type: 'private' })] as const
const stored = assess(storedWith([['ETag', '"a"']]), options[0])
const noFacts = { hasContent: false, isUpgrade: false }

const spelled = fc
  .tuple(fc.constantFrom(...decisive, ...others, 'Ho st', 'Ran\nge', ''), fc.constantFrom('as is', 'lower', 'upper'))
  .map(([name, how]) => (how === 'as is' ? name : how === 'lower' ? name.toLowerCase() : name.toUpperCase()))
const lines = fc.array(fc.tuple(spelled, fc.constantFrom(...values)), { maxLength: 6 }).map((pairs) => pairs.flat())

function fieldLines(flat: readonly string[]): FieldLines {
  return new FieldLines(
    flat.filter((_, i) => i % 2 === 0),
    flat.filter((_, i) => i % 2 === 1)
  )
}

function asMap(flat: readonly string[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>()
  for (let i = 0; i < flat.length; i += 2) {
    const name = (flat[i] as string).toLowerCase()
    const value = (flat[i + 1] as string).replace(/^[ \t]+|[ \t]+$/g, '')
    map.set(name, map.has(name) ? `${map.get(name)}, ${value}` : value)
  }
  return map
}

describe('the fields of a request (RFC 9110 §5.3)', () => {
  it('are what a map of them would be, whatever their spelling and number', () => {
    fc.assert(
      fc.property(lines, (flat) => {
        const fields = fieldLines(flat)
        const map = asMap(flat)
        expect(new Map(fields)).toEqual(map)
        for (const name of [...decisive, ...others, 'absent']) {
          const lower = name.toLowerCase()
          expect(fields.get(lower)).toBe(map.get(lower))
          expect(fields.has(lower)).toBe(map.has(lower))
        }
      })
    )
  })

  it('SEC-01: are never plain if a line is unsafe', () => {
    for (const [name, value] of [
      ['a', 'b\r'],
      ['a', '\nb'],
      ['a', 'b\0c'],
      ['a b', 'c'],
      ['a\n', 'c'],
      ['', 'c']
    ]) {
      expect(arePlain(fieldLines(['x', 'y', name as string, value as string]))).toBe(false)
    }
    expect(arePlain(fieldLines(['x', 'y', 'accept', 'gzip\t\u00ff\u000e']))).toBe(true)
  })

  it.each(decisive)('are not plain with %s, which is asked for whatever is stored', (name) => {
    for (const spelling of [name, name.toLowerCase(), name.toUpperCase()]) {
      expect(arePlain(fieldLines(['Accept', '*/*', spelling, 'x']))).toBe(false)
    }
    expect(arePlain(fieldLines(['Accept', '*/*', `${name}x`, 'x']))).toBe(true)
  })

  it('decide the same with the shortcut for plain ones as without', () => {
    fc.assert(
      fc.property(lines, fc.constantFrom('GET', 'HEAD', 'POST'), fc.constantFrom(...options), (flat, method, of) => {
        const fields = fieldLines(flat)
        const short: Request = { method, fields, isPlain: arePlain(fields) }
        const long: Request = { method, fields: asMap(flat) }
        expect(requestControl(short)).toEqual(requestControl(long))
        const decide = (request: Request) => decideRequest(request, requestControl(request), noFacts, true, of)
        expect(decide(short)).toEqual(decide(long))
        expect(isNotModified(short, stored)).toBe(isNotModified(long, stored))
      }),
      { numRuns: 2_000 }
    )
  })

  it('have among those that are not plain what the rules ask a request for whatever is stored', () => {
    const asked = new Set<string>()
    const spying = (known: Record<string, string>): RequestFields => {
      const map = new Map(Object.entries(known))
      const noted = (name: string) => {
        asked.add(name)
        return name
      }
      return {
        get: (name) => map.get(noted(name)),
        has: (name) => map.has(noted(name)),
        [Symbol.iterator]: () => map[Symbol.iterator]()
      }
    }
    for (const method of ['GET', 'HEAD', 'POST', 'QUERY', 'CONNECT']) {
      for (const of of [...options, withOptions({ bypassAuthorized: true })]) {
        const request = { method, fields: spying({}) }
        decideRequest(request, requestControl(request), noFacts, true, of)
        isNotModified(request, stored)
      }
    }
    expect(asked.size).toBeGreaterThan(8)
    for (const name of asked) expect(arePlain(fieldLines([name, 'x']))).toBe(false)
  })
})
