import type { CollapsingOptions } from './options/collapsing.js'
import type { FreshnessOptions } from './options/freshness.js'
import type { ObservingOptions } from './options/observing.js'
import type { RequestOptions } from './options/requests.js'
import type { StoreOptions } from './options/store.js'
import type { StoringOptions } from './options/storing.js'
import type { UserOptions } from './options/users.js'

/** Options of {@link cacheInterceptor}. Each is checked when the interceptor is made. */
export interface CacheOptions
  extends StoreOptions,
    UserOptions,
    RequestOptions,
    FreshnessOptions,
    StoringOptions,
    CollapsingOptions,
    ObservingOptions {}
