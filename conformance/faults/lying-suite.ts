import { type CacheDecision, type CacheStore, cacheInterceptor } from '@cc/core'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { Agent } from 'undici'
import { TestClock } from '../../packages/core/test/harness.js'
import { turns } from '../../packages/core/test/no-stray-errors.js'
import type { Origin } from '../../packages/core/test/origin.js'
import { type Late, lateIn, wrongIn } from './judge-answers.js'
import { LyingStore, operations, type StoreLie } from './lying-store.js'
import { type Played, play } from './play-scenario.js'
import { medley, type Scenario, scenarios } from './scenarios.js'
import { storeLies } from './store-lies.js'
import { twinOrigin } from './twin-origin.js'

const storeTimeoutMs = 50
const workers = 8
/** A step that took too long beside others has so many tries alone. The machine makes single ones late, a fault all of them. */
const tries = 10
/** So much that is wrong is enough: what hangs would take hours. */
const enough = 10

/** What is read while nobody waits may stall for ten seconds, until it is let go of. */
const letGoLimitMs = 30_000

interface Combination {
  readonly lie: StoreLie
  readonly onlyFirst: boolean
  readonly scenario: Scenario
}

/**
 * The whole suite through a store that lies in every way there is, at the first call or at every one, and one assertion:
 * the answers are those of the origin, in time.
 *
 * @param scenariosEach - how many scenarios each lie is told in beside the medley, in turn; the others are told another lie
 */
export function lyingSuite(kind: string, make: () => CacheStore, scenariosEach: number): void {
  describe(`with ${kind} that lies`, () => {
    let before: string[]
    let origin: Origin
    let agent: Agent
    let clients = 0
    const bare = new Map<Scenario, readonly Played[]>()
    const users = new Map<string, Scenario[]>(operations.map((operation) => [operation, []]))
    const outcomes = new Set<string>()
    const warned: string[] = []

    async function playCached(scenario: Scenario, lie?: StoreLie, onlyFirst = false) {
      const store = new LyingStore(make(), lie, onlyFirst)
      const clock = new TestClock()
      const decisions: CacheDecision[] = []
      const cache = cacheInterceptor({
        store,
        storeTimeoutMs,
        clock: () => clock.now,
        onDecision: (decision) => decisions.push(decision),
        ...scenario.options
      })
      const played = await play(scenario, {
        dispatcher: agent.compose(cache),
        url: `${origin.url}/${clients++}`,
        advance: (seconds) => clock.advance(seconds),
        answered: () => store.answered()
      })
      store.over()
      await Promise.race([store.letGo(), longEnough()])
      return { played, store, decisions }
    }

    let stopping: Promise<void> | undefined
    const stop = () => {
      stopping ??= agent.destroy().then(() => origin.stop())
      return stopping
    }
    afterAll(() => stop())

    const bareOf = (scenario: Scenario) => bare.get(scenario) as readonly Played[]

    beforeAll(async () => {
      jest.spyOn(process, 'emitWarning').mockImplementation((warning, options) => {
        const { code } = options as { code?: string }
        if (code !== 'CC_STORE_FAILED') warned.push(String(warning))
      })
      before = process.getActiveResourcesInfo()
      const other = await twinOrigin()
      agent = new Agent()
      for (const scenario of scenarios) {
        bare.set(scenario, await play(scenario, { dispatcher: agent, url: `${other.url}/${clients++}` }))
      }
      await other.stop()
      origin = await twinOrigin()
      for (const scenario of scenarios) {
        const { played, store, decisions } = await playCached(scenario)
        expect([scenario.name, ...wrongIn(scenario, played, bareOf(scenario)), store.held]).toEqual([scenario.name, 0])
        for (const operation of operations) if (store.calls[operation] > 0) users.get(operation)?.push(scenario)
        for (const { outcome } of decisions) outcomes.add(outcome)
      }
    }, 60_000)

    it('the suite is one of a cache, and uses all there is of a store', () => {
      expect([...outcomes]).toEqual(expect.arrayContaining(['hit', 'stale-hit', 'validated', 'miss', 'bypass']))
      expect(operations.filter((operation) => (users.get(operation)?.length ?? 0) < 3)).toEqual([])
    })

    it.each(operations)(
      'about %s, answers are as without a cache, and in time (ROB-02)',
      async (operation) => {
        const wrong: string[] = []
        const late: { readonly combination: Combination; readonly steps: readonly Late[] }[] = []
        let lies = 0
        const combinations = combinationsOf(operation)
        const judge = async (combination: Combination): Promise<Late[]> => {
          const { scenario, lie, onlyFirst } = combination
          const { played, store } = await playCached(scenario, lie, onlyFirst)
          lies += store.lies
          const where = `${nameOf(combination)}: `
          wrong.push(...wrongIn(scenario, played, bareOf(scenario), lie).map((what) => where + what))
          if (store.held > 0) wrong.push(`${where}${store.held} bodies were neither read to their end nor let go of`)
          return lateIn(scenario, played, bareOf(scenario), storeTimeoutMs, lie)
        }
        await forAll(combinations, async (combination) => {
          const steps = wrong.length < enough ? await judge(combination) : []
          if (steps.length > 0) late.push({ combination, steps })
        })
        for (const { combination, steps } of late) {
          let tooLate = steps
          for (let i = 0; i < tries && tooLate.length > 0 && wrong.length < enough; i++) {
            const before = new Set(tooLate.map(({ at }) => at))
            tooLate = (await judge(combination)).filter(({ at }) => before.has(at))
          }
          wrong.push(...tooLate.map(({ what }) => `${nameOf(combination)}: ${what}`))
        }
        expect(wrong).toEqual([])
        expect(combinations.length).toBeGreaterThan(50)
        expect(lies).toBeGreaterThanOrEqual(combinations.length)
      },
      3_600_000
    )

    it('nobody was warned of anything else than the store', () => {
      expect(warned).toEqual([])
    })

    it('nothing is left open that would keep the process alive for a second', async () => {
      await stop()
      const stopped = performance.now()
      while (performance.now() - stopped < 1_000 && openSince(before).length > 0) await turns()
      expect(openSince(before)).toEqual([])
    })

    function combinationsOf(operation: string): Combination[] {
      const [first, ...suited] = users.get(operation) as Scenario[]
      expect(first).toBe(medley)
      const lies = storeLies.filter((lie) => lie.operation === operation && !(lie.onlyElsewhere && make().keepsObjects))
      let turn = 0
      return lies.flatMap((lie) =>
        [true, false].flatMap((onlyFirst) =>
          [
            medley,
            ...Array.from({ length: Math.min(scenariosEach, suited.length) }, () => suited[turn++ % suited.length])
          ].map((scenario) => ({ lie, onlyFirst, scenario: scenario as Scenario }))
        )
      )
    }
  })
}

function nameOf({ lie, onlyFirst, scenario }: Combination): string {
  return `${lie.operation} ${lie.way} (${onlyFirst ? 'once' : 'always'}) in "${scenario.name}"`
}

/** What is open now and was not before. */
function openSince(before: readonly string[]): string[] {
  const known = [...before]
  return process.getActiveResourcesInfo().filter((resource) => {
    const at = known.indexOf(resource)
    if (at !== -1) known.splice(at, 1)
    return at === -1 && resource !== 'Immediate'
  })
}

function longEnough(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, letGoLimitMs).unref())
}

/** Does all of a list, several at a time. */
async function forAll<T>(all: readonly T[], one: (item: T) => Promise<void>): Promise<void> {
  const items = all.values()
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (const item of items) await one(item)
    })
  )
}
