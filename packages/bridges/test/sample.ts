import type { CacheStore, Mark, StoredResponse } from '@cc/core'
import { sampleResponse } from '@cc/core/testing'
import type { KeyValue } from '../src/index.js'

export const NOW = Date.UTC(2026, 0, 1)
export const HOUR = 3_600_000
export const KEY = 'https://example.org/page'

export function hex(n: number): string {
  return n.toString(16).padStart(32, '0')
}

export function response(changes: Partial<StoredResponse> = {}): StoredResponse {
  return sampleResponse({ key: KEY, requestTime: NOW, responseTime: NOW, dropAt: NOW + HOUR, ...changes })
}

export function mark(n: number, at = NOW): Mark {
  return { value: hex(n), at, dropAt: at + HOUR }
}

/** Stores `length` bytes of the value `fill`. */
export async function put(
  store: CacheStore,
  length: number,
  changes: Partial<StoredResponse> = {},
  fill = 7
): Promise<StoredResponse> {
  const stored = response({ bodyBytes: length, ...changes })
  await store.set(stored.key, new Uint8Array(length).fill(fill), () => stored)
  return stored
}

/** A key-value that can be looked into, held up and broken. */
export class TestKeyValue implements KeyValue {
  readonly map = new Map<string, Uint8Array>()
  readonly spans = new Map<string, number>()
  /** Called before each call is carried out. */
  before: (call: 'get' | 'set' | 'delete', key: string) => void | Promise<void> = () => {}

  async get(key: string): Promise<Uint8Array | undefined> {
    await this.before('get', key)
    return this.map.get(key)
  }

  async set(key: string, value: Uint8Array, ttlMs: number): Promise<void> {
    await this.before('set', key)
    this.spans.set(key, ttlMs)
    this.map.set(key, value)
  }

  async delete(key: string): Promise<void> {
    await this.before('delete', key)
    this.map.delete(key)
  }

  /** The names of one kind: `r` entries, `m` marks, `b` bodies. */
  named(kind: 'r' | 'm' | 'b'): string[] {
    return [...this.map.keys()].filter((key) => key.startsWith(`cc:${kind}:`))
  }
}
