import { NoStoreError } from './errors.js'
import type { CacheStore } from './store.js'

/** The store of an interceptor that was given none: `@cc/store-dict`, loaded now. @throws NoStoreError if it is not installed */
export async function defaultStore(): Promise<CacheStore> {
  const { DictStore } = await loadDict()
  return new DictStore()
}

async function loadDict(): Promise<{ DictStore: new () => CacheStore }> {
  try {
    return await import('@cc/store-dict')
  } catch (error) {
    throw new NoStoreError(error)
  }
}
