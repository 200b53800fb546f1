import type { EpochMilliseconds } from '@cc/core'
import type { KeyValue } from './key-value.js'

export interface KeyValueStoreOptions {
  /**
   * Begins every key in the key-value.
   * @defaultValue `'cc:'`
   */
  prefix?: string
  /**
   * Most bytes that this store leaves in the key-value; the least recently used keys go first. What an earlier run or
   * another process has left there is not counted. `Infinity` is for a key-value that has a bound of its own.
   * @defaultValue 104_857_600 (100 MiB)
   */
  maxBytes?: number
  /**
   * The longest body stored, in bytes. A body is held in memory until all of it has come.
   * @defaultValue 5_242_880 (5 MiB), or `maxBytes` if that is less
   */
  maxEntryBytes?: number
  /**
   * The time in milliseconds since 1970.
   * @defaultValue `Date.now`
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
