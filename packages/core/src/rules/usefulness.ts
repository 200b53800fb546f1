import { isUnqualified, staleBar } from './assessment.js'
import type { DeltaSeconds, Directives } from './cache-control.js'
import type { FieldMap } from './fields.js'
import { initialAge } from './freshness.js'
import type { EpochMilliseconds, ExchangeTimes, Seconds } from './messages.js'
import type { RuleOptions } from './options.js'
import { maxTime } from './stored-response.js'

/** Whether a response can ever be used, be it after validation (STORE-08). */
export function isUseful(
  canBeValidated: boolean,
  directives: Directives,
  lifetime: Seconds,
  options: RuleOptions
): boolean {
  if (canBeValidated) return true
  if (isUnqualified(directives.noCache)) return false
  if (lifetime > 0) return true
  const windows = window(directives.staleWhileRevalidate) + window(directives.staleIfError)
  const bar = staleBar(directives, options)
  return windows > 0 && (bar === 'none' || (bar === 's-maxage' && options.sMaxAgeAllowsStale))
}

/** From when on a response is of no use (STORE-12). */
export function dropAt(
  fields: FieldMap,
  directives: Directives,
  lifetime: Seconds,
  canBeValidated: boolean,
  times: ExchangeTimes,
  options: RuleOptions
): EpochMilliseconds {
  const freshFor = Math.max(lifetime - initialAge(fields, times, options), 0)
  const staleFor = Math.max(
    window(directives.staleWhileRevalidate),
    window(directives.staleIfError),
    options.staleIfErrorSeconds,
    canBeValidated ? options.keepStaleSeconds : 0
  )
  return Math.min(times.responseTime + Math.ceil((freshFor + staleFor) * 1000), maxTime)
}

function window(value: DeltaSeconds): Seconds {
  return typeof value === 'number' ? value : 0
}
