import type { EpochMilliseconds } from '@cc/core'
import type { KeyValue } from './key-value.js'

/** Options of {@link fromKeyValue}. docs/bridges.md says more. */
export interface KeyValueStoreOptions {
  /**
   * Begins every key in the key-value. Set it where two caches that are to be apart, or other things, share one.
   * @defaultValue `'cc:'`
   * @example
   * ```js
   * import { fromKeyValue } from '@cc/bridges'
   *
   * export const store = fromKeyValue(new Map(), { prefix: 'prices:' })
   * ```
   */
  prefix?: string
  /**
   * Most bytes that this store leaves in the key-value; the keys least recently used go first. Only what this process
   * has written is counted. `Infinity` is for a key-value that has a bound of its own, and for one that several
   * processes share.
   * @unit bytes, 1 or more, or `Infinity`
   * @defaultValue 104_857_600 (100 MiB)
   * @example
   * ```js
   * import { fromKeyValue } from '@cc/bridges'
   * import Keyv from 'keyv'
   *
   * // What is behind this Keyv evicts by itself.
   * export const store = fromKeyValue(new Keyv(), { maxBytes: Number.POSITIVE_INFINITY })
   * ```
   */
  maxBytes?: number
  /**
   * The longest body stored; a longer one is passed on. A body is held in memory until all of it has come.
   * @unit bytes, 1 or more, at most `maxBytes`
   * @defaultValue 5_242_880 (5 MiB), or `maxBytes` if that is less
   * @example
   * ```js
   * import { fromKeyValue } from '@cc/bridges'
   *
   * // What is behind it takes no more than 1 MiB at once, and little of it.
   * export const store = fromKeyValue(new Map(), { maxEntryBytes: 1024 ** 2 })
   * ```
   */
  maxEntryBytes?: number
  /**
   * Where the time comes from, which tells what may be dropped. For tests; give the cache the same one.
   * @unit milliseconds since 1970
   * @defaultValue `Date.now`
   * @example
   * ```js
   * import { fromKeyValue } from '@cc/bridges'
   *
   * export const store = fromKeyValue(new Map(), { clock: () => Date.UTC(2026, 0, 1) })
   * ```
   */
  clock?: () => EpochMilliseconds
}

const known = new Set(['prefix', 'maxBytes', 'maxEntryBytes', 'clock'])

/** @throws TypeError for what is no key-value. */
export function checkKeyValue(keyValue: KeyValue): KeyValue {
  for (const method of ['get', 'set', 'delete'] as const) {
    if (typeof keyValue?.[method] !== 'function') {
      throw new TypeError(`keyValue.${method} must be a function, not ${String(keyValue?.[method])}`)
    }
  }
  return keyValue
}

/** @throws TypeError that names the option and its value. */
export function readOptions(options: KeyValueStoreOptions): Required<KeyValueStoreOptions> {
  if (typeof options !== 'object' || options === null) throw new TypeError(`options must be an object, not ${options}`)
  for (const name of Object.keys(options)) if (!known.has(name)) throw new TypeError(`unknown option ${name}`)
  const { prefix = 'cc:', maxBytes = 104_857_600, clock = Date.now } = options
  const { maxEntryBytes = Math.min(5_242_880, maxBytes) } = options
  const check = (isRight: boolean, name: string, value: unknown, expected: string) => {
    if (!isRight) throw new TypeError(`${name} must be ${expected}, not ${String(value)}`)
  }
  check(typeof prefix === 'string', 'prefix', prefix, 'a string')
  check(
    isBytes(maxBytes) || maxBytes === Number.POSITIVE_INFINITY,
    'maxBytes',
    maxBytes,
    'a positive integer or Infinity'
  )
  check(isBytes(maxEntryBytes), 'maxEntryBytes', maxEntryBytes, 'a positive integer')
  check(maxEntryBytes <= maxBytes, 'maxEntryBytes', maxEntryBytes, `at most maxBytes (${maxBytes})`)
  check(typeof clock === 'function', 'clock', clock, 'a function')
  return { prefix, maxBytes, maxEntryBytes, clock }
}

function isBytes(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0
}
