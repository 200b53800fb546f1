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
  it.each(credentials)(
    'reaches nobody else, however it is spelled, credential: %s (AUTH-01, AUTH-03, AUTH-06, AUTH-07, PARSE-08)',
    async (credential) => {
      expect(await leaksOfAnswers(kind, credential, 9)).toEqual([])
    }
  )

  it.each(credentials)('reaches nobody who asks at the same time, credential: %s (COLL-01)', async (credential) => {
    expect(await leaksAmongMany(kind, credential, 9)).toEqual([])
  })

  it.each(credentials)('reaches nobody else by a redirect, credential: %s (GEN-03, MSG-05)', async (credential) => {
    expect(await leaksOfRedirects(kind, credential, 11)).toEqual([])
  })

  it.each(credentials)('reaches nobody else by a 304, credential: %s (AUTH-04, UPD-06, UPD-08)', async (credential) => {
    expect(await leaksOfNotModified(kind, credential, 9)).toEqual([])
  })
})
