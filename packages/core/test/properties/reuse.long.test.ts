import { describe, expect, it } from '@jest/globals'
import { compareReuse, requestDirectives, reuseDirectives, storingDirectives } from './reuse-oracle.js'

describe('reuse, for every combination of all directives (RFC 9111 §4)', () => {
  for (const type of ['shared', 'private'] as const) {
    for (const sMaxAgeAllowsStale of [false, true]) {
      for (const isSecure of [false, true]) {
        it(`STALE-01, STALE-02: ${type}, secure: ${isSecure}, s-maxage gives way: ${sMaxAgeAllowsStale}`, () => {
          const conditions = { type, isSecure, sMaxAgeAllowsStale }
          const all = [...reuseDirectives, ...storingDirectives]
          expect(compareReuse(all, requestDirectives, conditions).differences).toEqual([])
        })
      }
    }
  }
})
