import { NoStoreError } from './errors.js'
import type { CacheStore } from './store.js'
import { contractFault } from './store-contract.js'

/**
 * The store of an interceptor that was given none: `@cc/store-dict`, loaded now.
 *
 * @throws NoStoreError if it is not installed
 * @throws TypeError if it is of a version that does not fit
 */
export async function defaultStore(): Promise<CacheStore> {
  const { DictStore } = await loadDict()
  const store = new DictStore()
  const fault = contractFault(store)
  if (fault !== undefined) throw new TypeError(`@cc/store-dict: contract must be ${fault}, not ${store.contract}`)
  return store
}

async function loadDict(): Promise<{ DictStore: new () => CacheStore }> {
  try {
    return await import('@cc/store-dict')
  } catch (error) {
    throw new NoStoreError(error)
  }
}
