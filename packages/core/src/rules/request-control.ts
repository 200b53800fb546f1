import { type Directives, noDirectives, parseCacheControl } from './cache-control.js'
import { besideMode, type CacheMode } from './cache-mode.js'
import { members } from './fields.js'
import type { Request } from './messages.js'
import type { RuleOptions } from './options.js'
import { applies, untraced } from './trace.js'

/** What the request itself asks of caches. RFC 9111 §5.2.1. */
export interface RequestControl {
  readonly directives: Directives
  /** `no-cache`, or what counts as such (REQ-04, REQ-08, PARSE-05). */
  readonly noCache: boolean
  readonly mode: CacheMode | undefined
}

/** What comes in place of a forward that the request forbids (REQ-06, MODE-05). */
export type Unanswered = { readonly action: 'gateway-timeout' } | { readonly action: 'network-error' }

const gatewayTimeout = { action: 'gateway-timeout' } as const
const networkError = { action: 'network-error' } as const
export const noControl: RequestControl = { directives: noDirectives, noCache: false, mode: undefined }

/** What a request asks of caches, by its fields and by the mode it was made with. One with a mode is not plain. */
export function requestControl(request: Request, mode?: CacheMode): RequestControl {
  if (request.isPlain) return noControl
  const control = controlOf(request)
  if (mode === undefined) return control
  if (mode === 'default') return { ...control, mode }
  return { directives: besideMode(control.directives), noCache: mode === 'no-cache', mode }
}

/** Whether the request is not to be sent on, and what comes instead. */
export function unanswered(
  { directives, mode }: RequestControl,
  options: Pick<RuleOptions, 'trace'> = untraced
): Unanswered | undefined {
  if (applies(options, 'MODE-05', mode === 'only-if-cached')) return networkError
  return applies(options, 'REQ-06', directives.onlyIfCached) ? gatewayTimeout : undefined
}

function controlOf({ fields }: Request): RequestControl {
  const value = fields.get('cache-control')
  if (value === undefined) {
    const pragma = fields.get('pragma')
    const noCache = pragma !== undefined && members(pragma).some((member) => member.toLowerCase() === 'no-cache')
    return noCache ? { ...noControl, noCache } : noControl
  }
  const directives = parseCacheControl(value)
  const { noCache, maxAge, minFresh } = directives
  return {
    directives,
    noCache: noCache !== false || maxAge === 'invalid' || minFresh === 'invalid',
    mode: undefined
  }
}
