import type { CacheStore, FoundResponse } from '@cc/core'

/** Every key under which something is stored. */
export async function keysIn(store: CacheStore): Promise<string[]> {
  const keys: string[] = []
  for await (const key of store.keys?.() ?? []) keys.push(key)
  return keys
}

/** All that is stored. */
export async function responsesIn(store: CacheStore): Promise<FoundResponse[]> {
  const found: FoundResponse[] = []
  for (const key of await keysIn(store)) found.push(...(await store.get(key)).responses)
  return found
}
