import type { RequestView } from '../options/requests.js'
import type { Settings } from '../read-options.js'
import type { ReadRequest } from './read-request.js'

/** A request as functions among the options see it. */
export function viewOf({ request, target }: ReadRequest): RequestView {
  return {
    method: request.method,
    url: target.origin.text + target.path,
    field: (name) => request.fields.get(name.toLowerCase())
  }
}

/** The part of the cache a request uses; `undefined` if that cannot be told (KEY-05). */
export function partitionOf({ partition }: Settings, read: ReadRequest): string | undefined {
  if (partition === undefined) return ''
  try {
    const name = partition(viewOf(read))
    return typeof name === 'string' ? name : undefined
  } catch {
    return undefined
  }
}

/** Whether the cache has a say in this request at all. */
export function isLookedAt({ origins, enabled }: Settings, read: ReadRequest): boolean {
  const { text } = read.target.connection
  if (origins !== undefined && !origins.some((origin) => matches(origin, text))) return false
  if (enabled === undefined) return true
  try {
    return enabled(viewOf(read))
  } catch {
    return false
  }
}

function matches(origin: string | RegExp, text: string): boolean {
  if (typeof origin === 'string') return origin === text
  origin.lastIndex = 0
  return origin.test(text)
}
