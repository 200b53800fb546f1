import fc from 'fast-check'
import { assess } from '../../src/rules/assessment.js'
import { cacheKey, type Origin, parseOrigin, requestTarget, targetOrigin } from '../../src/rules/cache-key.js'
import { requestControl } from '../../src/rules/request-control.js'
import { decideReuse } from '../../src/rules/reuse.js'
import { decideStoring } from '../../src/rules/storing.js'
import { candidatesOf, httpDate, noon, requestWith, rules, storedWith } from '../rule-inputs.js'

/** Fields that are in the key, or may be named by Vary. */
const names = ['x-user', 'foo', 'cookie', 'accept-language', 'user-agent', 'x-api-key'] as const
type Fields = Partial<Record<(typeof names)[number], string>>

interface Asked {
  readonly partition: string
  readonly connection: string
  readonly host: string | undefined
  readonly path: string
  readonly fields: Fields
}

/** What could end one part of a key and begin the next. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'a',
        'b',
        '1',
        ':',
        '/',
        '+',
        '"',
        '\\',
        ',',
        ', ',
        ' ,',
        ' ',
        '\t',
        ';',
        '; ',
        '[',
        ']',
        '","',
        '"],["',
        'null',
        'A'
      ),
      fc.constantFrom(
        'http://a',
        'http://a/',
        '1:a',
        '8:http://a',
        'sha256:',
        '\u00e9',
        '%41',
        '?',
        '=',
        '*',
        '\u0001',
        '__proto__'
      )
    ),
    { maxLength: 4 }
  )
  .map((parts) => parts.join(''))
const anywhere = fc.oneof(
  text,
  fc.constantFrom('\ud800', '\udfff', '\ud83d\ude00', '\ufffd'),
  fc.string({ maxLength: 3 })
)
const fields: fc.Arbitrary<Fields> = fc.dictionary(fc.constantFrom(...names), text, { maxKeys: 3 })
const asked: fc.Arbitrary<Asked> = fc.record({
  partition: fc.oneof({ weight: 2, arbitrary: fc.constant('') }, anywhere),
  connection: fc.constantFrom('http://a', 'http://a:8080', 'https://a', 'http://b', 'HTTP://A:80', 'http://[::1]'),
  host: fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    fc.constantFrom('a', 'A', 'b', 'a:80', 'a:443', 'a:8080', 'a.b', '[::1]')
  ),
  path: text.map((rest) => `/${rest}`),
  fields
})
const settings = fc.record({
  keyFields: fc.constantFrom([], ['x-user'], ['x-user', 'foo'], ['cookie']),
  vary: fc.subarray([...names], { maxLength: 3 }),
  isPublic: fc.boolean(),
  type: fc.constantFrom('shared' as const, 'private' as const)
})

/** Two requests: unrelated, or the same but for one part, or with characters moved from one part to the next. */
const pair: fc.Arbitrary<readonly [Asked, Asked]> = fc
  .tuple(asked, asked, fc.integer({ min: 0, max: 9 }), fc.nat(8))
  .map(([one, other, kind, at]) => {
    if (kind === 0) return [one, other]
    if (kind === 1) return [one, { ...one, partition: other.partition }]
    if (kind === 2) return [one, { ...one, path: other.path }]
    if (kind === 3) return [one, { ...one, connection: other.connection }]
    if (kind === 4) return [one, { ...one, host: other.host }]
    if (kind === 5)
      return [one, { ...one, partition: one.partition.slice(0, at), path: `/${one.partition.slice(at)}${one.path}` }]
    if (kind === 6)
      return [
        one,
        {
          ...one,
          partition: `${one.connection}${one.path.slice(0, at)}`,
          path: one.path.slice(at).replace(/^(?!\/)/, '/')
        }
      ]
    if (kind === 7)
      return [
        one,
        { ...one, fields: { ...one.fields, 'x-user': one.fields.foo ?? '', foo: one.fields['x-user'] ?? '' } }
      ]
    if (kind === 8) {
      // The URL of the one is what the partition and the URL of the other are together.
      const before = `/${one.partition}`
      const inPath = { ...one, partition: '', host: undefined, path: `${before}http://a${one.path}` }
      return [
        { ...inPath, connection: 'http://a' },
        { ...inPath, connection: 'http://a', partition: `http://a${before}`, path: one.path }
      ]
    }
    return [one, { ...one, fields: other.fields }]
  })

