import { type CacheKey, keyParts } from './cache-key.js'
import { combined, type FieldMap } from './fields.js'
import { parseDictionary } from './structured-fields.js'

/** A longer field has no effect: it is read for each response that could be of use. */
const maxLength = 2_048

/** What of a query makes no difference to the response that says so. */
export interface NoVarySearch {
  /** Whether the order of names makes none. That of the values of one name always does. */
  readonly ignoresOrder: boolean
  /** Names, as the bytes they stand for. */
  readonly names: ReadonlySet<string>
  /** Whether those are the only ones that count, or the ones that do not. */
  readonly onlyNames: boolean
  /** The same for the same rules. */
  readonly text: string
}

/**
 * What `No-Vary-Search` says; `undefined` if it does not parse, is long, says two things at once, or says nothing that
 * makes a difference (NVS-02). draft-ietf-httpbis-no-vary-search.
 */
export function noVarySearch(fields: FieldMap): NoVarySearch | undefined {
  const value = combined(fields, 'no-vary-search')
  const members = value === undefined || value.length > maxLength ? undefined : parseDictionary(value)
  if (members === undefined) return undefined
  const keyOrder = members.get('key-order') ?? false
  const params = members.get('params') ?? undefined
  const except = members.get('except') ?? undefined
  const isReadable = (list: unknown, name: string) => !members.has(name) || Array.isArray(list)
  if (typeof keyOrder !== 'boolean' || members.get('key-order') === null) return undefined
  if (!isReadable(params, 'params') || !isReadable(except, 'except')) return undefined
  if (params !== undefined && except !== undefined) return undefined
  const names = [...new Set(((except ?? params ?? []) as readonly string[]).map(formBytes))].sort()
  const onlyNames = except !== undefined
  if (!keyOrder && !onlyNames && names.length === 0) return undefined
  const text = JSON.stringify([keyOrder, onlyNames, names])
  return { ignoresOrder: keyOrder, names: new Set(names), onlyNames, text }
}

/** The rules with that {@link NoVarySearch.text}; `undefined` if it is none, as a store may hand out. */
export function parseRules(text: string): NoVarySearch | undefined {
  try {
    const [ignoresOrder, onlyNames, names] = JSON.parse(text)
    if (JSON.stringify([Boolean(ignoresOrder), Boolean(onlyNames), names.map(String)]) !== text) return undefined
    return { ignoresOrder, onlyNames, names: new Set(names), text }
  } catch {
    return undefined
  }
}

/**
 * What is left of a query, given without `?`, where these rules hold: two queries are equivalent if this is the same
 * (NVS-01, NVS-03). Names and values are compared by the bytes they stand for.
 */
export function significantQuery(query: string, { ignoresOrder, names, onlyNames }: NoVarySearch): string {
  const pairs: (readonly [name: string, value: string])[] = []
  for (const part of query.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = formBytes(equals === -1 ? part : part.slice(0, equals))
    if (names.has(name) === onlyNames) pairs.push([name, equals === -1 ? '' : formBytes(part.slice(equals + 1))])
  }
  if (ignoresOrder) pairs.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
  return JSON.stringify(pairs)
}

/** Where it is written down what may answer requests for one path, whatever their query (NVS-01). */
export interface SearchIndexKeys {
  /** Of the rules there are for the path. Its target is where invalidations of any URI with that path are marked (NVS-03). */
  readonly rules: CacheKey
  /** Of the keys of responses that answer this very query under `rules`. */
  pointers(rules: NoVarySearch): CacheKey
  /** Whether a response kept under `key` answers this query under `rules`: all but the query is the same. */
  covers(key: string, rules: NoVarySearch): boolean
}

/** No cache key begins like that. */
const indexPrefix = '*'

/** `undefined` for what is no cache key. */
export function searchIndexKeys(key: string): SearchIndexKeys | undefined {
  const split = splitKey(key)
  if (split === undefined) return undefined
  const { target, withoutQuery, query } = split
  const mark = indexPrefix + target
  return {
    rules: { key: indexPrefix + JSON.stringify([withoutQuery]), target: mark },
    pointers: (rules) => ({
      key: indexPrefix + JSON.stringify([withoutQuery, rules.text, significantQuery(query, rules)]),
      target: mark
    }),
    covers: (key, rules) => {
      const other = splitKey(key)
      if (other?.withoutQuery !== withoutQuery) return false
      return significantQuery(other.query, rules) === significantQuery(query, rules)
    }
  }
}

/** Where invalidations of any URI with the path of `target` are marked. */
export function pathMark(target: string): string | undefined {
  return searchIndexKeys(target)?.rules.target
}

/** A cache key in two parts: its query, without `?`, and all else. */
function splitKey(key: string): { target: string; withoutQuery: string; query: string } | undefined {
  const parts = keyParts(key)
  if (parts === undefined) return undefined
  const at = parts.path.indexOf('?')
  const query = at === -1 ? '' : parts.path.slice(at + 1)
  const end = at === -1 ? parts.target.length : parts.target.length - (parts.path.length - at)
  const target = parts.target.slice(0, end)
  if (key === parts.target) return { target, withoutQuery: target, query }
  const [, ...others] = JSON.parse(key.slice(1))
  return { target, withoutQuery: `+${JSON.stringify([target, ...others])}`, query }
}

const plain = /^[^%+]*$/

/** The bytes, one character each, that a name or value of a form stands for; a `%` that begins no byte stands for itself. */
function formBytes(text: string): string {
  if (plain.test(text)) return text
  return text
    .replaceAll('+', ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
}
