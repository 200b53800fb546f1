import { type CacheStore, cacheInterceptor } from '@cc/core'
import { DictStore } from '@cc/store-dict'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Agent, type Dispatcher } from 'undici'
import { classify, type Outcome, type RawResults } from './classify.js'
import { modes } from './modes.js'
import { readingItsWrites } from './reading-its-writes.js'
import { listTests, runSuite } from './run.js'

/** Defines a test for each of the suite's: with this store it ends as it does with `DictStore`, in these modes. */
export function describeSameVerdicts(
  name: string,
  those: readonly (keyof typeof modes)[],
  open: () => CacheStore | Promise<CacheStore>
): void {
  for (const mode of those) {
    const tests = listTests().filter(({ modes }) => modes.includes(mode))

    describe(`public suite, ${mode} cache with ${name}`, () => {
      let store: CacheStore
      const sides: Side[] = []
      const verdicts = (id: string) => sides.map((side) => side.outcomes.get(id)?.result)
      const differing = () => tests.filter(({ id }) => new Set(verdicts(id)).size > 1).map(({ id }) => id)

      class Side {
        outcomes = new Map<string, Outcome>()
        readonly dispatcher: Dispatcher
        #raw: RawResults = {}

        constructor(store: CacheStore) {
          // All tests ask at once: a machine that is busy with that is not one whose store fails.
          this.dispatcher = new Agent().compose(cacheInterceptor({ ...modes[mode], store, storeTimeoutMs: 60_000 }))
        }

        async run(ids: readonly string[]): Promise<void> {
          this.#raw = { ...this.#raw, ...(await runSuite(mode, this.dispatcher, ids)) }
          this.outcomes = classify(tests, this.#raw)
        }
      }

      beforeAll(async () => {
        store = await open()
        sides.push(new Side(new DictStore()), new Side(readingItsWrites(store)))
        const ids = tests.map(({ id }) => id)
        // Most of its time the suite waits: for something to become stale.
        await Promise.all(sides.map((side) => side.run(ids)))
        // The suite goes by the wall clock: on a busy machine a test ends otherwise now and then, on either side.
        for (let again = 0; again < 5 && differing().length > 0; again++) {
          const withOthers = differing().flatMap((id) => [id, ...dependencies(id)])
          for (const side of sides) await side.run(withOthers)
        }
      }, 480_000)

      afterAll(async () => {
        for (const { dispatcher } of sides) await dispatcher.close()
        await store?.close?.()
      })

      it.each(tests.map(({ id }) => id))('%s', (id) => {
        const [dict, other] = sides.map((side) => side.outcomes.get(id))
        expect(dict).toBeDefined()
        expect(`${other?.result} (${other?.why})`).toMatch(new RegExp(`^${dict?.result} `))
      })

      function dependencies(id: string): readonly string[] {
        return tests.find((test) => test.id === id)?.dependsOn ?? []
      }
    })
  }
}
