import type { CacheStore } from '../store.js'

/** Where responses are kept, and how far that place is trusted. */
export interface StoreOptions {
  /**
   * Where responses are kept. Name one to set its bounds, to share one store between several interceptors, or to keep
   * responses elsewhere. docs/writing-a-store.md is about stores of your own.
   * @defaultValue unset: a new `DictStore`, if `@cc/store-dict` is installed
   * @throws NoStoreError (`CC_NO_STORE`) from requests, where it is unset and `@cc/store-dict` cannot be loaded
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { DictStore } from '@cc/store-dict'
   * import { Agent, Client } from 'undici'
   *
   * // shared: both ask on behalf of everybody, and find what the other has stored.
   * const store = new DictStore({ maxBytes: 50 * 1024 * 1024 })
   * export const agent = new Agent().compose(cacheInterceptor({ store }))
   * export const client = new Client('https://api.example.com').compose(cacheInterceptor({ store }))
   * ```
   */
  readonly store?: CacheStore
  /**
   * How long one request may wait for the store, all operations together. Then it goes on as if there were no store.
   * Lower it where the origin is quick, raise it where the store is far away and the origin further (ROB-02).
   *
   * Once a stored body is being sent, nothing else can be sent instead. It then ends in an error when nothing more of it
   * has come for this time, or for a second if that is more. What the process itself does in the meantime hardly counts.
   * @unit milliseconds, 1 or more
   * @defaultValue 250
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: the origin itself answers within 100 ms.
   * export const agent = new Agent().compose(cacheInterceptor({ storeTimeoutMs: 50 }))
   * ```
   */
  readonly storeTimeoutMs?: number
  /**
   * How many bytes of a body may wait for the store before the caller has to. It bounds the memory of each response
   * that is being stored in a store elsewhere. A store in memory with a limit for one response is given up to that
   * much in any case (MSG-03).
   * @unit bytes, 0 or more
   * @defaultValue 1_048_576 (1 MiB)
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: hundreds of responses come at once, and memory is short.
   * export const agent = new Agent().compose(cacheInterceptor({ copyBufferBytes: 131_072 }))
   * ```
   */
  readonly copyBufferBytes?: number
  /**
   * How bodies from a store that does not keep objects are checked: by SHA-256, or by their length only. Take
   * `'length'` where the medium checks itself, and hashing costs more than it saves. {@link StoreOptions.integrityKey} needs
   * `'digest'` (SEC-05).
   * @defaultValue `'digest'`
   * @throws TypeError for `'length'` beside {@link StoreOptions.integrityKey}, which signs bodies by their digests
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // shared: the file system below the store has checksums of its own.
   * export const agent = new Agent().compose(cacheInterceptor({ verify: 'length' }))
   * ```
   */
  readonly verify?: 'digest' | 'length'
  /**
   * A secret that signs what is stored: what anybody else wrote into the store is a miss. Of a list the first signs
   * and all verify, so that it can be changed. Set it where others can write into the store. docs/security.md says
   * what it protects from. A store in memory needs none. RFC 2104 (SEC-05).
   * @defaultValue none: whoever can write into the store can forge responses
   * @throws TypeError for a secret of fewer than 32 bytes
   * @example
   * ```js
   * import { randomBytes } from 'node:crypto'
   * import { cacheInterceptor } from '@cc/core'
   * import { Agent } from 'undici'
   *
   * // A secret that all processes on the store share, from wherever secrets come from; here one for this process alone.
   * const integrityKey = randomBytes(32)
   * // shared: a service.
   * export const agent = new Agent().compose(cacheInterceptor({ integrityKey }))
   * ```
   */
  readonly integrityKey?: string | Uint8Array | readonly (string | Uint8Array)[]
  /**
   * Records or replays in place of caching, for tests. `'record'` sends every request on and stores its answer,
   * whatever it says; `'replay'` sends nothing on, and a request whose answer was not recorded fails with a
   * `TapeMissError` (`CC_TAPE_MISS`). It needs a {@link StoreOptions.store}. docs/record-and-replay.md says what is taken for the
   * same request, and what keeps recordings and caches apart.
   * @defaultValue unset: neither, a cache
   * @throws TypeError without a {@link StoreOptions.store}; TapeMissError (`CC_TAPE_MISS`) from requests that have no recording
   * @example
   * ```js
   * import { cacheInterceptor } from '@cc/core'
   * import { DictStore } from '@cc/store-dict'
   * import { Agent } from 'undici'
   *
   * const store = new DictStore()
   * // For a test: what the first agent records, the second one plays.
   * export const recorder = new Agent().compose(cacheInterceptor({ tape: 'record', store }))
   * export const player = new Agent().compose(cacheInterceptor({ tape: 'replay', store }))
   * ```
   */
  readonly tape?: 'record' | 'replay'
}
