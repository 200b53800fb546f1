export { CacheControl } from './cache-control.js'
export type { Fetch, ForeignRequest } from './cached-fetch.js'
export { createFetch, type FetchOptions } from './create-fetch.js'
export { decisionOf } from './decision-of.js'
