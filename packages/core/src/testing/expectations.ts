import assert from 'node:assert/strict'
import type { StoredResponse } from '../rules/messages.js'
import type { ByteRange, CacheStore, Found, FoundResponse } from '../store.js'
import { readAll } from './streams.js'

/** Fails with a short message: bodies are too long to print. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array, what = 'the body'): void {
  assert.equal(actual.byteLength, expected.byteLength, `${what}: length`)
  if (Buffer.compare(actual, expected) === 0) return
  const at = expected.findIndex((byte, at) => byte !== actual[at])
  assert.fail(`${what}: byte ${at} is ${actual[at]}, not ${expected[at]}`)
}

/** Compares metadata as the plain data it is, whatever the prototypes. */
export function expectResponse(actual: StoredResponse, expected: StoredResponse): void {
  assert.deepEqual(JSON.parse(JSON.stringify(actual)), JSON.parse(JSON.stringify(expected)))
}

/** What `found` has in the slot of `response`. */
export function inSlot(found: Found, { slot }: StoredResponse): FoundResponse | undefined {
  const there = found.responses.filter(({ response }) => response.slot === slot)
  assert.ok(there.length <= 1, `${there.length} responses in slot ${slot}`)
  return there[0]
}

/** Fails unless the store answers with `response` and `bytes`, by every way that leads to them. */
export async function expectStored(
  store: CacheStore,
  response: StoredResponse,
  bytes: Uint8Array,
  key = response.key
): Promise<void> {
  const found = inSlot(await store.get(key), response)
  assert.ok(found, 'the response is not there')
  expectResponse(found.response, response)
  if (found.body !== undefined) expectBytes(found.body, bytes, 'the body that rides along')
  expectBytes(await readBody(store, key, response.id), bytes, 'the body from openBody')
}

/** Fails if anything is stored under `key`. */
export async function expectNothing(store: CacheStore, key: string): Promise<void> {
  const { responses } = await store.get(key)
  assert.equal(responses.length, 0, `responses under ${key.slice(0, 100)}`)
}

/** The bytes of a body that must be there. */
export async function readBody(store: CacheStore, key: string, id: string, range?: ByteRange): Promise<Uint8Array> {
  const body = await store.openBody(key, id, range)
  assert.ok(body, 'openBody gave undefined for a body that is stored')
  return readAll(body)
}

/** Fails without showing the body: newer versions of Node take minutes to compare a long one with nothing, line by line. */
export async function expectNoBody(store: CacheStore, key: string, id: string, range?: ByteRange): Promise<void> {
  const body = await store.openBody(key, id, range)
  assert.ok(body === undefined, `openBody gave a body for ${id}`)
}
