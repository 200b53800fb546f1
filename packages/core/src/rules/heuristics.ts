import type { FieldMap } from './fields.js'
import { combined } from './fields.js'
import type { EpochMilliseconds, Seconds } from './messages.js'

/** What a heuristic is told of a response without explicit freshness. */
export interface HeuristicInput {
  readonly method: string
  readonly status: number
  /** The value of a field, lines joined with `, `; `undefined` if there is none. Names compare without case. */
  field(name: string): string | undefined
  /** The `Date` of the response, or when it arrived if it had none. */
  readonly date: EpochMilliseconds
  /** `undefined` without a valid `Last-Modified`. */
  readonly lastModified: EpochMilliseconds | undefined
  readonly responseTime: EpochMilliseconds
}

/**
 * Gives a freshness lifetime in seconds to a response that has none of its own; `undefined` or anything that is not a
 * number above 0 means none. It is asked only for GET and HEAD, for the statuses that are heuristically cacheable or
 * with `public`, and it lifts no prohibition. RFC 9111 §4.2.2.
 */
export type Heuristic = (response: HeuristicInput) => Seconds | undefined

/**
 * A fraction of the time since the last modification, in whole seconds, as RFC 9111 §4.2.2 suggests.
 *
 * @param options.fraction - between 0 and 1; 0.1 if unset
 * @param options.maxSeconds - never longer than this; 86400 (a day) if unset
 * @throws TypeError for a value out of range
 */
export function lastModified(options: { readonly fraction?: number; readonly maxSeconds?: Seconds } = {}): Heuristic {
  const { fraction = 0.1, maxSeconds = 86_400 } = options
  if (!(fraction > 0 && fraction <= 1)) {
    throw new TypeError(`lastModified: fraction must be above 0 and at most 1, not ${fraction}`)
  }
  if (!(maxSeconds >= 0)) throw new TypeError(`lastModified: maxSeconds must be 0 or more, not ${maxSeconds}`)
  return ({ date, lastModified }) => {
    if (lastModified === undefined || lastModified >= date) return undefined
    return Math.min(Math.floor(((date - lastModified) / 1000) * fraction), maxSeconds)
  }
}

/** A span of time; the parts add up. */
export interface Duration {
  readonly weeks?: number
  readonly days?: number
  readonly hours?: number
  readonly minutes?: number
  readonly seconds?: number
}

const unitSeconds: Readonly<Record<keyof Duration, Seconds>> = {
  weeks: 604_800,
  days: 86_400,
  hours: 3_600,
  minutes: 60,
  seconds: 1
}

/**
 * Keeps every response without explicit freshness for the same time.
 *
 * @throws TypeError for an unknown unit, a part that is no finite number of 0 or more, or no part at all
 */
export function expiresAfter(duration: Duration): Heuristic {
  let lifetime = 0
  const parts = Object.entries(duration)
  if (parts.length === 0) throw new TypeError('expiresAfter: give weeks, days, hours, minutes or seconds')
  for (const [unit, amount] of parts) {
    if (!Object.hasOwn(unitSeconds, unit)) throw new TypeError(`expiresAfter: unknown unit ${unit}`)
    if (typeof amount !== 'number' || !(amount >= 0 && amount < Number.POSITIVE_INFINITY)) {
      throw new TypeError(`expiresAfter: ${unit} must be a finite number of 0 or more, not ${amount}`)
    }
    lifetime += amount * unitSeconds[unit as keyof Duration]
  }
  return () => lifetime
}

/** Keeps every response without explicit freshness for a day: `expiresAfter({ days: 1 })`. */
export function oneDay(): Heuristic {
  return expiresAfter({ days: 1 })
}

/** What `heuristic` says, as a lifetime; a heuristic that throws or answers nonsense gives none (ROB-01). */
export function heuristicLifetime(
  heuristic: Heuristic,
  input: Omit<HeuristicInput, 'field'>,
  fields: FieldMap
): Seconds {
  try {
    const seconds = heuristic({ ...input, field: (name) => combined(fields, name.toLowerCase()) })
    return typeof seconds === 'number' && seconds > 0 && Number.isFinite(seconds) ? seconds : 0
  } catch {
    return 0
  }
}
