/**
 * Names of the `node:diagnostics_channel` channels. Their messages are `CacheDecision`, `LookupEvent`, `StoreEvent`,
 * `EvictEvent`, `ValidateEvent` and `StoreFailure`, in this order.
 */
export const channels = {
  decision: '@cc/core:decision',
  lookup: '@cc/core:lookup',
  store: '@cc/core:store',
  evict: '@cc/core:evict',
  validate: '@cc/core:validate',
  storeFailure: '@cc/core:store-failure'
} as const
