import type { StoredResponse } from '@cc/core'

/*
 * What objects cost in memory. V8 does not tell the size of one object, so these are upper bounds, taken from heap
 * measurements on 64-bit Node.js; a test compares their sum with the heap.
 */

/** A look-up entry: its places in the maps and lists, the entry itself, what `get` returns for it. */
export const ENTRY_BYTES = 450
/** A stored response: its place in the entry, its bookkeeping, its member of what `get` returns. */
export const RESPONSE_BYTES = 300
/** A view of bytes together with the `ArrayBuffer` that it may be the only one to hold. */
export const PIECE_BYTES = 250

const STRING_BYTES = 24
const OBJECT_BYTES = 40
const SLOT_BYTES = 8
/** A pair of strings in a list, without the strings. */
const LINE_BYTES = OBJECT_BYTES + 4 * SLOT_BYTES
const METADATA_SLOTS = 24
// biome-ignore lint/suspicious/noControlCharactersInRegex: the first character beyond Latin-1
const wide = /[^\u0000-\u00ff]/

/** Bytes that a string takes: one for each character if all are Latin-1, two otherwise. */
export function stringBytes(text: string): number {
  return STRING_BYTES + (isLatin1(text) ? text.length : 2 * text.length)
}

/** Bytes that the metadata of a stored response takes. */
export function metadataBytes(response: StoredResponse): number {
  const { slot, id, statusText, fields, selecting, digests = [], marks } = response
  let bytes = OBJECT_BYTES + METADATA_SLOTS * SLOT_BYTES + stringBytes(slot) + stringBytes(id) + stringBytes(statusText)
  bytes += stringBytes(response.key) + 3 * OBJECT_BYTES
  for (const [name, value] of fields) bytes += LINE_BYTES + stringBytes(name) + stringBytes(value)
  for (const [name, value] of selecting) bytes += LINE_BYTES + stringBytes(name) + stringBytes(value ?? '')
  for (const digest of digests) bytes += SLOT_BYTES + stringBytes(digest)
  return bytes + recordBytes(marks)
}

/** Bytes that plain data takes: what `JSON.stringify` could write. Names of properties are shared between objects. */
export function plainBytes(data: unknown): number {
  if (typeof data === 'string') return stringBytes(data)
  if (typeof data === 'number') return SLOT_BYTES
  if (typeof data !== 'object' || data === null) return 0
  let bytes = OBJECT_BYTES
  for (const value of Object.values(data)) bytes += SLOT_BYTES + plainBytes(value)
  return bytes
}

/** Bytes that an object used as a dictionary takes: its names are its own. */
export function recordBytes(record: Readonly<Record<string, unknown>>): number {
  let bytes = OBJECT_BYTES
  for (const name of Object.keys(record)) bytes += 3 * SLOT_BYTES + stringBytes(name) + plainBytes(record[name])
  return bytes
}

function isLatin1(text: string): boolean {
  return !wide.test(text)
}
