import { createHash } from 'node:crypto'
import type { EpochMilliseconds, Mark, StoredResponse } from '@cc/core'

/** One response under a key. */
export interface Kept {
  readonly response: StoredResponse
  /** The name of its body. */
  readonly body: string
  /** How long the key-value was told to keep the body. */
  readonly bodyUntil: EpochMilliseconds
}

/** All that is stored under a key. */
export interface Entry {
  readonly key: string
  readonly kept: readonly Kept[]
  /** A copy of the mark, for the day the key-value has dropped that before the responses. */
  readonly mark?: Mark
}

const DIGEST_BYTES = 32
const FORMAT = 'cc-bridges/1'

/** A name for `key` that any key-value takes, and no other key has. */
export function nameOf(key: string): string {
  return createHash('sha256').update(Buffer.from(key, 'utf16le')).digest('hex')
}

/** JSON behind its digest, so that damage shows. */
export function seal(value: Entry | { readonly key: string; readonly mark: Mark }): Buffer {
  const json = Buffer.from(JSON.stringify({ format: FORMAT, ...value }))
  return Buffer.concat([digestOf(json), json])
}

/** What was sealed for `key`; `undefined` for anything else. */
export function openEntry(bytes: Uint8Array | undefined, name: string): Entry | undefined {
  const value = open(bytes, name)
  if (value === undefined || !Array.isArray(value.kept) || !value.kept.every(isKept)) return undefined
  if (value.mark !== undefined && !isMark(value.mark)) return undefined
  return value as unknown as Entry
}

export function openMark(bytes: Uint8Array, name: string): Mark | undefined {
  const mark = open(bytes, name)?.mark
  return isMark(mark) ? mark : undefined
}

/** What lies in the place of a mark and is none may have been one. */
export function markOf(damaged: Uint8Array, now: EpochMilliseconds): Mark {
  return { value: digestOf(damaged).toString('hex', 0, 16), at: now, dropAt: now + 3_600_000 }
}

function open(bytes: Uint8Array | undefined, name: string): Record<string, unknown> | undefined {
  if (bytes === undefined || bytes.byteLength <= DIGEST_BYTES) return undefined
  const json = Buffer.from(bytes.buffer, bytes.byteOffset + DIGEST_BYTES, bytes.byteLength - DIGEST_BYTES)
  if (digestOf(json).compare(bytes, 0, DIGEST_BYTES) !== 0) return undefined
  const value = parse(json.toString('utf8'))
  if (!isObject(value) || value.format !== FORMAT || typeof value.key !== 'string') return undefined
  return nameOf(value.key) === name ? value : undefined
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function digestOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

/** The few things that are used of a response here; core checks the others. */
function isKept(value: unknown): boolean {
  if (!isObject(value) || !isObject(value.response)) return false
  const { slot, id, bodyBytes, requestTime, responseTime, dropAt } = value.response
  const numbers = [bodyBytes, requestTime, responseTime, dropAt, value.bodyUntil]
  if (!numbers.every((number) => Number.isFinite(number))) return false
  const isLength = Number.isSafeInteger(bodyBytes) && (bodyBytes as number) >= 0
  return isLength && typeof slot === 'string' && typeof id === 'string' && /^[0-9a-f]{32}$/.test(String(value.body))
}

function isMark(value: unknown): value is Mark {
  return (
    isObject(value) && typeof value.value === 'string' && Number.isFinite(value.at) && Number.isFinite(value.dropAt)
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
