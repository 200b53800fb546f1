import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CacheOptions, cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Agent } from 'undici'
import { differencesOf } from './differences.js'
import { classify, type Mode, type Outcome, type RawResults, type SuiteTest } from './public-suite/classify.js'
import { faultOf, mustPass, summary } from './public-suite/judge.js'
import { listTests, runSuite } from './public-suite/run.js'

const options: Record<Mode, CacheOptions> = {
  shared: { type: 'shared', sharedSetCookie: 'rfc', onDisconnect: '504', staleIfErrorSeconds: 60 },
  private: { type: 'private', onDisconnect: '504', staleIfErrorSeconds: 60 }
}

/** Fewer tests than this, and the suite was not really run. */
const leastTests: Record<Mode, number> = { shared: 329, private: 294 }

const suite = listTests()

const { required, planned } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../scripts/requirements.json'), 'utf8')
)
const requirementTitles = { ...required, ...planned }

describe.each(['shared', 'private'] as const)('public suite, %s cache', (mode) => {
  const tests = suite.filter(({ modes }) => modes.includes(mode))
  const listed = differencesOf(mode)
  const judged = tests.filter(({ id, kind }) => mustPass.includes(kind) || listed.has(id))

  const dispatcher = new Agent().compose(cacheInterceptor({ ...options[mode], store: new DictStore() }))
  let raw: RawResults = {}
  let outcomes: Map<string, Outcome>
  const fault = (test: SuiteTest) => faultOf(test, outcomes.get(test.id), listed.get(test.id))

  beforeAll(async () => {
    raw = await runSuite(mode, dispatcher)
    outcomes = classify(tests, raw)
    if (judged.some(fault)) {
      // The suite goes by the wall clock, so a busy machine fails tests: what did not pass has a second, shorter run.
      const again = Object.keys(raw).filter((id) => raw[id] !== true)
      raw = { ...raw, ...(await runSuite(mode, dispatcher, again)) }
      outcomes = classify(tests, raw)
    }
    process.stdout.write(summary(mode, tests, outcomes, listed))
  }, 240_000)

  afterAll(() => dispatcher.close())

  it(`runs at least ${leastTests[mode]} tests`, () => {
    expect(Object.keys(raw).length).toBeGreaterThanOrEqual(leastTests[mode])
  })

  it('has every listed difference', () => {
    const known = new Set(tests.map(({ id }) => id))
    expect([...listed.keys()].filter((id) => !known.has(id))).toEqual([])
  })

  it('differs by requirements that exist', () => {
    const named = [...listed.values()].flatMap(({ requirements }) => requirements)
    expect(named.filter((id) => !(id in requirementTitles))).toEqual([])
  })

  it.each(judged.map((test) => [test.id, test] as const))('%s', (_, test) => {
    expect(fault(test)).toBeUndefined()
  })
})
