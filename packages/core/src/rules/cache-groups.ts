import { originPrefix } from './cache-key.js'
import { combined, type FieldMap } from './fields.js'
import type { StoredResponse } from './messages.js'
import type { RuleOptions } from './options.js'
import { parseStringList } from './structured-fields.js'

/** Most groups that a stored response may be in; RFC 9875 §2 asks for 32 (GRP-01). */
export const maxGroups = 128

const groupPrefix = '@'
const none: readonly string[] = []

/** The groups a response is in, each once; none if the field does not parse (GRP-01, GRP-03). RFC 9875 §2. */
export function groupsOf(fields: FieldMap): readonly string[] {
  return namesIn(fields, 'cache-groups')
}

/** The keys of the groups that the answer to an unsafe request makes invalid, whatever its status. RFC 9875 §3. */
export function invalidatedGroups(
  target: string,
  fields: FieldMap,
  { cacheGroups }: Pick<RuleOptions, 'cacheGroups'>
): readonly string[] {
  if (!cacheGroups) return none
  return namesIn(fields, 'cache-group-invalidation').map((name) => groupKey(target, name))
}

/**
 * The key under which invalidations of a group are marked: a group is of the partition and origin of its members, of
 * which `target` is the key of any URI. No cache key is like it, and no other group has it.
 */
export function groupKey(target: string, name: string): string {
  return `${groupPrefix}${name.length}:${name}${originPrefix(target)}`
}

/** The keys in the marks of a stored response, kept for `target`, that are of groups. */
export function groupKeysIn(marks: StoredResponse['marks'], target: string): readonly string[] {
  return Object.keys(marks).filter((key) => isGroupOf(key, target))
}

/** Whether marks, of `target` among them, are those that a response kept for it can depend on (SEC-05). */
export function areMarksOf(marks: StoredResponse['marks'], target: string): boolean {
  const keys = Object.keys(marks)
  if (keys.length === 1) return true
  // The mark of a group is always there: one that is lost is one that counts.
  return (
    keys.length <= maxGroups + 1 && keys.every((key) => key === target || (isGroupOf(key, target) && marks[key] !== ''))
  )
}

/** Keys and values of the marks that a stored response depends on in this cache. */
export function marksOf(
  { marks }: Pick<StoredResponse, 'marks'>,
  { cacheGroups }: Pick<RuleOptions, 'cacheGroups'>
): readonly (readonly [key: string, value: string])[] {
  const all = Object.entries(marks)
  return cacheGroups || all.length === 1 ? all : all.filter(([key]) => !key.startsWith(groupPrefix))
}

/** The keys of the groups that a response with these fields will depend on once it is stored. */
export function groupKeysOf(
  target: string,
  fields: FieldMap,
  { cacheGroups }: Pick<RuleOptions, 'cacheGroups'>
): readonly string[] {
  return cacheGroups && fields.has('cache-groups') ? groupsOf(fields).map((name) => groupKey(target, name)) : none
}

/**
 * Whether a stored response depends on the groups it is in: a cache without `cacheGroups` may have stored it, and nobody
 * knows then which of them were invalidated.
 */
export function dependsOnItsGroups(
  { marks }: Pick<StoredResponse, 'marks'>,
  fields: FieldMap,
  { cacheGroups }: Pick<RuleOptions, 'cacheGroups'>
): boolean {
  if (!cacheGroups || !fields.has('cache-groups')) return true
  const marked = new Set(Object.keys(marks).map(nameIn))
  return groupsOf(fields).every((name) => marked.has(name))
}

function namesIn(fields: FieldMap, field: string): readonly string[] {
  const value = combined(fields, field)
  return value === undefined ? none : [...new Set(parseStringList(value) ?? none)]
}

function isGroupOf(key: string, target: string): boolean {
  const name = nameIn(key)
  return name !== undefined && key === groupKey(target, name)
}

/** The name of the group that a key is of; `undefined` if it is another key. */
function nameIn(key: string): string | undefined {
  if (!key.startsWith(groupPrefix)) return undefined
  const colon = key.indexOf(':')
  return key.slice(colon + 1, colon + 1 + Number(key.slice(1, colon)))
}
