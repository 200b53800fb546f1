import type { ExplainedResponse, Explanation } from '../index.js'

/** An explanation in words. */
export function report(explanation: Explanation, { status, statusText, bodyBytes }: ExplainedResponse): string {
  return [
    `${explanation.method} ${explanation.url}`,
    `${status} ${statusText}, ${bodyBytes} bytes`,
    '',
    `Request  ${requestIn(explanation)}`,
    ...(explanation.storing === undefined ? [] : [`Stored   ${storingIn(explanation.storing)}`]),
    ...(explanation.reuse === undefined ? [] : [`Again    ${reuseIn(explanation.reuse)}`]),
    ...freshnessIn(explanation),
    '',
    'The rules, in the order they were asked:',
    ...rulesIn(explanation)
  ].join('\n')
}

function requestIn({ request: { action, requirement } }: Explanation): string {
  switch (action) {
    case 'look-up':
      return 'is looked up in the cache'
    case 'forward':
      return 'goes to the origin in any case; the answer may be stored'
    case 'gateway-timeout':
      return 'may not be sent; a cache that has nothing answers 504'
    default:
      return requirement === undefined ? 'goes past the cache' : `goes past the cache [${requirement}]`
  }
}

function storingIn(storing: NonNullable<Explanation['storing']>): string {
  if (!storing.store) {
    const hint = storing.option === undefined ? '' : `; it would be with ${storing.option}`
    return `no: ${storing.reason} [${storing.requirement}]${hint}`
  }
  return storing.selectedBy.length === 0 ? 'yes' : `yes, for requests with the same ${storing.selectedBy.join(', ')}`
}

function reuseIn({ action, reason, stale, status, missing }: NonNullable<Explanation['reuse']>): string {
  switch (action) {
    case 'serve':
    case 'serve-and-validate':
      return `served from the cache with status ${status}${stale === undefined ? '' : `, stale (${stale})`}`
    case 'validate':
      return `validated at the origin before it is used (${reason})`
    case 'forward':
      return `sent to the origin (${reason})`
    case 'complete':
      return `completed: the origin is asked for bytes ${missing?.first} to ${missing?.last}`
    case 'replay':
      return `replayed with status ${status}`
    case 'tape-miss':
      return 'not answered: nothing is recorded for it'
    case 'gateway-timeout':
    case 'network-error':
      return 'not answered: nothing may be sent'
    default:
      return action satisfies never
  }
}

function freshnessIn({ age, lifetime, heuristic, freshUntil, keptUntil }: Explanation): string[] {
  if (age === undefined || freshUntil === undefined || keptUntil === undefined) return []
  const by = heuristic ? ', by a heuristic' : ''
  return [
    `Age      ${rounded(age)} of ${rounded(lifetime ?? 0)} s${by}`,
    `Fresh    until ${dateOf(freshUntil)}`,
    `Kept     until ${dateOf(keptUntil)}`
  ]
}

function rulesIn({ consulted }: Explanation): string[] {
  const width = (of: readonly string[]) => Math.max(0, ...of.map(({ length }) => length))
  const ids = width(consulted.map(({ requirement }) => requirement))
  const sections = width(consulted.map(({ section }) => section))
  return consulted.map(({ step, requirement, section, meaning, applies }) => {
    const cells = [step.padEnd(7), applies ? 'yes' : 'no ', requirement.padEnd(ids), section.padEnd(sections), meaning]
    return `  ${cells.join('  ')}`
  })
}

function rounded(seconds: number): number {
  return Math.round(seconds)
}

function dateOf(at: number): string {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? 'for ever' : date.toISOString()
}
