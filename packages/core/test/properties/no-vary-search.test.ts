import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type NoVarySearch, noVarySearch, significantQuery } from '../../src/rules/no-vary-search.js'
import { mapOf } from '../rule-inputs.js'

const names = ['a', 'b', 'a b', '', '\u00e9'] as const
/** Spellings of few names and values, so that queries are often equivalent, sound percent-encodings or not. */
const name = fc.constantFrom('a', 'b', '%61', 'a+b', 'a%20b', '', '%C3%A9', '%c3%a9', '%', '%2', '%zz', '?')
const value = fc.constantFrom('1', '2', '%31', '', '+', '%20', '=', '%3D', '%', '%%31')
const part = fc.oneof(
  fc.tuple(name, value).map((pair) => pair.join('=')),
  name,
  fc.constant('')
)
const query = fc.array(part, { maxLength: 5 }).map((parts) => parts.join('&'))

const list = fc
  .subarray([...names])
  .map((chosen) => `(${chosen.map((one) => `"${encodeURIComponent(one)}"`).join(' ')})`)
const rules = fc
  .record({
    order: fc.constantFrom('', 'key-order'),
    list: fc.oneof(
      fc.constant(''),
      list.map((l) => `params=${l}`),
      list.map((l) => `except=${l}`)
    )
  })
  .map(({ order, list }) => noVarySearch(mapOf(['No-Vary-Search', [order, list].filter(Boolean).join(', ')])))
  .filter((rules): rules is NoVarySearch => rules !== undefined)

/** What the draft says, with the parser of the URL standard; names of rules are decoded by it as well. */
function reference(text: string, { ignoresOrder, names, onlyNames }: NoVarySearch): string {
  // The parser takes one question mark in front for none of the query's.
  const params = new URLSearchParams(`?${text}`)
  const decoded = new Set([...names].map((one) => Buffer.from(one, 'latin1').toString()))
  for (const name of new Set(params.keys())) if (decoded.has(name) !== onlyNames) params.delete(name)
  if (ignoresOrder) params.sort()
  return JSON.stringify([...params])
}

describe('queries that make no difference', () => {
  it('NVS-01, NVS-02, NVS-03: are those that are the same by the URL standard', () => {
    const check = (one: string, other: string, rules: NoVarySearch) => {
      const equivalent = significantQuery(one, rules) === significantQuery(other, rules)
      expect(equivalent).toBe(reference(one, rules) === reference(other, rules))
    }
    fc.assert(fc.property(query, query, rules, check), { numRuns: 20_000 })
  })

  it('NVS-01: never differ by what the URL standard tells apart, whatever bytes they have', () => {
    const byte = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code))
    const encoded = fc.integer({ min: 0, max: 255 }).map((code) => `%${code.toString(16).padStart(2, '0')}`)
    const text = fc.array(fc.oneof(byte, encoded, fc.constantFrom('a', '=', '&', '%')), { maxLength: 8 })
    const check = (one: string, other: string, rules: NoVarySearch) => {
      if (significantQuery(one, rules) === significantQuery(other, rules)) {
        expect(reference(one, rules)).toBe(reference(other, rules))
      }
    }
    const bytes = text.map((chars) => chars.join(''))
    fc.assert(fc.property(bytes, bytes, rules, check), { numRuns: 20_000 })
  })

  it('NVS-01: are so for what is left of them as well: nothing is lost twice', () => {
    const check = (text: string, rules: NoVarySearch) => {
      const left = significantQuery(text, rules)
      const again = (JSON.parse(left) as [string, string][])
        .map((pair) => pair.map((one) => Buffer.from(one, 'latin1').toString('hex').replace(/../g, '%$&')).join('='))
        .join('&')
      expect(significantQuery(again, rules)).toBe(left)
    }
    fc.assert(fc.property(query, rules, check), { numRuns: 5_000 })
  })
})
