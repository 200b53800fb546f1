import type { Assessed } from './assessment.js'
import { type FieldMap, isStorableField } from './fields.js'
import { parseContentLength } from './framing.js'
import type { Part } from './messages.js'
import type { RuleOptions } from './options.js'
import { hasNoContent, isNeverStored } from './statuses.js'
import { slotOf } from './storable-head.js'

/** Whether so many bytes are some, but not all, of the whole they are said to be a part of. */
function isWithin({ first, total }: Part, bodyBytes: number): boolean {
  return bodyBytes > 0 && bodyBytes < total && first + bodyBytes <= total
}

/** Parts are stored without the fields that say how long they are. */
function isAboutLength(fields: FieldMap): boolean {
  return fields.has('content-length') || fields.has('content-range')
}

/**
 * Whether the parts of a stored response can have been stored together: each may be sound for itself, and the whole
 * still be one that no cache has ever stored, or be kept for another request than it was (SEC-05).
 */
export function isCoherent({ stored, fields }: Assessed, { digest }: Pick<RuleOptions, 'digest'>): boolean {
  const { method, status, selecting, slot, bodyBytes, part } = stored
  if ((status === 206) !== (part !== undefined) || status === 304 || isNeverStored(status)) return false
  for (const name of fields.keys()) if (!isStorableField(name)) return false
  if (slot !== slotOf(method, selecting, digest, part)) return false
  if (part !== undefined) return method === 'GET' && isWithin(part, bodyBytes) && !isAboutLength(fields)
  if (hasNoContent(method, status)) return bodyBytes === 0
  const length = parseContentLength(fields)
  return length === undefined || length === bodyBytes
}
