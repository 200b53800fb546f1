import { hash } from 'node:crypto'
import { Recent } from './recent.js'

/** The version of all that is kept in Redis; another one reads and writes other keys. */
const LAYOUT_VERSION = '1'
const TAG = '[A-Za-z0-9_-]{43}'
const ID = '[0-9a-f]{32}'
/** Of the names made lately. */
const RECENT_BYTES = 1_048_576
/** What a name takes, beside the key it was made of. */
const NAME_BYTES = 400
const NO_UTF8 = Buffer.from([0xff])
const unpairedSurrogate = /\p{Surrogate}/u

/** What a key in Redis holds. */
export type KeyKind = 'index' | 'body' | 'upload'

/**
 * The names of all keys in Redis. Whatever belongs to one cache key has the same hash tag, and so is on one node of a
 * cluster. The tag is a hash: no cache key is too long, and none can mean anything to Redis.
 *
 * | Key | Holds |
 * | --- | --- |
 * | `cc:1:{tag}` | a hash: the responses under a cache key, one a field, small ones with their bodies, and the mark |
 * | `cc:1:{tag}:b<id>` | a hash: a body in chunks |
 * | `cc:1:{tag}:u<id>` | the same on its way |
 * | `cc:1:lock:{tag}` | who asks the origin for all |
 * | `cc:1:generation` | changes with each `clear()` |
 */
export class Keys {
  /** Before all names. */
  readonly prefix: string
  /** Of the store: what was begun in another one is from before a `clear()`. */
  readonly generation: string
  /** To remember a name takes a fraction of the time to make it. */
  readonly #recent = new Recent<string>(RECENT_BYTES)
  readonly #index: RegExp
  readonly #content: RegExp

  /** @param keyPrefix - without braces */
  constructor(keyPrefix: string) {
    this.prefix = `${keyPrefix}${LAYOUT_VERSION}:`
    this.generation = `${this.prefix}generation`
    const prefix = this.prefix.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    this.#index = new RegExp(`^${prefix}\\{${TAG}\\}$`)
    this.#content = new RegExp(`^${prefix}\\{${TAG}\\}:([bu])${ID}$`)
  }

  index(cacheKey: string): string {
    const recent = this.#recent.get(cacheKey)
    if (recent !== undefined) return recent
    const index = `${this.prefix}{${tagOf(cacheKey)}}`
    this.#recent.set(cacheKey, index, NAME_BYTES + 2 * cacheKey.length)
    return index
  }

  body(cacheKey: string, id: string): string {
    return `${this.index(cacheKey)}:b${id}`
  }

  lock(cacheKey: string): string {
    return `${this.prefix}lock:{${tagOf(cacheKey)}}`
  }

  /** What the names begin with of all that belongs to a cache key, but for its lock. */
  get tagged(): string {
    return `${this.prefix}{`
  }

  upload(cacheKey: string, id: string): string {
    return `${this.index(cacheKey)}:u${id}`
  }

  /** What a key is that was found in Redis; `undefined` if it is none of these. */
  kindOf(name: string): KeyKind | undefined {
    if (this.#index.test(name)) return 'index'
    const content = this.#content.exec(name)
    if (content === null) return undefined
    return content[1] === 'b' ? 'body' : 'upload'
  }

  /** The pattern of SCAN for all keys with a tag. `clientPrefix` is what the client puts before each key. */
  pattern(clientPrefix: string): string {
    return `${escapeGlob(clientPrefix + this.prefix)}{*`
  }
}

/** SHA-256 of the key. One with an unpaired surrogate has no UTF-8: of that, the code units after a byte that UTF-8 has not. */
export function tagOf(cacheKey: string): string {
  if (!unpairedSurrogate.test(cacheKey)) return hash('sha256', cacheKey, 'base64url')
  return hash('sha256', Buffer.concat([NO_UTF8, Buffer.from(cacheKey, 'utf16le')]), 'base64url')
}

function escapeGlob(text: string): string {
  return text.replace(/[*?[\]^\-\\]/g, '\\$&')
}
