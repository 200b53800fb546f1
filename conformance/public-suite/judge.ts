import type { Difference } from '../differences.js'
import type { Mode, Outcome, SuiteTest } from './classify.js'

/** The kinds whose tests must pass or be listed as a difference; what becomes of the others is only counted. */
export const mustPass: readonly SuiteTest['kind'][] = ['required', 'optimal']

/** What is wrong with the outcome of one test, if anything. */
export function faultOf(
  test: SuiteTest,
  outcome: Outcome = { result: 'untested', why: 'has no outcome' },
  listed?: Difference
): string | undefined {
  const passed = outcome.result === 'passed'
  if (listed) return passed ? `passes, so it is no difference any more (${listed.requirements.join(', ')})` : undefined
  if (passed || !mustPass.includes(test.kind)) return undefined
  return `${outcome.result}, ${outcome.why} | ${test.name}`
}

/** How many of the tests of that kind pass, from 0 to 1. */
export function passedShare(
  kind: SuiteTest['kind'],
  tests: readonly SuiteTest[],
  outcomes: ReadonlyMap<string, Outcome>
): number {
  const ofKind = tests.filter((test) => test.kind === kind)
  return ofKind.filter(({ id }) => outcomes.get(id)?.result === 'passed').length / ofKind.length
}

/** Counts by kind, and the names of optimal tests that neither pass nor are listed. */
export function summary(
  mode: Mode,
  tests: readonly SuiteTest[],
  outcomes: ReadonlyMap<string, Outcome>,
  listed: ReadonlyMap<string, Difference>
): string {
  const having = (kind: SuiteTest['kind'], result: Outcome['result']) =>
    tests.filter((test) => test.kind === kind && outcomes.get(test.id)?.result === result)
  const lines = (['required', 'optimal', 'check'] as const).map((kind) => {
    const [passed, failed, untested] = (['passed', 'failed', 'untested'] as const).map((it) => having(kind, it).length)
    return `${kind}: ${passed} passed, ${failed} failed, ${untested} untested`
  })
  const missed = [...having('optimal', 'failed'), ...having('optimal', 'untested')].filter(({ id }) => !listed.has(id))
  const names = missed.map(({ id }) => `  ${id}: ${outcomes.get(id)?.why}`)
  return [`public suite, ${mode} cache: ${lines.join('; ')}; ${listed.size} listed differences`, ...names, ''].join(
    '\n'
  )
}
