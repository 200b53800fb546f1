import { describe, expect, it } from '@jest/globals'
import {
  credentials,
  kinds,
  leaksAmongMany,
  leaksOfAnswers,
  leaksOfNotModified,
  leaksOfRedirects
} from './leak-cases.js'

describe.each(kinds)('what is meant for one user, in a %s cache with %s (row X9)', (...kind) => {
  it.each(credentials)('reaches nobody else, in any combination, credential: %s (PARSE-08)', async (credential) => {
    for (const leaks of [leaksOfAnswers, leaksAmongMany, leaksOfRedirects, leaksOfNotModified]) {
      expect(await leaks(kind, credential, 1)).toEqual([])
    }
  })
})
