import { describe, expect, it } from '@jest/globals'
import { mapOf, noon, requestWith, rules } from '../../test/rule-inputs.js'
import { effectiveDirectives, isUnqualified } from './assessment.js'
import { noDirectives, parseCacheControl } from './cache-control.js'
import { fieldMap } from './fields.js'
import { hasExplicitFreshness } from './freshness.js'
import type { FieldLine } from './messages.js'
import { decideStoring } from './storing.js'
import { parseTargetedField } from './targeted-fields.js'
import { notModifiedFields } from './validation.js'

const options = rules({ targetedFields: ['My-Cache-Control', 'CDN-Cache-Control'] })
const mine = (value: string): FieldLine => ['My-Cache-Control', value]
const cdn = (value: string): FieldLine => ['CDN-Cache-Control', value]
const general = (value: string): FieldLine => ['Cache-Control', value]
const directivesOf = (...lines: FieldLine[]) => effectiveDirectives(mapOf(...lines), options)

describe('parseTargetedField (RFC 9213 §2.1)', () => {
  it('TGT-04: every directive of a response means what it means in Cache-Control', () => {
    const each = [
      'max-age=1',
      's-maxage=2',
      'stale-while-revalidate=3',
      'stale-if-error=4',
      'no-store',
      'public',
      'must-revalidate',
      'proxy-revalidate',
      'must-understand',
      'immutable',
      'no-cache',
      'no-cache="a, B"',
      'no-cache=""',
      'private',
      'private="x"',
      'private="x y"'
    ]
    for (const directive of each) {
      const expected = { ...parseCacheControl(directive), isTargeted: true }
      expect(expected).not.toEqual({ ...noDirectives, isTargeted: true })
      expect(parseTargetedField(directive)).toEqual(expected)
      expect(parseTargetedField(`${directive};p=1, x`)).toEqual(expected)
    }
  })

  it.each([undefined, '', '  ', 'MaX-Age=60', 'max-age =60', 'max-age= 60', 'max-age=60,', 'max-age=60; no-store, ,'])(
    'TGT-02: %j counts as absent',
    (value) => {
      expect(parseTargetedField(value)).toBeUndefined()
    }
  )

  it('TGT-02: of a repeated directive the last counts', () => {
    expect(parseTargetedField('max-age=60, max-age=5, no-cache="a", no-cache')).toMatchObject({
      maxAge: 5,
      noCache: true
    })
    expect(parseTargetedField('max-age="x", max-age=5')).toMatchObject({ maxAge: 5 })
  })

  it.each([
    'max-age="60"',
    'max-age',
    'max-age=60.0',
    'max-age=-1',
    's-maxage=tok',
    'stale-while-revalidate=?1',
    'stale-if-error=(60)',
    'no-store=1',
    'public="x"',
    'must-revalidate=?0',
    'immutable=()',
    'no-cache=?0',
    'no-cache=a',
    'private=("a")'
  ])('TGT-03: %s has the wrong type, and the whole field counts as absent', (directive) => {
    expect(parseTargetedField(directive)).toBeUndefined()
    expect(parseTargetedField(`no-store, ${directive}, x`)).toBeUndefined()
  })

  it('TGT-03: what is no directive of a response may have any type', () => {
    const unknown = 'x=1, y="a", z=(1 2), t=tok, u=?0, v=1.5, w=:AA==:, d=@1'
    expect(parseTargetedField(`max-stale="a", min-fresh, only-if-cached=5, max-age=60, ${unknown}`)).toEqual({
      ...noDirectives,
      isTargeted: true,
      maxAge: 60
    })
  })

  it('TGT-03, PARSE-04: seconds are clamped', () => {
    expect(parseTargetedField('max-age=99999999999')).toMatchObject({ maxAge: 2_147_483_648 })
    expect(parseTargetedField('max-age=9999999999999999')).toBeUndefined()
    expect(parseTargetedField('max-age=-0')).toMatchObject({ maxAge: 0 })
  })
})

