export { DictStore, type DictStoreCounters, type DictStoreOptions } from './dict-store.js'
