import { type Directives, isForEverybody } from './cache-control.js'
import { combined, type FieldMap, hasLoneSurrogate, isBlank, isToken, members, trimmed } from './fields.js'
import type { Request, StoredResponse } from './messages.js'
import type { RuleOptions } from './options.js'

type Selecting = StoredResponse['selecting']
type SelectingOptions = Pick<
  RuleOptions,
  'type' | 'varyNormalizers' | 'credentialFields' | 'implicitCredentialKey' | 'credentialDigest'
>

const maxVaryNames = 64

/** How the values of a field are compared; those of other fields are lists without parameters. */
interface Treatment {
  /** Octet by octet, outer whitespace apart (VARY-06). */
  readonly isExact?: true
  /** Without case (VARY-07). */
  readonly isCaseless?: true
  /** Kept as digests whatever the options say (VARY-04). */
  readonly isSecret?: true
  /**
   * Set for lists whose members have parameters: whitespace around `;` means nothing either (VARY-06). Values met before,
   * with what they come to: clients send the same ones over and over.
   */
  readonly known?: Map<string, string>
}

const exact: Treatment = { isExact: true }
const secret: Treatment = { isExact: true, isSecret: true }
const caseless = (): Treatment => ({ isCaseless: true, known: new Map() })
const treatments: ReadonlyMap<string, Treatment> = new Map([
  ['accept', { known: new Map() }],
  ['accept-encoding', caseless()],
  ['accept-language', caseless()],
  ['accept-charset', caseless()],
  ['authorization', secret],
  ['cookie', secret],
  ['proxy-authorization', secret],
  ['user-agent', exact],
  ['referer', exact],
  ['origin', exact],
  ['host', exact],
  ['from', exact],
  ['date', exact],
  ['if-modified-since', exact],
  ['if-unmodified-since', exact],
  ['last-modified', exact],
  ['expires', exact]
])
const plainList: Treatment = {}

const maxKnownValues = 1_000
const maxKnownValueLength = 256

/**
 * The names in `Vary`, in lower case and each once; `'*'` if it can match no second request: a `*`, a member that is
 * no field name, or more names than 64. RFC 9110 §12.5.5.
 */
export function varyNames(fields: FieldMap): '*' | readonly string[] {
  const value = combined(fields, 'vary')
  if (value === undefined) return []
  const names = new Set<string>()
  for (const member of members(value)) {
    if (member === '*' || !isToken(member)) return '*'
    names.add(member.toLowerCase())
    if (names.size > maxVaryNames) return '*'
  }
  return [...names]
}

/**
 * Names and values by which a response to `request` is selected: what `Vary` names (`names`), and the credentials of
 * the request that count as if it did (AUTH-03, AUTH-07). `undefined` if a normaliser failed. RFC 9111 §4.1.
 */
export function selectingFields(
  names: readonly string[],
  request: Request,
  directives: Directives,
  options: SelectingOptions
): Selecting | undefined {
  const all = new Set(names)
  for (const name of implicitNames(request, directives, options)) all.add(name)
  const selecting: (readonly [string, string | null])[] = []
  for (const name of all) {
    const value = selectingValue(name, request, options)
    if (value === undefined) return undefined
    selecting.push([name, value])
  }
  return selecting.sort(([one], [other]) => (one < other ? -1 : 1))
}

/** Whether `request` has the values by which the response was selected. RFC 9111 §4.1. */
export function matchesSelecting(selecting: Selecting, request: Request, options: SelectingOptions): boolean {
  for (const field of selecting) if (selectingValue(field[0], request, options) !== field[1]) return false
  return true
}

/** A field value as it is compared and kept; `null` for an absent field, `undefined` if a normaliser failed. */
export function selectingValue(name: string, request: Request, options: SelectingOptions): string | null | undefined {
  const given = request.fields.get(name)
  if (given === undefined) return null
  const treatment = treatments.get(name) ?? plainList
  const normalizer = options.varyNormalizers.get(name)
  const value = normalizer === undefined ? withoutMeaningless(given, treatment) : normalized(given, normalizer)
  if (value === undefined) return undefined
  const isSecret = treatment.isSecret || options.credentialFields.has(name)
  return isSecret ? `sha256:${options.credentialDigest(value)}` : value
}

function* implicitNames(request: Request, directives: Directives, options: SelectingOptions): Generator<string> {
  if (isForEverybody(directives, options.type)) return
  if (options.type === 'private' && options.implicitCredentialKey) {
    yield 'authorization'
    if (directives.private === true) yield 'cookie'
  }
  for (const name of options.credentialFields) if (request.fields.has(name)) yield name
}

function normalized(value: string, normalize: (value: string) => string): string | undefined {
  try {
    const result = normalize(value)
    return typeof result === 'string' && !hasLoneSurrogate(result) ? result : undefined
  } catch {
    return undefined
  }
}

function withoutMeaningless(value: string, { isExact, isCaseless, known }: Treatment): string {
  if (isExact) return trimmed(value)
  if (known === undefined) return withoutListWhitespace(value, false)
  const before = known.get(value)
  if (before !== undefined) return before
  const compact = withoutListWhitespace(value, true)
  const normal = isCaseless ? compact.toLowerCase() : compact
  if (value.length > maxKnownValueLength) return normal
  if (known.size >= maxKnownValues) known.clear()
  known.set(value, normal)
  return normal
}

/** `text` without whitespace around it and next to commas, and next to semicolons if asked, outside of quoted strings. */
function withoutListWhitespace(text: string, semicolonsToo: boolean): string {
  const value = trimmed(text)
  if (!value.includes(' ') && !value.includes('\t')) return value
  let compact = ''
  let start = 0
  let quoted = false
  for (let i = 0; i < value.length; i++) {
    const char = value.charCodeAt(i)
    if (quoted) {
      if (char === 0x5c) i++
      else if (char === 0x22) quoted = false
    } else if (char === 0x22) quoted = true
    else if (char === 0x2c || (semicolonsToo && char === 0x3b)) {
      let before = i
      while (before > start && isBlank(value.charCodeAt(before - 1))) before--
      let after = i + 1
      while (isBlank(value.charCodeAt(after))) after++
      if (before === i && after === i + 1) continue
      compact += value.slice(start, before) + value.charAt(i)
      start = after
      i = after - 1
    }
  }
  return compact + value.slice(start)
}
