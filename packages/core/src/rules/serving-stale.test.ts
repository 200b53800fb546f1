import { describe, expect, it } from '@jest/globals'
import { httpDate, noon, requestWith, rules, storedWith } from '../../test/rule-inputs.js'
import type { CacheOptions } from '../options.js'
import { assess } from './assessment.js'
import type { FieldLine } from './messages.js'
import { requestControl } from './request-control.js'
import { mayServeOnError } from './serving-stale.js'

describe('mayServeOnError (RFC 5861 §4)', () => {
  it.each<[string, string, number, CacheOptions, boolean]>([
    ['max-age=60, stale-if-error=10', '', 70, {}, true],
    ['max-age=60, stale-if-error=10', '', 70.001, {}, false],
    ['max-age=60, stale-if-error=0', '', 30, {}, true],
    ['max-age=60', '', 30, {}, false],
    ['max-age=60', 'stale-if-error=10', 70, {}, true],
    ['max-age=60', '', 70, { staleIfErrorSeconds: 10 }, true],
    ['max-age=60, must-revalidate, stale-if-error=10', '', 30, {}, true],
    ['max-age=60, must-revalidate, stale-if-error=10', '', 60, {}, false],
    ['max-age=60, stale-if-error=10', '', -3600, {}, false],
    ['s-maxage=60, stale-if-error=10', '', 65, { sMaxAgeAllowsStale: true }, true],
    ['s-maxage=60', 'stale-if-error=10', 65, { sMaxAgeAllowsStale: true }, false],
    ['s-maxage=60', '', 65, { sMaxAgeAllowsStale: true, staleIfErrorSeconds: 10 }, false]
  ])('STALE-05: %s, asked with %j, at %d s, with %j: %s', (cacheControl, asked, seconds, options, expected) => {
    const control = requestControl(requestWith(asked === '' ? {} : { 'cache-control': asked }))
    const fields: FieldLine[] = [
      ['Date', httpDate()],
      ['Cache-Control', cacheControl]
    ]
    const selected = assess(storedWith(fields), rules(options))
    expect(mayServeOnError(selected, control, noon + seconds * 1000, rules(options))).toBe(expected)
  })
})
