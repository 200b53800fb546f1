import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CacheOptions, cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Agent } from 'undici'
import { differencesOf, leftOut } from '../differences.js'
import { classify, type Mode, type Outcome, type RawResults, type SuiteTest } from './classify.js'
import { faultOf, mustPass, passedShare, summary } from './judge.js'
import { listTests, runSuite } from './run.js'

const { required, planned } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../scripts/requirements.json'), 'utf8')
)
const requirementTitles = { ...required, ...planned }

/** Defines the tests of one mode: the suite runs through a cache of these options, and each result is judged. */
export function describeSuite(mode: Mode, leastTests: number, options: CacheOptions): void {
  const ofMode = listTests().filter(({ modes }) => modes.includes(mode))
  const groupsLeftOut = leftOut.flatMap(({ groups, modes }) => (modes.includes(mode) ? groups : []))
  const tests = ofMode.filter(({ group }) => !groupsLeftOut.includes(group))
  const listed = differencesOf(mode)
  const judged = tests.filter(({ id, kind }) => mustPass.includes(kind) || listed.has(id))

  describe(`public suite, ${mode} cache`, () => {
    const dispatcher = new Agent().compose(cacheInterceptor({ ...options, store: new DictStore() }))
    let raw: RawResults = {}
    let outcomes: Map<string, Outcome>
    const fault = (test: SuiteTest) => faultOf(test, outcomes.get(test.id), listed.get(test.id))

    async function run(ids: readonly string[]): Promise<void> {
      raw = { ...raw, ...(await runSuite(mode, dispatcher, ids)) }
      outcomes = classify(tests, raw)
    }

    beforeAll(async () => {
      await run(tests.map(({ id }) => id))
      // The suite goes by the wall clock, so a busy machine fails tests: what did not pass has a second, shorter run.
      if (judged.some(fault)) await run(Object.keys(raw).filter((id) => raw[id] !== true))
      process.stdout.write(summary(mode, tests, outcomes, listed))
    }, 240_000)

    afterAll(() => dispatcher.close())

    it(`runs at least ${leastTests} tests`, () => {
      expect(Object.keys(raw).length).toBeGreaterThanOrEqual(leastTests)
    })

    it('passes nine tenths of what the suite calls optimal', () => {
      expect(passedShare('optimal', tests, outcomes)).toBeGreaterThanOrEqual(0.9)
    })

    it('has every listed difference, and every group that is left out', () => {
      const known = new Set(tests.map(({ id }) => id))
      expect([...listed.keys()].filter((id) => !known.has(id))).toEqual([])
      const groups = new Set(ofMode.map(({ group }) => group))
      expect(groupsLeftOut.filter((id) => !groups.has(id))).toEqual([])
    })

    it('differs by requirements that exist', () => {
      const named = [...listed.values(), ...leftOut].flatMap(({ requirements }) => requirements)
      expect(named.filter((id) => !(id in requirementTitles))).toEqual([])
    })

    it.each(judged.map((test) => [test.id, test] as const))('%s', (_, test) => {
      expect(fault(test)).toBeUndefined()
    })
  })
}