describe('effectiveDirectives (RFC 9213 §2.2)', () => {
  it('TGT-01: the first of the list that says anything counts, and nothing else', () => {
    const all = [general('no-store'), cdn('max-age=60'), mine('max-age=5')]
    expect(directivesOf(...all)).toEqual({ ...noDirectives, isTargeted: true, maxAge: 5 })
    expect(directivesOf(...all.slice(0, 2))).toEqual({ ...noDirectives, isTargeted: true, maxAge: 60 })
    expect(directivesOf(...all.slice(0, 1))).toEqual({ ...noDirectives, noStore: true })
    expect(directivesOf()).toEqual(noDirectives)
  })

  it.each(['', 'max-age="5"', 'Max-Age=5'])('TGT-01: %j in one leaves it to the next', (value) => {
    expect(directivesOf(general('no-store'), cdn('max-age=60'), mine(value))).toMatchObject({
      maxAge: 60,
      noStore: false
    })
    expect(directivesOf(general('no-store'), mine(value))).toMatchObject({ noStore: true, isTargeted: false })
  })

  it('TGT-01: a field that is not on the list has no effect', () => {
    for (const { targetedFields } of [rules(), rules({ targetedFields: ['Other'] })]) {
      const fields = mapOf(general('max-age=60'), cdn('no-store'))
      expect(effectiveDirectives(fields, { targetedFields })).toMatchObject({ maxAge: 60, isTargeted: false })
    }
  })

  it('TGT-02: several lines are one value', () => {
    expect(directivesOf(cdn('max-age=60'), cdn('public'))).toMatchObject({ maxAge: 60, public: true })
    expect(directivesOf(cdn('max-age=60'), cdn(''))).toMatchObject({ maxAge: undefined })
  })

  it('TGT-01: Expires is no explicit freshness beside a targeted field', () => {
    const fields = mapOf(cdn('public'), ['Expires', 'Mon, 05 Jan 2026 13:00:00 GMT'])
    expect(hasExplicitFreshness(fields, effectiveDirectives(fields, options), options)).toBe(false)
    expect(hasExplicitFreshness(fields, effectiveDirectives(fields, rules()), options)).toBe(true)
  })

  it('RESP-02: who limits no-cache or private to a targeted field means the whole response', () => {
    for (const lines of [[cdn('no-cache="a, cdn-cache-control"')], [general('no-cache="my-cache-control"')]]) {
      expect(isUnqualified(directivesOf(...lines).noCache)).toBe(true)
      expect(isUnqualified(effectiveDirectives(mapOf(...lines), rules()).noCache)).toBe(false)
    }
    expect(isUnqualified(directivesOf(cdn('private="CDN-Cache-Control"')).private)).toBe(true)
    expect(isUnqualified(directivesOf(cdn('private="x"')).private)).toBe(false)
  })
})

describe('a response with a targeted field', () => {
  const times = { requestTime: noon, responseTime: noon }
  const store = (...fields: FieldLine[]) =>
    decideStoring(
      requestWith(),
      { status: 200, statusText: 'OK', fields: [['Content-Length', '4'], ...fields] },
      times,
      { framed: false, redirected: false },
      options
    )

  it('TGT-01: is stored with it, and with the fields it puts out of force', () => {
    const fields = [general('no-store'), cdn('max-age=60'), ['Expires', '0'] as const]
    const decision = store(...fields)
    expect(decision.store && fieldMap(decision.head.fields)).toEqual(
      new Map([...mapOf(...fields), ['content-length', ['4']], ['date', ['Mon, 05 Jan 2026 12:00:00 GMT']]])
    )
    expect(decision.store && decision.head.dropAt).toBe(noon + 60_000)
  })

  it('FLD-02: is not stored if Connection names the field', () => {
    expect(store(general('max-age=60'), cdn('max-age=60'), ['Connection', 'cdn-cache-control'])).toMatchObject({
      requirement: 'FLD-02'
    })
    expect(store(general('max-age=60'), ['Connection', 'other-cache-control'])).toMatchObject({ store: true })
  })

  it('SEC-04: is not stored if the field is too long', () => {
    expect(store(general('max-age=60'), cdn(`max-age=60, x="${'a'.repeat(16_384)}"`))).toMatchObject({
      requirement: 'SEC-04'
    })
  })

  it('VAL-08: has it in a 304, too', () => {
    const fields = [cdn('max-age=60'), ['X', '1'] as const, ['ETag', '"a"'] as const]
    expect(notModifiedFields(fields, options)).toEqual([fields[0], fields[2]])
    expect(notModifiedFields(fields, rules())).toEqual([fields[2]])
  })
})
