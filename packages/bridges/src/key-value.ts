import type { Awaitable } from '@cc/core'

/** Anything that keeps bytes by name. A `Map` is one, and so is a `Keyv`. */
export interface KeyValue {
  /** The bytes under `key`, or `undefined` or `null`. */
  get(key: string): Awaitable<Uint8Array | undefined | null>

  /** Keeps `value` under `key`, in place of what is there. After `ttlMs` milliseconds it is of no use and may go. */
  set(key: string, value: Buffer, ttlMs: number): unknown

  /** Removes what is under `key`, if there is anything. */
  delete(key: string): unknown
}

/** What `get` gave, or `undefined`. Another type than bytes is no damage but a mistake, and is told. */
export async function bytesUnder(keyValue: KeyValue, key: string): Promise<Uint8Array | undefined> {
  const value: unknown = await keyValue.get(key)
  if (value === undefined || value === null) return undefined
  if (value instanceof Uint8Array) return value
  throw new TypeError(`keyValue.get must give a Uint8Array, undefined or null, not ${typeof value}`)
}
