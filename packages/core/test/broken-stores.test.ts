import { describe, expect, it } from '@jest/globals'
import { type StoreCase, storeCases } from '../src/testing/index.js'
import { type BrokenStore, casesThatFind, reopened } from './broken-store.js'
import { brokenStores } from './broken-stores.js'
import { MapStore } from './map-store.js'

/** Random sequences find many a fault, but without a name for it. */
const isNamed = ({ name }: StoreCase) => !name.startsWith('a random sequence')

/** A cache on a store needs all that the store promises: whatever is broken, it may fail as well. */
const isEndToEnd = ({ promise }: StoreCase) => promise.startsWith('A cache on the store')

/** More turns of the event loop than any case takes on a store in memory: what has not ended by then hangs. */
const maxTurns = 20_000

/** The cases that must find it, and the first one of each promise. */
function someCases(broken: BrokenStore): StoreCase[] {
  const cases = storeCases(broken.create, { reopen: reopened }).filter(isNamed)
  const finding = casesThatFind(broken)
  const isFirst = ({ promise }: StoreCase, at: number) => cases.findIndex((other) => other.promise === promise) === at
  return cases.filter((one, at) => finding.includes(one.name) || (isFirst(one, at) && !isEndToEnd(one)))
}

async function fails({ run }: StoreCase): Promise<boolean> {
  let passed: boolean | undefined
  run().then(
    () => {
      passed = true
    },
    () => {
      passed = false
    }
  )
  for (let n = 0; n < maxTurns && passed === undefined; n++) await new Promise((resolve) => setImmediate(resolve))
  return !passed
}

async function failingCases(cases: readonly StoreCase[]): Promise<string[]> {
  const failing: string[] = []
  for (const one of cases) if (await fails(one)) failing.push(one.name)
  return failing
}

describe('storeCases finds a store that', () => {
  it.each(brokenStores)('$fault', async (broken) => {
    const cases = someCases(broken)
    const failing = await failingCases(cases)
    expect(failing).toEqual(expect.arrayContaining([...casesThatFind(broken)]))
    // What fails is the fault, and not the rest of the store.
    expect(failing.length).toBeLessThan(casesThatFind(broken).length + cases.length / 3)
  })
})

it('there is a store that breaks each promise', () => {
  const cases = storeCases(() => new MapStore()).filter(isNamed)
  const finding = new Set(brokenStores.flatMap(casesThatFind))
  const broken = new Set(cases.filter(({ name }) => finding.has(name)).map(({ promise }) => promise))
  const unbroken = cases.filter(({ promise }) => !broken.has(promise)).map(({ promise }) => promise)
  expect(unbroken).toEqual([])
})

it('there is no case that finds nothing', async () => {
  const named = storeCases(() => new MapStore()).filter((one) => isNamed(one) && !isEndToEnd(one))
  const unneeded: string[] = []
  for (const { name } of named) {
    const likelyFirst = [...brokenStores].sort(
      (a, b) => Number(casesThatFind(b).includes(name)) - Number(casesThatFind(a).includes(name))
    )
    let isNeeded = false
    for (const { create } of likelyFirst) {
      const one = storeCases(create, { reopen: reopened }).find((other) => other.name === name)
      isNeeded ||= one !== undefined && (await fails(one))
      if (isNeeded) break
    }
    if (!isNeeded) unneeded.push(name)
  }
  expect(unneeded).toEqual([])
}, 120_000)
