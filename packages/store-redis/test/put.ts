import type { Body, CacheStore, StoredResponse } from '@cc/core'
import { expect } from '@jest/globals'
import { response } from './sample.js'

/** Stores `bytes` under the key of the response that `changes` describe; returns the response. */
export async function put(
  store: CacheStore,
  bytes: Uint8Array,
  changes: Partial<StoredResponse> = {},
  body: Body = bytes
): Promise<StoredResponse> {
  const stored = response({ ...changes, bodyBytes: bytes.byteLength })
  await store.set(stored.key, body, () => stored)
  return stored
}

/** The whole of an opened body; `undefined` if there is none. */
export async function bytesOf(body: Body | undefined): Promise<Buffer | undefined> {
  if (body === undefined) return undefined
  const pieces: Uint8Array[] = []
  for await (const piece of body instanceof Uint8Array ? [body] : body) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** The same bytes, compared at once. */
export function expectBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  expect(actual?.byteLength).toBe(expected.byteLength)
  expect(Buffer.compare(actual as Uint8Array, expected)).toBe(0)
}

/** Of a connection of the store's own: where nothing is wrong with Redis, an answer that takes long is waited for. */
export const patient = { connectTimeout: 60_000, commandTimeout: 60_000, socketTimeout: 60_000 }