/** Whether two values of a field mean the same, by the letter of the requirements and in no hurry. */
function meansTheSame(name: string, one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  const trim = (value: string) => value.replace(/^[ \t]+|[ \t]+$/g, '')
  if (name === 'cookie' || name === 'user-agent') return trim(one) === trim(other)
  const canonical = (value: string) => {
    const pieces = value.match(/"(?:\\.|[^"\\])*\\?"?|[^"]+/gs) ?? []
    const separators = name === 'accept-language' ? /[ \t]*([,;])[ \t]*/g : /[ \t]*(,)[ \t]*/g
    const compact = pieces.map((piece) => (piece.startsWith('"') ? piece : piece.replace(separators, '$1'))).join('')
    return name === 'accept-language' ? trim(compact).toLowerCase() : trim(compact)
  }
  return canonical(trim(one)) === canonical(trim(other))
}

/** The origin and, if any, the host, in their normal form. */
function authorityOf({ connection, host }: Asked): string {
  const normal = (scheme: string, authority: string) =>
    `${scheme}://${authority.toLowerCase().replace(scheme === 'http' ? /:80$/ : /:443$/, '')}`
  const [scheme = '', authority = ''] = connection.split('://')
  const own = normal(scheme.toLowerCase(), authority)
  return `${own} ${host === undefined ? own : normal(scheme.toLowerCase(), host)}`
}

const halfCharacter = /\p{Surrogate}/u

/**
 * Checks, for so many generated pairs of requests, that the answer to one is served to the other if, and only if, they
 * ask for the same in every part of the key and agree in all fields by which the answer was selected.
 */
export function checkSharing(pairs: number): void {
  fc.assert(
    fc.property(pair, settings, ([one, other], { keyFields, vary, isPublic, type }) => {
      const options = rules({ keyFields, type })
      const keyOf = (asked: Asked) => {
        const connection = parseOrigin(asked.connection) as Origin
        const origin = targetOrigin(connection, asked.host, asked.path) as Origin
        const target = requestTarget(connection, origin, asked.path, asked.partition)
        return cacheKey(target, requestWith(asked.fields), options)
      }
      const [key, otherKey] = [keyOf(one), keyOf(other)]
      for (const [asked, its] of [
        [one, key],
        [other, otherKey]
      ] as const) {
        if ((its === undefined) !== halfCharacter.test(asked.partition)) throw new Error(`the key is ${its?.key}`)
      }
      // Partitions that not every store could tell apart have no key, and share nothing.
      if (key === undefined || otherKey === undefined) return
      const agree = (name: (typeof names)[number]) => meansTheSame(name, one.fields[name], other.fields[name])
      const isSameKey =
        one.partition === other.partition &&
        authorityOf(one) === authorityOf(other) &&
        one.path === other.path &&
        keyFields.every((name) => agree(name as 'foo'))
      if ((key.key === otherKey.key) !== isSameKey) throw new Error(`${key.key} and ${otherKey.key}`)
      if (key.target === otherKey.target && one.partition !== other.partition)
        throw new Error(`${key.target}, of two partitions`)

      const lines = [
        ['Date', httpDate()],
        ['Cache-Control', isPublic ? 'public, max-age=60' : 'max-age=60'],
        ['Content-Length', '4'],
        ['Vary', vary.join(', ')]
      ] as const
      const response = { status: 200, statusText: 'OK', fields: lines }
      const times = { requestTime: noon, responseTime: noon }
      const decision = decideStoring(
        requestWith(one.fields),
        response,
        times,
        { framed: false, redirected: false },
        options
      )
      if (!decision.store) throw new Error(`not stored: ${decision.requirement}`)
      const stored = assess(storedWith([], { ...decision.head, key: key.key, marks: {} }), options)
      const request = requestWith(other.fields)
      const candidates = candidatesOf([stored])
      const { action } = decideReuse(request, requestControl(request), candidates, noon, true, options)
      const implicit = (['cookie', 'x-api-key'] as const).filter((name) => !isPublic && one.fields[name] !== undefined)
      const isSameVariant = [...vary, ...implicit].every(agree)
      if ((action === 'serve') !== isSameVariant)
        throw new Error(`${action}: ${JSON.stringify(stored.stored.selecting)}`)
    }),
    { numRuns: pairs }
  )
}
