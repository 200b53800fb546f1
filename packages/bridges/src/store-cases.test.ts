import { isBuiltin } from 'node:module'
import { storeCases } from '@cc/core/testing'
import { describe, it } from '@jest/globals'
import Keyv from 'keyv'
import { cacheStores } from 'undici'
import { createStorage } from 'unstorage'
import { fromKeyValue, fromUndiciStore, toUndiciStore } from './index.js'

const cannot = {
  clear: 'a key-value cannot tell which keys it has',
  keys: 'a key-value cannot tell which keys it has',
  lock: 'a key-value has nothing that only one can take'
}

describe('fromKeyValue over a Map keeps the promises of CacheStore', () => {
  for (const { name, run } of storeCases(() => fromKeyValue(new Map()), { cannot })) it(name, run)
})

describe('fromKeyValue over Keyv keeps the promises of CacheStore', () => {
  for (const { name, run } of storeCases(() => fromKeyValue(new Keyv()), { cannot })) it(name, run)
})

describe('fromKeyValue over unstorage keeps the promises of CacheStore', () => {
  const create = () => {
    const storage = createStorage()
    return fromKeyValue({
      get: (key) => storage.getItemRaw<Uint8Array>(key),
      set: (key, value) => storage.setItemRaw(key, value),
      delete: (key) => storage.removeItem(key)
    })
  }
  for (const { name, run } of storeCases(create, { cannot })) it(name, run)
})

describe("fromUndiciStore over undici's store in memory keeps the promises of CacheStore", () => {
  for (const { name, run } of storeCases(() => fromUndiciStore(new cacheStores.MemoryCacheStore()), { cannot })) {
    it(name, run)
  }
})

// Node has its own SQLite from 22.5 on.
if (isBuiltin('node:sqlite')) {
  describe("fromUndiciStore over undici's store in SQLite keeps the promises of CacheStore", () => {
    const open: InstanceType<typeof cacheStores.SqliteCacheStore>[] = []
    const create = () => {
      const store = new cacheStores.SqliteCacheStore()
      open.push(store)
      return fromUndiciStore(store)
    }
    const destroy = () => open.pop()?.close()
    for (const { name, run } of storeCases(create, { cannot, destroy })) it(name, run)
  })
}

describe('fromUndiciStore over toUndiciStore keeps the promises of CacheStore', () => {
  for (const { name, run } of storeCases(() => fromUndiciStore(toUndiciStore(fromKeyValue(new Map()))), { cannot })) {
    it(name, run)
  }
})
