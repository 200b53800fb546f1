/**
 * Names of the `node:diagnostics_channel` channels. Their messages are `CacheDecision`, `LookupEvent`, `StoreEvent`,
 * `EvictEvent`, `ValidateEvent`, `CollapseEvent` and `StoreFailure`, in this order.
 */
export const channels = {
  decision: '@cc/core:decision',
  lookup: '@cc/core:lookup',
  store: '@cc/core:store',
  evict: '@cc/core:evict',
  validate: '@cc/core:validate',
  collapse: '@cc/core:collapse',
  storeFailure: '@cc/core:store-failure'
} as const
