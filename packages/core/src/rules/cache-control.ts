import { isToken, memberEnd, memberStart, members, trimmed } from './fields.js'
import type { CacheType, Seconds } from './messages.js'

/** Unset, unqualified (`true`), or qualified by field names in lower case. */
export type Qualified = boolean | readonly string[]

/** A directive in seconds: unset, present but unreadable, or its value. */
export type DeltaSeconds = Seconds | 'invalid' | undefined

/**
 * A directive that restricts: unset, as the grammar has it (`true`), or only readable enough to restrict. What it would
 * permit besides, it permits in the first form alone (ROB-01).
 */
export type Restriction = boolean | 'invalid'

/** The cache directives of a message that this cache knows; the rest has no effect. RFC 9111 §5.2, RFC 5861, RFC 8246. */
export interface Directives {
  noStore: boolean
  noCache: Qualified
  private: Qualified
  public: boolean
  mustRevalidate: Restriction
  proxyRevalidate: boolean
  mustUnderstand: boolean
  immutable: boolean
  onlyIfCached: boolean
  maxAge: DeltaSeconds
  sMaxage: DeltaSeconds
  /** `Infinity` for the form without a limit. */
  maxStale: DeltaSeconds
  minFresh: DeltaSeconds
  staleWhileRevalidate: DeltaSeconds
  staleIfError: DeltaSeconds
  /** Whether a targeted field gave them: then `Cache-Control` and `Expires` have no say (TGT-01). RFC 9213 §2.2. */
  isTargeted: boolean
}

/** What larger values count as. RFC 9111 §1.2.2. */
export const maxDeltaSeconds: Seconds = 2_147_483_648

const digits = /^[0-9]+$/
const word = /[0-9A-Za-z-]+/g

type Flag = 'noStore' | 'public' | 'proxyRevalidate' | 'mustUnderstand' | 'immutable' | 'onlyIfCached'
type Delta = 'maxAge' | 'sMaxage' | 'maxStale' | 'minFresh' | 'staleWhileRevalidate' | 'staleIfError'

/** Directives that restrict what a cache may do: a broken argument does not undo them (PARSE-08). */
const restrictions: ReadonlyMap<string, Flag> = new Map([
  ['no-store', 'noStore'],
  ['proxy-revalidate', 'proxyRevalidate'],
  ['only-if-cached', 'onlyIfCached']
])
/** Restricts, too, but also permits what it protects to be shared (AUTH-01). */
const mustRevalidate = 'must-revalidate'
const qualifiable: ReadonlyMap<string, 'noCache' | 'private'> = new Map([
  ['no-cache', 'noCache'],
  ['private', 'private']
])
/** Directives that permit something: an argument they do not have undoes them (PARSE-08). */
const permissions: ReadonlyMap<string, Flag> = new Map([
  ['public', 'public'],
  ['must-understand', 'mustUnderstand']
])
const deltas: ReadonlyMap<string, Delta> = new Map([
  ['max-age', 'maxAge'],
  ['s-maxage', 'sMaxage'],
  ['max-stale', 'maxStale'],
  ['min-fresh', 'minFresh'],
  ['stale-while-revalidate', 'staleWhileRevalidate'],
  ['stale-if-error', 'staleIfError']
])

export const noDirectives: Readonly<Directives> = Object.freeze(emptyDirectives())

/** The directives in a combined `Cache-Control` value. Never throws, in time linear in the length. RFC 9111 §5.2. */
export function parseCacheControl(value: string | undefined): Readonly<Directives> {
  if (value === undefined || value === '') return noDirectives
  const directives = emptyDirectives()
  const hasQuotes = value.includes('"')
  for (let start = memberStart(value, 0); start < value.length; ) {
    const end = memberEnd(value, start, hasQuotes)
    if (end === -1) {
      readBroken(directives, value.slice(start))
      break
    }
    readMember(directives, trimmed(value.slice(start, end)))
    start = memberStart(value, end)
  }
  return directives
}

/** One or more digits, nothing else, as seconds (PARSE-04); `undefined` for anything else. */
export function parseDeltaSeconds(text: string): Seconds | undefined {
  return digits.test(text) ? Math.min(Number(text), maxDeltaSeconds) : undefined
}

/** Whether the response is meant to be shared, whatever credentials came with it: only what can be read says so. RFC 9111 §3.5. */
export function isForEverybody({ public: isPublic, sMaxage }: Directives, type: CacheType): boolean {
  return isPublic || (type === 'shared' && typeof sMaxage === 'number')
}

