import type { SetUp } from './harness.js'

export async function all<T>(found: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const one of found) list.push(one)
  return list
}

/** The paths of all entries, sorted. */
export async function paths(client: SetUp): Promise<string[]> {
  const entries = await all(client.cache.entries())
  return entries.map(({ url }) => url.slice(client.origin.url.length)).sort()
}

export async function outcomeOf(client: SetUp, ...args: Parameters<SetUp['get']>): Promise<string> {
  return (await client.get(...args)).decision.outcome
}
