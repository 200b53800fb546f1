export type { KeyValue } from './key-value.js'
export { fromKeyValue } from './key-value-store.js'
export type { KeyValueStoreOptions } from './options.js'
