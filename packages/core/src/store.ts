import type { EpochMilliseconds, StoredResponse } from './rules/messages.js'

/** A store that works in memory answers at once; one that does not answers with a promise. */
export type Awaitable<T> = T | Promise<T>

/**
 * The content of a response: all of its bytes, or its pieces one after another. `for await` reads each form but the
 * first. What produces it releases everything it holds on `return()`, even before the first `next()`.
 */
export type Body = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** Byte positions, both inclusive. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** What a store holds under one key. */
export interface Found {
  readonly responses: readonly FoundResponse[]
  /** The mark written last under this key, if it is still kept. */
  readonly mark?: Mark
}

export interface FoundResponse {
  readonly response: StoredResponse
  /**
   * The whole body, if it rides along: a store attaches bodies, newest response first, while those attached under a
   * key stay within 64 KiB together, so that a small hit costs one look-up. A body of no bytes rides along always.
   */
  readonly body?: Uint8Array
}

/** The trace an invalidation leaves under a key. */
export interface Mark {
  /** Random, in lowercase hex, new for each invalidation. */
  readonly value: string
  readonly at: EpochMilliseconds
  /** The mark is kept at least until then, and as long as anything stored under its key. */
  readonly dropAt: EpochMilliseconds
}

/** The right to do something alone, until released or until its holder dies. */
export interface Lease {
  release(): Awaitable<void>
}

/**
 * Where responses are kept. A store finds and keeps; it decides nothing and reads no header field.
 *
 * Promises that every store gives, checked by `storeCases` of `@cc/core/testing`:
 *
 * - Keys are any strings; two keys are the same only if all their characters are.
 * - A response is visible only after its body ended well. A reader sees the old response or the new one, never a
 *   mixture of metadata and body of two.
 * - A body that is being read while its response is replaced, dropped, deleted or cleared ends with the bytes it began
 *   with, or with an error; never with a clean end too early.
 * - Absence is not an error. What is damaged, truncated, foreign or of an unknown `formatVersion` is absent.
 * - Every method may be called at any time, also at the same time, by any number of callers and processes; none waits for
 *   a body that is being stored or read elsewhere.
 * - What a process that died has left is whole, or absent; a mark that it wrote is there, in a store that outlives it.
 * - A method that fails throws or rejects; core turns that into a miss.
 */
export interface CacheStore {
  /** The version of this contract that the store was written for. */
  readonly contract: 1
  /** The longest body the store keeps, in bytes; unset means no limit. Core gives longer ones up at once. */
  readonly maxEntryBytes?: number
  /** Set by a store whose `get` returns the very objects and bytes that were given to `set` and `update`; core then checks neither shape nor digest. */
  readonly keepsObjects?: true
  /**
   * Set by a store whose `get` and `openBody` may answer with an object that they answered with before, in which nothing has
   * changed since. Core checks such an object once, and copies its bytes before anybody else sees them. With `'found'` that
   * is only so of `get`: every body of `openBody` is new, and may go to callers as it is.
   */
  readonly repeatsObjects?: true | 'found'
  /**
   * Set by a store with `keepsObjects` or `repeatsObjects` whose bytes may go to callers as they are, because they are copies or because the
   * user asked for it. Otherwise core copies what such a store hands out before anybody else sees it.
   */
  readonly sharesBodies?: true

  /** All responses stored under `key`, in any order, and the mark. Nothing stored is `{ responses: [] }`. */
  get(key: string): Awaitable<Found>

  /**
   * The body of the response `id` under `key`, or the bytes of `range` of it; `undefined` if it is gone. Without a
   * range exactly `bodyBytes` bytes, or an error. With one, no more is read than it takes; of a range that reaches past
   * the end, what there is of it, or an error. Changing the bytes handed out changes nothing stored, except in a store with
   * `keepsObjects` or `repeatsObjects`.
   */
  openBody(key: string, id: string, range?: ByteRange): Awaitable<Body | undefined>

  /**
   * Stores a response under `key` in place of the one with the same `slot`.
   *
   * Reads `body` to its end, then calls `complete`, once and only then, and stores what it returns. If `body` throws, or
   * `complete` returns `undefined`, nothing is stored and what was there stays; the error of `body` may be thrown on. If
   * the slot holds a response with a later `requestTime`, that one stays. Answers when the response is visible, or when it
   * is known that it will not be. A store that has no room for the response does not call `complete`, and answers too.
   * The pieces of a long body belong to the store once it was given them; those of one of up to 64 KiB are the caller's
   * again once it is stored.
   */
  set(key: string, body: Body, complete: () => StoredResponse | undefined): Awaitable<void>

  /**
   * Replaces the metadata of the response in `response.slot`, keeping its body. Returns `false`, and changes nothing,
   * if the slot is empty or holds another `id`.
   */
  update(key: string, response: StoredResponse): Awaitable<boolean>

  /** Writes an invalidation. It replaces an earlier mark of the key and touches no response. Resolves once every later `get` of the key, by anybody, returns it. */
  mark(key: string, mark: Mark): Awaitable<void>

  /** Removes the response in `slot`, or all responses under `key`. Never removes a mark. */
  delete(key: string, slot?: string): Awaitable<void>

  /** Removes all responses of this store and nothing else; marks that are still to be kept stay. A `set` that began before does not become visible. */
  clear?(): Awaitable<void>

  /** Every key under which a response is stored, in any order. */
  keys?(): AsyncIterable<string>

  /**
   * A lease at once if nobody holds `key`. Otherwise waits, and resolves to `undefined` for all who wait together: at
   * release, at the end of the lease, after `waitMs`, or on abort. Nothing but wasted work may depend on it.
   */
  lock?(
    key: string,
    options: { readonly leaseMs: number; readonly waitMs: number; readonly signal?: AbortSignal }
  ): Awaitable<Lease | undefined>

  /** Releases what the store itself opened. May be called more than once. */
  close?(): Awaitable<void>
}
