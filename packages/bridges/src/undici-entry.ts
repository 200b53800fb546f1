import { createHash, randomBytes } from 'node:crypto'
import type { EpochMilliseconds, StoredResponse } from '@cc/core'
import type { UndiciCacheKey, UndiciCacheValue } from './undici-cache-store.js'

/** A response that undici stores, as a store of ours keeps it: what undici wants back stands beside what stores read. */
interface UndiciStored extends StoredResponse {
  readonly undici: { readonly method: string; readonly value: UndiciCacheValue }
}

export interface UndiciEntry {
  readonly stored: StoredResponse
  readonly method: string
  readonly value: UndiciCacheValue
}

/** The latest time that a `Date` can have. */
const MAX_TIME = 8_640_000_000_000_000

export function storedOf(
  key: string,
  { method }: UndiciCacheKey,
  value: UndiciCacheValue,
  pieces: readonly Uint8Array[],
  begun: EpochMilliseconds
): UndiciStored {
  const vary = Object.entries(value.vary ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    formatVersion: 1,
    key,
    slot: digestOf(JSON.stringify([method, vary])).slice(0, 32),
    id: randomBytes(16).toString('hex'),
    // What the store has to know of it; the method itself is in `undici`.
    method: 'GET',
    status: value.statusCode,
    statusText: value.statusMessage,
    fields: [],
    selecting: [],
    requestTime: begun,
    responseTime: begun,
    dropAt: Math.min(value.deleteAt, MAX_TIME),
    bodyBytes: pieces.reduce((sum, piece) => sum + piece.byteLength, 0),
    digests: pieces.map(digestOf),
    marks: {},
    undici: { method, value: copyOf(value) }
  }
}

/** What was stored, or `undefined` if it is something else, or damaged. */
export function readEntry(stored: StoredResponse): UndiciEntry | undefined {
  const kept: unknown = (stored as Partial<UndiciStored>).undici
  if (!isObject(kept) || typeof kept.method !== 'string' || !isValue(kept.value)) return undefined
  return { stored, method: kept.method, value: copyOf(kept.value) }
}

/** Whether `key` asks for it: its method, and each field that the response varies on. */
export function matches({ method, value }: UndiciEntry, key: UndiciCacheKey): boolean {
  if (method !== key.method) return false
  return Object.entries(value.vary ?? {}).every(([name, expected]) => {
    const asked = Object.hasOwn(key.headers ?? {}, name) ? key.headers?.[name] : undefined
    return JSON.stringify(asked ?? null) === JSON.stringify(expected ?? null)
  })
}

/** Whether a body is the one that was stored. */
export function isIntact(pieces: readonly Uint8Array[], { bodyBytes, digests }: StoredResponse): boolean {
  const length = pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
  if (length !== bodyBytes || digests?.length !== pieces.length) return false
  return pieces.every((piece, n) => digestOf(piece) === digests[n])
}

function digestOf(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Plain data of one's own: a store in memory hands out the very objects it was given. */
function copyOf(value: UndiciCacheValue): UndiciCacheValue {
  return JSON.parse(JSON.stringify(value))
}

function isValue(value: unknown): value is UndiciCacheValue {
  if (!isObject(value)) return false
  const { statusCode, statusMessage, headers, vary = {}, etag = '', cacheControlDirectives = {} } = value
  const times = [statusCode, value.cachedAt, value.staleAt, value.deleteAt]
  if (!times.every((number) => Number.isFinite(number)) || typeof statusMessage !== 'string') return false
  if (typeof etag !== 'string' || !isObject(cacheControlDirectives)) return false
  return (
    isObject(headers) &&
    isObject(vary) &&
    Object.values(headers).every(isFieldValue) &&
    Object.values(vary).every((one) => one === null || isFieldValue(one))
  )
}

function isFieldValue(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
