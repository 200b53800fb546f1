import { describe, expect, it } from '@jest/globals'
import { type StoreCase, storeCases } from '../src/testing/index.js'
import type { BrokenStore } from './broken-store.js'
import { brokenStores } from './broken-stores.js'
import { MapStore } from './map-store.js'

/** Random sequences find many a fault, but without a name for it. */
const isNamed = ({ name }: StoreCase) => !name.startsWith('a random sequence')

/** A cache on a store needs all that the store promises: whatever is broken, it may fail as well. */
const isEndToEnd = ({ promise }: StoreCase) => promise.startsWith('A cache on the store')

/** The case that must find it, and the first one of each promise. */
function someCases({ create, failsAt }: BrokenStore): StoreCase[] {
  const cases = storeCases(create).filter(isNamed)
  const isFirst = ({ promise }: StoreCase, at: number) => cases.findIndex((other) => other.promise === promise) === at
  return cases.filter((one, at) => one.name === failsAt || (isFirst(one, at) && !isEndToEnd(one)))
}

async function failingCases(cases: readonly StoreCase[]): Promise<string[]> {
  const failing: string[] = []
  for (const { name, run } of cases) await run().catch(() => failing.push(name))
  return failing
}

describe('storeCases finds a store that', () => {
  it.each(brokenStores)('$fault', async (broken) => {
    const cases = someCases(broken)
    const failing = await failingCases(cases)
    expect(failing).toContain(broken.failsAt)
    // What fails is the fault, and not the rest of the store.
    expect(failing.length).toBeLessThan(cases.length / 3)
  })
})

it('there is a store that breaks each promise', () => {
  const cases = storeCases(() => new MapStore()).filter(isNamed)
  const broken = new Set(brokenStores.map(({ failsAt }) => cases.find(({ name }) => name === failsAt)?.promise))
  const unbroken = cases.filter(({ promise }) => !broken.has(promise)).map(({ promise }) => promise)
  expect(unbroken).toEqual([])
})
