import { combined, type FieldMap } from './fields.js'
import type { RuleOptions } from './options.js'
import { hasNoContent } from './statuses.js'

const plainLength = /^\d{1,15}$/
/** More repeats of one length than any message has. */
const maxLengthText = 1_024

/** How the end of a response's body is known. RFC 9112 §6.3. */
export interface Framing {
  /** Whether a cut body would have been noticed other than by `Content-Length` or `Transfer-Encoding`. */
  readonly framed: boolean
  /** Whether redirects were followed below the cache, so that the response belongs to another URI (GEN-03). */
  readonly redirected: boolean
}

/** Whether a body that was cut would have been noticed (MSG-06). */
export function isFramed(
  method: string,
  status: number,
  fields: FieldMap,
  framing: Framing,
  options: RuleOptions
): boolean {
  if (options.storeCloseDelimited || framing.framed || hasNoContent(method, status)) return true
  return fields.has('content-length') || fields.has('transfer-encoding')
}

/** `Content-Length`, where equal repeats count once: `undefined` if absent, `null` if unreadable. RFC 9110 §8.6. */
export function parseContentLength(fields: FieldMap): number | null | undefined {
  const value = combined(fields, 'content-length')
  if (value === undefined) return undefined
  if (plainLength.test(value)) return Number(value)
  if (value.length > maxLengthText) return null
  const lengths = new Set(value.split(',').map((part) => part.trim()))
  const [length] = lengths
  if (lengths.size !== 1 || length === undefined || !plainLength.test(length)) return null
  return Number(length)
}
