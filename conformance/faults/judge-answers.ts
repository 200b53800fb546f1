import type { StoreLie } from './lying-store.js'
import { type Failed, type Got, hung, type Played } from './play-scenario.js'
import type { Scenario, Step } from './scenarios.js'

/** A body that has begun may stall for so long, and then is an error. */
const stallLimitMs = 1_000
/** What a request may take beside the limit, and beside what it takes without a cache. */
const slackMs = 50

/** What is wrong with the answers to a scenario, if anything is. */
export function wrongIn(
  { steps }: Scenario,
  played: readonly Played[],
  expected: readonly Played[],
  lie?: StoreLie
): string[] {
  return steps.flatMap((step, i) => {
    const right = [i, step.orAsIn, lie && step.ifKeptAsIn].map((i) => (i === undefined ? i : expected[i]))
    return (played[i]?.got ?? []).flatMap((got) => {
      if (right.some((right) => isSame(got, right?.got[0]))) return []
      // A store in memory has answered before anybody can give up.
      if (step.abort === 'at once' && !('failed' in got)) return []
      if ('failed' in got && got.failed !== hung && mayBreakOff(step, lie)) return []
      return [`step ${nameOf(step, i)}: ${JSON.stringify(got)} instead of ${JSON.stringify(right[0]?.got[0])}`]
    })
  })
}

/** A step that took too long. */
export interface Late {
  readonly at: number
  readonly what: string
}

/** What took too long. */
export function lateIn(
  { steps }: Scenario,
  played: readonly Played[],
  expected: readonly Played[],
  storeTimeoutMs: number,
  lie: StoreLie
): Late[] {
  return steps.flatMap((step, i) => {
    const limitMs = storeTimeoutMs + (mayBreakOff(step, lie) ? stallLimitMs : 0)
    const { tookMs = 0 } = played[i] ?? {}
    const mostMs = (expected[i] as Played).tookMs + limitMs + slackMs
    return tookMs <= mostMs
      ? []
      : [{ at: i, what: `step ${nameOf(step, i)}: took ${tookMs} ms, more than ${mostMs} ms` }]
  })
}

function isSame(got: Got | Failed, right: Got | Failed | undefined): boolean {
  if ('failed' in got) return right !== undefined && 'failed' in right && got.failed === right.failed
  return JSON.stringify(got) === JSON.stringify(right)
}

function nameOf({ method = 'GET', ask }: Step, at: number): string {
  return `${at} (${method} ${ask})`
}

/** Only this body is longer than a piece that is checked before any byte of it goes out. */
function mayBreakOff({ ask }: Step, lie?: StoreLie): boolean {
  return lie?.mayBreakOff === true && ask === 'huge'
}
