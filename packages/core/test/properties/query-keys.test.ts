import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { cacheKey, type Origin, parseOrigin, requestTarget } from '../../src/rules/cache-key.js'
import { requestWith, rules } from '../rule-inputs.js'

const origin = parseOrigin('http://a.example') as Origin

interface Question {
  readonly path: string
  readonly partition: string
  readonly content: Uint8Array | undefined
  readonly fields: Readonly<Record<string, string>>
}

/** Few values, such as could be mistaken for what stands around them in a key: so pairs are often equal, or nearly. */
const value = fc.constantFrom('', 'a', 'null', '"', '\\', ',', '[', ']', '],[', 'a,b', '"a"', '\u00e9')
const path = value.map((text) => `/${text}`)
const content = fc.option(
  fc.oneof(
    fc.uint8Array({ maxLength: 2 }),
    value.map((text) => new TextEncoder().encode(text))
  ),
  { nil: undefined }
)
const fields = fc.dictionary(
  fc.constantFrom('content-type', 'content-encoding', 'content-language', 'x-key', 'accept'),
  value,
  { noNullPrototype: true }
)
const question: fc.Arbitrary<Question> = fc.record({ path, partition: value, content, fields })

function keyOf({ path, partition, content, fields }: Question): string | undefined {
  const target = requestTarget(origin, origin, path, partition)
  return cacheKey(target, requestWith(fields, content && 'QUERY'), rules({ keyFields: ['x-key'] }), content)?.key
}

/** All that a key is made of, told apart in a way of its own. */
function identity({ path, partition, content, fields }: Question): string {
  const relevant = content === undefined ? ['x-key'] : ['x-key', 'content-type', 'content-encoding', 'content-language']
  const given = relevant.map((name) => (name in fields ? `=${encodeURIComponent(fields[name] as string)}` : '-'))
  const bytes = content === undefined ? '-' : `=${Buffer.from(content).toString('hex')}`
  return [encodeURIComponent(path), encodeURIComponent(partition), bytes, ...given].join('&')
}

describe('keys of requests with content (RFC 10008 §2.7)', () => {
  it('QRY-01, KEY-04: are equal for the same question, and for no other', () => {
    const asked = new Map<string, string>()
    const check = (one: Question) => {
      const key = keyOf(one) as string
      const id = identity(one)
      expect(asked.get(key) ?? id).toBe(id)
      asked.set(key, id)
      expect(keyOf({ ...one, content: one.content?.slice() })).toBe(key)
    }
    fc.assert(fc.property(question, check), { numRuns: 20_000 })
    expect(new Set(asked.values()).size).toBe(asked.size)
  })
})
