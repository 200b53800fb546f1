import type { StoredResponse } from '../rules/messages.js'
import type { Body, CacheStore, Mark } from '../store.js'

export const KEY = 'https://example.org/page'
export const KIB = 1024
export const MIB = 1024 * KIB

const SENT = Date.UTC(2025, 0, 1)
const FAR_FUTURE = Date.UTC(2100, 0, 1)

/** The `n`-th of any number of different 32-digit hexadecimal strings. */
export function hex(n: number): string {
  return n.toString(16).padStart(32, '0')
}

/** A response whose slot is `0`, id `1` and times as old as each other, but for `changes`. */
export function sampleResponse(changes: Partial<StoredResponse> = {}): StoredResponse {
  return {
    formatVersion: 1,
    key: KEY,
    slot: hex(0),
    id: hex(1),
    method: 'GET',
    status: 200,
    statusText: 'OK',
    fields: [
      ['Date', 'Wed, 01 Jan 2025 00:00:00 GMT'],
      ['Cache-Control', 'max-age=60']
    ],
    selecting: [],
    requestTime: SENT,
    responseTime: SENT,
    dropAt: FAR_FUTURE,
    bodyBytes: 0,
    marks: {},
    ...changes
  }
}

export function sampleMark(n: number): Mark {
  return { value: hex(n), at: SENT + n, dropAt: FAR_FUTURE }
}

/** `length` bytes that differ from those of another seed, and from themselves shifted by a usual size of pieces. */
export function sampleBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  const start = (seed * 7919) % NOISE.byteLength
  bytes.set(NOISE.subarray(start, start + length))
  for (let at = NOISE.byteLength - start; at < length; at += NOISE.byteLength)
    bytes.set(NOISE.subarray(0, length - at), at)
  return bytes
}

/** A prime number of bytes that look random. */
const NOISE = noise(65_521)

function noise(length: number): Uint8Array {
  let state = 1
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return state >>> 24
  })
}

/** Stores `bytes` under the key of the response that `changes` describe; returns the response. */
export async function put(
  store: CacheStore,
  bytes: Uint8Array,
  changes: Partial<StoredResponse> = {},
  body: Body = bytes
): Promise<StoredResponse> {
  const response = sampleResponse({ ...changes, bodyBytes: bytes.byteLength })
  await store.set(response.key, body, () => response)
  return response
}

/** What came of a call, whether it returned, threw, resolved or rejected. */
export async function outcome<T>(call: () => T | Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await call() }
  } catch (error) {
    return { error }
  }
}
