import type { Assessed } from './assessment.js'
import { isStorableField } from './fields.js'
import type { RuleOptions } from './options.js'
import { hasNoContent, isNeverStored } from './statuses.js'
import { parseContentLength, slotOf } from './storing.js'

/**
 * Whether the parts of a stored response can have been stored together: each may be sound for itself, and the whole
 * still be one that no cache has ever stored, or be kept for another request than it was (SEC-05).
 */
export function isCoherent({ stored, fields }: Assessed, { digest }: Pick<RuleOptions, 'digest'>): boolean {
  const { method, status, selecting, slot, bodyBytes } = stored
  if (status === 206 || status === 304 || isNeverStored(status)) return false
  for (const name of fields.keys()) if (!isStorableField(name)) return false
  if (slot !== slotOf(method, selecting, digest)) return false
  if (hasNoContent(method, status)) return bodyBytes === 0
  const length = parseContentLength(fields)
  return length === undefined || length === bodyBytes
}
