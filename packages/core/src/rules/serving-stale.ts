import type { Assessed } from './assessment.js'
import type { DeltaSeconds } from './cache-control.js'
import type { StaleMode } from './cache-mode.js'
import { currentAge, isClockUsable } from './freshness.js'
import type { EpochMilliseconds, Seconds } from './messages.js'
import type { RuleOptions } from './options.js'
import type { RequestControl } from './request-control.js'

/** What allowed a stale response to be served, as the decision names it. */
export type StalePermission = 'max-stale' | 'stale-while-revalidate' | 'stale-if-error' | StaleMode

/** Whether a forward that failed may be answered with the stored response (STALE-05). RFC 5861 §4. */
export function mayServeOnError(
  selected: Assessed,
  { directives }: RequestControl,
  now: EpochMilliseconds,
  options: RuleOptions
): boolean {
  const { stored, lifetime, initialAge, staleBar, directives: response } = selected
  if (!isClockUsable(now, stored.responseTime)) return false
  const staleness = Math.max(0, currentAge(initialAge, stored.responseTime, now) - lifetime)
  const isFresh = lifetime > currentAge(initialAge, stored.responseTime, now)
  if (!isFresh && staleBar !== 'none') {
    return staleBar === 's-maxage' && options.sMaxAgeAllowsStale && allows(response.staleIfError, staleness)
  }
  const { staleIfErrorSeconds } = options
  return (
    allows(response.staleIfError, staleness) ||
    allows(directives.staleIfError, staleness) ||
    (staleIfErrorSeconds > 0 && staleness <= staleIfErrorSeconds)
  )
}

/** Whether a directive is there and covers this much staleness. */
export function allows(window: DeltaSeconds, staleness: Seconds): boolean {
  return typeof window === 'number' && staleness <= window
}
