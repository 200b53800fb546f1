import { breaksLines, isToken, trimmed } from './fields.js'
import type { Request } from './messages.js'

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

interface FieldName {
  readonly lowerCase: string
  readonly isDecisive: boolean
}

const maxKnownNames = 1_000
const maxKnownNameLength = 64
/** Names met before, as they were spelled: the same few make up all requests. */
const knownNames = new Map<string, FieldName>()

/**
 * The field lines of one request. Most requests have none that asks anything of a cache: then `isPlain`, and its fields
 * are put in order only if a stored response was selected by some.
 */
export class RequestLines {
  /** Name in lower case and value, one after the other. */
  readonly #lines: string[] = []
  #isPlain = true

  add(name: string, value: string): void {
    const { lowerCase, isDecisive } = fieldName(name)
    if (isDecisive || breaksLines(value)) this.#isPlain = false
    this.#lines.push(lowerCase, value)
  }

  get isPlain(): boolean {
    return this.#isPlain
  }

  toFields(): Request['fields'] {
    const fields = new Map<string, string>()
    for (let i = 0; i < this.#lines.length; i += 2) {
      const name = this.#lines[i] as string
      const value = trimmed(this.#lines[i + 1] as string)
      const before = fields.get(name)
      fields.set(name, before === undefined ? value : `${before}, ${value}`)
    }
    return fields
  }
}

/** A request whose fields are put into a map when one is asked for. */
export class LinedRequest implements Request {
  readonly isPlain: boolean
  readonly #lines: RequestLines
  #fields: Request['fields'] | undefined

  constructor(
    readonly method: string,
    lines: RequestLines
  ) {
    this.#lines = lines
    this.isPlain = lines.isPlain
  }

  get fields(): Request['fields'] {
    this.#fields ??= this.#lines.toFields()
    return this.#fields
  }
}

function fieldName(name: string): FieldName {
  const known = knownNames.get(name)
  if (known !== undefined) return known
  const lowerCase = name.toLowerCase()
  const found = { lowerCase, isDecisive: decisive.has(lowerCase) || !isToken(name) }
  if (name.length > maxKnownNameLength) return found
  if (knownNames.size >= maxKnownNames) knownNames.clear()
  knownNames.set(name, found)
  return found
}
