import { assess } from '../../src/rules/assessment.js'
import type { CacheMode } from '../../src/rules/cache-mode.js'
import type { CacheType, FieldLine } from '../../src/rules/messages.js'
import { requestControl } from '../../src/rules/request-control.js'
import { decideRequest } from '../../src/rules/request-decision.js'
import { decideReuse } from '../../src/rules/reuse.js'
import { mayServeOnError } from '../../src/rules/serving-stale.js'
import { candidatesOf, noon, requestWith, rules, storedWith } from '../rule-inputs.js'

/** Directives of a response that say whether it may be reused. */
export const reuseDirectives = [
  'max-age=10',
  's-maxage=20',
  'no-cache',
  'no-cache="x"',
  'must-revalidate',
  'proxy-revalidate',
  'stale-while-revalidate=10',
  'stale-if-error=10',
  'immutable'
] as const

/** Those that say only whether it may be stored, or by whom. */
export const storingDirectives = [
  'public',
  'private="x"',
  'must-understand',
  'foo="no-cache, must-revalidate"'
] as const

export const requestDirectives = [
  'max-age=5',
  'min-fresh=5',
  'max-stale=5',
  'max-stale',
  'no-cache',
  'stale-if-error=5',
  'only-if-cached',
  'no-store'
] as const

/** Around every limit that the directives set, on both sides. */
export const ages = [0, 4.999, 5, 5.001, 10, 10.001, 15, 15.001, 20, 20.001, 25, 25.001, 30, 30.001] as const

export interface Conditions {
  readonly type: CacheType
  readonly isSecure: boolean
  readonly sMaxAgeAllowsStale: boolean
  readonly mode?: CacheMode
}

/** What the modes of the Fetch standard leave of the directives of a request. */
const besideMode: readonly string[] = ['stale-if-error=5', 'only-if-cached', 'no-store']

/** All subsets of a list. */
export function subsets<T>(list: readonly T[]): T[][] {
  return Array.from({ length: 2 ** list.length }, (_, bits) => list.filter((_, i) => bits & (1 << i)))
}

/** What the table of decisions says, read from its top, with no look at how the cache does it. */
function expected(
  response: ReadonlySet<string>,
  sent: ReadonlySet<string>,
  age: number,
  conditions: Conditions
): string {
  const { mode } = conditions
  const isShared = conditions.type === 'shared'
  const asked = new Set(
    [...sent].filter((name) => mode === undefined || mode === 'default' || besideMode.includes(name))
  )
  const isMuted = mode === 'only-if-cached' || asked.has('only-if-cached')
  const refusal = mode === 'only-if-cached' ? 'error' : '504'
  if (mode === 'no-store' || asked.has('no-store')) return isMuted ? refusal : 'bypass'
  if (mode === 'reload') return isMuted ? refusal : 'forward, request'

  let lifetime = 0
  if (response.has('max-age=10')) lifetime = 10
  if (isShared && response.has('s-maxage=20')) lifetime = 20
  const isFresh = age < lifetime
  const staleness = isFresh ? 0 : age - lifetime

  const isBarredFirmly = response.has('must-revalidate') || (isShared && response.has('proxy-revalidate'))
  const isBarredBySharedMaxAge = isShared && response.has('s-maxage=20')
  const givesWay = isBarredBySharedMaxAge && !isBarredFirmly && conditions.sMaxAgeAllowsStale
  const isBarred = isBarredFirmly || isBarredBySharedMaxAge

  const validate = (reason: string, mayFallBack: boolean): string => {
    if (isMuted) return refusal
    if (!mayFallBack) return `validate, ${reason}`
    const byResponse = response.has('stale-if-error=10') && staleness <= 10
    const byRequest = asked.has('stale-if-error=5') && staleness <= 5
    const falls = isFresh || !isBarred ? byResponse || byRequest : givesWay && byResponse
    return falls ? `validate, ${reason}, else serve` : `validate, ${reason}`
  }

  if (response.has('no-cache')) return validate('stale', false)
  if (mode === 'no-cache' || asked.has('no-cache')) return validate(isFresh ? 'request' : 'stale', false)

  const isYoungEnough = !asked.has('max-age=5') || age <= 5
  if (isFresh) {
    const counts = response.has('immutable') && conditions.isSecure
    const isFreshEnough = !asked.has('min-fresh=5') || lifetime - age >= 5
    return (isYoungEnough || counts) && isFreshEnough ? 'serve' : validate('request', true)
  }
  if (isBarred && !givesWay) return validate('stale', false)
  if (!isBarred && (mode === 'force-cache' || mode === 'only-if-cached')) return `serve, ${mode}`
  const isWithinMaxStale = asked.has('max-stale=5') ? staleness <= 5 : asked.has('max-stale')
  if (!isBarred && isWithinMaxStale && !asked.has('min-fresh=5') && isYoungEnough) return 'serve, max-stale'
  const hasLimits = asked.has('max-age=5') || asked.has('min-fresh=5')
  if (response.has('stale-while-revalidate=10') && staleness <= 10 && !hasLimits) {
    return isMuted ? 'serve, stale-while-revalidate' : 'serve-and-validate, stale-while-revalidate'
  }
  return validate('stale', true)
}

/**
 * Compares what the cache does with what the table says, for all subsets of these directives and all ages. Returns
 * how many cases there were, and those that differ.
 */
export function compareReuse(
  responseDirectives: readonly string[],
  asking: readonly string[],
  conditions: Conditions
): { cases: number; differences: string[] } {
  const { type, isSecure, sMaxAgeAllowsStale, mode } = conditions
  const options = rules({ type, sMaxAgeAllowsStale })
  const requests = subsets(asking).map((directives) => {
    const given = requestWith(directives.length === 0 ? {} : { 'cache-control': directives.join(', ') })
    const request = mode === undefined ? given : { ...given, isPlain: false }
    const control = requestControl(request, mode)
    return {
      directives: new Set(directives),
      request,
      control,
      decision: decideRequest(request, control, { hasContent: false, isUpgrade: false }, true, options)
    }
  })
  const differences: string[] = []
  let cases = 0
  for (const directives of subsets(responseDirectives)) {
    const response = new Set(directives)
    const lines: FieldLine[] = [
      ['Content-Length', '4'],
      ['ETag', '"a"']
    ]
    if (directives.length > 0) lines.push(['Cache-Control', directives.join(', ')])
    const assessed = assess(storedWith(lines), options)
    const candidates = candidatesOf([assessed], new Map([['http://a.example/', '']]))
    for (const { directives: asked, request, control, decision } of requests) {
      for (const age of ages) {
        const now = noon + age * 1_000
        let found: string
        if (decision.action === 'forward') found = `forward, ${decision.reason}`
        else if (decision.action !== 'look-up') found = nameOf(decision.action)
        else {
          const reuse = decideReuse(request, control, candidates, now, isSecure, options)
          found = nameOf(reuse.action)
          if (reuse.action === 'validate') {
            found += `, ${reuse.reason}`
            if (reuse.mayFallBack && mayServeOnError(assessed, control, now, options)) found += ', else serve'
          }
          if ('stale' in reuse && reuse.stale !== undefined) found += `, ${reuse.stale}`
        }
        cases++
        const wanted = expected(response, asked, age, conditions)
        if (found === wanted) continue
        differences.push(`${type}: ${[...response]} | ${[...asked]} | ${age} s: ${found}, not ${wanted}`)
        if (differences.length > 20) return { cases, differences }
      }
    }
  }
  return { cases, differences }
}

function nameOf(action: string): string {
  if (action === 'gateway-timeout') return '504'
  return action === 'network-error' ? 'error' : action
}
