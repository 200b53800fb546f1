import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { assess } from '../../src/rules/assessment.js'
import { parseCacheControl } from '../../src/rules/cache-control.js'
import { compareHead, freshen } from '../../src/rules/freshening.js'
import type { FieldLine, Request } from '../../src/rules/messages.js'
import { requestControl } from '../../src/rules/request-control.js'
import { decideRequest } from '../../src/rules/request-decision.js'
import { decideReuse } from '../../src/rules/reuse.js'
import { decideAfterValidation, isNotModified, validationRequest } from '../../src/rules/validation.js'
import { candidatesOf, httpDate, noon, requestWith, storedWith } from '../rule-inputs.js'
import { inRequests, inResponses, noFacts, options, storing, times } from './decided-fields.js'

/** All that the rules do with a request for which something is stored, and with the answer to it. */
function goThrough(request: Request, lines: readonly FieldLine[], of: (typeof options)[number]): void {
  const control = requestControl(request)
  decideRequest(request, control, noFacts, true, of)
  const decision = storing(request, lines, of)
  const stored = storedWith(
    decision.store ? decision.head.fields : [['ETag', '"a"']],
    decision.store ? decision.head : {}
  )
  const assessed = assess(stored, of)
  const candidates = candidatesOf([assessed])
  for (const now of [noon, noon + 100_000]) decideReuse(request, control, candidates, now, true, of)
  isNotModified(request, assessed)
  const sent = validationRequest(request, assessed)
  const response = { status: 304, statusText: '', fields: lines }
  decideAfterValidation(request, control, sent, response, assessed, [assessed], true, noon, of)
  freshen(assessed, request, response, times, of)
  compareHead(assessed, response, times)
}

/** Values made of what means something in some field, and of any other bytes. */
const value = fc
  .array(
    fc.oneof(
      fc.constantFrom('"', ',', '=', '\\', ';', ' ', '\t', '*', 'W/', ':', '-', '\0', '\r\n', '\u00ff', '__proto__'),
      fc.constantFrom('max-age', 'no-cache', 'private', 'no-store', 'public', 's-maxage', '60', '99999999999999999999'),
      fc.constantFrom(
        'max-age=60',
        'foo',
        'etag',
        '"a"',
        'W/"a"',
        httpDate(),
        'Mon Jan  5 12:00:00 2026',
        'gzip;q=0.5'
      ),
      fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 5 })
    ),
    { maxLength: 12 }
  )
  .map((parts) => parts.join(''))

describe('any bytes in any field', () => {
  it('ROB-01: nothing throws', () => {
    const line = fc.tuple(fc.constantFrom(...inResponses), value)
    const request = fc.dictionary(fc.constantFrom(...inRequests), value)
    fc.assert(
      fc.property(fc.array(line, { maxLength: 4 }), request, fc.boolean(), (lines, fields, isShared) => {
        goThrough(requestWith(fields), lines, options[isShared ? 0 : 1])
      }),
      { numRuns: 5_000 }
    )
  })

  it('PARSE-08, ROB-01: what restricts, standing free, is read whatever surrounds it', () => {
    const restrictions = fc.constantFrom('no-store', 'no-cache', 'private', 'must-revalidate', 'proxy-revalidate')
    const properties = {
      'no-store': 'noStore',
      'no-cache': 'noCache',
      private: 'private',
      'must-revalidate': 'mustRevalidate',
      'proxy-revalidate': 'proxyRevalidate'
    } as const
    fc.assert(
      fc.property(value, restrictions, value, (before, name, after) => {
        fc.pre(!before.includes('\\') && before.split('"').length % 2 === 1)
        const directives = parseCacheControl(`${before}, ${name}, ${after}`)
        expect(directives[properties[name]]).toBe(true)
      }),
      { numRuns: 5_000 }
    )
  })
})
