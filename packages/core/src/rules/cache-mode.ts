import type { Directives } from './cache-control.js'
import type { RequestFields } from './messages.js'

const names = ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'] as const

/** What one request asks of the cache, in the words of the Fetch standard; unset means plain HTTP rules (MODE-01). */
export type CacheMode = (typeof names)[number]

/** Modes that take stale responses as well (MODE-04). */
export type StaleMode = Extract<CacheMode, 'force-cache' | 'only-if-cached'>

type FieldsToAdd = readonly (readonly [name: string, value: string])[]

const unconditional: FieldsToAdd = [
  ['pragma', 'no-cache'],
  ['cache-control', 'no-cache']
]
const added: { readonly [Mode in CacheMode]?: FieldsToAdd } = {
  'no-store': unconditional,
  reload: unconditional,
  'no-cache': [['cache-control', 'max-age=0']]
}

const preconditions = ['if-modified-since', 'if-none-match', 'if-unmodified-since', 'if-match', 'if-range']

export function isCacheMode(value: unknown): value is CacheMode {
  return names.includes(value as CacheMode)
}

/** What is told of a mode that there is not. */
export function noSuchMode(value: unknown): TypeError {
  const shown = typeof value === 'string' ? JSON.stringify(value) : value === null ? 'null' : `of type ${typeof value}`
  return new TypeError(`cacheMode must be one of ${names.join(', ')}, not ${shown}`)
}

/** The fields that a request in this mode is sent on with, beside its own (MODE-01). */
export function fieldsToAdd(mode: CacheMode, fields: RequestFields): FieldsToAdd {
  return (added[mode] ?? []).filter(([name]) => !fields.has(name))
}

/** Whether a request in mode `default` acts as one in `no-store`, since it comes with a precondition (MODE-02). */
export function hasPrecondition(fields: RequestFields): boolean {
  return preconditions.some((name) => fields.has(name))
}

/** The directives of a request as far as a mode leaves them in force (MODE-03). */
export function besideMode(directives: Directives): Directives {
  return { ...directives, maxAge: undefined, maxStale: undefined, minFresh: undefined, noCache: false }
}
