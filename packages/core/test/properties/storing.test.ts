import type { CacheOptions } from '@cc/core'
import { describe, expect, it } from '@jest/globals'
import type { FieldLine } from '../../src/rules/messages.js'
import { decideStoring } from '../../src/rules/storing.js'
import { httpDate, noon, requestWith, rules } from '../rule-inputs.js'
import { subsets } from './reuse-oracle.js'

const directives = [
  'max-age=10',
  's-maxage=20',
  'no-store',
  'no-cache',
  'private',
  'private="set-cookie"',
  'public',
  'must-understand',
  'must-revalidate',
  'stale-if-error=10'
] as const
const fields = ['Set-Cookie', 'ETag', 'Expires'] as const
const values = { 'Set-Cookie': 'a=1', ETag: '"a"', Expires: httpDate(60) } as const
const statuses = [200, 206, 302, 404, 429, 599] as const
const understood = [200, 302, 404]
const heuristic = [200, 404]

interface Case {
  readonly said: ReadonlySet<string>
  readonly has: ReadonlySet<string>
  readonly status: number
  readonly isAuthorized: boolean
}

/** What the requirements say, one after the other, with no look at how the cache does it. */
function mayStore(
  { said, has, status, isAuthorized }: Case,
  type: 'shared' | 'private',
  cookies: 'explicit' | 'rfc' | 'never'
): boolean {
  const isShared = type === 'shared'
  if ([206, 429].includes(status)) return false
  if (said.has('must-understand') ? !understood.includes(status) : said.has('no-store')) return false
  if (isShared && said.has('private')) return false
  const sharedMaxAge = isShared && said.has('s-maxage=20')
  if (isShared && isAuthorized && !said.has('public') && !sharedMaxAge && !said.has('must-revalidate')) return false
  // A `private` without a list outweighs the one with.
  const leavesCookiesOut = isShared && said.has('private="set-cookie"')
  if (isShared && has.has('Set-Cookie') && !leavesCookiesOut) {
    if (cookies === 'never') return false
    if (cookies === 'explicit' && !said.has('public') && !sharedMaxAge) return false
  }
  const isExplicit = said.has('max-age=10') || sharedMaxAge || has.has('Expires')
  const isOwn = !isShared && said.has('private')
  if (!said.has('public') && !isOwn && !isExplicit && !heuristic.includes(status)) return false
  if (has.has('ETag')) return true
  if (said.has('no-cache')) return false
  const isBarred = said.has('must-revalidate') || sharedMaxAge
  return isExplicit || (said.has('stale-if-error=10') && !isBarred)
}

describe('storing, for every combination of directives (RFC 9111 §3)', () => {
  it.each<['shared' | 'private', 'explicit' | 'rfc' | 'never']>([
    ['shared', 'explicit'],
    ['shared', 'rfc'],
    ['shared', 'never'],
    ['private', 'explicit']
  ])(
    'STORE-01, STORE-08, PARSE-07: a %s cache (sharedSetCookie: %s) stores what it may and what is of use, and nothing else',
    (type, sharedSetCookie) => {
      const options = rules({ type, sharedSetCookie } satisfies CacheOptions)
      const times = { requestTime: noon, responseTime: noon }
      const differences: string[] = []
      for (const said of subsets(directives)) {
        for (const has of subsets(fields)) {
          const lines: FieldLine[] = [
            ['Date', httpDate()],
            ['Content-Length', '4'],
            ...has.map((name): FieldLine => [name, values[name]])
          ]
          if (said.length > 0) lines.push(['Cache-Control', said.join(', ')])
          for (const status of statuses) {
            for (const isAuthorized of [false, true]) {
              const request = requestWith(isAuthorized ? { authorization: 'x' } : {})
              const decision = decideStoring(
                request,
                { status, statusText: '', fields: lines },
                times,
                { framed: false, redirected: false },
                options
              )
              const wanted = mayStore(
                { said: new Set(said), has: new Set(has), status, isAuthorized },
                type,
                sharedSetCookie
              )
              if (decision.store === wanted) continue
              differences.push(
                `${said} | ${has} | ${status} | ${isAuthorized}: ${decision.store || decision.requirement}`
              )
            }
          }
        }
      }
      expect(differences.slice(0, 20)).toEqual([])
    }
  )
})
