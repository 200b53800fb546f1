import { type Assessed, isUnqualified } from './assessment.js'
import { dependsOnItsGroups } from './cache-groups.js'
import type { RuleOptions } from './options.js'
import { varyNames } from './selecting-fields.js'
import { maySetCookie } from './shared-permission.js'

/**
 * Whether this cache may use what another one has stored: one of another type may share the store, or one with other
 * options. A shared cache uses nothing that was meant for one user, and nobody uses what is selected by less than its
 * `Vary`, or what says `no-store` to caches like this one (AUTH-06, GRP-01, STORE-01, STORE-03, TGT-01, VARY-01).
 */
export function isForThisCache({ stored, fields, directives }: Assessed, options: RuleOptions): boolean {
  if ('tape' in stored) return false
  const names = varyNames(fields)
  if (names === '*' || (directives.noStore && !directives.mustUnderstand)) return false
  if (!dependsOnItsGroups(stored, fields, options)) return false
  for (const name of names) if (!stored.selecting.some(([selected]) => selected === name)) return false
  if (options.type === 'private') return true
  return !isUnqualified(directives.private) && (!fields.has('set-cookie') || maySetCookie(directives, options))
}
