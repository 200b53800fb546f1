import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { assess } from '../../src/rules/assessment.js'
import type { FieldLine, Request } from '../../src/rules/messages.js'
import { requestControl } from '../../src/rules/request-control.js'
import { decideRequest } from '../../src/rules/request-decision.js'
import { decideReuse } from '../../src/rules/reuse.js'
import { decideStoring } from '../../src/rules/storing.js'
import { consultableRules, type Trace } from '../../src/rules/trace.js'
import { candidatesOf, httpDate, noon, requestWith, rules, storedWith } from '../rule-inputs.js'
import { requestDirectives, reuseDirectives, storingDirectives } from './reuse-oracle.js'

const directives = [...reuseDirectives, ...storingDirectives, 'no-store', 'private', 'max-age=x'] as const
const listed = (all: readonly string[]) => fc.subarray([...all], { maxLength: 4 }).map((some) => some.join(', '))
const option = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 4 })

const request = fc
  .record({
    method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST', 'OPTIONS', 'CONNECT'),
    fields: fc.dictionary(
      fc.constantFrom('authorization', 'cookie', 'foo', 'range', 'if-match', 'upgrade', 'x-http-method'),
      fc.constantFrom('a', 'bytes=0-1', '\n'),
      { maxKeys: 1 }
    ),
    cacheControl: option(listed(requestDirectives))
  })
  .map(({ method, fields, cacheControl }): Request => {
    return requestWith(cacheControl === undefined ? fields : { ...fields, 'cache-control': cacheControl }, method)
  })

const lines = fc
  .record(
    {
      'Cache-Control': listed(directives),
      Expires: fc.integer({ min: -50, max: 50 }).map(httpDate),
      'Last-Modified': fc.integer({ min: -500, max: 0 }).map(httpDate),
      ETag: fc.constantFrom('"a"', 'a'),
      'Set-Cookie': fc.constant('a=1'),
      Vary: fc.constantFrom('Foo', '*'),
      Connection: fc.constantFrom('close', 'vary'),
      'Content-Length': fc.constantFrom('4', '4', '4', 'x'),
      'X-Odd': fc.constant('\n')
    },
    { requiredKeys: [] }
  )
  .map((fields) => Object.entries(fields) as FieldLine[])

const mode = fc.option(
  fc.constantFrom('default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached' as const),
  { nil: undefined, freq: 1 }
)
const settings = fc.record({
  type: fc.constantFrom('shared' as const, 'private' as const),
  bypassAuthorized: fc.boolean(),
  sMaxAgeAllowsStale: fc.boolean()
})
const status = fc.constantFrom(200, 200, 200, 404, 206, 304, 428, 599, 999)
const framing = { framed: false, redirected: false }
const times = { requestTime: noon, responseTime: noon }

/** The last rule that was said to apply. */
function deciding(trace: Trace): string | undefined {
  return trace.findLast(({ applies }) => applies)?.requirement
}

describe('the rules that are asked', () => {
  it('are written down without a change to what is decided about a request, the deciding one last', () => {
    const property = fc.property(
      request,
      mode,
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      settings,
      (request, mode, ...rest) => {
        const [hasContent, isUpgrade, hasKey, given] = rest
        const trace: Trace = []
        const decide = (options = rules(given)) =>
          decideRequest(request, requestControl(request, mode), { hasContent, isUpgrade }, hasKey, options)
        const decision = decide({ ...rules(given), trace })
        expect(decision).toEqual(decide())
        expect(trace.length).toBeGreaterThan(0)
        if (decision.action === 'bypass') expect(deciding(trace)).toBe(decision.requirement)
        if (decision.action === 'gateway-timeout') expect(deciding(trace)).toBe('REQ-06')
        if (decision.action === 'network-error') expect(deciding(trace)).toBe('MODE-05')
        if (decision.action === 'forward')
          expect(deciding(trace)).toBe(decision.reason === 'bypass' ? 'VAL-12' : 'MODE-01')
        if (decision.action === 'look-up') expect(deciding(trace)).toBeUndefined()
      }
    )
    fc.assert(property, { numRuns: 2_000 })
  })

  it('are written down without a change to what is decided about storing, the deciding one last', () => {
    const property = fc.property(request, lines, status, settings, (request, fields, status, given) => {
      const trace: Trace = []
      const decide = (options = rules(given)) =>
        decideStoring(request, { status, statusText: '', fields }, times, framing, options)
      const decision = decide({ ...rules(given), trace })
      expect(decision).toEqual(decide())
      if (!decision.store) expect(deciding(trace)).toBe(decision.requirement)
      else expect(deciding(trace) ?? 'none').toMatch(/^(none|RESP-06|FRESH-0\d)$/)
    })
    fc.assert(property, { numRuns: 3_000 })
  })

  it('are written down without a change to what is decided about reuse', () => {
    const inputs = fc.tuple(
      request,
      mode,
      lines,
      settings,
      fc.integer({ min: -100, max: 100 }),
      fc.boolean(),
      fc.boolean(),
      fc.boolean()
    )
    const property = fc.property(inputs, ([request, mode, fields, given, seconds, isInvalid, isShort, isPart]) => {
      const part = { status: 206, part: { first: 0, total: 10 } }
      const stored = storedWith(fields, { ...(isShort && { dropAt: noon }), ...(isPart && part) })
      const assessed = assess(stored, rules({ ...given, ranges: 'store' }))
      const candidates = candidatesOf([assessed], new Map([['http://a.example/', isInvalid ? 'other' : '']]))
      const trace: Trace = []
      const decide = (options = rules({ ...given, ranges: 'store' })) =>
        decideReuse(request, requestControl(request, mode), candidates, noon + seconds * 1_000, true, options)
      const decision = decide({ ...rules({ ...given, ranges: 'store' }), trace })
      expect(decision).toEqual(decide())
      const last = deciding(trace)
      if (decision.action === 'gateway-timeout') expect(last).toBe('REQ-06')
      else if (decision.action === 'network-error') expect(last).toBe('MODE-05')
      else if (decision.action === 'forward') expect(last).toMatch(/^(METH-04|STORE-12|INV-04|RNG-09)$/)
      else if (decision.action === 'complete') expect(last).toBe('RNG-10')
      else if (decision.action === 'serve') expect(last).toMatch(/^(FRESH-04|REQ-02|STALE-03|REQ-06|MODE-04)$/)
      else if (decision.action === 'serve-and-validate') expect(last).toBe('STALE-03')
      else if (decision.mayFallBack) expect(last ?? 'none').toMatch(/^(REQ-01|REQ-03|none)$/)
      else expect(last).toMatch(/^(INV-04|RESP-01|CLK-02|REQ-04|STALE-02)$/)
    })
    fc.assert(property, { numRuns: 3_000 })
  })

  it('are known with their sections, all that a decision can name among them', () => {
    const folder = join(__dirname, '../../src/rules')
    const text = readdirSync(folder)
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'trace.ts')
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .join('\n')
    const named = new Set([...text.matchAll(/(?:no|bypass|applies)\([^)]*?'([A-Z]+-\d\d)'/g)].map(([, id]) => id))
    const known = Object.keys(consultableRules)
    for (const id of named) expect(known).toContain(id)
    for (const [section, meaning] of Object.values(consultableRules)) {
      expect(section).toMatch(/^(RFC \d{4,5}|Fetch) §\d[\d.]*( to §\d)?$/)
      expect(meaning.length).toBeGreaterThan(10)
    }
  })
})
