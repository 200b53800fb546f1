/** A cache in the process of the client, of either type, or a shared one in a reverse proxy. */
export type Mode = 'shared' | 'private' | 'proxy'

export interface SuiteTest {
  group: string
  id: string
  name: string
  kind: 'required' | 'optimal' | 'check'
  dependsOn: string[]
  modes: Mode[]
}

/** By test id: true, or the name of the error (`Assertion` and `Setup` are the suite's own) and its message. */
export type RawResults = Record<string, true | [name: string, message: string]>

/**
 * - `passed`; for a check: yes.
 * - `failed`; for a check: no.
 * - `untested`: the set-up of the test, or a test that it depends on, already failed.
 */
export interface Outcome {
  result: 'passed' | 'failed' | 'untested'
  why: string
}

/** What a raw result means, with the dependencies between tests taken into account as the suite does. */
export function classify(tests: readonly SuiteTest[], raw: RawResults): Map<string, Outcome> {
  const byId = new Map(tests.map((test) => [test.id, test]))
  const outcomes = new Map<string, Outcome>()

  function outcomeOf(id: string): Outcome {
    const known = outcomes.get(id)
    if (known) return known
    const outcome = unmetDependency(id) ?? ownOutcome(raw[id])
    outcomes.set(id, outcome)
    return outcome
  }

  function unmetDependency(id: string): Outcome | undefined {
    const unmet = byId.get(id)?.dependsOn.filter((other) => outcomeOf(other).result !== 'passed')
    return unmet?.length ? { result: 'untested', why: `depends on ${unmet.join(', ')}` } : undefined
  }

  for (const { id } of tests) outcomeOf(id)
  return outcomes
}

function ownOutcome(raw: RawResults[string] | undefined): Outcome {
  if (raw === undefined) return { result: 'untested', why: 'was not run' }
  if (raw === true) return { result: 'passed', why: '' }
  const [name, message] = raw
  return { result: name === 'Setup' ? 'untested' : 'failed', why: `${name}: ${message}` }
}
