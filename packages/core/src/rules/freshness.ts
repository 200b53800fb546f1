import { type DeltaSeconds, type Directives, parseDeltaSeconds } from './cache-control.js'
import { combined, type FieldMap, members, single } from './fields.js'
import { heuristicLifetime } from './heuristics.js'
import { parseHttpDate } from './http-date.js'
import type { EpochMilliseconds, ExchangeTimes, Seconds } from './messages.js'
import type { RuleOptions } from './options.js'
import { isHeuristicallyCacheable } from './statuses.js'
import { applies } from './trace.js'

/** How far a clock may have been set back before stored responses are no longer trusted to be fresh (CLK-02). */
const clockToleranceMs = 60_000

export interface Lifetime {
  readonly seconds: Seconds
  /** Whether a heuristic gave it (FRESH-09). */
  readonly heuristic: boolean
}

/** What of a response its freshness depends on. */
export interface FreshnessInput extends ExchangeTimes {
  readonly method: string
  readonly status: number
  readonly fields: FieldMap
  readonly directives: Directives
}

/** How long a response stays fresh after it was generated. RFC 9111 §4.2.1. */
export function freshnessLifetime(
  response: FreshnessInput,
  options: Pick<RuleOptions, 'type' | 'heuristic' | 'trace'>
): Lifetime {
  const { fields, directives, responseTime } = response
  const isForShared = options.type === 'shared' && directives.sMaxage !== undefined
  if (applies(options, 'RESP-06', isForShared)) return explicit(directives.sMaxage)
  if (applies(options, 'FRESH-02', directives.maxAge !== undefined)) return explicit(directives.maxAge)
  const expires = directives.isTargeted ? undefined : single(fields, 'expires')
  const hasExpires = applies(options, 'FRESH-03', expires !== undefined)
  if (hasExpires && expires !== undefined) return explicit(secondsUntilExpires(expires, fields, responseTime))
  if (options.heuristic === false || !allowsHeuristic(response)) return { seconds: 0, heuristic: false }
  const date = dateOf(fields, responseTime)
  const { method, status } = response
  const lastModified = dateIn(fields, 'last-modified', responseTime)
  const input = { method, status, date, lastModified, responseTime }
  const seconds = heuristicLifetime(options.heuristic, input, fields)
  return { seconds, heuristic: applies(options, 'FRESH-06', seconds > 0) }
}

/** Whether the message says itself how long it is fresh, be it unreadable. */
export function hasExplicitFreshness(
  fields: FieldMap,
  directives: Directives,
  { type }: Pick<RuleOptions, 'type'>
): boolean {
  return (
    directives.maxAge !== undefined ||
    (type === 'shared' && directives.sMaxage !== undefined) ||
    (!directives.isTargeted && fields.has('expires'))
  )
}

/** The age of a response when it arrived, in seconds. RFC 9111 §4.2.3. */
export function initialAge(
  fields: FieldMap,
  { requestTime, responseTime }: ExchangeTimes,
  { trustDate }: Pick<RuleOptions, 'trustDate'>
): Seconds {
  const correctedAge = ageValue(fields) + Math.max(0, responseTime - requestTime) / 1000
  if (!trustDate) return correctedAge
  const apparentAge = Math.max(0, responseTime - dateOf(fields, responseTime)) / 1000
  return Math.max(correctedAge, apparentAge)
}

/** The age at `now` of a response that was `initialAge` old when it arrived. RFC 9111 §4.2.3. */
export function currentAge(initialAge: Seconds, responseTime: EpochMilliseconds, now: EpochMilliseconds): Seconds {
  return initialAge + Math.max(0, now - responseTime) / 1000
}

/** Whether the clock can tell how old a response is that arrived at `responseTime` (CLK-02). */
export function isClockUsable(now: EpochMilliseconds, responseTime: EpochMilliseconds): boolean {
  return now >= responseTime - clockToleranceMs && now < Number.POSITIVE_INFINITY
}

/** The `Date` of a message, or when it arrived if that is missing or unreadable. RFC 9110 §6.6.1. */
export function dateOf(fields: FieldMap, responseTime: EpochMilliseconds): EpochMilliseconds {
  return dateIn(fields, 'date', responseTime) ?? responseTime
}

function dateIn(fields: FieldMap, name: string, now: EpochMilliseconds): EpochMilliseconds | undefined {
  const value = single(fields, name)
  return typeof value === 'string' ? parseHttpDate(value, now) : undefined
}

/** An unreadable lifetime is none, and nothing else takes its place (FRESH-05). */
function explicit(seconds: DeltaSeconds): Lifetime {
  return { seconds: typeof seconds === 'number' ? seconds : 0, heuristic: false }
}

function secondsUntilExpires(expires: string | null, fields: FieldMap, responseTime: EpochMilliseconds): Seconds {
  const at = expires === null ? undefined : parseHttpDate(expires, responseTime)
  return at === undefined ? 0 : Math.max(0, (at - dateOf(fields, responseTime)) / 1000)
}

function allowsHeuristic({ method, status, fields, directives }: FreshnessInput): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  if (!isHeuristicallyCacheable(status) && !directives.public) return false
  return directives.isTargeted || fields.has('cache-control') || !hasPragmaNoCache(fields)
}

function hasPragmaNoCache(fields: FieldMap): boolean {
  const pragma = combined(fields, 'pragma')
  return pragma !== undefined && members(pragma).some((member) => member.toLowerCase() === 'no-cache')
}

/** The received `Age`; one that cannot be read counts as none (AGE-03). RFC 9111 §5.1. */
function ageValue(fields: FieldMap): Seconds {
  const value = combined(fields, 'age')
  if (value === undefined) return 0
  return parseDeltaSeconds(members(value)[0] ?? '') ?? 0
}
