import { describe, expect, it } from '@jest/globals'
import { ages, compareReuse, requestDirectives, reuseDirectives } from './reuse-oracle.js'

describe('reuse, for every combination of directives (RFC 9111 §4)', () => {
  it.each(['shared', 'private'] as const)(
    'PARSE-07, FRESH-04, STALE-01, STALE-02: a %s cache serves what the table of decisions lets it serve, and nothing else',
    (type) => {
      const conditions = { type, isSecure: true, sMaxAgeAllowsStale: false }
      const { cases, differences } = compareReuse(reuseDirectives, requestDirectives, conditions)
      expect(differences).toEqual([])
      expect(cases).toBe(2 ** (reuseDirectives.length + requestDirectives.length) * ages.length)
    }
  )

  it.each(['shared', 'private'] as const)(
    'STALE-02, RESP-08: so it is in a %s cache where s-maxage gives way and nothing is secure',
    (type) => {
      const conditions = { type, isSecure: false, sMaxAgeAllowsStale: true }
      const asking = requestDirectives.filter((directive) => directive !== 'no-store' && directive !== 'only-if-cached')
      expect(compareReuse(reuseDirectives, asking, conditions).differences).toEqual([])
    }
  )

  it.each(['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'] as const)(
    'MODE-03, MODE-04: so it is in mode %s',
    (mode) => {
      const conditions = { type: 'shared', isSecure: true, sMaxAgeAllowsStale: true, mode } as const
      const answered = reuseDirectives.filter((directive) => directive !== 'no-cache="x"' && directive !== 'immutable')
      expect(compareReuse(answered, requestDirectives, conditions).differences).toEqual([])
    }
  )
})
