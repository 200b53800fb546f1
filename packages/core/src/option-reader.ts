import { leastSecretBytes, type Secret } from './integrity.js'
import type { CacheOptions } from './options.js'
import { cacheStatusName } from './rules/cache-status.js'
import { isToken } from './rules/fields.js'
import type { Heuristic } from './rules/heuristics.js'
import type { StoredResponse } from './rules/messages.js'
import type { CacheStore } from './store.js'
import { contractFault } from './store-contract.js'

const storeMethods = ['get', 'openBody', 'set', 'update', 'mark', 'delete'] as const

/** Reads one option after another, and knows at the end which were not asked for. */
export class OptionReader {
  readonly #options: CacheOptions
  readonly #known = new Set<string>()

  constructor(options: CacheOptions) {
    this.#options = options
  }

  oneOf<const T extends string, U extends T | undefined>(
    name: keyof CacheOptions,
    allowed: readonly T[],
    unset: U
  ): T | U {
    const value = this.#take(name)
    if (value === undefined) return unset
    if (!allowed.includes(value as T)) throw invalid(name, value, `one of ${allowed.join(', ')}`)
    return value as T
  }

  boolean(name: keyof CacheOptions, unset: boolean): boolean {
    const value = this.#take(name) ?? unset
    if (typeof value !== 'boolean') throw invalid(name, value, 'true or false')
    return value
  }

  number(name: keyof CacheOptions, unset: number): number {
    const value = this.#take(name) ?? unset
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
      throw invalid(name, value, 'a number of 0 or more')
    return value
  }

  integer(name: keyof CacheOptions, least: number, unset: number): number {
    const value = this.#take(name)
    if (value === undefined) return unset
    if (!Number.isSafeInteger(value) || (value as number) < least)
      throw invalid(name, value, `a whole number of ${least} or more`)
    return value as number
  }

  function<K extends keyof CacheOptions>(name: K): Extract<CacheOptions[K], (...args: never[]) => unknown> | undefined {
    const value = this.#take(name)
    if (value !== undefined && typeof value !== 'function') throw invalid(name, value, 'a function')
    return value as Extract<CacheOptions[K], (...args: never[]) => unknown> | undefined
  }

  functionOrFalse(name: 'heuristic'): Heuristic | false | undefined {
    return this.#options[name] === false ? (this.#take(name) as false) : this.function(name)
  }

  list<T>(name: keyof CacheOptions, isMember: (value: unknown) => value is T, what: string): readonly T[] | undefined {
    const value = this.#take(name)
    if (value === undefined) return undefined
    if (!Array.isArray(value) || !value.every(isMember)) throw invalid(name, value, `a list of ${what}`)
    return value
  }

  statusName(name: 'cacheStatus'): string | undefined {
    const value = this.#take(name)
    if (value === undefined) return undefined
    const written = typeof value === 'string' ? cacheStatusName(value) : undefined
    if (written === undefined) throw invalid(name, value, 'a name of ASCII characters')
    return written
  }

  origin(name: 'origin'): string | undefined {
    const value = this.#take(name)
    if (value === undefined) return undefined
    if (typeof value !== 'string' || !isOrigin(value))
      throw invalid(name, value, 'an origin such as https://example.com')
    return new URL(value).origin
  }

  /** A wrong one is described, and never shown. */
  secrets(name: 'integrityKey'): readonly [Secret, ...Secret[]] | undefined {
    const value = this.#take(name)
    if (value === undefined) return undefined
    const isList = Array.isArray(value)
    if (isList && value.length === 0) throw notASecret(name, 'an empty list')
    const secrets = Array.from<unknown, Secret>(isList ? value : [value], (secret, i) => {
      if (isSecret(secret)) return secret
      throw notASecret(isList ? `${name}[${i}]` : name, kindOf(secret))
    })
    return secrets as [Secret, ...Secret[]]
  }

  functionsByField(name: keyof CacheOptions): ReadonlyMap<string, (value: string) => string> {
    const value = this.#take(name) ?? {}
    if (typeof value !== 'object') throw invalid(name, value, 'an object of functions by field name')
    const entries = Object.entries(value as object)
    for (const [field, normalize] of entries) {
      if (!isToken(field) || typeof normalize !== 'function') throw invalid(`${name}.${field}`, normalize, 'a function')
    }
    return new Map(entries.map(([field, normalize]) => [field.toLowerCase(), normalize]))
  }

  store(name: 'store'): CacheStore | undefined {
    const value = this.#take(name) as CacheStore | undefined
    if (value === undefined) return undefined
    if (typeof value !== 'object') throw invalid(name, value, 'a store')
    const fault = contractFault(value)
    // A store of another contract may have other methods: what it needs is not one of them, but another version.
    if (fault !== undefined && Number.isSafeInteger(value.contract))
      throw invalid(`${name}.contract`, value.contract, fault)
    for (const method of storeMethods) {
      if (typeof value[method] !== 'function')
        throw invalid(`${name}.${method}`, value[method], 'a function, as CacheStore has it')
    }
    if (fault !== undefined) throw invalid(`${name}.contract`, value.contract, fault)
    return value
  }

  refuseUnknown(): void {
    for (const name of Object.keys(this.#options)) {
      if (!this.#known.has(name)) throw new TypeError(`cacheInterceptor: unknown option ${name}`)
    }
  }

  #take(name: keyof CacheOptions): unknown {
    this.#known.add(name)
    const value = this.#options[name]
    if (value === null) throw invalid(name, value, 'unset or a value')
    return value
  }
}

/** Errors end up in logs, which are no place for a password. */
const userinfo = /\/\/[^/?#"]*@/g

export function invalid(name: string, value: unknown, expected: string): TypeError {
  return new TypeError(`cacheInterceptor: ${name} must be ${expected}, not ${shown(value).replace(userinfo, '//')}`)
}

function notASecret(name: string, kind: string): TypeError {
  const expected = `a string or Uint8Array of at least ${leastSecretBytes} bytes, or a list of such`
  return new TypeError(`cacheInterceptor: ${name} must be ${expected}, not ${kind}`)
}

function kindOf(value: unknown): string {
  if (typeof value === 'string') return `a string of ${Buffer.byteLength(value)} bytes`
  if (value instanceof Uint8Array) return `a Uint8Array of ${value.byteLength} bytes`
  return value === null ? 'null' : `of type ${typeof value}`
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function') return 'a function'
  if (value instanceof RegExp) return String(value)
  try {
    return typeof value === 'object' ? (JSON.stringify(value) ?? String(value)) : String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

function isSecret(value: unknown): value is Secret {
  return (typeof value === 'string' || value instanceof Uint8Array) && Buffer.byteLength(value) >= leastSecretBytes
}

export function isMethod(value: unknown): value is StoredResponse['method'] {
  return value === 'GET' || value === 'HEAD' || value === 'QUERY'
}

export function isFieldName(value: unknown): value is string {
  return typeof value === 'string' && isToken(value)
}

export function isParameterName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

export function isOrigin(value: unknown): value is string | RegExp {
  if (value instanceof RegExp) return true
  return typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
}
