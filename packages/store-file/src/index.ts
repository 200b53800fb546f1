export { FileStore, ForeverError } from './file-store.js'
export type { FileStoreOptions } from './options.js'
