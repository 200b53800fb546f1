import { type Directives, emptyDirectives, fieldNames, maxDeltaSeconds } from './cache-control.js'
import { type DictionaryValue, parseDictionary } from './structured-fields.js'

/** The directives of responses by their name in a targeted field; all others have no effect there (TGT-03). */
const flags: ReadonlyMap<
  string,
  'noStore' | 'public' | 'mustRevalidate' | 'proxyRevalidate' | 'mustUnderstand' | 'immutable'
> = new Map([
  ['no-store', 'noStore'],
  ['public', 'public'],
  ['must-revalidate', 'mustRevalidate'],
  ['proxy-revalidate', 'proxyRevalidate'],
  ['must-understand', 'mustUnderstand'],
  ['immutable', 'immutable']
])
const qualifiable: ReadonlyMap<string, 'noCache' | 'private'> = new Map([
  ['no-cache', 'noCache'],
  ['private', 'private']
])
const deltas: ReadonlyMap<string, 'maxAge' | 'sMaxage' | 'staleWhileRevalidate' | 'staleIfError'> = new Map([
  ['max-age', 'maxAge'],
  ['s-maxage', 'sMaxage'],
  ['stale-while-revalidate', 'staleWhileRevalidate'],
  ['stale-if-error', 'staleIfError']
])

/**
 * The directives in the combined value of a targeted field; `undefined` if it is absent, empty, no Dictionary, or has a
 * directive of the wrong type (TGT-02, TGT-03). Never throws, in time linear in the length. RFC 9213 §2.1.
 */
export function parseTargetedField(value: string | undefined): Readonly<Directives> | undefined {
  const dictionary = value === undefined ? undefined : parseDictionary(value)
  if (dictionary === undefined || dictionary.size === 0) return undefined
  const directives = emptyDirectives()
  directives.isTargeted = true
  for (const [name, value] of dictionary) if (!readDirective(directives, name, value)) return undefined
  return directives
}

/** Whether the value is of a type that the directive can have. */
function readDirective(directives: Directives, name: string, value: DictionaryValue): boolean {
  const delta = deltas.get(name)
  if (delta !== undefined) {
    if (typeof value !== 'number' || value < 0) return false
    directives[delta] = Math.min(value, maxDeltaSeconds)
    return true
  }
  const list = qualifiable.get(name)
  if (list !== undefined) {
    if (value !== true && typeof value !== 'string') return false
    directives[list] = value === true ? true : fieldNames(value)
    return true
  }
  const flag = flags.get(name)
  if (flag === undefined) return true
  if (value !== true) return false
  directives[flag] = true
  return true
}
