import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { candidatesOf, requestWith, rules, storedWith } from '../../test/rule-inputs.js'
import { assess } from './assessment.js'
import { selectedBy } from './candidates.js'
import type { StoredResponse } from './messages.js'
import { matchesSelecting } from './selecting-fields.js'

type Selecting = StoredResponse['selecting']

function storedFor(selecting: readonly Selecting[], options = rules()) {
  return candidatesOf(selecting.map((selecting) => assess(storedWith([], { selecting }), options)))
}

describe('selectedBy (RFC 9111 §4.1)', () => {
  const name = fc.constantFrom('foo', 'accept-language', 'cookie', '__proto__')
  const value = fc.constantFrom('', '1', '11', '1:1', '-', '1,1', 'a', `sha256:${rules().digest('1')}`)
  const selecting = fc.uniqueArray(fc.tuple(name, fc.option(value)), { maxLength: 3, selector: ([name]) => name })
  const fields = fc.dictionary(name, value, { maxKeys: 4, noNullPrototype: true })

  it('VARY-05, VARY-08: finds among any number what comparing one by one finds, in the same order', () => {
    const property = fc.property(fc.array(selecting, { maxLength: 12 }), fields, (stored, fields) => {
      const options = rules({ varyNormalizers: { foo: (value) => (value === 'a' ? '1' : value) } })
      const candidates = storedFor(stored, options)
      const request = { method: 'GET', fields: new Map(Object.entries(fields)) }
      const oneByOne = candidates.stored.filter(({ stored }) => matchesSelecting(stored.selecting, request, options))
      expect([...selectedBy(request, candidates, options)]).toEqual(oneByOne)
    })
    fc.assert(property, { numRuns: 3_000 })
  })

  it('looks at each field of the request once, however many values of it are stored', () => {
    let calls = 0
    const options = rules({
      varyNormalizers: {
        foo: (value) => {
          calls++
          return value
        }
      }
    })
    const candidates = storedFor(
      Array.from({ length: 32 }, (_, n) => [['foo', `${n}`]]),
      options
    )
    const found = selectedBy(requestWith({ foo: '17' }), candidates, options)
    expect(found.map(({ stored }) => stored.selecting)).toEqual([[['foo', '17']]])
    expect(calls).toBe(1)
  })

  it('looks closely at none of them', () => {
    const stored = Array.from({ length: 32 }, (_, n) => {
      const { stored, marks } = assess(storedWith([], { selecting: [['foo', `${n % 2}`]] }), rules())
      const assessed = () => {
        throw new Error('looked at closely')
      }
      return { stored, marks, assessed }
    })
    expect(selectedBy(requestWith({ foo: '1' }), { stored, marks: new Map() }, rules())).toHaveLength(16)
  })
})
