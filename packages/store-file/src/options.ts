import { inspect } from 'node:util'
import type { EpochMilliseconds } from '@cc/core'

/** Options of {@link FileStore}. docs/file-store.md says more. */
export interface FileStoreOptions {
  /**
   * Most bytes that responses take on the disk, each file rounded up to 4 KiB. The keys least recently used go first,
   * approximately. All who use a folder should give the same.
   * @unit bytes, 1 or more
   * @defaultValue 1_073_741_824 (1 GiB); unset with `forever`
   * @example
   * ```js
   * import { FileStore } from '@cc/store-file'
   *
   * // A crawler with a large disk.
   * export const store = new FileStore('.web_cache', { maxBytes: 50 * 1024 ** 3 })
   * ```
   */
  maxBytes?: number | undefined
  /**
   * The longest body kept, at most `maxBytes`; a longer one is passed on and not stored.
   * @unit bytes, 1 or more
   * @defaultValue 268_435_456 (256 MiB)
   * @example
   * ```js
   * import { FileStore } from '@cc/store-file'
   *
   * // Pages and images, and no films.
   * export const store = new FileStore('.web_cache', { maxEntryBytes: 10 * 1024 ** 2 })
   * ```
   */
  maxEntryBytes?: number | undefined
  /**
   * Removes no response, whatever is asked or outdated: `delete` and `prune()` remove nothing, `clear()` rejects.
   * Replacing still replaces. What is invalidated stays, and is validated before it is used. With `maxBytes`, nothing
   * new is stored once that is reached. It does not make stale responses fresh:
   * docs/file-store.md#keep-everything.
   * @defaultValue false
   * @example
   * ```js
   * import { FileStore } from '@cc/store-file'
   *
   * export const archive = new FileStore('archive', { forever: true })
   * ```
   */
  forever?: boolean | undefined
  /**
   * Waits with each write until the disk has it, so that what is stored survives a loss of power. That takes
   * milliseconds. Without it a response may be lost then; it is never damaged.
   * @defaultValue false
   * @example
   * ```js
   * import { FileStore } from '@cc/store-file'
   *
   * // What is in it was expensive to get.
   * export const store = new FileStore('.web_cache', { durable: true })
   * ```
   */
  durable?: boolean | undefined
  /**
   * `'sync'` reads and writes files of up to 256 KiB while nothing else happens in the process, which is several times
   * faster. `'async'` never holds the process up, also where a disk hangs: for folders on the network.
   * @defaultValue 'sync'
   * @example
   * ```js
   * import { FileStore } from '@cc/store-file'
   *
   * export const store = new FileStore('/mnt/shared/web_cache', { reads: 'async' })
   * ```
   */
  reads?: 'sync' | 'async' | undefined
  /**
   * The permissions of files, whatever the umask.
   * @unit permissions that hold `0o600`
   * @defaultValue 0o600
   * @example
   * ```js
   * import { FileStore } from '@cc/store-file'
   *
   * // Other users of the group may read what is stored.
   * export const store = new FileStore('.web_cache', { fileMode: 0o640, dirMode: 0o750 })
   * ```
   */
  fileMode?: number | undefined
  /**
   * The permissions of folders, whatever the umask.
   * @unit permissions that hold `0o700`
   * @defaultValue 0o700
   * @example
   * ```js
   * import { FileStore } from '@cc/store-file'
   *
   * // Processes of several users of one group share the folder.
   * export const store = new FileStore('/var/cache/web', { fileMode: 0o660, dirMode: 0o770 })
   * ```
   */
  dirMode?: number | undefined
  /**
   * Uses the folder though others can write into it: it belongs to another user than this one and root, or its
   * permissions let group or others write, without `dirMode` saying so and without the sticky bit. Whoever can write
   * into it can make up responses. Without this option every operation fails then, and all is answered by the origin.
   * @defaultValue false
   * @example
   * ```js
   * import { FileStore } from '@cc/store-file'
   *
   * // A volume that was mounted for this container alone.
   * export const store = new FileStore('/data/web_cache', { trustFolder: true })
   * ```
   */
  trustFolder?: boolean | undefined
  /**
   * The time, for tests; it tells when something was used and what may go. Locks go by the clock of the system.
   * @unit milliseconds since 1970
   * @defaultValue `Date.now`
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { FileStore } from '@cc/store-file'
   * import { Agent } from 'undici'
   *
   * const clock = () => Date.UTC(2026, 0, 1)
   * // shared: a test in which time stands still.
   * export const agent = new Agent().compose(cacheInterceptor({ clock, store: new FileStore('.web_cache', { clock }) }))
   * ```
   */
  clock?: (() => EpochMilliseconds) | undefined
}

/** The options as they are meant. */
export interface Settings {
  readonly maxBytes: number
  readonly maxEntryBytes: number
  readonly forever: boolean
  readonly durable: boolean
  readonly mayBlock: boolean
  readonly fileMode: number
  readonly dirMode: number
  readonly trustFolder: boolean
  readonly clock: () => EpochMilliseconds
}

/** @throws TypeError for an option that is not of its kind */
export function readOptions(folder: unknown, options: FileStoreOptions): Settings {
  const { forever = false, durable = false, reads = 'sync', fileMode = 0o600, dirMode = 0o700 } = options
  const { maxBytes, maxEntryBytes = 268_435_456, trustFolder = false, clock = Date.now } = options
  check('folder', folder, typeof folder === 'string' && folder !== '' && !folder.includes('\0'), 'a path')
  check('maxBytes', maxBytes, maxBytes === undefined || isPositiveInteger(maxBytes), 'a positive integer')
  check('maxEntryBytes', maxEntryBytes, isPositiveInteger(maxEntryBytes), 'a positive integer')
  check('forever', forever, typeof forever === 'boolean', 'a boolean')
  check('durable', durable, typeof durable === 'boolean', 'a boolean')
  check('reads', reads, reads === 'sync' || reads === 'async', "'sync' or 'async'")
  check('fileMode', fileMode, isMode(fileMode, 0o600), 'permissions with 0o600 in them')
  check('dirMode', dirMode, isMode(dirMode, 0o700), 'permissions with 0o700 in them')
  check('trustFolder', trustFolder, typeof trustFolder === 'boolean', 'a boolean')
  check('clock', clock, typeof clock === 'function', 'a function')
  const most = maxBytes ?? (forever ? Number.POSITIVE_INFINITY : 1_073_741_824)
  return {
    maxBytes: most,
    maxEntryBytes: Math.min(maxEntryBytes, most),
    forever,
    durable,
    mayBlock: reads === 'sync',
    fileMode,
    dirMode,
    trustFolder,
    clock
  }
}

function isPositiveInteger(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0
}

/** Whoever makes a file has to be able to use it. */
function isMode(value: unknown, needed: number): boolean {
  return Number.isInteger(value) && (value as number) <= 0o777 && ((value as number) & needed) === needed
}

function check(option: string, value: unknown, isRight: boolean, wanted: string): void {
  if (!isRight) throw new TypeError(`${option} must be ${wanted}, not ${inspect(value)}`)
}
