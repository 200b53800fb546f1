import type { EpochMilliseconds } from './messages.js'

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const month = `(${months.join('|')})`
const time = '(\\d\\d):(\\d\\d):(\\d\\d)'

const imf = new RegExp(`^(?:sun|mon|tue|wed|thu|fri|sat), (\\d\\d) ${month} (\\d{4}) ${time} gmt$`, 'i')
const rfc850 = new RegExp(
  `^(?:sunday|monday|tuesday|wednesday|thursday|friday|saturday), (\\d\\d)-${month}-(\\d\\d) ${time} gmt$`,
  'i'
)
const asctime = new RegExp(`^(?:sun|mon|tue|wed|thu|fri|sat) ${month} (\\d\\d| \\d) ${time} (\\d{4})$`, 'i')

const days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const fourCenturiesMs = 146_097 * 86_400_000

/** Longer than any of the three forms. */
const longest = 40

/**
 * The instant of an HTTP-date in any of its three forms; `undefined` if `text` is none. A two-digit year is read as
 * the one nearest to `now` that is at most 50 years ahead. RFC 9110 §5.6.7.
 */
export function parseHttpDate(text: string, now: EpochMilliseconds): EpochMilliseconds | undefined {
  if (text.length > longest) return undefined
  let parts = imf.exec(text)
  if (parts !== null) return instant(parts[3], parts[2], parts[1], parts[4], parts[5], parts[6])
  parts = asctime.exec(text)
  if (parts !== null) return instant(parts[6], parts[1], parts[2], parts[3], parts[4], parts[5])
  parts = rfc850.exec(text)
  if (parts === null) return undefined
  return instant(fullYear(Number(parts[3]), now), parts[2], parts[1], parts[4], parts[5], parts[6])
}

/** An instant as IMF-fixdate, in whole seconds. RFC 9110 §5.6.7. */
export function formatHttpDate(at: EpochMilliseconds): string {
  return new Date(at).toUTCString()
}

function fullYear(twoDigits: number, now: EpochMilliseconds): number {
  const thisYear = new Date(now).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + twoDigits
  if (year > thisYear + 50) return year - 100
  return year <= thisYear - 50 ? year + 100 : year
}

function daysIn(monthIndex: number, year: number): number {
  if (monthIndex !== 1) return days[monthIndex] as number
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
}

function instant(
  year: string | number | undefined,
  monthName: string | undefined,
  day: string | undefined,
  hours: string | undefined,
  minutes: string | undefined,
  seconds: string | undefined
): EpochMilliseconds | undefined {
  const h = Number(hours)
  const m = Number(minutes)
  const s = Number(seconds)
  if (h > 23 || m > 59 || s > 60) return undefined
  const y = Number(year)
  const d = Number(day)
  const monthIndex = months.indexOf((monthName as string).toLowerCase())
  if (d < 1 || d > daysIn(monthIndex, y)) return undefined
  // `Date.UTC` takes the years before 100 for years of the last century; 400 years later the calendar is the same.
  return Date.UTC(y + 400, monthIndex, d, h, m, Math.min(s, 59)) - fourCenturiesMs
}
