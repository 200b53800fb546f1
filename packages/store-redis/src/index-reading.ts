import type { Found, FoundResponse, Mark } from '@cc/core'
import {
  APART,
  decodeMark,
  decodeResponse,
  HEAD_BYTES,
  INLINE,
  INLINE_BYTES,
  MARK,
  type ReadResponse
} from './record.js'

/** More values than a cache puts under a key. */
const MAX_VALUES = 10_000
/** Of a response that another process is about to make visible. */
const PENDING_BYTE = 0

export const NOTHING: Found = Object.freeze({ responses: Object.freeze([]) })

/**
 * What the values of an index say. What cannot be read of a response is that response alone. A value that is of no known
 * kind, or of a damaged mark, or too short for its kind, might have been a mark: then nothing is found, for all of it may
 * be invalid.
 */
export function readIndex(values: readonly Buffer[]): Found {
  if (values.length === 0 || values.length > MAX_VALUES) return NOTHING
  const read: ReadResponse[] = []
  let mark: Mark | undefined
  let inlineBytes = 0
  for (const value of values) {
    const kind = value[0]
    if (kind !== MARK && value.byteLength < HEAD_BYTES) return NOTHING
    if (kind === INLINE || kind === APART) {
      const response = decodeResponse(value)
      if (response === undefined) continue
      read.push(response)
      inlineBytes += response.body?.byteLength ?? 0
    } else if (kind === MARK) {
      mark = decodeMark(value)
      if (mark === undefined) return NOTHING
    } else if (kind !== PENDING_BYTE) {
      return NOTHING
    }
  }
  const responses = inlineBytes <= INLINE_BYTES ? read.map(found) : newest(read)
  return mark === undefined ? { responses } : { responses, mark }
}

function found({ response, body }: ReadResponse): FoundResponse {
  return body === undefined ? { response } : { response, body }
}

/** The newest bodies alone. The next writer puts the others apart. */
function newest(read: readonly ReadResponse[]): readonly FoundResponse[] {
  let room = INLINE_BYTES
  return [...read]
    .sort((one, other) => other.response.responseTime - one.response.responseTime)
    .map(({ response, body }) => {
      if (body === undefined || body.byteLength > room) return { response }
      room -= body.byteLength
      return { response, body }
    })
}
