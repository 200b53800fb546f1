import { inspect } from 'node:util'
import type { EpochMilliseconds } from '@cc/core'

/** Options of {@link DictStore}. */
export interface DictStoreOptions {
  /**
   * Most bytes kept: keys, fields, bodies, marks of invalidations and bookkeeping, as they lie in memory. The keys
   * least recently used go first.
   * @unit bytes, 1 or more
   * @defaultValue 104_857_600 (100 MiB)
   * @example
   * ```js
   * import { DictStore } from '@cc/store-dict'
   *
   * // A small process.
   * export const store = new DictStore({ maxBytes: 20 * 1024 ** 2 })
   * ```
   */
  maxBytes?: number | undefined
  /**
   * The longest body kept, at most {@link DictStoreOptions.maxBytes}; a longer one is passed on and not stored.
   * @unit bytes, 1 or more
   * @defaultValue 5_242_880 (5 MiB)
   * @example
   * ```js
   * import { DictStore } from '@cc/store-dict'
   *
   * // Many small answers, and now and then a download that is not worth the room.
   * export const store = new DictStore({ maxEntryBytes: 64 * 1024 })
   * ```
   */
  maxEntryBytes?: number | undefined
  /**
   * Most responses kept; several under one key (`Vary`) count each. The keys least recently used go first, with all
   * that is under them.
   * @unit responses, 1 or more
   * @defaultValue unset: only `maxBytes` limits them
   * @example
   * ```js
   * import { DictStore } from '@cc/store-dict'
   *
   * // So that listing all keys stays quick.
   * export const store = new DictStore({ maxEntries: 10_000 })
   * ```
   */
  maxEntries?: number | undefined
  /**
   * Hands bodies out without copying them. Set it where nobody ever writes into the bytes of a response: who does,
   * changes what everybody else gets.
   * @defaultValue false
   * @example
   * ```js
   * import { DictStore } from '@cc/store-dict'
   *
   * // All callers parse JSON, and none touches the bytes.
   * export const store = new DictStore({ shareBodies: true })
   * ```
   */
  shareBodies?: boolean | undefined
  /**
   * The time, for tests; read only to tell which marks are still needed. Give the interceptor the same one.
   * @unit milliseconds since 1970
   * @defaultValue `Date.now`
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { DictStore } from '@cc/store-dict'
   * import { Agent } from 'undici'
   *
   * const clock = () => Date.UTC(2026, 0, 1)
   * // shared: a test in which time stands still.
   * export const agent = new Agent().compose(cacheInterceptor({ clock, store: new DictStore({ clock }) }))
   * ```
   */
  clock?: (() => EpochMilliseconds) | undefined
}

/** The options as they are meant. */
interface Settings {
  readonly maxBytes: number
  readonly maxEntryBytes: number
  readonly maxEntries: number
  readonly shareBodies: boolean
  readonly clock: () => EpochMilliseconds
}

/** @throws TypeError for an option that is not of its kind */
export function readOptions(options: DictStoreOptions): Settings {
  const {
    maxBytes = 104_857_600,
    maxEntryBytes = 5_242_880,
    maxEntries,
    shareBodies = false,
    clock = Date.now
  } = options
  check('maxBytes', maxBytes, isPositiveInteger(maxBytes), 'a positive integer')
  check('maxEntryBytes', maxEntryBytes, isPositiveInteger(maxEntryBytes), 'a positive integer')
  check('maxEntries', maxEntries, maxEntries === undefined || isPositiveInteger(maxEntries), 'a positive integer')
  check('shareBodies', shareBodies, typeof shareBodies === 'boolean', 'a boolean')
  check('clock', clock, typeof clock === 'function', 'a function')
  return {
    maxBytes,
    maxEntryBytes: Math.min(maxEntryBytes, maxBytes),
    maxEntries: maxEntries ?? Number.POSITIVE_INFINITY,
    shareBodies,
    clock
  }
}

function isPositiveInteger(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0
}

function check(option: string, value: unknown, isRight: boolean, wanted: string): void {
  if (!isRight) throw new TypeError(`${option} must be ${wanted}, not ${inspect(value)}`)
}
