// In a bundle without a store: the first request says what to install.
import assert from 'node:assert/strict'
import { cacheInterceptor } from '@cc/core'
import { Agent, request } from 'undici'

const dispatcher = new Agent().compose(cacheInterceptor())
assert
  .rejects(request('http://127.0.0.1:9/', { dispatcher }), /npm install @cc\/store-dict/)
  .then(() => dispatcher.close())
