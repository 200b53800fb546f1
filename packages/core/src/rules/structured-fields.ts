import * as structuredHeaders from 'structured-headers'
import { maxFieldValueLength } from './fields.js'

/**
 * The value of a member of a Dictionary: a String, an Integer, a Boolean, or an Inner List of Strings; `null` for all
 * that no field of a cache has: Decimals, Tokens, Byte Sequences, Dates, Display Strings and other Inner Lists.
 */
export type DictionaryValue = string | number | boolean | readonly string[] | null

const quoted = /%"[^"]*"|"(?:[^"\\]|\\.)*"/g
const decimalMember = /^[ \t]*[^=]+=-?[0-9]+\./

/**
 * The members of a structured Dictionary, given as the joined lines of a field: of repeated keys the last value,
 * without parameters; empty if `text` is. `undefined` if it does not parse, or is too long (SEC-04). RFC 9651 §4.2.2.
 */
export function parseDictionary(text: string): ReadonlyMap<string, DictionaryValue> | undefined {
  const parsed = parse(structuredHeaders.parseDictionary, text)
  if (parsed === undefined) return undefined
  const dictionary = new Map<string, DictionaryValue>()
  for (const [key, [value]] of parsed) dictionary.set(key, dictionaryValue(value))
  if (text.includes('.')) for (const key of decimalsIn(text)) dictionary.set(key, null)
  return dictionary
}

/**
 * The members of a structured List of Strings, given as the joined lines of a field, without parameters; empty if
 * `text` is. `undefined` if it does not parse, is too long (SEC-04), or has a member that is no String. RFC 9651 §4.2.1.
 */
export function parseStringList(text: string): readonly string[] | undefined {
  const parsed = parse(structuredHeaders.parseList, text)
  return parsed === undefined ? undefined : strings(parsed)
}

/** `text` as a String, with quotes; `undefined` if it holds what a String cannot. RFC 9651 §4.1.6. */
export function serializeString(text: string): string | undefined {
  return structuredHeaders.isAscii(text) ? structuredHeaders.serializeString(text) : undefined
}

/** `text` as a Token if it fits, else as a String; `undefined` if it can be neither. RFC 9651 §4.1.6, §4.1.7. */
export function serializeTokenOrString(text: string): string | undefined {
  return structuredHeaders.isValidTokenStr(text) ? text : serializeString(text)
}

/** What `parser` makes of `text`. It takes some 100 ns for each character, and throws what it cannot read. */
function parse<Parsed>(parser: (text: string) => Parsed, text: string): Parsed | undefined {
  if (text.length > maxFieldValueLength) return undefined
  try {
    return parser(text)
  } catch {
    return undefined
  }
}

type Item = structuredHeaders.Item
type Member = Item | structuredHeaders.InnerList

function dictionaryValue(value: Member[0]): DictionaryValue {
  if (Array.isArray(value)) return strings(value) ?? null
  if (typeof value === 'number') return Number.isInteger(value) ? value + 0 : null
  return typeof value === 'string' || typeof value === 'boolean' ? value : null
}

function strings(members: readonly Member[]): readonly string[] | undefined {
  const found: string[] = []
  for (const [value] of members) {
    if (typeof value !== 'string') return undefined
    found.push(value)
  }
  return found
}

/**
 * The keys in a sound Dictionary whose last value is a Decimal: as numbers, `1.0` and `1` are the same. Outside of
 * strings, commas separate its members and nothing else.
 */
function decimalsIn(text: string): Set<string> {
  const decimals = new Set<string>()
  for (const member of text.replace(quoted, '""').split(',')) {
    const key = (/[^ \t=;]+/.exec(member) as RegExpExecArray)[0]
    if (decimalMember.test(member)) decimals.add(key)
    else decimals.delete(key)
  }
  return decimals
}
