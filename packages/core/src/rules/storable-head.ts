import { type FieldMap, single } from './fields.js'
import { dateOf } from './freshness.js'
import { formatHttpDate, parseHttpDate } from './http-date.js'
import type { EpochMilliseconds, FieldLine, Fields, Part, StoredResponse } from './messages.js'
import type { RuleOptions } from './options.js'

/** A response to be stored, but for what is known only after its body. */
export type StorableHead = Pick<
  StoredResponse,
  | 'slot'
  | 'method'
  | 'status'
  | 'statusText'
  | 'fields'
  | 'selecting'
  | 'requestTime'
  | 'responseTime'
  | 'dropAt'
  | 'part'
>

/** Fields with a `Date` that can be read: that of the response, or when it came (FLD-06). */
export function withDate(kept: FieldLine[], fields: FieldMap, responseTime: EpochMilliseconds): Fields {
  const date = single(fields, 'date')
  if (typeof date === 'string' && parseHttpDate(date, responseTime) !== undefined) return kept
  const others = kept.filter(([name]) => name.toLowerCase() !== 'date')
  return [...others, ['Date', formatHttpDate(dateOf(new Map(), responseTime))]]
}

/** The place of a response under its key: the same for the same method and the same selecting fields (VARY-10). */
export function slotOf(
  method: string,
  selecting: StoredResponse['selecting'],
  digest: RuleOptions['digest'],
  part?: Part
): string {
  if (part !== undefined) return digest(JSON.stringify([method, selecting, part.first, part.total]))
  if (selecting.length === 0) return method.toLowerCase()
  return digest(JSON.stringify([method, selecting]))
}
