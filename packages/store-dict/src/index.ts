export { DictStore, type DictStoreCounters } from './dict-store.js'
export type { DictStoreOptions } from './options.js'
