import { storeCases } from '@cc/core/testing'
import { describe, it } from '@jest/globals'
import Keyv from 'keyv'
import { createStorage } from 'unstorage'
import { fromKeyValue } from './index.js'

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
