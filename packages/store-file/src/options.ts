import { inspect } from 'node:util'
import type { EpochMilliseconds } from '@cc/core'

export interface FileStoreOptions {
  /**
   * Most bytes kept on the disk, files counted in blocks of 4 KiB. The keys least recently used go first, approximately.
   * @defaultValue 1_073_741_824 (1 GiB); unset with `forever`
   */
  maxBytes?: number | undefined
  /**
   * The longest body kept, in bytes; at most `maxBytes`.
   * @defaultValue 268_435_456 (256 MiB)
   */
  maxEntryBytes?: number | undefined
  /**
   * Removes nothing, ever: `delete`, `clear()`, `prune()` and bounds remove no response. What is invalidated stays and is
   * validated before it is used. With `maxBytes` nothing new is stored once that is reached.
   * @defaultValue false
   */
  forever?: boolean | undefined
  /**
   * Waits with each write until the disk has it, so that what is stored survives a loss of power. Without that a response
   * may be lost then, and is never damaged.
   * @defaultValue false
   */
  durable?: boolean | undefined
  /**
   * `'sync'` reads and writes files of up to 256 KiB while nothing else happens in the process, which is several times
   * faster. `'async'` never holds anything up, also where a disk hangs: for folders on the network.
   * @defaultValue 'sync'
   */
  reads?: 'sync' | 'async' | undefined
  /**
   * Permissions of files, whatever the umask.
   * @defaultValue 0o600
   */
  fileMode?: number | undefined
  /**
   * Permissions of folders, whatever the umask.
   * @defaultValue 0o700
   */
  dirMode?: number | undefined
  /**
   * Uses the folder though others can write into it, and so make up responses: it belongs to another user than this one
   * and root, or its permissions let others write, and neither `dirMode` nor the sticky bit is a reason for that.
   * Otherwise every operation fails then, and so all is answered by the origin.
   * @defaultValue false
   */
  trustFolder?: boolean | undefined
  /**
   * The clock, in milliseconds since 1970.
   * @defaultValue `Date.now`
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
