import { isBuiltin } from 'node:module'
import type { CacheStore } from '@cc/core'
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

/** All cases for stores over what `make` makes; another store over the same is what another process would open. */
function everyCase<Below>(make: () => Below, over: (below: Below) => CacheStore, end?: (below: Below) => void): void {
  const below = new WeakMap<CacheStore, Below>()
  const open = (kept: Below) => {
    const store = over(kept)
    below.set(store, kept)
    return store
  }
  const of = (store: CacheStore) => below.get(store) as Below
  const options = {
    cannot,
    reopen: (store: CacheStore) => open(of(store)),
    destroy: (store: CacheStore) => end?.(of(store))
  }
  for (const { name, run } of storeCases(() => open(make()), options)) it(name, run)
}

describe('fromKeyValue over a Map keeps the promises of CacheStore', () => {
  everyCase(() => new Map<string, Uint8Array>(), fromKeyValue)
})

describe('fromKeyValue over Keyv keeps the promises of CacheStore', () => {
  everyCase(() => new Keyv(), fromKeyValue)
})

describe('fromKeyValue over unstorage keeps the promises of CacheStore', () => {
  everyCase(createStorage, (storage) =>
    fromKeyValue({
      get: (key) => storage.getItemRaw<Uint8Array>(key),
      set: (key, value) => storage.setItemRaw(key, value),
      delete: (key) => storage.removeItem(key)
    })
  )
})

describe("fromUndiciStore over undici's store in memory keeps the promises of CacheStore", () => {
  everyCase(() => new cacheStores.MemoryCacheStore(), fromUndiciStore)
})

// Node has its own SQLite from 22.5 on.
if (isBuiltin('node:sqlite')) {
  describe("fromUndiciStore over undici's store in SQLite keeps the promises of CacheStore", () => {
    const open = new Set<object>()
    everyCase(
      () => {
        const sqlite = new cacheStores.SqliteCacheStore()
        open.add(sqlite)
        return sqlite
      },
      fromUndiciStore,
      (sqlite) => {
        if (open.delete(sqlite)) sqlite.close()
      }
    )
  })
}

describe('fromUndiciStore over toUndiciStore keeps the promises of CacheStore', () => {
  everyCase(
    () => fromKeyValue(new Map()),
    (below) => fromUndiciStore(toUndiciStore(below))
  )
})
