import { describe, expect, it } from '@jest/globals'
import { type StoreCase, storeCases } from '../src/testing/index.js'
import { type BrokenStore, brokenStores } from './broken-stores.js'

/** All but the random sequences, which find many a fault, but after a while and without a name for it. */
function namedCases({ create }: BrokenStore): StoreCase[] {
  return storeCases(create).filter(({ name }) => !name.startsWith('a random sequence'))
}

async function failingCases(broken: BrokenStore): Promise<string[]> {
  const failing: string[] = []
  for (const { name, run } of namedCases(broken)) {
    await run().catch(() => failing.push(name))
  }
  return failing
}

describe('storeCases finds a store that', () => {
  it.each(brokenStores)('$fault', async (broken) => {
    const failing = await failingCases(broken)
    expect(failing).toContain(broken.failsAt)
    // What fails is the fault, and not the rest of the store.
    expect(failing.length).toBeLessThan(namedCases(broken).length / 2)
  })
})
