import { inspect } from 'node:util'
import type { EpochMilliseconds } from '@cc/core'
import { canListen, type RedisClient } from './client.js'
import type { ClientOptions } from './own-client.js'

export interface NearCacheOptions {
  /** Most bytes kept near, keys and metadata included. What was not used lately goes first. */
  readonly maxBytes: number
  /**
   * Hands bodies out without copying them. Only for those who never write into the bytes of a response.
   * @defaultValue false
   */
  readonly shareBodies?: boolean | undefined
}

export interface RedisStoreOptions {
  /**
   * A connected client of ioredis 5 or 6 or of iovalkey: a `Redis`, also one of Sentinel, or a `Cluster`. It stays yours:
   * nothing of it is changed, and it is never closed. Without it the store makes its own.
   * @defaultValue unset: a connection of the store's own
   */
  client?: RedisClient | undefined
  /**
   * Where a connection of the store's own leads, as `redis://` or `rediss://` URL.
   * @defaultValue unset: `redis://127.0.0.1:6379`, or as `options` say
   */
  url?: string | undefined
  /**
   * Options of ioredis for a connection of the store's own, over those that make it fail fast.
   * @defaultValue unset
   */
  options?: ClientOptions | undefined
  /**
   * What the names of all keys begin with; without braces.
   * @defaultValue `'cc:'`
   */
  keyPrefix?: string | undefined
  /**
   * The longest body kept, in bytes.
   * @defaultValue 16_777_216 (16 MiB)
   */
  maxEntryBytes?: number | undefined
  /**
   * Keeps what was read lately in this process, too, in so many bytes at most: such a hit asks nobody. A change that
   * others make is heard of over connections of the store's own, as a rule within a few milliseconds, and within a second
   * whatever happens to them.
   * @defaultValue unset: nothing is kept in this process
   */
  nearCache?: NearCacheOptions | undefined
  /**
   * The clock, in milliseconds since 1970.
   * @defaultValue `Date.now`
   */
  clock?: (() => EpochMilliseconds) | undefined
}

/** The options as they were checked, with their defaults. */
export interface ReadOptions {
  readonly client: RedisClient | undefined
  readonly url: string | undefined
  readonly options: ClientOptions
  readonly keyPrefix: string
  readonly maxEntryBytes: number
  readonly nearCache: NearCacheOptions | undefined
  readonly clock: () => EpochMilliseconds
}

/** @throws TypeError for an option that is not of its kind */
export function readOptions(given: RedisStoreOptions): ReadOptions {
  const { client, url, options = {}, keyPrefix = 'cc:', maxEntryBytes = 16_777_216, clock = Date.now } = given
  const { nearCache } = given
  check('client', client, client === undefined || isClient(client), 'a client of ioredis or iovalkey', hideAll)
  check('url', url, url === undefined || isRedisUrl(url), 'a redis:// or rediss:// URL', hideUrl)
  check('options', options, typeof options === 'object' && options !== null, 'an object', hideAll)
  const { keyPrefix: ofClient } = options
  check('options.keyPrefix', ofClient, ofClient === undefined, 'unset: there is `keyPrefix`')
  check('keyPrefix', keyPrefix, typeof keyPrefix === 'string' && !/[{}]/.test(keyPrefix), 'a string without braces')
  check('maxEntryBytes', maxEntryBytes, Number.isSafeInteger(maxEntryBytes) && maxEntryBytes > 0, 'a positive integer')
  if (nearCache !== undefined) checkNearCache(nearCache, client)
  check('clock', clock, typeof clock === 'function', 'a function')
  if (client !== undefined && (url !== undefined || given.options !== undefined)) {
    throw new TypeError('give either client, or url and options')
  }
  const ofGiven = String(client?.options.keyPrefix ?? '')
  check(
    'client.options.keyPrefix',
    ofGiven,
    !ofGiven.includes('{}'),
    'without {}, which would part what belongs together'
  )
  return { client, url, options, keyPrefix, maxEntryBytes, nearCache, clock }
}

function checkNearCache(nearCache: unknown, client: RedisClient | undefined): void {
  check('nearCache', nearCache, typeof nearCache === 'object' && nearCache !== null, 'an object with maxBytes')
  const { maxBytes, shareBodies = false } = nearCache as Record<string, unknown>
  check('nearCache.maxBytes', maxBytes, Number.isSafeInteger(maxBytes) && Number(maxBytes) > 0, 'a positive integer')
  check('nearCache.shareBodies', shareBodies, typeof shareBodies === 'boolean', 'a boolean')
  if (client === undefined) return
  check('client', client, canListen(client), 'a client with duplicate() where there is a nearCache', hideAll)
  // A replica tells of a change when it hears of it, which may be long after others know.
  const { scaleReads = 'master' } = client.options as { scaleReads?: unknown }
  check('client.options.scaleReads', scaleReads, scaleReads === 'master', "'master' where there is a nearCache")
}

function isClient(client: unknown): boolean {
  if (typeof client !== 'object' || client === null) return false
  const { status, options, hvalsBuffer, evalsha } = client as Partial<RedisClient>
  return (
    typeof status === 'string' &&
    typeof options === 'object' &&
    typeof hvalsBuffer === 'function' &&
    typeof evalsha === 'function'
  )
}

function isRedisUrl(url: unknown): boolean {
  return typeof url === 'string' && /^rediss?:\/\//.test(url) && URL.canParse(url)
}

function check(
  option: string,
  value: unknown,
  isRight: boolean,
  wanted: string,
  show: (value: unknown) => string = (value) => inspect(value, { depth: 0 })
): void {
  if (!isRight) throw new TypeError(`${option} must be ${wanted}, not ${show(value)}`)
}

/** There may be a password in it (row X11). */
function hideUrl(url: unknown): string {
  return typeof url === 'string' ? 'what was given' : inspect(url, { depth: 0 })
}

function hideAll(value: unknown): string {
  return value === null ? 'null' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`
}
