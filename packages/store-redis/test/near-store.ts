import { isPromise } from 'node:util/types'
import { RedisStore, type RedisStoreOptions } from '../src/index.js'
import { turn } from './near-reader.js'

/** A store whose near cache is on: it hears of all changes. */
export async function nearStore(options: RedisStoreOptions): Promise<RedisStore> {
  const store = new RedisStore({ nearCache: { maxBytes: 16_777_216 }, ...options })
  await untilNear(store)
  return store
}

/** Resolves when what was looked up is kept near. A mark is kept, and is no response that anybody could find. */
export async function untilNear(store: RedisStore, key = 'is the near cache on?'): Promise<void> {
  const at = Date.now()
  await store.mark(key, { value: '00', at, dropAt: at + 600_000 })
  for (;;) {
    await store.get(key)
    if (!isPromise(store.get(key))) return
    await turn()
  }
}