export function emptyDirectives(): Directives {
  return {
    noStore: false,
    noCache: false,
    private: false,
    public: false,
    mustRevalidate: false,
    proxyRevalidate: false,
    mustUnderstand: false,
    immutable: false,
    onlyIfCached: false,
    maxAge: undefined,
    sMaxage: undefined,
    maxStale: undefined,
    minFresh: undefined,
    staleWhileRevalidate: undefined,
    staleIfError: undefined,
    isTargeted: false
  }
}

function readMember(directives: Directives, member: string): void {
  const equals = member.indexOf('=')
  if (equals === -1) {
    if (isToken(member)) readDirective(directives, member.toLowerCase(), undefined)
    else readBroken(directives, member)
    return
  }
  const name = member.slice(0, equals)
  const argument = unquoted(member.slice(equals + 1))
  if (!isToken(name) || argument === undefined) readBroken(directives, member)
  else readDirective(directives, name.toLowerCase(), argument)
}

function readDirective(directives: Directives, name: string, argument: string | undefined): void {
  const delta = deltas.get(name)
  if (delta !== undefined) {
    if (delta === 'maxStale' && argument === undefined) addDelta(directives, delta, Number.POSITIVE_INFINITY)
    else addDelta(directives, delta, parseDeltaSeconds(argument ?? '') ?? 'invalid')
    return
  }
  const list = qualifiable.get(name)
  if (list !== undefined) return addQualified(directives, list, argument === undefined ? true : fieldNames(argument))
  if (name === 'immutable') {
    directives.immutable = true
    return
  }
  if (name === mustRevalidate) {
    if (argument === undefined) directives.mustRevalidate = true
    else directives.mustRevalidate ||= 'invalid'
    return
  }
  const flag = restrictions.get(name) ?? (argument === undefined ? permissions.get(name) : undefined)
  if (flag !== undefined) directives[flag] = true
}

/** Several values of one directive: the most restrictive counts, and an unreadable one makes all unreadable (PARSE-06). */
function addDelta(directives: Directives, name: Delta, value: Seconds | 'invalid'): void {
  const known = directives[name]
  if (known === undefined) directives[name] = value
  else if (known === 'invalid' || value === 'invalid') directives[name] = 'invalid'
  else directives[name] = name === 'minFresh' ? Math.max(known, value) : Math.min(known, value)
}

/** Several lists are united; a form without a list, or with one that cannot be read, outweighs them (PARSE-06). */
function addQualified(directives: Directives, name: 'noCache' | 'private', value: true | string[]): void {
  const known = directives[name]
  if (known === true || value === true) directives[name] = true
  else if (known === false) directives[name] = value
  else for (const listed of value) (known as string[]).push(listed)
}

/** The field names in an argument; `true`, as if there were no argument, if it is anything but a list of names (RESP-02). */
export function fieldNames(argument: string): true | string[] {
  const names = members(argument).map((name) => name.toLowerCase())
  return names.length > 0 && names.every(isToken) ? names : true
}

/** The content of a token or quoted string; `undefined` if `text` is neither. An empty argument reads as `''`. */
function unquoted(text: string): string | undefined {
  if (text === '' || isToken(text)) return text
  if (text.charCodeAt(0) !== 0x22) return undefined
  if (!text.includes('\\')) return text.indexOf('"', 1) === text.length - 1 ? text.slice(1, -1) : undefined
  let content = ''
  let start = 1
  for (let i = 1; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (char === 0x22) return i === text.length - 1 ? content + text.slice(start, i) : undefined
    if (char !== 0x5c) continue
    content += text.slice(start, i)
    start = ++i
  }
  return undefined
}

/** What does not follow the grammar: each restriction named in it counts, each number in it is unreadable (PARSE-08, ROB-01). */
function readBroken(directives: Directives, text: string): void {
  for (const [name] of text.matchAll(word)) readBrokenName(directives, name.toLowerCase())
}

function readBrokenName(directives: Directives, name: string): void {
  if (name === mustRevalidate) directives.mustRevalidate ||= 'invalid'
  const flag = restrictions.get(name)
  if (flag !== undefined) directives[flag] = true
  const list = qualifiable.get(name)
  if (list !== undefined) directives[list] = true
  const delta = deltas.get(name)
  if (delta !== undefined) directives[delta] = 'invalid'
}
