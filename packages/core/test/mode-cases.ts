import type { CacheMode } from '@cc/core'
import { type OriginAnswer, ok } from './answers.js'

const etag = { ETag: '"a"' }

/** What is stored when the request comes, and how it came to be so. */
export interface State {
  readonly stored?: OriginAnswer
  readonly seconds?: number
  readonly invalidate?: true
}

export const states = {
  nothing: {},
  fresh: { stored: ok('max-age=60', etag) },
  stale: { stored: ok('max-age=60', etag), seconds: 90 },
  'stale-barred': { stored: ok('max-age=60, must-revalidate', etag), seconds: 90 },
  invalid: { stored: ok('max-age=60', etag), invalidate: true },
  'no-cache': { stored: ok('max-age=60, no-cache', etag) },
  'without validator': { stored: ok('max-age=60, stale-if-error=600'), seconds: 90 }
} satisfies Record<string, State>

export type StateName = keyof typeof states

export const miss = (reason: string) => ({ outcome: 'miss', reason })
export const validated = (reason: string) => ({ outcome: 'validated', reason, stored: true })
export const hit = { outcome: 'hit' }
export const staleHit = (stale: string) => ({ outcome: 'stale-hit', stale })
export const bypass = { outcome: 'bypass', reason: 'bypass', stored: false }
export const refused = { outcome: 'network-error' }

const plainHttp: Record<StateName, object> = {
  nothing: miss('uri-miss'),
  fresh: hit,
  stale: validated('stale'),
  'stale-barred': validated('stale'),
  invalid: validated('stale'),
  'no-cache': validated('stale'),
  'without validator': miss('stale')
}
const all = (decision: object): Record<StateName, object> => ({
  nothing: decision,
  fresh: decision,
  stale: decision,
  'stale-barred': decision,
  invalid: decision,
  'no-cache': decision,
  'without validator': decision
})

const table: [requirement: string, mode: CacheMode | undefined, expected: Record<StateName, object>][] = [
  ['MODE-01', undefined, plainHttp],
  ['MODE-02', 'default', plainHttp],
  ['MODE-01', 'no-store', all(bypass)],
  ['MODE-01', 'reload', all(miss('request'))],
  ['MODE-01', 'no-cache', { ...plainHttp, fresh: validated('request') }],
  [
    'MODE-04',
    'force-cache',
    { ...plainHttp, stale: staleHit('force-cache'), 'without validator': staleHit('force-cache') }
  ],
  [
    'MODE-05',
    'only-if-cached',
    {
      ...all(refused),
      fresh: hit,
      stale: staleHit('only-if-cached'),
      'without validator': staleHit('only-if-cached')
    }
  ]
]

/** Each mode with each state, and what is decided then. */
export const modeCases = table.flatMap(([requirement, mode, expected]) =>
  (Object.keys(states) as StateName[]).map((name) => {
    const state: State = states[name]
    return { title: `${requirement}: mode ${mode ?? 'unset'}, ${name}`, mode, state, expected: expected[name] }
  })
)
