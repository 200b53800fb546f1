import { breaksLines, isToken, trimmed } from './fields.js'
import type { RequestFields } from './messages.js'

/** Fields that the rules ask a request for whatever is stored; the others matter to responses they selected. */
const decisive: ReadonlySet<string> = new Set([
  'host',
  'cache-control',
  'pragma',
  'upgrade',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'authorization',
  'range',
  'if-range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since'
])

const maxPlainNames = 1_000
const maxPlainNameLength = 64
/** Names of other fields, as they were spelled: the same few make up all requests. */
const plainNames = new Set<string>()

/**
 * The fields of a request as a list of names, as they were spelled, and one of their values. Few are ever asked for, so
 * they are found by going through the list.
 */
export class FieldLines implements RequestFields {
  readonly names: readonly string[]
  readonly values: readonly string[]

  constructor(names: readonly string[], values: readonly string[]) {
    this.names = names
    this.values = values
  }

  get(name: string): string | undefined {
    const { names } = this
    let found: string | undefined
    for (let i = 0; i < names.length; i++) {
      const given = names[i] as string
      if (given !== name && (given.length !== name.length || given.toLowerCase() !== name)) continue
      const value = trimmed(this.values[i] as string)
      found = found === undefined ? value : `${found}, ${value}`
    }
    return found
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  [Symbol.iterator](): MapIterator<[string, string]> {
    const fields = new Map<string, string>()
    for (const [i, given] of this.names.entries()) {
      const name = given.toLowerCase()
      const value = trimmed(this.values[i] as string)
      const before = fields.get(name)
      fields.set(name, before === undefined ? value : `${before}, ${value}`)
    }
    return fields.entries()
  }
}

/** Whether no line asks anything of a cache, or is unsafe: they matter only if a stored response was selected by some. */
export function arePlain({ names, values }: FieldLines): boolean {
  for (let i = 0; i < names.length; i++) {
    if (!isPlainName(names[i] as string) || breaksLines(values[i] as string)) return false
  }
  return true
}

function isPlainName(name: string): boolean {
  if (plainNames.has(name)) return true
  if (decisive.has(name.toLowerCase()) || !isToken(name)) return false
  if (name.length > maxPlainNameLength) return true
  if (plainNames.size >= maxPlainNames) plainNames.clear()
  plainNames.add(name)
  return true
}
