import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Integrity } from '../../src/integrity.js'
import type { StoredResponse } from '../../src/rules/messages.js'
import { areFields, isStoredResponse } from '../../src/rules/stored-response.js'
import { answering, ok } from '../answers.js'
import { setUp } from '../harness.js'
import { MapStore } from '../map-store.js'
import { rewrite } from '../other-writers.js'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

const secret = 'the secret of these tests, random elsewhere'
const integrity = new Integrity([secret])

const text = fc.string({ unit: 'binary', maxLength: 8 })
const token = fc.stringMatching(/^[A-Za-z-]{1,8}$/)
const value = fc.string({ unit: fc.constantFrom('a', '1', ' ', '"', '\\', ',', '[', ']', '\u00ff'), maxLength: 8 })
const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
const time = fc.nat({ max: 2 ** 48 })

/** Whatever a cache may store. */
const response: fc.Arbitrary<StoredResponse> = fc
  .record({
    formatVersion: fc.constant(1 as const),
    key: text,
    slot: fc.stringMatching(/^[0-9a-z]{1,64}$/),
    id: hex(32),
    method: fc.constantFrom('GET' as const, 'HEAD' as const),
    status: fc.integer({ min: 200, max: 599 }),
    statusText: value,
    fields: fc.array(fc.tuple(token, value), { maxLength: 5 }),
    selecting: fc.array(fc.tuple(token, fc.option(value)), { maxLength: 3 }),
    requestTime: time,
    responseTime: time,
    dropAt: fc.double({ min: 0, max: 8.64e15, noNaN: true, noDefaultInfinity: true }),
    bodyBytes: fc.nat({ max: 3 * 1_048_576 }),
    others: fc.dictionary(text, text, { maxKeys: 3 }),
    invalid: fc.option(fc.constant(true as const), { nil: undefined }),
    digest: hex(64)
  })
  .map(({ others, digest, invalid, ...rest }) => ({
    ...rest,
    digests: Array(Math.ceil(rest.bodyBytes / 1_048_576)).fill(digest),
    marks: Object.assign(Object.create(null), others, { [rest.key]: '' }),
    ...(invalid && { invalid })
  }))

/** Something else somewhere in a JSON value. */
type Edit = (parent: Json[] | { [name: string]: Json }, name: string) => void

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }).map(
    (json): Edit =>
      (parent, name) =>
        put(parent, name, json as Json)
  ),
  fc.constant<Edit>((parent, name) => (Array.isArray(parent) ? parent.splice(Number(name), 1) : delete parent[name])),
  fc.tuple(text, fc.jsonValue({ maxDepth: 1 })).map(
    ([name, json]): Edit =>
      (parent) =>
        put(parent, name, json as Json)
  ),
  fc.integer({ min: -2, max: 2 }).map(
    (by): Edit =>
      (parent, name) => {
        const old = Reflect.get(parent, name)
        if (typeof old === 'number') put(parent, name, old + by)
      }
  ),
  fc.tuple(fc.nat(), text).map(
    ([at, piece]): Edit =>
      (parent, name) => {
        const old = Reflect.get(parent, name)
        if (typeof old === 'string')
          put(parent, name, old.slice(0, at % (old.length + 1)) + piece + old.slice((at % (old.length + 1)) + 1))
      }
  ),
  fc.constant<Edit>((parent) => Array.isArray(parent) && parent.push(...parent.splice(0, 1))),
  fc.constant<Edit>((parent, name) => put(parent, name, [Reflect.get(parent, name)] as Json))
)

function put(parent: Json[] | { [name: string]: Json }, name: string, json: Json): void {
  if (Array.isArray(parent)) parent[Number.isInteger(Number(name)) ? Number(name) % 8 : parent.length] = json
  else Object.defineProperty(parent, name, { value: json, enumerable: true, configurable: true, writable: true })
}

/** Every place in a JSON value. */
function places(json: Json): [parent: Json[] | { [name: string]: Json }, name: string][] {
  if (typeof json !== 'object' || json === null) return []
  return Object.entries(json).flatMap(([name, child]) => [[json, name] as [typeof json, string], ...places(child)])
}

/** As it comes from a store, with something in it changed that JSON can tell; `undefined` if the edit changed nothing. */
function edited(signed: StoredResponse, edit: Edit, at: number): StoredResponse | undefined {
  const changed = JSON.parse(JSON.stringify(signed)) as Json
  const all = places(changed)
  edit(...(all[at % all.length] as [Json[], string]))
  const read = JSON.parse(JSON.stringify(changed))
  return isDeepStrictEqual(read, JSON.parse(JSON.stringify(signed))) ? undefined : read
}

function hasFields<T extends object>(read: T & { fields?: unknown }): read is T & Pick<StoredResponse, 'fields'> {
  return areFields(read.fields)
}

function isAccepted(read: unknown, key: string): boolean {
  return isStoredResponse(read, key) && hasFields(read) && integrity.isSigned(read)
}

describe('integrityKey: any stored response (SEC-05, row X10)', () => {
  it('is accepted as JSON gives it back, its properties in any order', () => {
    fc.assert(
      fc.property(response, fc.infiniteStream(fc.nat()), (response, random) => {
        const shuffled = (_: string, value: unknown) => {
          if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
          const ranked = Object.entries(value).map((entry) => ({ entry, rank: random.next().value as number }))
          return Object.fromEntries(ranked.sort((one, other) => one.rank - other.rank).map(({ entry }) => entry))
        }
        const read = JSON.parse(JSON.stringify(integrity.signed(response)), shuffled)
        expect(isAccepted(read, response.key)).toBe(true)
      }),
      { numRuns: 500 }
    )
  })

  it('is refused with anything in it changed, and never an error', () => {
    let tried = 0
    fc.assert(
      fc.property(response, edit, fc.nat(), (response, edit, at) => {
        const read = edited(integrity.signed(response), edit, at)
        if (read === undefined) return
        tried++
        expect(isAccepted(read, response.key)).toBe(false)
      }),
      { numRuns: 3_000 }
    )
    expect(tried).toBeGreaterThan(1_500)
  })

  it('is refused with the signature of any other', () => {
    fc.assert(
      fc.property(response, response, (one, other) => {
        fc.pre(!isDeepStrictEqual(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other))))
        expect(integrity.isSigned({ ...one, hmac: integrity.signed(other).hmac as string })).toBe(false)
      }),
      { numRuns: 500 }
    )
  })

  it('that was changed in the store is a miss, and the caller gets what the origin says', async () => {
    const store = new MapStore()
    const client = await setUp(store, answering(ok('max-age=60', { Vary: 'X-A' })), { integrityKey: secret })
    await fc.assert(
      fc.asyncProperty(edit, fc.nat(), async (edit, at) => {
        for await (const key of store.keys()) await store.delete(key)
        const { text } = await client.get('/')
        let isChanged = false
        await rewrite(store, ({ response, body }) => {
          const read = edited(response, edit, at)
          isChanged = read !== undefined
          return { response: read ?? response, body }
        })
        const asked = client.asked
        const answer = await client.get('/')
        expect(answer).toMatchObject({ status: 200, decision: { outcome: isChanged ? 'miss' : 'hit' } })
        expect(answer.text).toBe(isChanged ? `body ${asked}` : text)
      }),
      { numRuns: 200 }
    )
  })
})
