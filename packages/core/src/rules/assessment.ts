import { type Directives, parseCacheControl, type Qualified } from './cache-control.js'
import { marksOf } from './cache-groups.js'
import { combined, type FieldMap, fieldMap, isEssential } from './fields.js'
import { dateOf, freshnessLifetime, initialAge } from './freshness.js'
import type { EpochMilliseconds, Seconds, StoredResponse } from './messages.js'
import type { RuleOptions } from './options.js'
import { parseTargetedField } from './targeted-fields.js'
import { type Validators, validators } from './validators.js'

/**
 * Whether a stale response may be served without validation: `'no'`, whatever permits it; or `'s-maxage'`, barred by
 * that directive alone (STALE-02).
 */
export type StaleBar = 'none' | 's-maxage' | 'no'

/** What the rules need to know of a stored response, worked out once. Nothing in it depends on the time. */
export interface Assessed {
  readonly stored: StoredResponse
  readonly fields: FieldMap
  readonly directives: Directives
  /** Freshness lifetime. */
  readonly lifetime: Seconds
  readonly heuristic: boolean
  /** Age when it arrived. */
  readonly initialAge: Seconds
  readonly date: EpochMilliseconds
  readonly validators: Validators
  readonly staleBar: StaleBar
  /** Keys and values of the marks it depends on. */
  readonly marks: readonly (readonly [key: string, value: string])[]
}

/**
 * The cache directives in force for a response: those of the first targeted field that says anything, else those of
 * `Cache-Control` (TGT-01). RFC 9111 §5.2, RFC 9213 §2.2.
 */
export function effectiveDirectives(
  fields: FieldMap,
  { targetedFields }: Pick<RuleOptions, 'targetedFields'>
): Directives {
  if (targetedFields.length === 0) return parseCacheControl(combined(fields, 'cache-control'))
  const { noCache, private: isPrivate, ...others } = targetedOrGeneral(fields, targetedFields)
  return { ...others, noCache: limited(noCache, targetedFields), private: limited(isPrivate, targetedFields) }
}

function targetedOrGeneral(fields: FieldMap, targetedFields: readonly string[]): Directives {
  for (const name of targetedFields) {
    const targeted = parseTargetedField(combined(fields, name))
    if (targeted !== undefined) return targeted
  }
  return parseCacheControl(combined(fields, 'cache-control'))
}

/** Who limits a directive to a field that the stored copy is judged by means the whole response (RESP-02). */
function limited(value: Qualified, essential: readonly string[]): Qualified {
  return typeof value === 'object' && value.some((name) => essential.includes(name)) ? true : value
}

export function assess(stored: StoredResponse, options: RuleOptions): Assessed {
  const fields = fieldMap(stored.fields)
  const directives = effectiveDirectives(fields, options)
  const { method, status, requestTime, responseTime } = stored
  const lifetime = freshnessLifetime({ method, status, fields, directives, requestTime, responseTime }, options)
  return {
    stored,
    fields,
    directives,
    lifetime: lifetime.seconds,
    heuristic: lifetime.heuristic,
    initialAge: initialAge(fields, stored, options),
    date: dateOf(fields, responseTime),
    validators: validators(fields, responseTime),
    staleBar: staleBar(directives, options),
    marks: marksOf(stored, options)
  }
}

/** What bars a response with these directives from being served stale (STALE-02). */
export function staleBar(directives: Directives, { type }: Pick<RuleOptions, 'type'>): StaleBar {
  if (isUnqualified(directives.noCache) || directives.mustRevalidate !== false) return 'no'
  if (type === 'private') return 'none'
  if (directives.proxyRevalidate) return 'no'
  return directives.sMaxage !== undefined ? 's-maxage' : 'none'
}

/** Whether a directive that can be limited to some fields is not. Lists that name an essential field count so too (RESP-02). */
export function isUnqualified(value: Directives['noCache']): boolean {
  return value === true || (value !== false && value.some(isEssential))
}
