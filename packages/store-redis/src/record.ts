import type { EpochMilliseconds, Mark, StoredResponse } from '@cc/core'

/** What a value in the index of a cache key is; the first byte of each. */
export const INLINE = 1
export const APART = 2
export const MARK = 3

/** The field of the index that holds the mark; no slot is named so. */
export const MARK_FIELD = '!'
/**
 * What every response begins with, all numbers with the most significant byte first: its kind (1 byte), `requestTime`,
 * `responseTime`, `dropAt` (doubles), `id` (32 characters), the generation it was begun in (8 bytes), the length of its
 * metadata (4 bytes). The metadata follows as JSON, then the body if it is inline. The scripts read it, too.
 */
export const HEAD_BYTES = 69
/** A mark begins with its kind, then `at` and `dropAt`; its value follows. */
const MARK_HEAD_BYTES = 17
/** Bodies up to here lie beside their metadata; no more than that of a cache key together. */
export const INLINE_BYTES = 65_536
/** Longer metadata is not stored, so that no value comes near to what a server takes at most. */
export const MAX_METADATA_BYTES = 262_144
export const GENERATION_BYTES = 8

const idPattern = /^[0-9a-f]{32}$/
const slotPattern = /^[0-9a-z]{1,64}$/

/** A response that came from Redis: its metadata, not checked, and its body if that is inline. */
export interface ReadResponse {
  readonly response: StoredResponse
  readonly body: Buffer | undefined
}

export function isId(id: string): boolean {
  return idPattern.test(id)
}

/**
 * A response as the index has it, but for an inline body, which follows; `undefined` if its metadata is too long.
 * @throws TypeError for an id or a slot that cannot be the name of anything
 */
export function encodeHead(
  kind: typeof INLINE | typeof APART,
  response: StoredResponse,
  generation: Buffer
): Buffer | undefined {
  const { id, slot } = response
  if (!isId(id)) throw new TypeError('id must be 32 hexadecimal digits in lower case')
  if (!slotPattern.test(slot)) throw new TypeError('slot must be up to 64 digits and letters in lower case')
  const json = JSON.stringify(response)
  const metadataBytes = Buffer.byteLength(json)
  if (metadataBytes > MAX_METADATA_BYTES) return undefined
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + metadataBytes)
  bytes.writeUInt8(kind, 0)
  bytes.writeDoubleBE(response.requestTime, 1)
  bytes.writeDoubleBE(response.responseTime, 9)
  bytes.writeDoubleBE(response.dropAt, 17)
  bytes.write(id, 25, 'latin1')
  generation.copy(bytes, 57, 0, GENERATION_BYTES)
  bytes.writeUInt32BE(metadataBytes, 65)
  bytes.write(json, HEAD_BYTES)
  return bytes
}

/** The response in a value of the index; `undefined` if it is damaged. */
export function decodeResponse(value: Buffer): ReadResponse | undefined {
  if (value.length < HEAD_BYTES) return undefined
  const bodyAt = HEAD_BYTES + value.readUInt32BE(65)
  if (bodyAt > value.length) return undefined
  const response = parsed(value.toString('utf8', HEAD_BYTES, bodyAt))
  if (response === undefined) return undefined
  if (value[0] === APART) return bodyAt === value.length ? { response, body: undefined } : undefined
  return response.bodyBytes === value.length - bodyAt ? { response, body: value.subarray(bodyAt) } : undefined
}

/** The generation that a response was begun in. */
export function generationOf(record: Buffer): Buffer {
  return record.subarray(57, 57 + GENERATION_BYTES)
}

export function encodeMark({ value, at, dropAt }: Mark): Buffer {
  const bytes = Buffer.allocUnsafe(MARK_HEAD_BYTES + Buffer.byteLength(value))
  bytes.writeUInt8(MARK, 0)
  bytes.writeDoubleBE(at, 1)
  bytes.writeDoubleBE(dropAt, 9)
  bytes.write(value, MARK_HEAD_BYTES)
  return bytes
}

/** The mark in a value of the index; `undefined` if it is damaged. */
export function decodeMark(value: Buffer): Mark | undefined {
  if (value.length < MARK_HEAD_BYTES) return undefined
  const at: EpochMilliseconds = value.readDoubleBE(1)
  const dropAt: EpochMilliseconds = value.readDoubleBE(9)
  return { value: value.toString('utf8', MARK_HEAD_BYTES), at, dropAt }
}

function parsed(json: string): StoredResponse | undefined {
  try {
    const value: unknown = JSON.parse(json)
    // Core checks what is in it.
    return typeof value === 'object' && value !== null ? (value as StoredResponse) : undefined
  } catch {
    return undefined
  }
}
