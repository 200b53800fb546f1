export { channels } from './channels.js'
export type { CacheStats } from './counts.js'
export type { CacheDecision, StoreFailure } from './diagnostics.js'
export { NoStoreError, NotCachedError, StoreOperationError, TapeContentError, TapeMissError } from './errors.js'
export type { AboutRequest, CollapseEvent, EvictEvent, LookupEvent, StoreEvent, ValidateEvent } from './events.js'
export type { RequestView } from './options/requests.js'
export type { CacheOptions } from './options.js'
export type { CacheMode } from './rules/cache-mode.js'
export type { ForwardReason } from './rules/cache-status.js'
export type { Duration, Heuristic, HeuristicInput } from './rules/heuristics.js'
export { expiresAfter, lastModified, oneDay } from './rules/heuristics.js'
export type {
  CacheType,
  EpochMilliseconds,
  FieldLine,
  Fields,
  Seconds,
  StoredResponse
} from './rules/messages.js'
export type { StalePermission } from './rules/serving-stale.js'
export type { NotStored } from './rules/storing.js'
export type { Awaitable, Body, ByteRange, CacheStore, Found, FoundResponse, Lease, Mark } from './store.js'
export type { CacheEntry } from './stored-entries.js'
export type { CacheHandle, CloseOptions, PartitionOption, PurgeOptions } from './undici/cache-handle.js'
export { cacheInterceptor } from './undici/cache-interceptor.js'
export { createCache } from './undici/create-cache.js'
export { explain } from './undici/explaining.js'
export type { ConsultedRule, ExplainedRequest, ExplainedResponse, Explanation } from './undici/explanation.js'
export type { AskedFor } from './undici/operation-target.js'
