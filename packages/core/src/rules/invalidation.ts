import type { Assessed } from './assessment.js'
import { invalidationKey, parseOrigin, type RequestTarget } from './cache-key.js'
import { type FieldMap, single } from './fields.js'
import type { RuleOptions } from './options.js'
import { isRedirection, isSuccessful } from './statuses.js'

/** The value of each mark there is, by the key it was written under. */
export type Marks = ReadonlyMap<string, string>

/** Whether the answer to an unsafe request makes what is stored for its target invalid. RFC 9111 §4.4. */
export function invalidates(status: number): boolean {
  return isSuccessful(status) || isRedirection(status)
}

/**
 * The keys to mark after such an answer: of the target, and of the URIs in `Location` and `Content-Location` if they
 * are of the same origin (INV-03).
 */
export function invalidationKeys(
  target: RequestTarget,
  fields: FieldMap,
  { invalidateLocations }: Pick<RuleOptions, 'invalidateLocations'>
): readonly string[] {
  const keys = new Set<string>()
  const add = (key: string | undefined) => {
    if (key !== undefined) keys.add(key)
  }
  add(target.key?.target)
  if (invalidateLocations) {
    add(keyOfLocation(target, single(fields, 'location')))
    add(keyOfLocation(target, single(fields, 'content-location')))
  }
  return [...keys]
}

/** Whether a stored response was invalidated since its request was sent, or is known to be outdated. */
export function isInvalidated({ stored, marks }: Pick<Assessed, 'stored' | 'marks'>, current: Marks): boolean {
  if (stored.invalid) return true
  for (const mark of marks) if ((current.get(mark[0]) ?? '') !== mark[1]) return true
  return false
}

function keyOfLocation(target: RequestTarget, location: string | null | undefined): string | undefined {
  if (typeof location !== 'string' || !URL.canParse(location, target.origin.text + target.path)) return undefined
  const url = new URL(location, target.origin.text + target.path)
  if (parseOrigin(url.href)?.text !== target.origin.text) return undefined
  return invalidationKey({ ...target, path: url.pathname + url.search })
}
